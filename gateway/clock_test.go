package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// The clocks of three rooms' sensors are six minutes ahead, so that this machine's is doubted. A room whose
// events arrive on time must not be taken for lost for that: ages count from arrival then.
//
// Seen to break it: ageFrom answering what was sensed; arrived not set when an event replaces the newest.
func TestWhoArrivesOnTimeIsNotLostWhileTheClockIsDoubted(t *testing.T) {
	rules := gateway.DefaultRules()
	rules.State.StaleAfter, rules.State.DeadAfter = 90*time.Second, 2*time.Minute
	s := newState(t, rules)
	s.All(now("09:00:00"))
	for m := range 20 {
		clock := fmt.Sprintf("09:%02d:00", m)
		ahead := func(room string) gateway.Event {
			e := people(room, 0, clock)
			e.At = e.At.Add(6 * time.Minute)
			e.ID = eventID(e.At, 0)
			return e
		}
		apply(t, s, now(clock), people("room_d", 2, clock), ahead("room_a"), ahead("room_b"), ahead("room_c"))
	}
	if s.Summary().ClockDoubt == "" {
		t.Error("the clock is not doubted")
	}
	if got := show(t, s, now("09:20:00"), "room_d"); got.Quality != gateway.Uncertain || got.Reading(gateway.HVAC).Value != 1 {
		t.Errorf("the room on time: %s, hvac %d; want uncertain and 1", got.Quality, got.Reading(gateway.HVAC).Value)
	}
	if got := show(t, s, now("09:25:00"), "room_d"); got.Quality != gateway.Substituted {
		t.Errorf("five minutes after its last event: %s, want substituted", got.Quality)
	}
}

// A jump that is right, and nothing is heard that could confirm it: it is told for as long, and not followed.
func TestAJumpThatNothingConfirmsIsTold(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	s.All(now("09:00:00"))
	apply(t, s, now("09:00:01"), people("room_a", 0, "09:00:00"))
	ahead := func(clock string) gateway.Instant {
		i := now(clock)
		i.Wall = i.Wall.Add(3 * time.Hour)
		return i
	}
	for _, clock := range []string{"09:01:00", "09:20:00", "10:30:00"} {
		s.Beat(ahead(clock))
		s.Batch()
		u := s.Settle(ahead(clock))
		if u.Summary.ClockDoubt == "" || u.Now != at(clock) {
			t.Errorf("%s: it is %s, doubt %q", clock, u.Now.Time(), u.Summary.ClockDoubt)
		}
	}
	confirmed := people("room_a", 0, "13:30:20")
	if u := apply(t, s, ahead("10:30:40"), confirmed); u.Summary.ClockDoubt != "" || u.Now != at("13:30:40") {
		t.Errorf("confirmed: it is %s, doubt %q", u.Now.Time(), u.Summary.ClockDoubt)
	}
}
