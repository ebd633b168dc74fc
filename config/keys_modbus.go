package config

func modbusSection() Section {
	return Section{Name: "modbus", About: "The Modbus server that controllers read from. `listen` is that of Modbus TCP; `[modbus.tls]`, `[modbus.rtu_over_tcp]` and `[modbus.serial]` serve the same registers in other ways, any of them together, and the other keys here are for all of them.", Keys: []Key{
		{"listen", typeAddress, `""`, `":502"`, "The address of Modbus TCP. Empty is off. Beyond this machine only with `allow`."},
		{"unit_id", typeNumber, `1`, `10`, "The first unit id, 1 to 48. Each 4 089 assets take one more."},
		{"allow", typeNetworks, `[]`, `["10.20.0.0/16", "127.0.0.1/32"]`, "The networks of the controllers that may connect. `[\"0.0.0.0/0\"]` lets every IPv4 address in: Modbus has no password. This machine is no exception: `127.0.0.1/32` lets its own clients in."},
		{"word_order", typeChoice, `"ABCD"`, `"CDAB"`, "Which half of a 32-bit value comes first: `ABCD` is the high word, `CDAB` the low word."},
		{"unmapped", typeChoice, `"exception"`, `"zero"`, "What a register behind the last asset answers: `exception` (2, illegal data address) or, for masters that give up then, `zero`."},
		{"max_connections", typeNumber, `64`, `16`, "How many connections may be open at a time, of all kinds together. A newcomer takes the place of the one that has been idle for the longest."},
		{"max_per_address", typeNumber, `8`, `2`, "How many of them from one address."},
		{"idle_timeout", typeDuration, `"5m"`, `"1m"`, "A connection without a request for so long is closed; from `1s` to `24h`."},
	}}
}

func modbusTLSSection() Section {
	return Section{Name: "modbus.tls", About: "Modbus over TLS (Modbus/TCP Security), for clients that show a certificate. A certificate may hold a role, in the extension 1.3.6.1.4.1.50316.802.1; every client that `client_ca` vouches for may read, and `[modbus.write]` says which roles may write. Without `listen` this is off.", Keys: []Key{
		{"listen", typeAddress, `""`, `":802"`, "The address to listen on; the port is 802 by custom. Empty is off. Beyond this machine only with `allow`."},
		{"cert", typePath, `""`, `"/etc/butlr-gateway/modbus.crt"`, "The certificate that clients are shown, and those that signed it, in one PEM file. It is read again when it changes, as are the next two."},
		{"key", typePath, `""`, `"/etc/butlr-gateway/modbus.key"`, "The private key to `cert`, in PEM."},
		{"client_ca", typePath, `""`, `"/etc/butlr-gateway/modbus-clients.crt"`, "The certificates that those of the clients must be signed by, in PEM."},
		{"allow", typeNetworks, `[]`, `["10.20.0.0/16"]`, "The networks of the clients that may connect."},
		{"word_order", typeChoice, ``, `"CDAB"`, "Which half of a 32-bit value comes first here. Default: that of `[modbus]`."},
	}}
}

func modbusRTUSection() Section {
	return Section{Name: "modbus.rtu_over_tcp", About: "Frames of a serial line on TCP connections, as serial device servers pass them on. It answers as on a serial line: only for its own units, and never to a broadcast. Without `listen` this is off.", Keys: []Key{
		{"listen", typeAddress, `""`, `":4001"`, "The address to listen on. Empty is off. Beyond this machine only with `allow`."},
		{"allow", typeNetworks, `[]`, `["10.20.0.0/16"]`, "The networks of the clients that may connect."},
		{"word_order", typeChoice, ``, `"CDAB"`, "Which half of a 32-bit value comes first here. Default: that of `[modbus]`."},
		{"unit_ids", typeNumbers, `[]`, `[2, 101]`, "Unit ids that are answered beside the first one: the others may be somebody else's on the same line."},
	}}
}

func modbusSerialSection() Section {
	return Section{Name: "modbus.serial", About: "A serial line on which the gateway is one of the slaves. What a master says to others, and what they answer, is passed over. Without `port` this is off. A port that is missing, or is pulled out, is an alarm; it is opened again when it is there.", Keys: []Key{
		{"port", typePort, `""`, `"/dev/ttyUSB0"`, "The serial port; on Windows as `COM3`. Empty is off."},
		{"baud", typeNumber, `19200`, `9600`, "Its speed: 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200."},
		{"parity", typeChoice, `"even"`, `"none"`, "Its parity: `even`, `odd` or `none`."},
		{"stop_bits", typeNumber, `1`, `2`, "Its stop bits: 1 or 2. Modbus wants 2 without parity; most devices take 1."},
		{"rs485", typeYesOrNo, `false`, `true`, "Have the driver switch the transmitter of an RS-485 port with RTS. Adapters that switch by themselves, as most on USB do, need it not, and may not know it."},
		{"word_order", typeChoice, ``, `"CDAB"`, "Which half of a 32-bit value comes first here. Default: that of `[modbus]`."},
		{"unit_ids", typeNumbers, `[]`, `[2, 101]`, "Unit ids that are answered beside the first one: the others are other devices' on the same line."},
	}}
}

func modbusWriteSection() Section {
	return Section{Name: "modbus.write", About: "What controllers may write: the command of each asset (force it vacant or occupied for a while) and the watchdog, and nothing else. Without `allow` and `serial` nothing can be written.", Keys: []Key{
		{"allow", typeNetworks, `[]`, `["10.20.0.31/32"]`, "The networks of the clients that may write, of those that may connect. Empty is nobody on a network."},
		{"roles", typeTexts, `[]`, `["operator"]`, "If there are some, a client on a network may write only with a certificate that has one of these roles; so only over `[modbus.tls]`."},
		{"serial", typeYesOrNo, `false`, `true`, "The master of `[modbus.serial]` may write."},
		{"expiry", typeDuration, `"15m"`, `"1h"`, "How long a command is in force that is not written again; from `1m` to `720h`."},
		{"watchdog", typeDuration, `"0s"`, `"2m"`, "Raise an alarm when no master has written register 24 for so long; from `1s` to `24h`, and `0s` is off."},
	}}
}
