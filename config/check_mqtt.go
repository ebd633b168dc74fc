package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxTopic is the longest root in bytes: with an asset and a measure behind it, a topic stays well
// below what any broker takes.
const maxTopic = 200

func (d *document) checkMQTT(c *Config) {
	d.checkPublishing("mqtt", &c.MQTT.Publishing)
	if c.MQTT.Broker == EmbeddedBroker {
		d.checkEmbedded(&c.MQTT)
	} else if c.MQTT.Broker != "" && d.filled("mqtt.embedded") {
		d.warn("mqtt.embedded", "has no effect, because mqtt.broker is not \"embedded\"", "")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Brokers)) {
		d.checkFurther(c, name)
	}
}

func (d *document) checkPublishing(section string, p *Publishing) {
	d.topic(section+".topic", p.Topic)
	d.topic(section+".discovery_prefix", p.DiscoveryPrefix)
	d.needs(section+".cert_file", p.CertFile != "", "key_file", p.KeyFile != "")
	d.needs(section+".key_file", p.KeyFile != "", "cert_file", p.CertFile != "")
	d.needs(section+".password", p.Password.IsSet(), "username", p.Username != "")
	d.lasts(section+".refresh", p.Refresh, 10*time.Second, 24*time.Hour)
	if p.Broker == EmbeddedBroker || p.Broker == "" {
		return
	}
	if !p.Broker.Encrypted() {
		d.useless(section, "only has a meaning with ssl:// and wss://", map[string]bool{
			"ca_file": p.CAFile != "", "cert_file": p.CertFile != "", "key_file": p.KeyFile != "",
		})
		if p.Password.IsSet() && !p.Broker.loopback() {
			d.warn(section+".broker", "is sent the password without encryption", "use ssl:// or wss:// where the broker has it")
		}
	}
	if p.Commands && p.Username == "" && p.CertFile == "" {
		d.warn(section+".commands", "has everybody obeyed who reaches the broker, because it asks for no user",
			"have the broker ask for a user and a password, and say who may publish on the topics below "+p.Topic+"/command")
	}
}

// checkFurther checks what is asked of a further broker alone.
func (d *document) checkFurther(c *Config, name string) {
	section, p := "brokers."+name, c.Brokers[name]
	d.short(section, name)
	if name == "mqtt" {
		d.wrong(section, "has the name of the first broker", "give it another: the log, alarms and metrics tell brokers apart by it")
	}
	d.checkPublishing(section, &p)
	key := section + ".broker"
	switch {
	case p.Broker == EmbeddedBroker:
		d.wrong(key, "is that of [mqtt] alone", "write broker = \"embedded\" below [mqtt]")
		return
	case p.Broker == "":
		d.wrong(key, "is missing", `write broker = "tcp://HOST:1883", or remove the section`)
		return
	case c.MQTT.Broker == EmbeddedBroker && p.Broker.reaches(c.MQTT.Embedded.Listen):
		d.wrong(key, "is the broker inside the gateway, which [mqtt] tells already", "remove the section", "mqtt.broker", "mqtt.embedded.listen")
		return
	}
	others := map[string]Publishing{"mqtt": c.MQTT.Publishing}
	for _, other := range slices.Sorted(maps.Keys(c.Brokers)) {
		if other < name {
			others["brokers."+other] = c.Brokers[other]
		}
	}
	for _, other := range slices.Sorted(maps.Keys(others)) {
		if o := others[other]; o.Broker.same(p.Broker) && !d.apart(section, &p, other, &o) {
			return
		}
	}
}

// apart refuses a section that would get in the way of another, on the same broker.
func (d *document) apart(section string, p *Publishing, other string, o *Publishing) bool {
	switch {
	case o.ClientID == p.ClientID:
		d.wrong(section+".broker", "is that of "+other+" too, with the same client_id: the broker would end one connection for the other, again and again",
			"remove the section, or give one of them a client_id and a topic of its own", other+".broker")
	case o.Topic == p.Topic:
		d.wrong(section+".topic", "is that of "+other+" too, on the same broker: when one connection ends, the broker says that both are offline",
			"give one of them a topic of its own", other+".topic")
	case o.announces() && p.announces() && o.DiscoveryPrefix == p.DiscoveryPrefix:
		d.wrong(section+".discovery", "announces the same devices on the same broker as "+other+": each would take back what the other says",
			`write discovery = "off" in one of them`, other+".discovery")
	default:
		return true
	}
	return false
}

// topic refuses a text that cannot begin topics.
func (d *document) topic(key, text string) {
	if bad := topicFault(text); bad != nil {
		d.wrong(key, bad.message, bad.hint)
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
	d.useless("mqtt", `has no meaning with the embedded broker: its own keys are in [mqtt.embedded]`, map[string]bool{
		"username": m.Username != "", "password": m.Password.IsSet(),
		"ca_file": m.CAFile != "", "cert_file": m.CertFile != "", "key_file": m.KeyFile != "",
	})
	e := &m.Embedded
	d.needs("mqtt.embedded.username", e.Username != "", "password", e.Password.IsSet())
	d.needs("mqtt.embedded.password", e.Password.IsSet(), "username", e.Username != "")
	d.needs("mqtt.embedded.tls_cert", e.TLSCert != "", "tls_key", e.TLSKey != "")
	d.needs("mqtt.embedded.tls_key", e.TLSKey != "", "tls_cert", e.TLSCert != "")
	switch {
	case e.Listen == "":
		d.wrong("mqtt.embedded.listen", "must be set for the embedded broker", `leave the line out for "127.0.0.1:1883"`)
	case !e.Listen.Loopback() && e.Username == "" && !e.Password.IsSet():
		d.wrong("mqtt.embedded.listen", "would let every machine in, because there is no username and password",
			`set both below [mqtt.embedded], or listen on "127.0.0.1:1883"`, "mqtt.embedded.username", "mqtt.embedded.password")
	case !e.Listen.Loopback() && e.TLSCert == "" && e.TLSKey == "":
		d.warn("mqtt.embedded.listen", "has clients send the password without encryption", "set tls_cert and tls_key below [mqtt.embedded]")
	}
}

// useless refuses the keys of a section that are set although they have no effect.
func (d *document) useless(section, message string, isSet map[string]bool) {
	for key, set := range isSet {
		if set {
			d.wrong(section+"."+key, message, "remove the line", section+".broker")
		}
	}
}
