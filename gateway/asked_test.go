package gateway

import (
	"fmt"
	"slices"
	"testing"
)

// asked is what was asked for of a room's minute, as nobody sends it: without names, and with an id that is no KSUID.
func asked(room AssetID, people int, sensed string, origin Origin) Event {
	e := refMinute(room, people, sensed)
	e.ID, e.Origin = fmt.Sprint(origin, ":", room, ":", e.At.Minute()), origin
	e.Path.Organisation = Place{}
	return e
}

// What is asked for after a gap fills it, and where Butlr sent the same minute it counts for nothing: neither the value
// nor anything that is said of the place. That it was asked for is seen.
//
// Seen to break it: its id taken for a KSUID of now; names blanked that it does not have; the origin left out of what is
// seen; the organisation demanded of it.
func TestWhatIsAskedForFillsGapsAndLosesTies(t *testing.T) {
	at := referenceClock
	rules := DefaultRules()
	rules.Organisations, rules.OnlySites = []AssetID{"org_1"}, []AssetID{"site_1"}
	sent := refMinute("room_a", 3, "09:00:00")
	sent.Path.Room.Name, sent.Path.Site.Name = "Boardroom", "Rotterdam"
	same, missed := asked("room_a", 5, "09:00:00", Reconciled), asked("room_a", 2, "09:01:00", Reconciled)
	for name, events := range map[string][]Event{"asked first": {missed, same, sent}, "asked last": {sent, same, missed}} {
		p := begin(t, rules, newDisk(), at("08:59:00"))
		p.take(t, at("09:01:30"), sent)
		p.take(t, at("09:02:00"), events...)
		window := p.byID["room_a"].feeds[PeopleMinuteFeed].window
		if len(window) != 2 || window[0].Value != 3 || window[1].Value != 2 {
			t.Errorf("%s: the minutes are %+v, want 3 and 2", name, window)
		}
		if a := p.Asset("room_a"); a.Name != "Boardroom" || len(a.Path) != 3 || a.Path[0] != "Rotterdam" {
			t.Errorf("%s: it is %+v", name, a)
		}
		seen := p.Seen("room_a", 10)
		if n := slices.IndexFunc(seen, func(e SeenEvent) bool { return e.Origin == Reconciled && e.Fate == Superseded && e.People == 5 }); n < 0 {
			t.Errorf("%s: that it was asked for is not seen: %+v", name, seen)
		}
	}
}

// While traffic is asked for, what Butlr sends of it all the same is refused, and everybody can see why; other events
// are taken.
//
// Seen to break it: both counted; what is asked for refused; refused whether or not it is asked for; all events refused.
func TestTrafficThatIsAskedForIsNotCountedTwice(t *testing.T) {
	at := referenceClock
	sent := refPassed("sensor_1", "room_a", 2, 1, "09:00:10")
	polled := refNamed(refPassed("sensor_1", "room_a", 2, 1, "09:00:00"), "poll:sensor_1:1")
	polled.Origin = Polled
	for _, polls := range []bool{true, false} {
		rules := DefaultRules()
		rules.Polled = polls
		p := begin(t, rules, newDisk(), at("08:59:00"))
		p.take(t, at("09:01:00"), polled, sent, polled, refPeople("room_a", 1, "09:00:30"))
		want := map[bool]uint64{true: 2, false: 4}[polls]
		if got := p.byID["sensor_1"].total.In; got != want {
			t.Errorf("with poll %v %d went in, want %d", polls, got, want)
		}
		counts, refused := p.Refusals()
		if polls && (counts[TrafficPolled] != 1 || len(refused) != 1 || refused[0].Reason.String() != "traffic_polled") || !polls && len(refused) != 0 {
			t.Errorf("with poll %v refused were %+v", polls, refused)
		}
	}
}

