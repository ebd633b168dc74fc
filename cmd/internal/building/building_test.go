package building_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/gateway"
)

// tuesday is at night, when nobody is in.
var tuesday = time.Date(2026, time.March, 10, 1, 0, 0, 0, time.UTC)

func newBuilding(t testing.TB, o building.Options) *building.Building {
	t.Helper()
	if o.Start.IsZero() {
		o.Start = tuesday
	}
	b, err := building.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheSameSeedGivesTheSameEvents(t *testing.T) {
	morning := func(seed uint64, step time.Duration) string {
		b := newBuilding(t, building.Options{Seed: seed, Rooms: 8, Start: tuesday.Add(7 * time.Hour)})
		var all []byte
		for at := time.Duration(0); at <= 3*time.Hour; at += step {
			for _, e := range b.Advance(tuesday.Add(7*time.Hour + at)) {
				all = append(webhook.Encode(all, &e), '\n')
			}
		}
		return string(all)
	}
	want := morning(1, time.Minute)
	if events := strings.Count(want, "\n"); events < 1000 {
		t.Fatalf("only %d events in three hours", events)
	}
	if morning(1, time.Minute) != want {
		t.Error("another run gave other events")
	}
	if morning(1, 3*time.Hour) != want {
		t.Error("other steps gave other events")
	}
	if morning(2, time.Minute) == want {
		t.Error("another seed gave the same events")
	}
}

func TestEventsAreWhatButlrCouldSend(t *testing.T) {
	b := newBuilding(t, building.Options{Rooms: 25, Sites: 2, Start: tuesday.Add(8 * time.Hour)})
	types := make(map[gateway.EventType]int)
	kinds := make(map[gateway.AssetID]gateway.Kind)
	contents := make(map[string]gateway.Event)
	for at := 0; at <= 60; at++ {
		now := tuesday.Add(8*time.Hour + time.Duration(at)*time.Minute)
		for _, e := range b.Advance(now) {
			types[e.Type]++
			if e.At > gateway.TimestampOf(now) || e.At < gateway.TimestampOf(now.Add(-7*time.Minute)) {
				t.Fatalf("%s was sent at %v", e.At.Time(), now)
			}
			if age := now.Unix() - building.MintedAt(e.ID).Unix(); age < 0 || age > 6*60 {
				t.Fatalf("id %s is %d s old", e.ID, age)
			}
			if first, ok := contents[e.ID]; ok && !cmp.Equal(first, e) {
				t.Fatalf("one id names two events:\n%s", cmp.Diff(first, e))
			}
			contents[e.ID] = e
			for kind, place := range map[gateway.Kind]gateway.Place{
				gateway.Site: e.Path.Site, gateway.Building: e.Path.Building, gateway.Floor: e.Path.Floor,
				gateway.Room: e.Path.Room, gateway.Zone: e.Path.Zone, gateway.Sensor: e.Path.Sensor,
			} {
				if place.ID == "" {
					continue
				}
				kinds[place.ID] = kind
				if place.ID.Kind() != kind || len(place.ID) != strings.Index(string(place.ID), "_")+1+27 {
					t.Fatalf("%q is no id of a %s", place.ID, kind)
				}
			}
			decoded, err := webhook.Decode(webhook.Encode(nil, &e))
			if err != nil || len(decoded) != 1 {
				t.Fatal(err)
			}
			decoded[0].Raw = nil
			if diff := cmp.Diff(e, decoded[0]); diff != "" {
				t.Fatalf("an event cannot be sent as it is:\n%s", diff)
			}
		}
	}
	for _, want := range []gateway.EventType{gateway.Occupancy, gateway.OccupancyMinute, gateway.Traffic, gateway.MotionStarted, gateway.MotionEnded} {
		if types[want] == 0 {
			t.Errorf("no %s in an hour of a morning", want)
		}
	}
	count := make(map[gateway.Kind]int)
	for kind := range maps.Values(kinds) {
		count[kind]++
	}
	if count[gateway.Site] != 2 || count[gateway.Building] != 2 || count[gateway.Room] != 25 {
		t.Errorf("seen were %v, want 2 sites, 2 buildings and 25 rooms", count)
	}
}

func TestTheDayHasARhythm(t *testing.T) {
	everybody := func(at string) int {
		moment, err := time.Parse("2006-01-02 15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		b := newBuilding(t, building.Options{Rooms: 40, Start: moment})
		b.Advance(moment)
		people := 0
		for id := range b.Each {
			if id.Kind() == gateway.Floor {
				people += b.People(id)
			}
		}
		return people
	}
	for _, test := range []struct {
		at        string
		low, high int // of about 60 people
	}{
		{"2026-03-10 04:00", 0, 0},
		{"2026-03-10 10:30", 30, 60},
		{"2026-03-10 12:30", 10, 45},
		{"2026-03-10 14:30", 30, 60},
		{"2026-03-10 18:45", 0, 3},
		{"2026-03-10 23:30", 0, 0},
		{"2026-03-11 10:30", 30, 60},
		{"2026-03-15 10:30", 0, 8}, // a Sunday
	} {
		if got := everybody(test.at); got < test.low || got > test.high {
			t.Errorf("%s: %d people, want %d to %d", test.at, got, test.low, test.high)
		}
	}
}

// TestNobodyVanishes adds up a day: who is in a floor came through its door and is at a desk or in a room.
func TestNobodyVanishes(t *testing.T) {
	b := newBuilding(t, building.Options{Rooms: 25})
	passed := make(map[gateway.AssetID]int) // in less out, of rooms and floors with a door
	parents := make(map[gateway.AssetID]gateway.Path)
	// Moves are over 25 s into a minute, and their events arrive within 4 s.
	for now := tuesday.Add(30 * time.Second); now.Before(tuesday.Add(24 * time.Hour)); now = now.Add(time.Minute) {
		for _, e := range b.Advance(now) {
			switch e.Type {
			case gateway.Occupancy:
				parents[place(&e)] = e.Path
			case gateway.Traffic:
				inside := e.Path.Room.ID
				if inside == "" {
					inside = e.Path.Floor.ID
				}
				passed[inside] += e.In - e.Out
			}
		}
		within := make(map[gateway.AssetID]int)
		for id := range b.Each {
			p := parents[id]
			switch id.Kind() {
			case gateway.Room:
				within[p.Floor.ID] += b.People(id)
			case gateway.Zone:
				if p.Room.ID != "" {
					within[p.Room.ID] += b.People(id)
				} else {
					within[p.Floor.ID] += b.People(id)
				}
			}
			if b.People(id) < 0 {
				t.Fatalf("%s: %s has %d people", now, id, b.People(id))
			}
		}
		if now.Before(tuesday.Add(2 * time.Minute)) {
			continue // not every place has reported
		}
		for id, people := range within {
			if people != b.People(id) {
				t.Fatalf("%s: %s has %d people, its parts %d", now, id, b.People(id), people)
			}
		}
	}
	b.Advance(tuesday.Add(25 * time.Hour))
	if len(passed) < 5 {
		t.Fatalf("only %d places have doors", len(passed))
	}
	for id, people := range passed {
		if people != b.People(id) {
			t.Errorf("%s has %d people, by its door %d", id, b.People(id), people)
		}
	}
}

func place(e *gateway.Event) gateway.AssetID {
	switch e.Subject {
	case gateway.Floor:
		return e.Path.Floor.ID
	case gateway.Zone:
		return e.Path.Zone.ID
	}
	return e.Path.Room.ID
}

// believed merges events by Butlr's rules: per place the newest moment, and of that what was minted last.
func believed(events []gateway.Event) map[gateway.AssetID]gateway.Event {
	best := make(map[gateway.AssetID]gateway.Event)
	for _, e := range events {
		if e.Type != gateway.Occupancy {
			continue
		}
		old, known := best[place(&e)]
		newer := e.At > old.At || e.At == old.At && building.MintedAt(e.ID).After(building.MintedAt(old.ID))
		if !known || newer {
			best[place(&e)] = e
		}
	}
	return best
}

func TestWhatIsReportedIsWhatIsBelieved(t *testing.T) {
	b := newBuilding(t, building.Options{Rooms: 25, Start: tuesday.Add(9 * time.Hour)})
	chaos := building.NewChaos(newBuilding(t, building.Options{Rooms: 25, Start: tuesday.Add(9 * time.Hour)}), 1)
	var sent, arrived []gateway.Event
	for now := tuesday.Add(9 * time.Hour); now.Before(tuesday.Add(11 * time.Hour)); now = now.Add(10 * time.Second) {
		sent = append(sent, b.Advance(now)...)
		arrived = append(arrived, chaos.Advance(now)...)
	}
	arrived = append(arrived, chaos.Rest()...)
	if len(arrived) < len(sent)*23/20 {
		t.Errorf("chaos made %d events of %d", len(arrived), len(sent))
	}
	straight, chaotic := believed(sent), believed(arrived)
	wrong := 0
	for id := range b.Each {
		want := b.Reported(id)
		if got := straight[id]; got.People != want.People || got.At != want.At {
			t.Errorf("%s is believed to have %d people at %v, reported were %+v", id, got.People, got.At, want)
		}
		if got := chaotic[id]; got.People != want.People || got.At != want.At {
			t.Errorf("after chaos %s is believed to have %d people at %v, reported were %+v", id, got.People, got.At, want)
		}
		if want.People != b.People(id) {
			wrong++
		}
	}
	if total := len(straight); wrong > total/4 {
		t.Errorf("%d of %d places are reported wrongly", wrong, total)
	}
	in, counted := make(map[gateway.AssetID]int), make(map[string]bool)
	for _, e := range arrived {
		if e.Type == gateway.Traffic && !counted[e.ID] {
			counted[e.ID] = true
			in[e.Path.Sensor.ID] += e.In
		}
	}
	for _, d := range b.Doors() {
		if in[d.Sensor] != d.In {
			t.Errorf("after chaos %d people came in at %s, want %d", in[d.Sensor], d.Sensor, d.In)
		}
	}
}

// TestMinutesAreCorrected holds that wrong counts happen, and that a newer id tells the truth of that minute.
func TestMinutesAreCorrected(t *testing.T) {
	b := newBuilding(t, building.Options{Rooms: 25, Start: tuesday.Add(9 * time.Hour)})
	type minute struct {
		place gateway.AssetID
		at    gateway.Timestamp
	}
	values := make(map[minute]int)
	var corrections, duplicates, repeats int
	ids := make(map[string]bool)
	for _, e := range b.Advance(tuesday.Add(10 * time.Hour)) {
		if e.Type != gateway.Occupancy {
			continue
		}
		key := minute{place(&e), e.At}
		value, known := values[key]
		switch {
		case ids[e.ID]:
			duplicates++
		case known && value != e.People:
			corrections++
		case known:
			repeats++
		}
		ids[e.ID] = true
		values[key] = e.People
	}
	if corrections == 0 || duplicates == 0 || repeats == 0 {
		t.Errorf("%d corrections, %d duplicates, %d repeats in an hour, want some of each", corrections, duplicates, repeats)
	}
}

func TestMotionAlternates(t *testing.T) {
	b := newBuilding(t, building.Options{Rooms: 25, Start: tuesday})
	motion := make(map[gateway.AssetID]bool)
	edges := 0
	for _, e := range b.Advance(tuesday.Add(24 * time.Hour)) {
		if e.Type != gateway.MotionStarted && e.Type != gateway.MotionEnded {
			continue
		}
		started := e.Type == gateway.MotionStarted
		if motion[e.Path.Room.ID] == started {
			t.Fatalf("%s in %s was said twice", e.Type, e.Path.Room.Name)
		}
		motion[e.Path.Room.ID] = started
		edges++
	}
	if edges < 20 {
		t.Errorf("only %d edges in a day", edges)
	}
	for room, moves := range motion {
		if got := b.Reported(room).Motion; moves || got {
			t.Errorf("motion in %s at night: %v, reported %v", room, moves, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]building.Options{
		"no start":                 {},
		"fewer rooms than sites":   {Start: tuesday, Rooms: 1, Sites: 2},
		"fewer than no rooms":      {Start: tuesday, Rooms: -1},
		"more rooms than anywhere": {Start: tuesday, Rooms: 1_000_000},
	} {
		if _, err := building.New(o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	home := newBuilding(b, building.Options{Rooms: 1000})
	var events []gateway.Event
	for b.Loop() {
		events = home.Count(events[:0], 1, tuesday)
	}
}
