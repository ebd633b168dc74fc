//go:build unix

package modbus

import (
	"fmt"
	"os"
)

// deviceOf returns what a port is opened as.
func deviceOf(port string) string { return port }

// roomForPort tells whether a serial port can be opened: the library waits for it with select, which knows
// file descriptors below 1024 only, and would spoil memory with others.
func roomForPort() error {
	const highest = 1024 - 128 // others may be taken between this and the opening
	probe, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer probe.Close()
	if n := probe.Fd(); n > highest {
		return fmt.Errorf("%d files and connections are open, and a serial port cannot be opened behind %d others: lower max_connections", n, highest)
	}
	return nil
}
