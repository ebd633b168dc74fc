package gateway

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// refSeen is a DETECTIONS event of a sensor in a room or, if that is "", on the floor.
func refSeen(sensor, room AssetID, people int, sensed string) Event {
	e := refPassed(sensor, room, 0, 0, sensed)
	e.Type, e.Found = Detected, make([]Position, people)
	return e
}

// How many people a sensor saw is personal, and gone after a restart. That it was heard is not: it is a sensor of
// which nobody knows how many it sees, and not one that was never heard of.
//
// Seen to break it: the hour in which it was heard not stored, or not taken up again; how many it saw taken for 0;
// what is not known shown as good.
func TestASensorThatSawPeopleWasHeardOfAfterARestart(t *testing.T) {
	at := referenceClock
	p := begin(t, DefaultRules(), newDisk(), at("08:00:00"))
	p.take(t, at("09:40:01"), refSeen("sensor_1", "room_a", 3, "09:40:00"))
	if r := p.shows(at("09:41:00"))["sensor_1"].Readings[Detections]; !r.Known || r.Value != 3 || r.Quality != Good {
		t.Errorf("before: got %+v, want 3, good", r)
	}
	p = begin(t, DefaultRules(), p.disk, at("09:42:00"))
	s := p.shows(at("09:42:00"))["sensor_1"]
	want := Reading{At: at("09:00:00"), Quality: Uncertain}
	if r := s.Readings[Detections]; r != want || !s.Has.Has(Detections) || s.Quality != Uncertain {
		t.Errorf("after: got %+v of a sensor that is %s, want %+v, uncertain", r, s.Quality, want)
	}
	want = Reading{Value: 2, Known: true, At: at("09:43:00"), Quality: Good}
	p.take(t, at("09:43:01"), refSeen("sensor_1", "room_a", 2, "09:43:00"))
	if r := p.shows(at("09:44:00"))["sensor_1"].Readings[Detections]; r != want {
		t.Errorf("when it speaks again: got %+v, want %+v", r, want)
	}
}

// DETECTIONS come every second. They are worth a row once an hour.
//
// Seen to break it: each of them stored.
func TestDetectionsAreStoredOnceAnHour(t *testing.T) {
	at := referenceClock
	p := begin(t, DefaultRules(), newDisk(), at("08:00:00"))
	rows := 0
	for second := range 7200 {
		e := refSeen("sensor_1", "room_a", second%3, "09:10:00")
		e.At = e.At.Add(time.Duration(second) * time.Second)
		if err := p.Apply(modelInstant(e.At), []Event{e}); err != nil {
			t.Fatal(err)
		}
		rows += len(p.Batch().Totals)
		p.store(e.At)
	}
	if rows != 3 {
		t.Errorf("%d rows in two hours from ten past nine, want 3", rows)
	}
}

// Of two DETECTIONS of one moment the one minted later is believed, then the one that saw more.
//
// Seen to break it: the last to arrive believed.
func TestDetectionsOfOneMomentInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		corrected := refMinted(refSeen("sensor_1", "room_a", 2, "09:00:00"), "09:01:00", 0)
		again := refMinted(refSeen("sensor_1", "room_a", 1, "09:00:00"), "09:01:00", 1)
		events := []Event{refSeen("sensor_1", "room_a", 5, "09:00:00"), corrected, again}
		p := begin(t, DefaultRules(), newDisk(), referenceClock("08:00:00"))
		for _, e := range rapid.Permutation(events).Draw(t, "order") {
			p.take(t, referenceClock("09:02:00"), e)
		}
		if got := p.shows(referenceClock("09:02:00"))["sensor_1"].Readings[Detections].Value; got != 2 {
			t.Fatalf("got %d, want 2", got)
		}
	})
}
