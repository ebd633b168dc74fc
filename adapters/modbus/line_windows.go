package modbus

// roomForPort always finds room: handles are no numbers in a row here.
func roomForPort() error { return nil }
