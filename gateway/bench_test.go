package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// crowded returns a state with as many rooms, each with a count for each of some minutes, and the next event
// of each.
func crowded(tb testing.TB, rooms, minutes int, set ...func(*gateway.Settings)) (*gateway.State, []gateway.Event) {
	tb.Helper()
	rules := gateway.DefaultRules()
	for _, s := range set {
		s(&rules.State)
	}
	rules.MaxUnknownAssets = 0
	s := newState(tb, rules)
	events := make([]gateway.Event, rooms)
	for i := range events {
		events[i] = people(fmt.Sprint("room_", i), i%20, "09:00:00")
	}
	for range minutes {
		apply(tb, s, instant(events[0].At+10_000), events...)
		for i := range events {
			events[i].At += 60_000
		}
	}
	return s, events
}

// step applies an event as one batch. The room's floor, building and site change with it.
func step(tb testing.TB, s *gateway.State, e *gateway.Event, clock gateway.Instant) {
	if err := s.Apply(clock, []gateway.Event{*e}); err != nil {
		tb.Fatal(err)
	}
	if s.Batch().Empty() {
		tb.Fatal("nothing to store")
	}
	if u := s.Settle(clock); len(u.Changed) < 1 {
		tb.Fatalf("%d assets changed", len(u.Changed))
	}
}

// The cost of an event must not grow with the number of assets: compare the sizes of one run. "Corrected"
// has a hundred rooms recount their newest minute, as Butlr does, so that what is touched is the same
// however many rooms there are. "Spread" has every room its next minute in turn, so that what is touched
// comes from memory rather than from the processor's caches, and feeds of rooms that wait go stale.
func BenchmarkEvent(b *testing.B) {
	for _, rooms := range []int{100, 10_000, 100_000} {
		s, events := crowded(b, rooms, 4)
		for i := range events {
			events[i].At -= 60_000
		}
		clock, corrections := instant(events[0].At+20_000), 0
		b.Run(fmt.Sprintf("corrected/%d", rooms), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := &events[corrections%100]
				corrections++
				e.ID, e.People = eventID(e.At+gateway.Timestamp(corrections)*1000, 0), corrections%7
				step(b, s, e, clock)
			}
		})
		b.Run(fmt.Sprintf("spread/%d", rooms), func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				e := &events[n%rooms]
				e.At += 60_000
				step(b, s, e, instant(e.At+10_000))
			}
		})
	}
}

func TestAnEventAllocatesNothing(t *testing.T) {
	for name, set := range map[string]func(*gateway.Settings){
		"usual":    func(*gateway.Settings) {},
		"on-delay": func(s *gateway.Settings) { s.OnDelay[gateway.HVACOutput] = 5 * time.Minute },
	} {
		s, events := crowded(t, 100, 31, set)
		clock := instant(events[0].At)
		one := make([]gateway.Event, 1)
		got := testing.AllocsPerRun(1000, func() {
			events[7].At += 1000
			one[0] = events[7]
			if err := s.Apply(clock, one); err != nil {
				t.Fatal(err)
			}
			s.Batch()
			s.Settle(clock)
		})
		if got != 0 {
			t.Errorf("%s: %v allocations for an event that changes a reading, want none", name, got)
		}
	}
}
