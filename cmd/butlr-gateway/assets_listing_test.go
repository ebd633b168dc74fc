package main

import (
	"testing"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/gateway"
)

// A sensor that events have told under another id than the inventory's is the one with its address; what is known by its
// id stays what it is.
//
// Seen to break it: byAddress left out, of sensors that are known by their ids as well, and of those without an address.
func TestASensorOfTheInventoryIsKnownByItsAddress(t *testing.T) {
	known := []*gateway.Asset{
		{ID: "sensor_web", Kind: gateway.Sensor, MAC: "00-17-0d-01"}, {ID: "sensor_both", Kind: gateway.Sensor, MAC: "00-17-0d-02"},
		{ID: "sensor_twin", Kind: gateway.Sensor, MAC: "00-17-0d-02"}, {ID: "sensor_bare", Kind: gateway.Sensor},
	}
	inventory := &butlr.Inventory{Places: []butlr.Place{
		{ID: "sensor_api", Kind: gateway.Sensor, MAC: "00-17-0d-01"}, {ID: "sensor_both", Kind: gateway.Sensor, MAC: "00-17-0d-02"},
		{ID: "sensor_new", Kind: gateway.Sensor}, {ID: "sensor_other", Kind: gateway.Sensor, MAC: "00-17-0d-03"},
	}}
	byAddress(inventory, known)
	for i, want := range []gateway.AssetID{"sensor_web", "sensor_both", "sensor_new", "sensor_other"} {
		if got := inventory.Places[i].ID; got != want {
			t.Errorf("place %d is %s, want %s", i, got, want)
		}
	}
}
