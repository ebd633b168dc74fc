package modbus

import "strings"

// deviceOf returns what a port is opened as: beyond COM9, its name alone is that of a file.
func deviceOf(port string) string {
	if strings.HasPrefix(port, "COM") {
		return `\\.\` + port
	}
	return port
}

// roomForPort always finds room: handles are no numbers in a row here.
func roomForPort() error { return nil }
