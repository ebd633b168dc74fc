package gateway_test

import (
	"strings"
	"testing"

	"butlr-gateway/gateway"
)

// calledX gives an event's room the customer's own id that the tests pin.
func calledX(e gateway.Event) gateway.Event { return called(e, "X") }

// called gives an event's room an id of the customer's own.
func called(e gateway.Event, custom string) gateway.Event {
	e.Path.Room.CustomID = custom
	return e
}

// A pin that cannot be met must never keep a building from being served: the number stays with the asset that
// has it, and somebody is told what to do.
//
// Seen to break it: an error of reserve; a number reserved that an asset has; pinsStale not set when a custom
// id is told.
func TestAPinThatCannotBeMetStopsNoStart(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []gateway.Event
		told   []string // parts of the alarm's sentence
	}{
		{"told after the number was given", []gateway.Event{people("room_a", 3, "09:00:00"), calledX(people("room_a", 3, "09:01:00"))}, []string{"number 40 for custom:X", "is not its number, which is 3"}},
		{"the custom id of two rooms", []gateway.Event{calledX(people("room_a", 3, "09:00:00")), calledX(people("room_b", 3, "09:01:00"))}, []string{"number 40 for custom:X", "room_a"}},
		{"renamed in Butlr", []gateway.Event{calledX(people("room_a", 3, "09:00:00")), called(people("room_a", 3, "09:01:00"), "X2")}, []string{"number 40 for custom:X", "taken by room_a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := gateway.DefaultRules()
			rules.Assets = map[gateway.AssetID]gateway.AssetRule{"custom:X": {Name: "Boardroom", Index: 40}}
			disk, s := &journal{}, newState(t, rules)
			for _, e := range c.events {
				if err := s.Apply(now("09:01:30"), []gateway.Event{e}); err != nil {
					t.Fatal(err)
				}
				disk.store(t, s, now("09:01:30"))
			}
			restarted, err := gateway.NewState(rules, disk.saved(), now("09:02:00"))
			if err != nil {
				t.Fatal(err)
			}
			restarted.All(now("09:02:00"))
			for when, u := range map[string]gateway.Summary{"running": s.Summary(), "restarted": restarted.Summary()} {
				for _, part := range c.told {
					if u.PinsUnmet != 1 || !strings.Contains(u.PinUnmet, part) {
						t.Errorf("%s: %d pins unmet, %q; want %q", when, u.PinsUnmet, u.PinUnmet, part)
					}
				}
			}
			for i, a := range restarted.Assets() {
				if b := s.Assets()[i]; a.ID != b.ID || a.Number != b.Number {
					t.Errorf("restarted, %s has number %d; before, %s had %d", a.ID, a.Number, b.ID, b.Number)
				}
			}
		})
	}
}

func TestAPinOfAnIdIsToldToo(t *testing.T) {
	saved := &gateway.Saved{Assets: []gateway.Asset{{ID: "room_a", Kind: gateway.Room, Number: 3}}}
	for want, pins := range map[string]map[gateway.AssetID]gateway.AssetRule{
		"is taken by room_a":                           {"room_b": {Index: 3}},
		"which is 3: write index = 3, or move it with": {"room_a": {Index: 5}},
		"begin as Butlr's ids do":                      {"boardroom": {Index: 5}},
	} {
		rules := gateway.DefaultRules()
		rules.Assets = pins
		s, err := gateway.NewState(rules, saved, now("09:00:00"))
		if err != nil {
			t.Fatal(err)
		}
		s.All(now("09:00:00"))
		if got := s.Summary().PinUnmet; !strings.Contains(got, want) {
			t.Errorf("%v: told %q, want %q", pins, got, want)
		}
	}
}

// A number that is none claims no memory; that the configuration refuses it is not the state's affair.
//
// Seen to break it: vacant without the bound.
func TestAPinBeyondTheLastNumberIsNotMet(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.Assets = map[gateway.AssetID]gateway.AssetRule{"room_a": {Index: gateway.MaxNumber + 1}}
	s := newState(t, rules)
	s.All(now("09:00:00"))
	apply(t, s, now("09:00:10"), people("room_a", 1, "09:00:00"))
	for _, a := range s.Assets() {
		if a.Number > 3 {
			t.Errorf("%s has number %d", a.ID, a.Number)
		}
	}
	if got := s.Summary(); got.PinsUnmet != 1 {
		t.Errorf("%d pins unmet, want 1", got.PinsUnmet)
	}
}
