package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/webhook"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// TestWhatIsSubscribedToIsUnderstood posts an event of each type that the configuration knows: the webhook knows it
// too, and the API has the same name for it.
//
// Seen to break it: a name of the configuration's list misspelt.
func TestWhatIsSubscribedToIsUnderstood(t *testing.T) {
	for _, name := range config.EventNames() {
		body := fmt.Sprintf(`{"id":"event_2xWr0Wr0Wr0Wr0Wr0Wr0Wr0Wr0W","type":%q,"timestamp":1770000000000,"version":"v1.0.0","metadata":{},"data":1}`, name)
		events, err := webhook.Decode([]byte(body))
		if err != nil || len(events) != 1 || events[0].Type == gateway.UnknownType {
			t.Errorf("%s arrives as %+v: %v", name, events, err)
		}
		if got := butlr.EventType(string(name)); got != string(name) {
			t.Errorf("%s is %s at Butlr", name, got)
		}
	}
}

// TestAnInventoryWithHolesForgetsNothing reads the same room and site from an inventory that is whole and from one that
// is not: only in the first is an empty cell an answer.
//
// Seen to break it: saidOf that takes every inventory for whole, and none.
func TestAnInventoryWithHolesForgetsNothing(t *testing.T) {
	known := &gateway.Asset{Facts: &gateway.Facts{At: 1, Capacity: 12, Clock: time.UTC, Tags: []string{"lab"}, Entrance: true}}
	for _, c := range []struct {
		place butlr.Place
		known *gateway.Asset
		whole bool
		want  gateway.Facts
	}{
		{butlr.Place{ID: "room_1", Kind: gateway.Room}, known, true, gateway.Facts{}},
		{butlr.Place{ID: "room_1", Kind: gateway.Room}, known, false, gateway.Facts{Capacity: 12, Clock: time.UTC, Tags: []string{"lab"}, Entrance: true}},
		{butlr.Place{ID: "room_1", Kind: gateway.Room, Capacity: 8, Tags: []string{"quiet", "quiet"}}, known, false, gateway.Facts{Capacity: 8, Clock: time.UTC, Tags: []string{"quiet"}, Entrance: true}},
		{butlr.Place{ID: "room_1", Kind: gateway.Room, Capacity: 8}, nil, false, gateway.Facts{Capacity: 8}},
		{butlr.Place{ID: "room_1", Kind: gateway.Room, Timezone: "UTC"}, nil, true, gateway.Facts{}},
		{butlr.Place{ID: "site_1", Kind: gateway.Site, Timezone: "UTC"}, nil, true, gateway.Facts{Clock: time.UTC}},
	} {
		if got, note := saidOf(&c.place, c.known, c.whole); !got.Facts.Equal(&c.want) || note != "" {
			t.Errorf("%+v, whole %v: it says %+v, %q; want %+v", c.place, c.whole, *got.Facts, note, c.want)
		}
	}
	for _, zone := range []string{"Mars/Olympus", "Local"} {
		got, note := saidOf(&butlr.Place{ID: "site_1", Kind: gateway.Site, Timezone: zone}, nil, true)
		if want := fmt.Sprintf("the time zone %q of site_1 is not known to this machine, and is left out", zone); got.Facts.Clock != nil || note != want {
			t.Errorf("in %v: %q", got.Facts.Clock, note)
		}
	}
}

// TestWhatVanishedIsNamed looks for what an inventory has no more: groups and what is retired were never there.
//
// Seen to break it: vanished that names what is retired, groups, and everything.
func TestWhatVanishedIsNamed(t *testing.T) {
	assets := []*gateway.Asset{
		{ID: "room_1", Kind: gateway.Room}, {ID: "room_2", Kind: gateway.Room, Name: "Lounge", Number: 5}, {ID: "room_3", Kind: gateway.Room, Retired: true},
		{ID: "group:a", Kind: gateway.Group},
	}
	inventory := &butlr.Inventory{Places: []butlr.Place{{ID: "room_1", Kind: gateway.Room}}}
	want := []string{`the room Lounge with number 5 is not in the inventory, and stays as it is: if it is gone, "points apply --retire room_2" takes it out of service`}
	if got := vanished(assets, inventory); !slices.Equal(got, want) {
		t.Errorf("it says %q", got)
	}
	for n := range vanishedShown {
		assets = append(assets, &gateway.Asset{ID: gateway.AssetID(fmt.Sprint("zone_", n)), Kind: gateway.Zone})
	}
	got := vanished(assets, inventory)
	if len(got) != vanishedShown+1 || got[vanishedShown] != "1 more asset is not in the inventory" {
		t.Errorf("of %d it says %q", vanishedShown+1, got[len(got)-1])
	}
}

// TestASensorThatCountsNothingIsToldOfAllTheSame has the facts of a sensor that an event named go to the gateway, and
// gives it no number unasked.
//
// Seen to break it: importable without sensors that count nothing; proposeInventory that adds them.
func TestASensorThatCountsNothingIsToldOfAllTheSame(t *testing.T) {
	inventory := &butlr.Inventory{Places: []butlr.Place{
		{ID: "site_1", Kind: gateway.Site}, {ID: "sensor_1", Kind: gateway.Sensor, Mode: "traffic"}, {ID: "sensor_2", Kind: gateway.Sensor, Mode: "presence"},
	}}
	file := filepath.Join(t.TempDir(), "gateway.toml")
	text := fmt.Sprintf("[gateway]\nstate_dir = '%s'\n[webhook]\nlisten = \"127.0.0.1:0\"\n", filepath.Join(t.TempDir(), "state"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := proposeInventory(t.Context(), file, inventory, true)
	if err != nil {
		t.Fatal(err)
	}
	var added, told []gateway.AssetID
	for _, c := range p.plan.Changes {
		added = append(added, c.Asset)
	}
	for _, a := range p.wish.Inventory {
		told = append(told, a.ID)
	}
	if !slices.Equal(added, []gateway.AssetID{"site_1", "sensor_1"}) || !slices.Equal(told, []gateway.AssetID{"site_1", "sensor_1", "sensor_2"}) {
		t.Errorf("added %q, told of %q", added, told)
	}
}
