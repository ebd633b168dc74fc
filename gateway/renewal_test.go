package gateway_test

import (
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// A controller says what it wants again and again: that makes it last, and is told once. Seen to break it:
// an entry for each.
func TestAControllerThatSaysTheSameAgainRenewsIt(t *testing.T) {
	var j journal
	s := newState(t, gateway.DefaultRules())
	s.Apply(now("09:00:00"), []gateway.Event{people("room_1", 0, "09:00:00")})
	j.store(t, s, now("09:00:00"))
	force := func(clock, author string, value int) gateway.Override {
		o, err := s.Force(now(clock), "room_1", gateway.Override{
			Source: gateway.FromController, Author: author, Reason: "register 131 of unit 1", Value: value,
			Until: at(clock).Add(15 * time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
		j.store(t, s, now(clock))
		return o
	}
	force("09:00:10", "10.20.0.31", 1)
	for _, clock := range []string{"09:05:00", "09:10:00", "09:20:00"} {
		if o := force(clock, "10.20.0.31", 1); o.Since != at("09:00:10") || o.Until != at(clock).Add(15*time.Minute) {
			t.Errorf("renewed at %s: from %v to %v", clock, o.Since.Time(), o.Until.Time())
		}
	}
	if len(j.rows.audit) != 1 {
		t.Errorf("a command that was renewed three times is told %d times", len(j.rows.audit))
	}
	for key, o := range j.rows.overrides {
		if o.Until != at("09:35:00") {
			t.Errorf("%v is stored until %v", key, o.Until.Time())
		}
	}
	force("09:21:00", "10.20.0.32", 1) // somebody else
	force("09:22:00", "10.20.0.32", 0) // something else
	force("09:40:00", "10.20.0.32", 0) // after it had ended
	if len(j.rows.audit) < 4 {
		t.Errorf("what is no renewal is told: %d entries", len(j.rows.audit))
	}
}
