package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// minHistory is the least that the history may take, in bytes.
const minHistory = 1 << 20

// check reports what no single value shows: numbers out of range and keys that contradict each other.
func (d *document) check(c *Config) {
	if c.Gateway.StateDir == "" {
		d.wrong("gateway.state_dir", "must name a folder", "leave the line out for the usual one")
	}
	d.short("gateway.name", c.Gateway.Name)
	d.checkWebhook(c)
	d.checkACME(c)
	d.checkForward(c)
	d.checkMQTT(c)
	d.checkModbus(c)
	d.checkPush(c)
	d.checkWeb(&c.Web)
	d.checkButlr(c)
	d.checkState(c)
	d.checkAssets(c)
	d.checkGroups(c.Groups)
	d.checkIndexes(c)
	d.checkListeners(c)
	d.checkSwitches(c)
}

// checkListeners reports parts that would want the same port.
func (d *document) checkListeners(c *Config) {
	type listener struct {
		key    string
		listen Listen
	}
	listeners := []listener{
		{"webhook.listen", c.Webhook.Listen}, {"webhook.acme_http", c.Webhook.ACMEHTTP}, {"modbus.listen", c.Modbus.Listen}, {"modbus.tls.listen", c.Modbus.TLS.Listen},
		{"modbus.rtu_over_tcp.listen", c.Modbus.RTUOverTCP.Listen}, {"web.listen", c.Web.Listen},
	}
	if c.MQTT.Broker == EmbeddedBroker {
		listeners = append(listeners, listener{"mqtt.embedded.listen", c.MQTT.Embedded.Listen})
	}
	for i, l := range listeners {
		if _, port, bad := l.listen.split(); bad == nil && port == 0 {
			d.warn(l.key, "takes whatever port is free, another one at each start", "")
		}
		for _, other := range listeners[:i] {
			if l.listen.clashes(other.listen) && !d.refused[l.key] && !d.refused[other.key] {
				d.refuse(split(l.key), fault{
					value:   strconv.Quote(string(l.listen)),
					message: "has the port that " + other.key + " takes",
					hint:    "give each its own port",
				})
			}
		}
	}
}

// checkSwitches warns of sections that are written and yet off.
func (d *document) checkSwitches(c *Config) {
	for _, s := range []struct {
		section, key string
		on           bool
	}{
		{"mqtt", "broker", c.MQTT.Broker != ""},
		{"modbus", "listen", c.Modbus.On()},
		{"modbus.tls", "listen", c.Modbus.TLS.Listen != ""},
		{"modbus.rtu_over_tcp", "listen", c.Modbus.RTUOverTCP.Listen != ""},
		{"modbus.serial", "port", c.Modbus.Serial.Port != ""},
		{"modbus.write", "allow", c.Modbus.Write.On()},
		{"web", "listen", c.Web.Listen != ""},
		{"butlr", "client_id", c.Butlr.ClientID.IsSet()},
	} {
		if !s.on && d.filled(s.section) && !d.has(s.section+"."+s.key) {
			d.warn(s.section, "is off, because it has no "+s.key, "set "+s.key+", or remove the section")
		}
	}
	if c.MQTT.Broker == "" && len(c.Brokers) == 0 && !c.Modbus.On() && len(c.Push) == 0 {
		d.warn("modbus.listen", "is off, and so is mqtt.broker: nobody can read what arrives", "set one of them")
	}
}

// wrong refuses the value of a key, unless it, or one of the keys that its fault depends on, was refused already.
func (d *document) wrong(key, message, hint string, dependsOn ...string) {
	for _, k := range append(dependsOn, key) {
		if d.refused[k] {
			return
		}
	}
	p := d.problem(split(key), fault{message: message, hint: hint})
	d.problems = append(d.problems, p)
}

func (d *document) warn(key, message, hint string) {
	d.warnings = append(d.warnings, d.problem(split(key), fault{message: message, hint: hint}))
}

// warnOfSecrets warns of every secret that stands in a file that everybody can read.
func (d *document) warnOfSecrets(hint string) {
	for _, key := range d.literal {
		d.warnings = append(d.warnings, d.problem(key, fault{message: "stands in a file that every user of this machine can read", hint: hint}))
	}
}

func (d *document) warnOfEverybody(key string, networks []netip.Prefix, message string) {
	for _, n := range networks {
		if n.Bits() == 0 {
			d.warnings = append(d.warnings, d.problem(split(key), fault{value: strconv.Quote(n.String()), message: message}))
		}
	}
}

// between refuses a number outside of a range.
func (d *document) between(key string, value, low, high int) {
	if value < low || value > high {
		d.wrong(key, notBetween(low, high).message, "")
	}
}

// lasts refuses a duration outside of a range.
func (d *document) lasts(key string, value, low, high time.Duration) {
	if value < low || value > high {
		d.wrong(key, notLasting(low, high).message, "")
	}
}

// short refuses names that would be cut on their way.
func (d *document) short(key, text string) {
	if len(text) > maxName {
		d.wrong(key, fmt.Sprintf("is longer than %d bytes", maxName), "shorten it: people read it in lists")
	}
}

// needs refuses a key that has no meaning without another of its section.
func (d *document) needs(key string, isSet bool, other string, otherIsSet bool) {
	if isSet && !otherIsSet {
		path := split(key)
		d.wrong(key, "needs "+other+", which is not set", "set both, or neither", append(path[:len(path)-1:len(path)-1], other).String())
	}
}

// has tells whether the file has a key.
func (d *document) has(key string) bool { return d.meta.IsDefined(split(key)...) }

// filled tells whether the file has a key with a value below a section.
func (d *document) filled(section string) bool {
	path := split(section)
	return slices.ContainsFunc(d.meta.Keys(), func(k toml.Key) bool {
		return len(k) > len(path) && slices.Equal(k[:len(path)], path) && d.meta.Type(k...) != "Hash"
	})
}

func split(key string) toml.Key { return strings.Split(key, ".") }

// duration returns d as the operator would write it: "5m", not "5m0s".
func duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
