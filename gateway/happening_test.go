package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"butlr-gateway/gateway"
)

// What is over as soon as it was said is told once: not again when it comes again, and not at all when it
// could not be stored.
//
// Seen to break it: telling what is known already (the result of merge ignored), leaving what was undone for
// the next batch.
func TestWhatHappensIsToldOnce(t *testing.T) {
	seen := people("room_1", 0, "09:00:00")
	seen.Type, seen.Subject, seen.Path.Sensor = gateway.Detected, gateway.Sensor, gateway.Place{ID: "sensor_1"}
	seen.Found = []gateway.Position{{X: 0.5, Y: 0.25}}
	events := []gateway.Event{
		withID(passed("sensor_1", "room_1", 2, 1, "09:00:00"), "event_1"),
		withID(passed("sensor_2", "", 1, 0, "09:00:00"), "event_2"),
		withID(motion("room_1", "09:00:00"), "event_3"),
		withID(noMotion("room_1", "09:00:01"), "event_4"),
		people("room_1", 3, "09:00:00"),
	}
	s := newState(t, gateway.DefaultRules())
	if err := s.Apply(now("09:00:02"), events); err != nil {
		t.Fatal(err)
	}
	s.Batch()
	s.Undo()
	s.Leftover()
	s.Repaired()

	want := `sensor_1 traffic 2 1 0 event_1
room_1 traffic 2 1 0 event_1
sensor_2 traffic 1 0 0 event_2
site_1 traffic 1 0 0 event_2
building_1 traffic 1 0 0 event_2
space_3 traffic 1 0 0 event_2
room_1 motion 0 0 0 event_3
room_1 no_motion 0 0 0 event_4
sensor_1 detections 0 0 1 event_5
`
	if got := happenings(apply(t, s, now("09:00:02"), append(events, withID(seen, "event_5"))...)); got != want {
		t.Errorf("told at first:\n%s\nwant:\n%s", got, want)
	}
	if got := happenings(apply(t, s, now("09:00:03"), events...)); got != "" {
		t.Errorf("told again:\n%s", got)
	}
	if got, want := happenings(apply(t, s, now("09:00:03"), withID(motion("room_1", "08:57:00"), "event_6"))), "room_1 motion 0 0 0 event_6\n"; got != want {
		t.Errorf("an event that comes late is told as %q, want %q", got, want)
	}
}

func happenings(u *gateway.Update) string {
	var b strings.Builder
	for _, h := range u.Happened {
		fmt.Fprintf(&b, "%s %s %d %d %d %s\n", h.Asset.ID, h.Type, h.In, h.Out, len(h.Found), h.ID)
	}
	return b.String()
}
