//go:build !windows

package door

// Name is that of the file in the state directory.
const Name = "control.sock"

var open, to = openSocket, toSocket