// Only what was told before is asked for again: a room that only ever moved would get a count that nothing renews, and
// be taken for lost a little later.
//
// Seen to break it: rooms without a count listed; floors and zones left out; sensors that nobody passed listed; what is
// retired listed; places listed of which no events are wanted; a lonely room's only count doubled; the path without what
// lies around.
func TestOnlyWhatWasToldIsAskedForAgain(t *testing.T) {
	at := referenceClock
	d := newDisk()
	p := begin(t, DefaultRules(), d, at("08:59:00"))
	elsewhere, lonely := refMinute("room_x", 1, "09:00:00"), refPeople("room_y", 1, "09:00:00")
	elsewhere.Path.Site, elsewhere.Path.Building, elsewhere.Path.Floor = Place{ID: "site_2"}, Place{ID: "building_2"}, Place{ID: "space_2"}
	lonely.Path.Site, lonely.Path.Building, lonely.Path.Floor = Place{ID: "site_3"}, Place{ID: "building_3"}, Place{ID: "space_3"}
	p.take(t, at("09:01:00"), refPeople("room_a", 1, "09:00:00"), refMotion("room_b", "09:00:00"), refZone("zone_1", "room_b", 1, "09:00:00"),
		refFloor(2, "09:00:00"), refPassed("sensor_1", "", 1, 0, "09:00:00"), refSeen("sensor_2", "room_a", 2, "09:00:00"), elsewhere, lonely,
		refPeople("room_gone", 1, "09:00:00"))
	if _, err := p.Rearrange(modelInstant(at("09:01:10")), &Wish{Retire: []AssetID{"room_gone"}}, false); err != nil {
		t.Fatal(err)
	}
	p.store(at("09:01:10"))
	for _, only := range [][]AssetID{nil, {"site_1"}} {
		rules := DefaultRules()
		rules.OnlySites = only
		var got []string
		for _, told := range begin(t, rules, d, at("09:02:00")).Told() {
			got = append(got, fmt.Sprint(told.Subject, " ", told.Path.places()[told.Subject-Site].ID, " in ", told.Path.Floor.ID, " of ", told.Path.Site.ID, " ", told.Site))
		}
		slices.Sort(got)
		want := []string{
			"floor space_1 in space_1 of site_1 0", "room room_a in space_1 of site_1 0", "sensor sensor_1 in space_1 of site_1 0",
			"zone zone_1 in space_1 of site_1 0",
		}
		if only == nil {
			want = slices.Insert(want, 2, "room room_x in space_2 of site_2 "+fmt.Sprint(p.Asset("site_2").Number))
		}
		if !slices.Equal(got, want) {
			t.Errorf("only %v: got %q\nwant %q", only, got, want)
		}
	}
}

// Who passed between two moments is added up by when it was sensed; once too much came since, it is said that nobody
// knows.
//
// Seen to break it: the end counted in; repeated events added; what happened before the beginning added; a chain that
// is broken taken for one that ends.
func TestWhoPassedIsAddedUp(t *testing.T) {
	at := referenceClock
	p := begin(t, DefaultRules(), newDisk(), at("08:00:00"))
	sum := func() string {
		in, out, ok := p.Passed("sensor_1", at("09:00:00"), at("09:10:00"))
		return fmt.Sprint(in, " in, ", out, " out, ", ok)
	}
	if got := sum(); got != "0 in, 0 out, true" {
		t.Errorf("of an unknown sensor: %s", got)
	}
	inside := refPassed("sensor_1", "room_a", 4, 1, "09:09:59")
	p.take(t, at("09:11:00"), refPassed("sensor_1", "room_a", 1, 1, "08:59:59"), refPassed("sensor_1", "room_a", 2, 0, "09:00:00"), inside, inside,
		refPassed("sensor_1", "room_a", 8, 8, "09:10:00"), refPassed("sensor_2", "room_a", 16, 16, "09:05:00"), refSeen("sensor_1", "room_a", 32, "09:05:00"))
	if got := sum(); got != "6 in, 1 out, true" {
		t.Errorf("got %s, want 6 in, 1 out, true", got)
	}
	var many []Event
	for range 1 << 12 {
		many = append(many, refPeople("room_b", 1, "09:10:00"))
	}
	for range recentKept/len(many) + 1 {
		p.take(t, at("09:12:00"), many...)
	}
	if got := sum(); got != "0 in, 0 out, false" {
		t.Errorf("after many others: %s, want false", got)
	}
}

// What is asked for after a gap does not make up for what cannot be asked for: where motion may have been missed, it is
// uncertain until it is heard of again.
//
// Seen to break it: the site taken for heard in the gap.
func TestAGapOfMotionIsNotFilled(t *testing.T) {
	at := referenceClock
	for name, filled := range map[string]bool{"nothing asked for": false, "people asked for": true} {
		p := begin(t, DefaultRules(), newDisk(), at("08:59:00"))
		p.take(t, at("09:01:00"), refPeople("room_a", 1, "09:00:00"), refPeople("room_b", 1, "09:00:00"), refMotion("room_m", "09:00:10"), refNoMotion("room_m", "09:00:40"))
		if filled {
			for _, minute := range []string{"09:08:00", "09:12:00", "09:16:00", "09:20:00"} {
				p.take(t, at("09:21:00"), asked("room_a", 2, minute, Reconciled))
			}
		}
		var got Quality
		for _, s := range p.take(t, at("09:22:00"), refPeople("room_a", 1, "09:21:50"), refPeople("room_b", 1, "09:21:50")).Changed {
			if s.Asset.ID == "room_m" {
				got = s.Quality
			}
		}
		if got != Uncertain {
			t.Errorf("%s: the room that moves is %s, want uncertain", name, got)
		}
	}
}
