package config

import (
	"net/netip"
	"time"
)

// Modbus is the server that controllers read from.
type Modbus struct {
	Listen         Listen         `toml:"listen"` // "" is off
	UnitID         int            `toml:"unit_id"`
	Allow          []netip.Prefix `toml:"allow"`
	WordOrder      WordOrder      `toml:"word_order"`
	Unmapped       Unmapped       `toml:"unmapped"`
	MaxConnections int            `toml:"max_connections"`
	MaxPerAddress  int            `toml:"max_per_address"`
	IdleTimeout    time.Duration  `toml:"idle_timeout"`
	TLS            ModbusTLS      `toml:"tls"`
	RTUOverTCP     ModbusRTU      `toml:"rtu_over_tcp"`
	Serial         ModbusSerial   `toml:"serial"`
	Write          ModbusWrite    `toml:"write"`
}

// ModbusTLS is the same over TLS, for clients with a certificate.
type ModbusTLS struct {
	Listen    Listen         `toml:"listen"` // "" is off
	Cert      Path           `toml:"cert"`
	Key       Path           `toml:"key"`
	ClientCA  Path           `toml:"client_ca"`
	Allow     []netip.Prefix `toml:"allow"`
	WordOrder WordOrder      `toml:"word_order"` // "" is that of Modbus
}

// ModbusRTU is frames of a serial line on TCP connections.
type ModbusRTU struct {
	Listen    Listen         `toml:"listen"` // "" is off
	Allow     []netip.Prefix `toml:"allow"`
	WordOrder WordOrder      `toml:"word_order"` // "" is that of Modbus
	UnitIDs   []int          `toml:"unit_ids"`   // answered beside the base unit
}

// ModbusSerial is a serial line.
type ModbusSerial struct {
	Port      SerialPort `toml:"port"` // "" is off
	Baud      int        `toml:"baud"`
	Parity    Parity     `toml:"parity"`
	StopBits  int        `toml:"stop_bits"`
	RS485     bool       `toml:"rs485"`
	WordOrder WordOrder  `toml:"word_order"` // "" is that of Modbus
	UnitIDs   []int      `toml:"unit_ids"`   // answered beside the base unit
}

// ModbusWrite is who may command, and what becomes of it.
type ModbusWrite struct {
	Allow    []netip.Prefix `toml:"allow"`
	Roles    []string       `toml:"roles"`
	Serial   bool           `toml:"serial"`
	Expiry   time.Duration  `toml:"expiry"`
	Watchdog time.Duration  `toml:"watchdog"` // 0 is off
}

// On tells whether controllers can read, in whatever way.
func (m *Modbus) On() bool {
	return m.Listen != "" || m.TLS.Listen != "" || m.RTUOverTCP.Listen != "" || m.Serial.Port != ""
}

// On tells whether somebody may command.
func (w *ModbusWrite) On() bool { return len(w.Allow) > 0 || w.Serial }

// Order returns the word order of a transport: its own, or that of all.
func (m *Modbus) Order(own WordOrder) WordOrder {
	if own == "" {
		return m.WordOrder
	}
	return own
}

// SerialPort is the path of a serial port, or on Windows its name.
type SerialPort string

func (p *SerialPort) parse(text string) *fault {
	if text != "" && !serialPath.MatchString(text) {
		return &fault{message: "is no serial port", hint: `write its path, as in "/dev/ttyUSB0", or on Windows its name, as in "COM3"`}
	}
	*p = SerialPort(text)
	return nil
}
