package gateway

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawPassings draws what passes some doors in the course of a day, over a midnight or two.
func drawPassings(t *rapid.T) (history []timedEvent) {
	begin := TimestampOf(time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC))
	used := make(map[string]bool)
	for i := range rapid.IntRange(1, 40).Draw(t, "passings") {
		room := rapid.SampledFrom([]AssetID{"room_1", "room_1", "room_2", ""}).Draw(t, "room")
		e := refPassed(AssetID(fmt.Sprint("sensor_", room, rapid.IntRange(1, 2).Draw(t, "sensor"))), room,
			rapid.IntRange(0, 3).Draw(t, "in"), rapid.IntRange(0, 3).Draw(t, "out"), "09:00:00")
		e.At = begin.Add(drawDuration(t, "at", 0, time.Second, 10*time.Minute, 47*time.Minute, 5*time.Hour, 23*time.Hour)).
			Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "minute")) * time.Minute)
		e.ID = referenceID(e.At, i*rapid.IntRange(0, 1).Draw(t, "id of its own"))
		if key := string(e.Path.Sensor.ID) + e.ID; !used[key] { // one id of one sensor is one event
			used[key] = true
			history = append(history, timedEvent{e.At, e})
		}
	}
	return history
}

// P1, P4, P6 for increments: within the horizon it does not matter when they come, nor how often. What is
// evidence then is what the model says that keeps them all, and the estimate says the same.
//
// Seen to break it: the window of traffic as short as that of other feeds; a late increment not added to the sum
// before the window; two sensors' increments of one moment and id taken for one.
func TestIncrementsOfTheWholeHorizonComeInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		rules.State.Evidence = EvidenceTraffic
		history := drawPassings(t)
		end := history[0].Event.At
		for _, e := range history {
			end = max(end, e.Event.At)
		}
		one, other := begin(t, rules, newDisk(), end), begin(t, rules, newDisk(), end)
		one.take(t, end, eventsOf(history)...)
		for _, b := range drawBatchesOf(t, drawAgain(t, history)) {
			other.take(t, end, eventsOf(b)...)
		}
		if diff := cmp.Diff(ofEvents(one.canon()), ofEvents(other.canon())); diff != "" {
			t.Fatalf("state (-in order +shuffled):\n%s", diff)
		}
		model := newReference(rules, end, 0)
		for _, e := range history {
			model.apply(end, e.Event)
		}
		for _, now := range drawMoments(t, rules, history, 2) {
			now = max(now, end)
			if diff := cmp.Diff(one.shows(now), other.shows(now)); diff != "" {
				t.Fatalf("at %s (-in order +shuffled):\n%s", now.Time(), diff)
			}
			compareModel(t, other.State, model, now)
		}
	})
}

// ofEvents leaves out of what is kept when sites were heard of: that goes back as far as a window.
func ofEvents(canon map[string]any) map[string]any {
	maps.DeleteFunc(canon, func(key string, _ any) bool { return strings.HasSuffix(key, " life") })
	return canon
}

// More increments than a window has room for: what comes later than all of them still counts, and turns nothing
// off sooner.
func TestAFullWindowOfTrafficTakesWhatComesLate(t *testing.T) {
	rules := DefaultRules()
	rules.State.Evidence = EvidenceTraffic
	p := begin(t, rules, newDisk(), referenceClock("08:00:00"))
	pass := func(in, out int, sensed string, tail int) {
		e := refPassed("sensor_1", "room_1", in, out, sensed)
		e.At += Timestamp(tail) * 1000
		e.ID = referenceID(e.At, tail)
		p.take(t, referenceClock("12:00:00"), e)
	}
	for i := range 300 {
		pass(1, 1, "10:00:00", i)
	}
	shows := func(want string) {
		t.Helper()
		s := p.shows(referenceClock("12:30:00"))["room_1"]
		if got := fmt.Sprint(s.Readings[HVAC].Value, s.Readings[TrafficEstimate].Value); got != want {
			t.Errorf("hvac and estimate: got %s, want %s", got, want)
		}
	}
	shows("0 0")
	pass(4, 0, "09:00:00", 0)
	shows("1 4")
	pass(0, 4, "09:10:00", 0)
	shows("0 0")
	pass(3, 0, "09:05:00", 0)
	shows("1 3")
}
