package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// maxTopic is the longest root in bytes: with an asset and a measure behind it, a topic stays well
// below what any broker takes.
const maxTopic = 200

// check reports what no single value shows: numbers out of range and keys that contradict each other.
func (d *document) check(c *Config) {
	if c.Gateway.StateDir == "" {
		d.wrong("gateway.state_dir", "must name a folder", "leave the line out for the usual one")
	}
	d.short("gateway.name", c.Gateway.Name)
	d.checkWebhook(&c.Webhook)
	d.checkMQTT(&c.MQTT)
	d.checkModbus(c)
	d.checkPush(c)
	if c.Web.Listen != "" && !c.Web.Listen.Loopback() {
		d.wrong("web.listen", "would show the page to other machines, and this version cannot ask them for a password", `write "127.0.0.1:8080"`)
	}
	d.checkState(c)
	d.checkAssets(c)
	d.checkGroups(c.Groups)
	d.checkIndexes(c)
	d.checkListeners(c)
	d.checkSwitches(c)
}

func (d *document) checkMQTT(m *MQTT) {
	if bad := topicFault(m.Topic); bad != nil {
		d.wrong("mqtt.topic", bad.message, bad.hint)
	}
	d.needs("mqtt.cert_file", m.CertFile != "", "key_file", m.KeyFile != "")
	d.needs("mqtt.key_file", m.KeyFile != "", "cert_file", m.CertFile != "")
	d.needs("mqtt.password", m.Password.IsSet(), "username", m.Username != "")
	d.lasts("mqtt.refresh", m.Refresh, 10*time.Second, 24*time.Hour)
	if m.Broker == EmbeddedBroker {
		d.checkEmbedded(m)
		return
	}
	if m.Broker == "" {
		return
	}
	if !m.Broker.Encrypted() {
		d.useless("only has a meaning with ssl:// and wss://", map[string]bool{
			"mqtt.ca_file": m.CAFile != "", "mqtt.cert_file": m.CertFile != "", "mqtt.key_file": m.KeyFile != "",
		})
		if m.Password.IsSet() && !m.Broker.loopback() {
			d.warn("mqtt.broker", "is sent the password without encryption", "use ssl:// or wss:// where the broker has it")
		}
	}
	if d.filled("mqtt.embedded") {
		d.warn("mqtt.embedded", "has no effect, because mqtt.broker is not \"embedded\"", "")
	}
}

var plainTopic = regexp.MustCompile(`^[A-Za-z0-9._/-]*$`)

// topicFault says why a text cannot be the root of the topics, or nil.
func topicFault(topic string) *fault {
	switch {
	case topic == "":
		return &fault{message: "is empty"}
	case len(topic) > maxTopic:
		return &fault{message: fmt.Sprintf("is longer than %d bytes", maxTopic)}
	case strings.ContainsAny(topic, "+#"):
		return &fault{message: "holds + or #, which only subscribers may use"} // MQTT 3.1.1, section 4.7.1
	case !plainTopic.MatchString(topic):
		return &fault{message: "holds characters that not every broker can keep", hint: `use letters, digits, ".", "-" and "_", as in "butlr/hq"`}
	case slices.Contains(strings.Split(topic, "/"), ""):
		return &fault{message: "has an empty level", hint: `write it without a slash at either end, as in "butlr/hq"`}
	}
	return nil
}

func (d *document) checkEmbedded(m *MQTT) {
	d.useless(`has no meaning with the embedded broker: its own keys are in [mqtt.embedded]`, map[string]bool{
		"mqtt.username": m.Username != "", "mqtt.password": m.Password.IsSet(),
		"mqtt.ca_file": m.CAFile != "", "mqtt.cert_file": m.CertFile != "", "mqtt.key_file": m.KeyFile != "",
	})
	e := &m.Embedded
	d.needs("mqtt.embedded.username", e.Username != "", "password", e.Password.IsSet())
	d.needs("mqtt.embedded.password", e.Password.IsSet(), "username", e.Username != "")
	switch {
	case e.Listen == "":
		d.wrong("mqtt.embedded.listen", "must be set for the embedded broker", `leave the line out for "127.0.0.1:1883"`)
	case !e.Listen.Loopback() && e.Username == "" && !e.Password.IsSet():
		d.wrong("mqtt.embedded.listen", "would let every machine in, because there is no username and password",
			`set both below [mqtt.embedded], or listen on "127.0.0.1:1883"`, "mqtt.embedded.username", "mqtt.embedded.password")
	}
}

// checkListeners reports parts that would want the same port.
func (d *document) checkListeners(c *Config) {
	type listener struct {
		key    string
		listen Listen
	}
	listeners := []listener{
		{"webhook.listen", c.Webhook.Listen}, {"modbus.listen", c.Modbus.Listen}, {"modbus.tls.listen", c.Modbus.TLS.Listen},
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
	} {
		if !s.on && d.filled(s.section) && !d.has(s.section+"."+s.key) {
			d.warn(s.section, "is off, because it has no "+s.key, "set "+s.key+", or remove the section")
		}
	}
	if c.MQTT.Broker == "" && !c.Modbus.On() && len(c.Push) == 0 {
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

// useless refuses the keys that are set although they have no effect.
func (d *document) useless(message string, isSet map[string]bool) {
	for key, set := range isSet {
		if set {
			d.wrong(key, message, "remove the line", "mqtt.broker")
		}
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
