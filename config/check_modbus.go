package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

func (d *document) checkModbus(c *Config) {
	m := &c.Modbus
	d.between("modbus.unit_id", m.UnitID, 1, 48)
	d.between("modbus.max_connections", m.MaxConnections, 1, 10_000)
	d.between("modbus.max_per_address", m.MaxPerAddress, 1, 10_000)
	if m.MaxPerAddress > m.MaxConnections && d.has("modbus.max_per_address") {
		d.wrong("modbus.max_per_address", fmt.Sprintf("is more than max_connections, which is %d", m.MaxConnections),
			"make it smaller, or max_connections larger", "modbus.max_connections")
	}
	d.lasts("modbus.idle_timeout", m.IdleTimeout, time.Second, 24*time.Hour)
	d.checkReaders("modbus", m.Listen, m.Allow)
	d.checkReaders("modbus.tls", m.TLS.Listen, m.TLS.Allow)
	d.checkReaders("modbus.rtu_over_tcp", m.RTUOverTCP.Listen, m.RTUOverTCP.Allow)
	d.checkModbusTLS(&m.TLS)
	d.checkUnitIDs("modbus.rtu_over_tcp.unit_ids", m, m.RTUOverTCP.UnitIDs)
	d.checkModbusSerial(c)
	d.checkModbusWrite(m)
}

// checkReaders demands that somebody says who may connect from other machines.
func (d *document) checkReaders(section string, listen Listen, allow []netip.Prefix) {
	d.warnOfEverybody(section+".allow", allow, "lets every address read the registers")
	if listen != "" && !listen.Loopback() && len(allow) == 0 {
		d.wrong(section+".listen", "would let every machine read, because there is no allow",
			`write the controllers' networks, as in allow = ["10.20.0.0/16"]`, section+".allow")
	}
}

func (d *document) checkModbusTLS(t *ModbusTLS) {
	if t.Listen == "" {
		return
	}
	for _, file := range []struct {
		key, what string
		path      Path
	}{
		{"cert", "the certificate that clients are shown, in PEM", t.Cert},
		{"key", "the private key to cert, in PEM", t.Key},
		{"client_ca", "the certificates that those of the clients are signed by, in PEM", t.ClientCA},
	} {
		if file.path == "" {
			d.wrong("modbus.tls."+file.key, "must be set: clients and gateway show each other certificates", "name the file with "+file.what)
		}
	}
}

// unitSpan is how far the last unit id of a gateway lies above the first: 100 for blocks and as many for
// columns.
const unitSpan = 199

func (d *document) checkUnitIDs(key string, m *Modbus, ids []int) {
	last := m.UnitID + unitSpan
	for i, id := range ids {
		value := strconv.Itoa(id)
		switch {
		case d.refused["modbus.unit_id"]:
			return
		case id < m.UnitID || id > last:
			d.refuse(split(key), fault{value: value, message: fmt.Sprintf("is never a unit of this gateway: they are %d to %d", m.UnitID, last),
				hint: "list those of other assets that are to be answered on this line, or change unit_id of [modbus]"})
		case slices.Contains(ids[:i], id):
			d.refuse(split(key), fault{value: value, message: "is listed twice", hint: "remove one"})
		}
	}
}

func (d *document) checkModbusSerial(c *Config) {
	s := &c.Modbus.Serial
	const section = "modbus.serial."
	if !slices.Contains(bauds, s.Baud) {
		texts := make([]string, len(bauds))
		for i, baud := range bauds {
			texts[i] = strconv.Itoa(baud)
		}
		d.wrong(section+"baud", "is no speed of a serial line", "write "+orList(texts))
	}
	d.between(section+"stop_bits", s.StopBits, 1, 2)
	d.checkUnitIDs(section+"unit_ids", &c.Modbus, s.UnitIDs)
	for name, p := range c.Push {
		if s.Port != "" && p.Target.Serial() && p.Target.Address() == string(s.Port) {
			d.wrong(section+"port", "is the port that push."+name+" writes to",
				"on one line the gateway either answers a master or is the master: give each its own port", "push."+name+".target")
			return
		}
	}
}

func (d *document) checkModbusWrite(m *Modbus) {
	w := &m.Write
	const section = "modbus.write."
	d.warnOfEverybody(section+"allow", w.Allow, "lets every address command the building")
	d.lasts(section+"expiry", w.Expiry, time.Minute, longestWait)
	if w.Watchdog != 0 {
		d.lasts(section+"watchdog", w.Watchdog, time.Second, 24*time.Hour)
	}
	if slices.Contains(w.Roles, "") {
		d.wrong(section+"roles", "has an empty role", "write the roles that the clients' certificates have, as in [\"operator\"]")
	}
	if len(w.Roles) > 0 && m.TLS.Listen == "" {
		d.wrong(section+"roles", "come with certificates, and [modbus.tls] is off: nobody on a network could write",
			"set listen, cert, key and client_ca of [modbus.tls], or remove the line", "modbus.tls.listen")
	}
	if w.Serial && m.Serial.Port == "" {
		d.wrong(section+"serial", "needs a serial line, and [modbus.serial] is off", "set port of [modbus.serial], or remove the line", "modbus.serial.port")
	}
	if w.Watchdog != 0 && !w.On() {
		d.wrong(section+"watchdog", "waits for a write, and nobody may write", "set allow to the masters' addresses, or remove the line", section+"allow")
	}
	for _, network := range w.Allow {
		if !m.reachedBy(network) {
			d.warnings = append(d.warnings, d.problem(split(section+"allow"), fault{
				value: strconv.Quote(network.String()), message: "may write, but no listener lets it connect",
				hint: "add it to the allow of the listener that it uses",
			}))
		}
	}
}

// reachedBy tells whether some address of a network can connect.
func (m *Modbus) reachedBy(network netip.Prefix) bool {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, l := range []struct {
		listen Listen
		allow  []netip.Prefix
	}{{m.Listen, m.Allow}, {m.TLS.Listen, m.TLS.Allow}, {m.RTUOverTCP.Listen, m.RTUOverTCP.Allow}} {
		if l.listen == "" {
			continue
		}
		allow := l.allow
		if len(allow) == 0 {
			allow = loopback
		}
		if slices.ContainsFunc(allow, network.Overlaps) {
			return true
		}
	}
	return false
}
