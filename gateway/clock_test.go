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

// TestFault06WrongClocks: this machine's clock is in 1970, a day or an hour ahead or behind, as after an empty battery or
// a summer time that somebody set by hand, while three rooms go on telling that there are people. Nothing turns off by
// that, the time goes on as it was, and the alarm is raised; when the clock is right again, it ends.
//
// Seen to break it: a jump followed at once; one that is not told; the time that the wall shows taken though it is
// doubted.
func TestFault06WrongClocks(t *testing.T) {
	rooms := []string{"room_a", "room_b", "room_c"}
	told := 0
	for name, wrong := range map[string]func(time.Time) time.Time{
		"1970":          func(now time.Time) time.Time { return time.Unix(0, 0).Add(now.Sub(morning)) },
		"a day ahead":   func(now time.Time) time.Time { return now.Add(24 * time.Hour) },
		"a day behind":  func(now time.Time) time.Time { return now.Add(-24 * time.Hour) },
		"an hour ahead": func(now time.Time) time.Time { return now.Add(time.Hour) },
		"an hour back":  func(now time.Time) time.Time { return now.Add(-time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, gateway.DefaultRules())
			s.All(now("09:00:00"))
			for m := range 180 {
				clock := fmt.Sprintf("%02d:%02d:00", 9+m/60, m%60)
				i := now(clock)
				set := m >= 30 && m < 120
				if set {
					i.Wall = wrong(i.Wall)
				}
				s.Beat(i)
				var events []gateway.Event
				for _, room := range rooms {
					events = append(events, people(room, 2, clock))
				}
				u := apply(t, s, i, events...)
				for _, room := range rooms {
					if got := show(t, s, i, gateway.AssetID(room)); got.Reading(gateway.HVAC).Value != 1 || got.Reading(gateway.Lighting).Value != 1 {
						t.Fatalf("%s: %s is off, %s", clock, room, got.Quality)
					}
				}
				if off := u.Now.Sub(at(clock)); off.Abs() > 5*time.Second {
					t.Fatalf("%s: it is taken for %s later", clock, off)
				}
				if doubted := u.Summary.ClockDoubt != ""; doubted != set && m%30 > 5 {
					t.Fatalf("%s: the clock is doubted: %v, want %v", clock, doubted, set)
				}
			}
			told++
		})
	}
	t.Attr("figure", fmt.Sprintf("%d wrong clocks, 90 minutes each: nothing off", told))
}
