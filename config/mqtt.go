package config

import "time"

// Publishing says which MQTT broker readings are published to, and what of them.
type Publishing struct {
	Broker          Broker        `toml:"broker"` // "" is off
	Topic           string        `toml:"topic"`
	Username        string        `toml:"username"`
	Password        Secret        `toml:"password"`
	ClientID        string        `toml:"client_id"` // "" leaves it to the gateway
	CAFile          Path          `toml:"ca_file"`
	CertFile        Path          `toml:"cert_file"`
	KeyFile         Path          `toml:"key_file"`
	Discovery       Discovery     `toml:"discovery"`
	DiscoveryPrefix string        `toml:"discovery_prefix"`
	Scalars         bool          `toml:"scalars"`
	Names           bool          `toml:"names"`
	Detections      bool          `toml:"detections"`
	Commands        bool          `toml:"commands"`
	Refresh         time.Duration `toml:"refresh"`
}

// MQTT is the first broker, and the one inside the gateway.
type MQTT struct {
	Publishing
	Embedded Embedded `toml:"embedded"`
}

// Embedded is the broker inside the gateway, in use when MQTT.Broker is [EmbeddedBroker].
type Embedded struct {
	Listen   Listen `toml:"listen"`
	Username string `toml:"username"`
	Password Secret `toml:"password"`
	TLSCert  Path   `toml:"tls_cert"`
	TLSKey   Path   `toml:"tls_key"`
}

func defaultPublishing() Publishing {
	return Publishing{
		Topic: "butlr", Discovery: DiscoverDevices, DiscoveryPrefix: "homeassistant", Scalars: true, Refresh: 10 * time.Minute,
	}
}

// announces tells whether assets are announced there.
func (p *Publishing) announces() bool { return p.Discovery != DiscoverNothing }

// Discovery is the form in which assets are announced to Home Assistant.
type Discovery string

// The forms.
const (
	DiscoverDevices    Discovery = "device"    // one document for each asset: Home Assistant 2024.12 and later
	DiscoverComponents Discovery = "component" // one for each entity: older ones, and openHAB
	DiscoverNothing    Discovery = "off"
)
