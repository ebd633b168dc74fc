package gateway_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

func TestAFirstRoomEventBringsItsPlacesTopDown(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	apply(t, s, now("09:00:10"), people("room_a", 3, "09:00:00"))
	var got []string
	for _, a := range s.Assets() {
		got = append(got, fmt.Sprintf("%d %s %s in %q, %s: %q", a.Number, a.Kind, a.ID, a.Parent, a.Site, strings.Join(a.Path, " / ")))
	}
	want := []string{
		`0 site site_1 in "", site_1: ""`,
		`1 building building_1 in "site_1", site_1: "Rotterdam"`,
		`2 floor space_3 in "building_1", site_1: "Rotterdam / Maas House"`,
		`3 room room_a in "space_3", site_1: "Rotterdam / Maas House / Level 3"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("assets (-want +got):\n%s", diff)
	}
}

// What a room says after a few events, as an engineer would tell it.
func TestARoom(t *testing.T) {
	later := func(e gateway.Event, minted string, tail int) gateway.Event {
		return withID(e, eventID(at(minted), tail))
	}
	for _, c := range []struct {
		name   string
		events []gateway.Event
		now    string
		want   string // occupied, people, motion, quality, reason
	}{
		{"that nobody spoke of is unknown", []gateway.Event{people("room_b", 1, "09:00:00")}, "09:00:10", "no room"},
		{"with three people is occupied", []gateway.Event{people("room_a", 3, "09:00:00")}, "09:00:10", "1 3 ? good: people 3 at 09:00:00"},
		{"with nobody is vacant", []gateway.Event{people("room_a", 0, "09:00:00")}, "09:00:10", "0 0 ? good: people 0 at 09:00:00"},
		{"keeps the newest minute when an older one arrives late", []gateway.Event{people("room_a", 0, "09:05:00"), people("room_a", 9, "09:04:00")}, "09:05:10", "1 0 ? good: people 0 at 09:05:00, off-delay ends 09:20:00"},
		{"believes a correction of the same moment", []gateway.Event{people("room_a", 0, "09:00:00"), later(people("room_a", 2, "09:00:00"), "09:03:00", 0)}, "09:03:10", "1 2 ? good: people 2 at 09:00:00"},
		{"believes a correction downwards too", []gateway.Event{people("room_a", 5, "09:00:00"), later(people("room_a", 0, "09:00:00"), "09:03:00", 0)}, "09:03:10", "0 0 ? good: people 0 at 09:00:00"},
		{"keeps a correction that arrived first", []gateway.Event{later(people("room_a", 0, "09:00:00"), "09:03:00", 0), people("room_a", 5, "09:00:00")}, "09:03:10", "0 0 ? good: people 0 at 09:00:00"},
		{"takes the greater of two ids of one second", []gateway.Event{later(people("room_a", 5, "09:00:00"), "09:00:00", 1), later(people("room_a", 0, "09:00:00"), "09:00:00", 2)}, "09:00:10", "1 5 ? good: people 5 at 09:00:00"},
		{"lets an id that is no KSUID lose", []gateway.Event{people("room_a", 1, "09:00:00"), withID(people("room_a", 8, "09:00:00"), "poll:room_a")}, "09:00:10", "1 1 ? good: people 1 at 09:00:00"},
		{"with motion is occupied", []gateway.Event{motion("room_a", "09:00:00")}, "09:00:10", "1 ? 1 good: motion since 09:00:00"},
		{"whose motion ended is vacant", []gateway.Event{motion("room_a", "09:00:00"), noMotion("room_a", "09:02:00")}, "09:17:00", "0 ? 0 good: motion ended 09:02:00"},
		{"whose motion began again after it ended is occupied, in whatever order", []gateway.Event{motion("room_a", "09:03:00"), noMotion("room_a", "09:02:00")}, "09:03:10", "1 ? 1 good: motion since 09:03:00"},
		{"with motion and nobody counted is occupied", []gateway.Event{motion("room_a", "09:00:00"), people("room_a", 0, "09:01:00")}, "09:01:10", "1 0 1 good: motion since 09:00:00"},
		{"with people and motion says both", []gateway.Event{motion("room_a", "09:00:00"), people("room_a", 2, "09:01:00")}, "09:01:10", "1 2 1 good: people 2 at 09:01:00, motion since 09:00:00"},
		{"without people and motion says both", []gateway.Event{noMotion("room_a", "09:00:00"), people("room_a", 0, "09:01:00")}, "09:01:10", "0 0 0 good: people 0 at 09:01:00, motion ended 09:00:00"},
		{"that fell silent keeps its last value, and says so", []gateway.Event{people("room_a", 3, "09:00:00")}, "09:05:00", "1 3 ? held: no event since 2026-03-10 09:00:00, last answer kept"},
		{"is not yet silent a moment earlier", []gateway.Event{people("room_a", 3, "09:00:00")}, "09:04:59", "1 3 ? good: people 3 at 09:00:00"},
		{"is not made fresh by an old event that arrives late", []gateway.Event{people("room_a", 3, "08:50:00")}, "09:00:00", "1 3 ? held: no event since 2026-03-10 08:50:00, last answer kept"},
		{"that is silent and was empty is not surely vacant", []gateway.Event{motion("room_a", "08:30:00"), noMotion("room_a", "08:40:00"), people("room_a", 0, "09:00:00")}, "09:06:00", "0 0 0 held: no event since 2026-03-10 09:00:00, last answer kept"},
		{"prefers the raw feed", []gateway.Event{people("room_a", 3, "09:00:00"), minute("room_a", 1, "09:01:00")}, "09:01:10", "1 3 ? good: people 3 at 09:00:00"},
		{"falls back to the minute feed", []gateway.Event{people("room_a", 3, "09:00:00"), minute("room_a", 1, "09:04:00")}, "09:06:00", "1 1 ? uncertain: people 1 at 09:04:00"},
		{"shows the fresher feed when both are silent", []gateway.Event{people("room_a", 3, "09:00:00"), minute("room_a", 1, "09:04:00")}, "09:09:00", "1 1 ? held: no event since 2026-03-10 09:04:00, last answer kept"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newState(t, gateway.DefaultRules())
			for _, e := range c.events {
				apply(t, s, instant(e.At+1000), e)
			}
			if got := tell(s, now(c.now), "room_a"); got != c.want {
				t.Errorf("at %s:\n got %s\nwant %s", c.now, got, c.want)
			}
		})
	}
}

// tell says in a line what a room shows.
func tell(s *gateway.State, now gateway.Instant, id gateway.AssetID) string {
	for _, r := range s.All(now).Changed {
		if r.Asset.ID != id {
			continue
		}
		var words []string
		for _, m := range []gateway.Measure{gateway.Occupied, gateway.People, gateway.Motion} {
			word := "?"
			if reading := r.Reading(m); reading.Known {
				word = fmt.Sprint(reading.Value)
			}
			words = append(words, word)
		}
		return strings.Join(append(words, r.Quality.String()), " ") + ": " + r.Reason.Text(time.UTC)
	}
	return "no room"
}

func TestTieByArrivalBelievesTheLast(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.State.Tie = gateway.TieByArrival
	s := newState(t, rules)
	apply(t, s, now("09:00:10"), withID(people("room_a", 5, "09:00:00"), eventID(at("09:03:00"), 0)), people("room_a", 0, "09:00:00"))
	if got, want := tell(s, now("09:00:10"), "room_a"), "0 0 ? good: people 0 at 09:00:00"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPeopleFeedCanBeChosen(t *testing.T) {
	for rule, want := range map[gateway.PeopleFeedRule]string{
		gateway.PeopleAuto:   "1 3 ? good: people 3 at 09:00:00",
		gateway.PeopleRaw:    "1 3 ? good: people 3 at 09:00:00",
		gateway.PeopleMinute: "0 0 ? good: people 0 at 09:01:00",
	} {
		rules := gateway.DefaultRules()
		rules.State.PeopleFeed = rule
		s := newState(t, rules)
		apply(t, s, now("09:01:10"), people("room_a", 3, "09:00:00"), minute("room_a", 0, "09:01:00"))
		if got := tell(s, now("09:01:10"), "room_a"); got != want {
			t.Errorf("rule %d: got %s, want %s", rule, got, want)
		}
	}
}

// Rooms with nothing but a PIR are as alive as their site, as soon as the site has two feeds that would
// speak every minute.
func TestAMotionSensorIsAsAliveAsItsSite(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	apply(t, s, now("09:00:10"), motion("room_pir", "09:00:00"), people("room_a", 1, "09:00:00"))
	check := func(clock, want string) {
		t.Helper()
		if got := tell(s, now(clock), "room_pir"); got != want {
			t.Errorf("at %s: got %s, want %s", clock, got, want)
		}
	}
	check("09:13:00", "1 ? 1 good: motion since 09:00:00") // one minute feed proves nothing about the others
	apply(t, s, now("09:14:10"), people("room_b", 1, "09:14:00"))
	check("09:18:59", "1 ? 1 good: motion since 09:00:00")
	check("09:19:00", "1 ? 1 held: no event since 2026-03-10 09:14:00, last answer kept")

	u := apply(t, s, now("09:24:00"), people("room_b", 0, "09:24:00"))
	if !slices.ContainsFunc(u.Changed, func(r gateway.Snapshot) bool { return r.Asset.ID == "room_pir" && r.Quality == gateway.Good }) {
		t.Errorf("when the site speaks again, the room that follows it must be published as good: %+v", u.Changed)
	}
}

func TestTimePassingPublishesWhatItChanges(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	apply(t, s, now("09:02:10"), people("room_a", 1, "09:00:00"), people("room_b", 0, "09:02:00"))
	if got, want := s.Next(), at("09:05:00"); got != want {
		t.Fatalf("next wake-up at %s, want %s", got.Time(), want.Time())
	}
	if u := s.Wake(now("09:04:59")); len(u.Changed) != 0 {
		t.Errorf("a moment too early: %+v", u.Changed)
	}
	// A room takes with it what it is a member of: of two members one is less than min_coverage.
	u := s.Wake(now("09:05:00"))
	if diff := cmp.Diff([]gateway.AssetID{"building_1", "room_a", "site_1", "space_3"}, held(u)); diff != "" {
		t.Fatalf("held at its deadline (-want +got):\n%s", diff)
	}
	if got, want := u.Summary.Qualities[gateway.Held], 4; got != want {
		t.Errorf("held assets in the summary: %d, want %d", got, want)
	}
	apply(t, s, now("09:05:10"), people("room_b", 0, "09:05:00"))
	if u := s.Wake(now("09:07:00")); len(u.Changed) != 0 {
		t.Errorf("room_b has spoken since: %+v", u.Changed)
	}
	if u := s.Wake(now("09:10:00")); !slices.Contains(held(u), "room_b") || slices.Contains(held(u), "room_a") {
		t.Errorf("room_b alone fell silent: %v", held(u))
	}
	if got, want := s.Next(), at("09:15:00"); got != want {
		t.Errorf("room_a dies at %s, want %s", got.Time(), want.Time())
	}
	s.Wake(now("09:15:00"))
	s.Wake(now("09:20:00"))
	if got, want := s.Next(), at("00:00:00").Add(24*time.Hour); got != want {
		t.Errorf("nothing is left to change but the day: next %s, want %s", got.Time(), want.Time())
	}
}

// held returns the assets that an update publishes as held.
func held(u *gateway.Update) []gateway.AssetID {
	var ids []gateway.AssetID
	for _, r := range u.Changed {
		if r.Quality == gateway.Held {
			ids = append(ids, r.Asset.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestTrafficCountsOnceAndWhereItBelongs(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	door, entrance := passed("sensor_door", "room_a", 1, 0, "09:00:00"), passed("sensor_entrance", "", 0, 2, "09:00:30")
	apply(t, s, now("09:01:00"), door, entrance, door)
	apply(t, s, now("09:01:10"), door, withID(passed("sensor_door", "room_a", 3, 1, "09:00:00"), "another"))
	sameID := passed("sensor_entrance", "", 5, 0, "09:00:40")
	sameID.ID = door.ID // another sensor's event may have it
	apply(t, s, now("09:01:20"), sameID)
	for id, want := range map[gateway.AssetID][2]int64{
		"sensor_door": {4, 1}, "room_a": {4, 1}, "sensor_entrance": {5, 2}, "space_3": {5, 2}, "building_1": {5, 2}, "site_1": {5, 2},
	} {
		r := show(t, s, now("09:01:30"), id)
		if got := [2]int64{r.Reading(gateway.TrafficIn).Value, r.Reading(gateway.TrafficOut).Value}; got != want {
			t.Errorf("%s: in and out %v, want %v", id, got, want)
		}
		if r.Quality != gateway.Uncertain || r.Reading(gateway.Occupied).Known { // its newest measure is an estimate
			t.Errorf("%s: quality %s, occupied %+v: want uncertain, and nobody knows", id, r.Quality, r.Reading(gateway.Occupied))
		}
	}
}

func TestAnEventThatWasSentAgainWithAnotherTimeIsTheSame(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	e := passed("sensor_door", "room_a", 1, 0, "06:00:00")
	again := e
	again.At = at("09:00:00")
	apply(t, s, now("09:00:10"), e, again)
	if got := show(t, s, now("09:00:10"), "room_a").Reading(gateway.TrafficIn).Value; got != 1 {
		t.Errorf("counted %d times", got)
	}
}

func TestDetectionsAreCountedAndNothingMore(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	e := passed("sensor_eye", "room_a", 0, 0, "09:00:00")
	e.Type, e.Found = gateway.Detected, make([]gateway.Position, 3)
	if err := s.Apply(now("09:00:10"), []gateway.Event{e}); err != nil {
		t.Fatal(err)
	}
	heard := []gateway.Total{{Asset: 4, Detected: at("09:00:00")}}
	if b := s.Batch(); len(b.Assets) != 5 || !slices.Equal(b.Totals, heard) || len(b.Histories)+len(b.Counted) != 0 {
		t.Errorf("stored %+v, want the five new assets, and the hour in which one was heard", b)
	}
	s.Settle(now("09:00:10"))
	if got := show(t, s, now("09:00:10"), "sensor_eye").Reading(gateway.Detections); got.Value != 3 || !got.Known {
		t.Errorf("got %+v, want 3", got)
	}
	e.At = at("09:00:01")
	if err := s.Apply(now("09:00:11"), []gateway.Event{e}); err != nil {
		t.Fatal(err)
	}
	if b := s.Batch(); !b.Empty() {
		t.Errorf("a later one stores %+v, want nothing", b)
	}
}

func TestRefusedEventsChangeNothingAndSayWhy(t *testing.T) {
	change := func(f func(*gateway.Event)) gateway.Event {
		e := people("room_a", 1, "09:00:00")
		f(&e)
		return e
	}
	rules := gateway.DefaultRules()
	rules.MaxUnknownAssets = 5
	rules.Organisations, rules.OnlySites, rules.Buildings = []gateway.AssetID{"org_1"}, []gateway.AssetID{"site_1"}, []gateway.AssetID{"building_1"}
	rules.Assets = map[gateway.AssetID]gateway.AssetRule{"room_named": {Name: "Boardroom", Index: gateway.NoNumber}}
	for _, c := range []struct {
		name string
		e    gateway.Event
		want gateway.Refusal
	}{
		{"what the decoder found", change(func(e *gateway.Event) { e.Defect = gateway.WrongShape }), gateway.WrongShape},
		{"no timestamp", change(func(e *gateway.Event) { e.At = 0 }), gateway.TimestampMissing},
		{"a timestamp in seconds", change(func(e *gateway.Event) { e.At /= 1000 }), gateway.TimestampInSeconds},
		{"a timestamp before 2020", change(func(e *gateway.Event) { e.At = 1577836799999 }), gateway.TimestampTooOld},
		{"a timestamp before 1970", change(func(e *gateway.Event) { e.At = -1 }), gateway.TimestampTooOld},
		{"the first of 2020 is old but believed", change(func(e *gateway.Event) { e.At = 1577836800000 }), gateway.Admitted},
		{"121 s ahead", change(func(e *gateway.Event) { e.At = at("09:02:11") }), gateway.TimestampInFuture},
		{"120 s ahead is within bounds", change(func(e *gateway.Event) { e.At = at("09:02:10") }), gateway.Admitted},
		{"a negative count", change(func(e *gateway.Event) { e.People = -1 }), gateway.CountNegative},
		{"65 535 people", change(func(e *gateway.Event) { e.People = 65535 }), gateway.CountTooLarge},
		{"65 534 people are within bounds", change(func(e *gateway.Event) { e.People = 65534 }), gateway.Admitted},
		{"negative traffic", func() gateway.Event { e := passed("sensor_1", "", 0, -1, "09:00:00"); return e }(), gateway.CountNegative},
		{"traffic without an id", withID(passed("sensor_1", "", 1, 1, "09:00:00"), ""), gateway.IDMissing},
		{"occupancy without an id is believed", withID(people("room_a", 1, "09:00:00"), ""), gateway.Admitted},
		{"traffic beyond the horizon", func() gateway.Event {
			e := passed("sensor_1", "", 0, 1, "09:00:00")
			e.At = e.At.Add(-24 * time.Hour)
			return e
		}(), gateway.IncrementTooOld},
		{"an id of 257 bytes", withID(people("room_a", 1, "09:00:00"), strings.Repeat("x", 257)), gateway.IDTooLong},
		{"an id with a line's end", withID(people("room_a", 1, "09:00:00"), "event\r\n1"), gateway.IDNotPlain},
		{"a room's id with a control character", people("room_\x7f", 1, "09:00:00"), gateway.IDNotPlain},
		{"an id of 256 bytes", withID(people("room_a", 1, "09:00:00"), strings.Repeat("x", 256)), gateway.Admitted},
		{"a room's id of 257 bytes", people("room_"+strings.Repeat("x", 252), 1, "09:00:00"), gateway.IDTooLong},
		{"no room", people("", 1, "09:00:00"), gateway.IDMissing},
		{"a room that is a floor", people("space_3", 1, "09:00:00"), gateway.KindConflict},
		{"a room that is its own floor", change(func(e *gateway.Event) { e.Path.Room.ID, e.Path.Floor.ID = "new", "new" }), gateway.KindConflict},
		{"another organisation", change(func(e *gateway.Event) { e.Path.Organisation.ID = "org_2" }), gateway.PlaceNotConfigured},
		{"another site", change(func(e *gateway.Event) { e.Path.Site.ID = "site_2" }), gateway.PlaceNotConfigured},
		{"another building", change(func(e *gateway.Event) { e.Path.Building.ID = "building_2" }), gateway.PlaceNotConfigured},
		{"no building", change(func(e *gateway.Event) { e.Path.Building.ID = "" }), gateway.PlaceNotConfigured},
		{"a fifth asset that nobody named", people("room_e", 1, "09:00:00"), gateway.Admitted},
		{"a floor that was a room", change(func(e *gateway.Event) { e.Subject, e.Path.Floor.ID, e.Path.Room.ID = gateway.Floor, "room_first", "" }), gateway.KindConflict},
		{"assets that somebody named are always welcome", people("room_named", 1, "09:00:00"), gateway.Admitted},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newState(t, rules)
			apply(t, s, now("08:00:10"), people("room_first", 1, "08:00:00"))
			before := belief(s, now("09:00:10"))
			c.e.Raw = []byte(strings.Repeat("the event as it was sent ", 100))
			u := apply(t, s, now("09:00:10"), c.e)
			counts, ring := s.Refusals()
			if c.want == gateway.Admitted {
				if u.Summary.Refused != 0 || len(ring) != 0 {
					t.Fatalf("refused: %v", ring)
				}
				return
			}
			if diff := cmp.Diff(before, belief(s, now("09:00:10"))); diff != "" {
				t.Errorf("it changed something (-before +after):\n%s", diff)
			}
			if len(ring) != 1 || ring[0].Reason != c.want || ring[0].Content != string(c.e.Raw[:1024]) || ring[0].Arrived != at("09:00:10") {
				t.Errorf("ring %+v, want one entry for %s", ring, c.want)
			}
			if counts[c.want] != 1 || u.Summary.Refused != 1 || u.Summary.Accepted != 1 {
				t.Errorf("counted %v, %+v", counts, u.Summary)
			}
		})
	}
}

func TestAssetsBeyondTheCapAreRefused(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.MaxUnknownAssets = 5
	s := newState(t, rules)
	for i := range 10 {
		apply(t, s, now("09:00:10"), people(fmt.Sprint("room_", i), 1, "09:00:00"))
	}
	counts, ring := s.Refusals()
	if got := len(s.Assets()); got != 5 || counts[gateway.TooManyAssets] != 8 || len(ring) != 8 {
		t.Errorf("%d assets, %d refused; want 5 and 8", got, counts[gateway.TooManyAssets])
	}
}

func TestAnUndoneAssetTakesNoPlaceUnderTheCap(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.MaxUnknownAssets = 4
	s := newState(t, rules)
	for range 3 {
		if err := s.Apply(now("09:00:10"), []gateway.Event{people("room_a", 1, "09:00:00")}); err != nil {
			t.Fatal(err)
		}
		s.Undo()
		s.Repaired()
	}
	if u := apply(t, s, now("09:00:10"), people("room_b", 1, "09:00:00")); u.Summary.Accepted != 1 || s.Assets()[3].ID != "room_b" {
		t.Errorf("%+v, %v", u.Summary, s.Assets())
	}
}

func TestTheRingKeepsTheNewestHundred(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	for i := range 250 {
		e := people("", i, "09:00:00")
		e.Raw = fmt.Append(nil, i)
		if err := s.Apply(now("09:00:10"), []gateway.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	s.Settle(now("09:00:10"))
	counts, ring := s.Refusals()
	if len(ring) != 100 || ring[0].Content != "150" || ring[99].Content != "249" || counts[gateway.IDMissing] != 250 {
		t.Errorf("%d entries from %q to %q, %d counted", len(ring), ring[0].Content, ring[99].Content, counts[gateway.IDMissing])
	}
}

// An accepted event that changes nothing of what is shown is counted apart.
func TestEventsWithoutEffectAreCounted(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	first, newest := people("room_1", 3, "09:00:00"), people("room_1", 4, "09:01:00")
	beaten := withID(people("room_1", 9, "09:01:00"), "event_without_a_time") // minted earlier
	sum := apply(t, s, now("09:01:10"), first, newest, passed("sensor_1", "room_1", 1, 0, "09:01:00")).Summary
	if sum.Accepted != 3 || sum.Duplicates+sum.Superseded+sum.Late != 0 {
		t.Errorf("at first %+v", sum)
	}
	sum = apply(t, s, now("09:01:20"), first, newest, beaten, passed("sensor_1", "room_1", 1, 0, "09:01:00"), people("room_1", 7, "09:00:30"), people("room_1", 7, "08:00:00")).Summary
	if sum.Accepted != 9 || sum.Duplicates != 3 || sum.Superseded != 1 || sum.Late != 2 {
		t.Errorf("then %d accepted, %d duplicates, %d superseded, %d late; want 9, 3, 1, 2", sum.Accepted, sum.Duplicates, sum.Superseded, sum.Late)
	}
}

func TestUnknownTypesAreCountedAndNothingElse(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	u := apply(t, s, now("09:00:10"), gateway.Event{Type: gateway.UnknownType}, gateway.Event{Type: gateway.Health})
	if u.Summary.Unhandled != 2 || u.Summary.Assets != 0 || u.Summary.Refused != 0 {
		t.Errorf("summary %+v", u.Summary)
	}
}

func TestTheMemoryOfIncrementsIsBounded(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.MaxIDs = 2
	s := newState(t, rules)
	first, third := passed("sensor_1", "", 1, 0, "09:00:00"), passed("sensor_1", "", 1, 0, "09:00:02")
	apply(t, s, now("09:00:10"), first, passed("sensor_1", "", 1, 0, "09:00:01"))
	if err := s.Apply(now("09:00:10"), []gateway.Event{third}); !errors.Is(err, gateway.ErrIncrementsFull) {
		t.Fatalf("the third: %v, want %v", err, gateway.ErrIncrementsFull)
	}
	if err := s.Apply(now("09:00:10"), []gateway.Event{first}); err != nil {
		t.Fatalf("one that is known: %v", err)
	}
	s.Settle(now("09:00:10"))
	next := instant(at("10:00:10").Add(24 * time.Hour))
	third.At = gateway.TimestampOf(next.Wall)
	apply(t, s, next, third) // the horizon moved on
	if got := show(t, s, next, "sensor_1").Reading(gateway.TrafficIn).Value; got != 3 {
		t.Errorf("total %d, want 3", got)
	}
}

func TestAFullMemoryOfIncrementsHoldsNothingElseUp(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.MaxIDs = 1
	s := newState(t, rules)
	events := []gateway.Event{passed("sensor_1", "", 1, 0, "09:00:00"), passed("sensor_1", "", 1, 0, "09:00:01"), people("room_a", 3, "09:00:02")}
	if err := s.Apply(now("09:00:10"), events); !errors.Is(err, gateway.ErrIncrementsFull) {
		t.Errorf("got %v", err)
	}
	s.Settle(now("09:00:10"))
	if got, want := tell(s, now("09:00:10"), "room_a"), "1 3 ? good: people 3 at 09:00:02"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAClockThatRunsAheadForgetsNoIncrement(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	e := passed("sensor_1", "", 1, 0, "09:00:00")
	apply(t, s, now("09:00:10"), e)
	apply(t, s, instant(at("09:00:10").Add(26*time.Hour)), people("room_a", 1, "09:00:00"))
	apply(t, s, now("09:00:20"), e)
	if got := show(t, s, now("09:00:20"), "sensor_1").Reading(gateway.TrafficIn).Value; got != 1 {
		t.Errorf("counted %d times", got)
	}
}

func TestIncrementsExpireOnceAnHourAndAreDeleted(t *testing.T) {
	s, disk := newState(t, gateway.DefaultRules()), &journal{}
	step := func(clock gateway.Instant, events ...gateway.Event) {
		if err := s.Apply(clock, events); err != nil {
			t.Fatal(err)
		}
		disk.store(t, s, clock)
	}
	step(now("09:50:00"), passed("sensor_1", "", 1, 0, "08:59:59"), passed("sensor_1", "", 1, 0, "09:00:00"), passed("sensor_1", "", 1, 0, "09:45:00"))
	next := instant(at("09:30:00").Add(24 * time.Hour))
	tomorrow := people("room_a", 1, "09:00:00")
	tomorrow.At = gateway.TimestampOf(next.Wall)
	disk.fail = errDisk
	step(next, tomorrow) // what was to be deleted stays to be deleted
	if got := len(disk.rows.counted); got != 3 {
		t.Errorf("%d increments on disk after a commit that failed, want 3", got)
	}
	disk.fail = nil
	if !disk.repair(t, s) {
		t.Fatal("not repaired")
	}
	step(next, tomorrow)
	if got := len(disk.rows.counted); got != 2 {
		t.Errorf("%d increments on disk, want those after 09:00:00", got)
	}
	step(next, passed("sensor_1", "", 1, 0, "09:45:00")) // within the horizon: still remembered
	if got := show(t, s, next, "sensor_1").Reading(gateway.TrafficIn).Value; got != 3 {
		t.Errorf("total %d, want 3", got)
	}
}

// Whoever reads the age must be told what to subtract from: the oldest feed behind the answer.
func TestAgesAreThoseOfTheOldestFeedBehindTheAnswer(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	apply(t, s, now("09:03:00"), people("room_a", 1, "09:01:00"), motion("room_b", "08:00:00"), people("room_b", 1, "09:02:00"),
		motion("room_c", "07:00:00"), passed("sensor_1", "", 1, 0, "09:02:30"))
	nowhere := motion("room_d", "08:30:00")
	nowhere.Path = gateway.Path{Room: gateway.Place{ID: "room_d"}}
	u := apply(t, s, now("09:03:00"), nowhere)
	if len(u.Heard) != 0 {
		t.Errorf("heard %v, want nothing: it is in no site", u.Heard)
	}
	for id, want := range map[gateway.AssetID]struct {
		oldest  gateway.Timestamp
		follows bool
	}{
		"room_a": {at("09:01:00"), false}, "room_b": {at("09:02:00"), true}, "room_c": {0, true},
		"sensor_1": {0, true}, "site_1": {at("09:01:00"), true}, "room_d": {at("08:30:00"), false},
	} {
		got := show(t, s, now("09:03:00"), id)
		if got.Oldest != want.oldest || got.FollowsSite != want.follows {
			t.Errorf("%s: oldest %s, follows its site %v; want %s, %v", id, got.Oldest.Time(), got.FollowsSite, want.oldest.Time(), want.follows)
		}
	}
	if heard := s.All(now("09:03:00")).Heard; len(heard) != 1 || heard[0].Newest != at("09:02:30") {
		t.Errorf("heard %v, want site_1 at 09:02:30", heard)
	}
}

// An event that leaves out its site is heard of all the same, once for a batch, and undone exactly.
func TestAnEventWithoutItsSiteIsHeardInTheSiteThatIsKnown(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	apply(t, s, now("09:00:10"), people("room_a", 1, "09:00:00"))
	siteless := func(sensed string) gateway.Event {
		e := people("room_a", 2, sensed)
		e.Path.Site, e.Path.Building, e.Path.Floor = gateway.Place{}, gateway.Place{}, gateway.Place{}
		return e
	}
	if err := s.Apply(now("09:02:10"), []gateway.Event{siteless("09:02:00")}); err != nil {
		t.Fatal(err)
	}
	s.Undo()
	if heard := s.All(now("09:02:10")).Heard; heard[0].Newest != at("09:00:00") {
		t.Errorf("after it was undone: %s", heard[0].Newest.Time())
	}
	s.Repaired()
	u := apply(t, s, now("09:02:10"), siteless("09:01:00"), siteless("09:02:00"))
	if len(u.Heard) != 1 || u.Heard[0].Newest != at("09:02:00") {
		t.Errorf("heard %v, want once, at 09:02:00", u.Heard)
	}
}

func TestUtilisationIsRounded(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.Assets = map[gateway.AssetID]gateway.AssetRule{"room_a": {Capacity: 6, Index: gateway.NoNumber}}
	for people_, want := range map[int]int64{0: 0, 1: 167, 4: 667, 6: 1000, 9: 1500} {
		e := people("room_a", people_, "09:00:00")
		e.At += gateway.Timestamp(people_)
		s := newState(t, rules)
		apply(t, s, now("09:00:10"), e)
		if got := show(t, s, now("09:00:10"), "room_a").Reading(gateway.Utilisation).Value; got != want {
			t.Errorf("%d of 6: %d, want %d", people_, got, want)
		}
	}
}

func TestNamesFollowTheNewestEventAndTheOperator(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.Assets = map[gateway.AssetID]gateway.AssetRule{"room_b": {Name: "Boardroom", Capacity: 8, Index: gateway.NoNumber}}
	s := newState(t, rules)
	named := func(room, name, custom, sensed string) gateway.Event {
		e := people(room, 6, sensed)
		e.Path.Room.Name, e.Path.Room.CustomID = name, custom
		return e
	}
	apply(t, s, now("09:10:00"), named("room_a", "New", "MH-2", "09:05:00"), named("room_a", "Old", "MH-1", "09:04:00"), named("room_a", "", "", "09:06:00"), named("room_b", "Theirs", "", "09:05:00"))
	a, b := show(t, s, now("09:10:00"), "room_a").Asset, show(t, s, now("09:10:00"), "room_b")
	if a.Name != "New" || a.CustomID != "MH-2" {
		t.Errorf("room_a is called %q, %q; want New, MH-2", a.Name, a.CustomID)
	}
	if b.Asset.Name != "Boardroom" || b.Asset.Given != "Theirs" || b.Reading(gateway.Utilisation).Value != 750 {
		t.Errorf("room_b is %+v, utilisation %+v; want Boardroom at 75.0 %%", b.Asset, b.Reading(gateway.Utilisation))
	}

	renamed := people("room_a", 6, "09:08:00")
	renamed.Path.Floor.Name = "Third floor"
	u := apply(t, s, now("09:10:00"), renamed)
	for _, id := range []gateway.AssetID{"space_3", "room_a", "room_b"} {
		if !slices.ContainsFunc(u.Changed, func(r gateway.Snapshot) bool { return r.Asset.ID == id }) {
			t.Errorf("renaming the floor must publish %s", id)
		}
	}
	if got, want := show(t, s, now("09:10:00"), "room_b").Asset.Path, []string{"Rotterdam", "Maas House", "Third floor"}; !slices.Equal(got, want) {
		t.Errorf("path %q, want %q", got, want)
	}
}

func TestARoomThatMovesTakesItsFeedsAlong(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	apply(t, s, now("09:00:10"), people("room_a", 1, "09:00:00"), people("room_b", 1, "09:00:00"), motion("room_b", "09:00:00"))
	moved := people("room_b", 1, "09:01:00")
	moved.Path.Site, moved.Path.Building, moved.Path.Floor = gateway.Place{ID: "site_2"}, gateway.Place{ID: "building_2"}, gateway.Place{ID: "space_9"}
	apply(t, s, now("09:01:10"), moved)
	// site_1 is left with one minute feed, so that its silence no longer means loss for a motion sensor.
	apply(t, s, now("09:01:20"), motion("room_c", "09:01:00"))
	if got := show(t, s, now("09:30:00"), "room_c").Quality; got != gateway.Good {
		t.Errorf("room_c: %s, want good", got)
	}
	b := show(t, s, now("09:01:10"), "room_b")
	if b.Asset.Site != "site_2" || b.Asset.Parent != "space_9" {
		t.Errorf("it is in %s, %s", b.Asset.Site, b.Asset.Parent)
	}
	for _, h := range s.All(now("09:01:10")).Heard {
		if id := s.Assets()[h.Site].ID; id == "site_2" && h.Newest != at("09:01:00") {
			t.Errorf("%s was heard of at %s", id, h.Newest.Time())
		}
	}
	// A floor that moves takes along when its rooms were heard of.
	newer := people("room_b", 1, "09:05:00")
	newer.Path = gateway.Path{Room: newer.Path.Room}
	floor := people("", 0, "09:03:00")
	floor.Subject, floor.Path = gateway.Floor, gateway.Path{Building: gateway.Place{ID: "building_1"}, Floor: gateway.Place{ID: "space_9"}}
	u := apply(t, s, now("09:05:10"), newer, floor)
	if b := show(t, s, now("09:05:10"), "room_b"); b.Asset.Site != "site_1" {
		t.Errorf("it is in %s", b.Asset.Site)
	}
	for _, h := range u.Heard {
		if id := s.Assets()[h.Site].ID; h.Newest != at("09:05:00") {
			t.Errorf("%s was heard of at %s", id, h.Newest.Time())
		}
	}
}

func TestPinnedNumbersAreReservedAndTheOthersGoAround(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.Assets = map[gateway.AssetID]gateway.AssetRule{
		"room_a": {Index: 1}, "room_z": {Index: 40}, "room_named": {Name: "Named", Index: gateway.NoNumber},
	}
	s := newState(t, rules)
	if b := s.Batch(); len(b.Assets) != 2 {
		t.Fatalf("to be stored at once: %v, want the two pinned ones", b.Assets)
	}
	s.Settle(now("08:00:00"))
	apply(t, s, now("09:00:10"), people("room_a", 1, "09:00:00"), people("room_b", 1, "09:00:00"))
	got := make(map[gateway.AssetID]gateway.Number)
	for _, a := range s.Assets() {
		got[a.ID] = a.Number
	}
	want := map[gateway.AssetID]gateway.Number{"site_1": 0, "room_a": 1, "building_1": 2, "space_3": 3, "room_b": 4, "room_z": 40}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}
