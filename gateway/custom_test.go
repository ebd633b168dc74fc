package gateway_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// sameAfterRestart compares what a state shows with what it would after a restart.
func sameAfterRestart(t *testing.T, rules gateway.Rules, disk *journal, s *gateway.State, stored string, looks ...string) {
	t.Helper()
	restarted, err := gateway.NewState(rules, disk.saved(), now(stored))
	if err != nil {
		t.Fatal(err)
	}
	restarted.All(now(stored))
	for _, clock := range looks {
		if diff := cmp.Diff(readings(s, now(clock)), readings(restarted, now(clock))); diff != "" {
			t.Errorf("at %s (-running +restarted):\n%s", clock, diff)
		}
	}
}

// published returns what an update shows of an asset, nil if nothing.
func published(u *gateway.Update, id gateway.AssetID) *gateway.Snapshot {
	for i := range u.Changed {
		if u.Changed[i].Asset.ID == id {
			return &u.Changed[i]
		}
	}
	return nil
}

// A group that names a room by the customer's own id has it as long as no other room has that id, whenever that
// is told.
//
// Seen to break it: nameCustom or unnameCustom without moveNamesakes.
func TestAGroupHasWhatACustomIdMeansNow(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.Groups = map[string]gateway.GroupRule{"lab": {Index: gateway.NoNumber, Members: []string{"custom:X", "room_c"}}}
	disk, s := &journal{}, newState(t, rules)
	s.Settle(now("09:00:00"))
	s.All(now("09:00:00"))
	for _, c := range []struct {
		clock  string
		events []gateway.Event
		people int64
		covers int
	}{
		{"09:00:00", []gateway.Event{calledX(people("room_a", 3, "09:00:00")), people("room_c", 1, "09:00:00")}, 4, 1000},
		{"09:01:00", []gateway.Event{calledX(people("room_b", 5, "09:01:00"))}, 1, 500}, // whose is it?
		{"09:02:00", []gateway.Event{called(people("room_b", 5, "09:02:00"), "Y")}, 4, 1000},
		{"09:03:00", []gateway.Event{called(people("room_a", 3, "09:03:00"), "Z"), calledX(people("room_d", 7, "09:03:00"))}, 8, 1000},
	} {
		if err := s.Apply(now(c.clock), c.events); err != nil {
			t.Fatal(err)
		}
		disk.store(t, s, now(c.clock))
		restarted, err := gateway.NewState(rules, disk.saved(), now(c.clock))
		if err != nil {
			t.Fatal(err)
		}
		restarted.All(now(c.clock))
		for name, s := range map[string]*gateway.State{"running": s, "restarted": restarted} {
			lab := s.Explain(now(c.clock), "group:lab") // as it is, and not worked out anew for everything
			for _, p := range lab.Points {
				if p.Measure == gateway.People && p.Reading.Value != c.people || lab.Members.Coverage != c.covers {
					t.Errorf("at %s, %s: %s %d, coverage %d; want %d people, %d", c.clock, name, p.Measure, p.Reading.Value, lab.Members.Coverage, c.people, c.covers)
				}
			}
		}
	}
}

// What the operator says of an id that is told late changes at once how alive a room's feeds are, and its site.
//
// Seen to break it: setSettings without addRhythm, or without follow.
func TestSettingsThatComeWithALateCustomIdCountForTheFeeds(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.Assets = map[gateway.AssetID]gateway.AssetRule{"custom:X": {Index: gateway.NoNumber, State: gateway.Patch{func(s *gateway.Settings) { s.Feed = gateway.FeedChange }}}}
	disk, s := &journal{}, newState(t, rules)
	s.All(now("09:00:00"))
	for _, e := range []gateway.Event{
		people("room_a", 0, "09:01:00"), people("room_b", 0, "09:01:00"),
		calledX(people("room_a", 0, "09:02:00")), people("room_b", 0, "09:02:00"),
	} {
		if err := s.Apply(now("09:02:00"), []gateway.Event{e}); err != nil {
			t.Fatal(err)
		}
		disk.store(t, s, now("09:02:00"))
	}
	sameAfterRestart(t, rules, disk, s, "09:02:00", "09:02:00", "09:40:00")
	if got := show(t, s, now("09:40:00"), "room_a").Quality; got != gateway.Good {
		t.Errorf("a room that speaks on change, where the site has no heartbeat: %s, want good", got)
	}
	s.Wake(now("21:03:00"))
	if got := published(apply(t, s, now("21:03:01"), people("room_b", 0, "21:03:00")), "room_a"); got == nil || got.Quality != gateway.Good {
		t.Errorf("a room that was doubted, when its site speaks again: %+v, want it shown, and good", got)
	}
}

// What nothing was heard of but its traffic was heard of.
//
// Seen to break it: aggregate taking the members' never for its own; standInForNever only before the members.
func TestABuildingWithTrafficAndSilentRoomsIsNotNever(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	s.All(now("09:00:00"))
	seen := passed("sensor_1", "room_a", 1, 0, "09:00:00")
	seen.Type, seen.Found = gateway.Detected, []gateway.Position{{}}
	apply(t, s, now("09:00:01"), seen)
	for id, lost := range map[gateway.AssetID]bool{"room_a": true, "space_3": true, "building_1": true, "site_1": true} {
		if got := show(t, s, now("09:00:02"), id); got.Quality != gateway.Never || got.Lost[gateway.HVACOutput] != lost {
			t.Errorf("%s before: %s, lost %v; want never, and what it would be taken for", id, got.Quality, got.Lost)
		}
	}
	apply(t, s, now("09:01:01"), passed("sensor_2", "", 3, 0, "09:01:00"))
	for _, id := range []gateway.AssetID{"space_3", "building_1", "site_1"} {
		if got := show(t, s, now("09:01:02"), id); got.Quality != gateway.Uncertain || got.Reading(gateway.TrafficIn).Value != 3 {
			t.Errorf("%s: %s, %d went in; want uncertain, an estimate, and 3", id, got.Quality, got.Reading(gateway.TrafficIn).Value)
		}
	}
}

// While a batch waits for its disk nobody is shown what it has brought.
//
// Seen to break it: wake showing every asset when the clock comes to be doubted.
func TestWhatABatchBringsIsShownOnlyOnceItIsStored(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	s.Settle(now("09:00:00"))
	s.All(now("09:00:00"))
	apply(t, s, now("09:00:01"), people("room_a", 0, "09:00:00"), people("room_b", 0, "09:00:00"))
	var ahead []gateway.Event // of three assets, one of them new: the clock is doubted
	for _, room := range []string{"room_a", "room_b", "room_new"} {
		e := people(room, 1, "09:01:00")
		e.At = e.At.Add(10 * time.Minute)
		ahead = append(ahead, e)
	}
	if err := s.Apply(now("09:01:00"), ahead); err != nil {
		t.Fatal(err)
	}
	s.Batch()
	if u := s.Wake(now("09:01:05")); published(u, "room_new") != nil || published(u, "room_a") == nil {
		t.Error("want room_a with a doubt, and nothing of room_new")
	}
	s.Undo()
	s.Wake(now("09:01:06"))
	if got := s.Summary().Assets; got != len(s.Assets()) {
		t.Errorf("the summary counts %d assets of %d", got, len(s.Assets()))
	}
}
