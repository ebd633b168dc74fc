package discovery

import (
	"strings"

	"butlr-gateway/adapters/mqtt/internal/level"
	"butlr-gateway/gateway"
)

// Form is how devices are announced.
type Form uint8

// The forms.
const (
	Off        Form = iota // not at all
	Devices                // one document for each device: Home Assistant 2024.12 and later
	Components             // one document for each entity: older ones, and openHAB
	formCount  = iota
)

// formNames are the words that the memory of what was told uses.
var formNames = [formCount]string{"off", "device", "component"}

// String returns the form's name.
func (f Form) String() string {
	if int(f) < len(formNames) {
		return formNames[f]
	}
	return "unknown"
}

// Place is where, and in which form, a device is announced.
type Place struct {
	Prefix string // of the topics that Home Assistant listens to
	Form   Form
}

// Gateway is who announces.
type Gateway struct {
	Place
	ID       string // 8 hexadecimal digits
	Name     string // for people
	Version  string // of the program
	Root     string // of the topics that entities read
	Commands bool   // the gateway carries out what is published under command
	Page     string // URL of its page; "" where only this host reaches it
}

// Birth is the topic on which Home Assistant says that it has started.
func (g *Gateway) Birth() string { return g.Prefix + "/status" }

// SelfNode names the gateway's own device.
func (g *Gateway) SelfNode() string { return "bgw_" + g.ID }

// Node names the device of an asset, for ever. Two assets never share one, whatever their kinds.
func (g *Gateway) Node(kind gateway.Kind, id gateway.AssetID) string {
	return g.SelfNode() + "_" + nodeLevel(kind, id)
}

// nodeLevel is the level that the asset has in the topics of its readings, where the kind goes before it.
// Here it must do without: a group's key may look like an id of Butlr's, and the reverse. Such a one is
// hashed with its kind.
func nodeLevel(kind gateway.Kind, id gateway.AssetID) string {
	plain := false
	if kind == gateway.Group {
		key := strings.TrimPrefix(string(id), "group:")
		plain = level.Is(key) && gateway.AssetID(key).Kind() == gateway.NoKind
	} else {
		k := id.Kind()
		plain = k != gateway.NoKind && k != gateway.Group
	}
	if plain {
		return level.Of(kind, id)
	}
	return level.Of(kind, gateway.AssetID(kind.String()+"/"+string(id)))
}
