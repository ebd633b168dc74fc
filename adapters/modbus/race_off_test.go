//go:build !race

package modbus

// underRace tells that the race detector is off.
const underRace = false
