package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// crowded returns a state with as many rooms, each with a count.
func crowded(tb testing.TB, rooms int) (*gateway.State, []gateway.Event) {
	tb.Helper()
	rules := gateway.DefaultRules()
	rules.MaxUnknownAssets = 0
	s := newState(tb, rules)
	events := make([]gateway.Event, rooms)
	for i := range events {
		events[i] = people(fmt.Sprint("room_", i), i%20, "09:00:00")
	}
	apply(tb, s, now("09:00:10"), events...)
	return s, events
}

// step applies the next event of a room, as one batch.
func step(tb testing.TB, s *gateway.State, e *gateway.Event, clock gateway.Instant) {
	e.At++
	if err := s.Apply(clock, []gateway.Event{*e}); err != nil {
		tb.Fatal(err)
	}
	if s.Batch().Empty() {
		tb.Fatal("nothing to store")
	}
	if u := s.Settle(clock); len(u.Changed) != 1 {
		tb.Fatalf("%d assets changed", len(u.Changed))
	}
}

// The cost of an event must not grow with the number of assets: compare the sizes of one run.
func BenchmarkEvent(b *testing.B) {
	for _, rooms := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(rooms), func(b *testing.B) {
			s, events := crowded(b, rooms)
			clock := now("09:00:10")
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i = (i + 7919) % rooms // not in the order of memory
				step(b, s, &events[i], clock)
			}
		})
	}
}

func TestAnEventAllocatesNothing(t *testing.T) {
	s, events := crowded(t, 100)
	clock := gateway.Instant{Wall: now("09:00:10").Wall.Add(time.Millisecond)}
	one := make([]gateway.Event, 1)
	got := testing.AllocsPerRun(1000, func() {
		events[7].At++
		one[0] = events[7]
		if err := s.Apply(clock, one); err != nil {
			t.Fatal(err)
		}
		s.Batch()
		s.Settle(clock)
	})
	if got != 0 {
		t.Errorf("%v allocations for an event that changes a reading, want none", got)
	}
}
