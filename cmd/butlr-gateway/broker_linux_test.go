package main

import (
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/modbus"
)

// TestFault04BrokerFrozenAndEmptied: a broker that freezes is no matter for events and for Modbus, and no memory grows;
// when it thaws it has the newest count. One that is killed and comes back empty has everything again soon after.
//
// Seen to break it: readings published by a call that waits for the broker; a new session that says only what is news
// to the broker of before.
func TestFault04BrokerFrozenAndEmptied(t *testing.T) {
	broker := newMosquitto(t)
	s := newSite(t, fmt.Sprintf("[mqtt]\nbroker = \"tcp://%s\"\ndiscovery = \"off\"\n", broker.address))
	s.start()
	begin, sent := time.Now().Add(-time.Hour), 0
	people := func() (took time.Duration) {
		sent++
		from := time.Now()
		s.accepted(changed(t, payload(t, "ROOM_OCCUPANCY", begin.Add(time.Duration(sent)*time.Second)), map[string]any{"id": fmt.Sprintf("event_%027d", sent), "data": sent}))
		return time.Since(from)
	}
	has := func() (told time.Duration) {
		t.Helper()
		from := time.Now()
		waitFor(t, func() string {
			return cmp.Diff(fmt.Sprint(sent), retained(t, broker.address, "butlr/room/"+boardroomID+"/people"))
		})
		return time.Since(from)
	}
	people()
	has()
	var calm, frozen, taken, takenFrozen []time.Duration
	memory := s.resident()
	for range 10 {
		calm = append(calm, s.reads(50)...)
		for range 25 {
			taken = append(taken, people())
		}
		broker.signal(syscall.SIGSTOP)
		for range 50 {
			takenFrozen = append(takenFrozen, people())
		}
		frozen = append(frozen, s.reads(50)...)
		broker.signal(syscall.SIGCONT)
	}
	has()
	grown := s.resident() - memory
	if grown > 50 {
		t.Errorf("the memory has grown by %d MB", grown)
	}
	if usual, then := percentile(calm, 50), percentile(frozen, 50); then > 5*usual {
		t.Errorf("half of the reads took up to %v while the broker was frozen, and %v at other times", then, usual)
	}
	if usual, then := percentile(taken, 50), percentile(takenFrozen, 50); then > 5*usual {
		t.Errorf("half of the events took up to %v while the broker was frozen, and %v at other times", then, usual)
	}
	before := keeps(t, broker.address)
	broker.kill()
	people()
	if got := s.block(boardroom)[1]; int(got) != sent {
		t.Errorf("%d people without a broker, want %d", got, sent)
	}
	broker.start("allow_anonymous true")
	back := has()
	waitFor(t, func() string { return cmp.Diff(topicsOf(before), topicsOf(keeps(t, broker.address))) })
	t.Attr("figure", fmt.Sprintf("99 %% of reads within %v while the broker is frozen, %v at other times; memory %+d MB; everything at an emptied broker after %v",
		percentile(frozen, 99), percentile(calm, 99), grown, back.Round(time.Millisecond)))
}

func topicsOf(kept map[string]string) []string { return slices.Sorted(maps.Keys(kept)) }

// reads reads the boardroom that often over one connection, and returns how long each took.
func (s *site) reads(count int) (took []time.Duration) {
	s.t.Helper()
	client := modbus.NewClient(modbus.ClientOptions{Address: s.address("Modbus TCP"), Unit: 1})
	defer func() { _ = client.Close() }()
	for n := range count + 1 {
		from := time.Now()
		if _, err := client.Registers(modbus.Input, 100+16*boardroom, 16); err != nil {
			s.t.Fatal(err)
		}
		if n > 0 { // the first connects
			took = append(took, time.Since(from))
		}
	}
	return took
}

// percentile is what so many percent of them stay within.
func percentile(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)].Round(time.Microsecond)
}
