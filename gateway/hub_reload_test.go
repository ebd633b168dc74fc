package gateway_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// Rules whose groups cannot be stored are not in force, those before are; once the disk is well they come.
//
// Seen to break it: the rules in force before the commit; an undo that leaves the pins; the groups of a batch that
// failed brought by the next.
func TestRulesThatCannotBeStoredAreNotInForce(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j, s := &journal{}, &sink{}
		h, _ := startHub(t, clock, j, s, 0)
		if err := h.Ingest(t.Context(), []gateway.Event{people("room_a", 1, "09:00:00")}); err != nil {
			t.Fatal(err)
		}
		rules := gateway.DefaultRules()
		rules.Assets = map[gateway.AssetID]gateway.AssetRule{"room_a": {Name: "Boardroom", Index: gateway.NoNumber}}
		rules.Groups = map[string]gateway.GroupRule{"wing": {Name: "Wing", Members: []string{"room_a"}, Index: 40}}
		j.fail = errDisk
		if err := h.Reload(t.Context(), rules); !errors.Is(err, gateway.ErrNotStored) {
			t.Fatalf("got %v, want %v", err, gateway.ErrNotStored)
		}
		j.fail = nil
		if err := h.Ingest(t.Context(), []gateway.Event{after(1, people("room_a", 1, "09:00:00"))}); err != nil {
			t.Fatal(err)
		}
		if got := s.shown["room_a"].Asset.Name; got != "Name of room_a" {
			t.Errorf("the room is called %q after rules that could not be stored", got)
		}
		if err := h.View(t.Context(), func(state *gateway.State) {
			if u := state.UnmetPins(map[gateway.AssetID]gateway.Number{"room_z": 40}); len(state.Assets()) != 4 || len(u) != 0 {
				t.Errorf("%d assets, and number 40 is %v", len(state.Assets()), u)
			}
		}); err != nil {
			t.Fatal(err)
		}
		if err := h.Reload(t.Context(), rules); err != nil {
			t.Fatal(err)
		}
		wing := s.shown["group:wing"]
		if got := s.shown["room_a"].Asset.Name; got != "Boardroom" || wing.Asset == nil || wing.Asset.Number != 40 {
			t.Fatalf("the room is called %q, the group is %+v", got, wing.Asset)
		}
		if got := wing.Reading(gateway.People).Value; got != 1 {
			t.Errorf("%d people in the group, want 1", got)
		}
		if saved := j.saved(); len(saved.Assets) != 5 {
			t.Errorf("%d assets are stored, want 5", len(saved.Assets))
		}
	})
}

// A reload tells of the assets that read otherwise for it, and of no other: not every controller and broker of a campus
// has to hear that one room is called something else.
//
// Seen to break it: all assets marked.
func TestAReloadTellsWhatItChanges(t *testing.T) {
	s, _ := crowded(t, 50, 3)
	clock := now("09:03:20")
	called := func(name string) map[gateway.AssetID]gateway.AssetRule {
		return map[gateway.AssetID]gateway.AssetRule{"room_7": {Name: name, Index: gateway.NoNumber}}
	}
	rules := gateway.DefaultRules()
	for _, c := range []struct {
		what   string
		change func()
		told   int
	}{
		{"nothing", func() {}, 0},
		{"a name", func() { rules.Assets = called("Boardroom") }, 1},
		{"another name", func() { rules.Assets = called("Lounge") }, 1},
		{"how many may be unknown", func() { rules.MaxUnknownAssets = 12 }, 0},
		{"no name", func() { rules.Assets = nil }, 1},
		{"the name of the site", func() { rules.Assets = map[gateway.AssetID]gateway.AssetRule{"site_1": {Name: "HQ"}} }, 53},
	} {
		c.change()
		s.Reload(clock, rules)
		s.Batch()
		if u := s.Settle(clock); len(u.Changed) != c.told {
			t.Errorf("%s: %d assets are told, want %d", c.what, len(u.Changed), c.told)
		}
	}
}

// How long events wait for a reload, beside what a batch of a thousand of them takes in the same run: one room that
// is called something else, and a delay that all of them have.
func BenchmarkReload(b *testing.B) {
	s, events := crowded(b, 100_000, 10)
	clock := instant(events[0].At)
	rules := gateway.DefaultRules()
	rules.MaxUnknownAssets = 0
	reload := func(b *testing.B, change func(n int)) {
		for n := 0; b.Loop(); n++ {
			change(n)
			s.Reload(clock, rules)
			s.Batch()
			s.Settle(clock)
		}
	}
	b.Run("batch of 1000", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			batch := events[n%100*1000 : n%100*1000+1000]
			for i := range batch {
				batch[i].At += 1000
			}
			if err := s.Apply(clock, batch); err != nil {
				b.Fatal(err)
			}
			s.Batch()
			s.Settle(clock)
		}
	})
	b.Run("a name", func(b *testing.B) {
		reload(b, func(n int) {
			rules.Assets = map[gateway.AssetID]gateway.AssetRule{"room_7": {Name: fmt.Sprint("Room ", n), Index: gateway.NoNumber}}
		})
	})
	b.Run("a delay of all", func(b *testing.B) {
		reload(b, func(n int) { rules.State.OffDelay[gateway.HVACOutput] = time.Duration(10+n%2) * time.Minute })
	})
	b.Run("everything, as at a start", func(b *testing.B) {
		for b.Loop() {
			s.All(clock)
		}
	})
}
