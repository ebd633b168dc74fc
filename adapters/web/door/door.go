// Package door is the way into a gateway from its own machine: a file in the state directory. Who may read that file
// may come in. On Unix it is a socket. Windows has such sockets from Server 2019 on only, so that there it is a port of
// loopback, and the file says which one, and with what words one comes in.
package door

import (
	"net"
	"net/http"
)

// Door is a door that is open.
type Door struct {
	net.Listener
	words *words // nil where the file itself is the door
}

// Open opens the door at path. What lies there belonged to a process that is gone: whoever calls holds the lock of the
// directory. The group may use a socket; a file is for administrators and for whom the process runs as. Closing the
// listener takes the file away.
func Open(path string) (*Door, error) { return open(path) }

// Guard lets only those in who read the file.
func (d *Door) Guard(inside http.Handler) http.Handler {
	if d.words == nil {
		return inside
	}
	return d.words.guard(inside)
}

// To returns the way to the door at path, whatever host a request names. An error is [io/fs.ErrNotExist] where there
// is none, [io/fs.ErrPermission] where it may not be used, and [Nobody] where nobody is behind it.
func To(path string) http.RoundTripper { return to(path) }

// Nobody tells whether an error of [To] says that there is no gateway: no file, or one that a gateway left that was
// killed.
func Nobody(err error) bool { return nobody(err) }
