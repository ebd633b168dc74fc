package main

import (
	"testing"

	"butlr-gateway/gateway"
)

// Each event is newer than the one before it of its place, and another count, over the end of a turn too; else less
// would be measured than is said.
//
// Seen to break it: the same moment for all of a turn; counts that begin anew in each turn.
func TestEachEventChangesAReading(t *testing.T) {
	traffic, err := newTraffic(20)
	if err != nil {
		t.Fatal(err)
	}
	last, ids := make(map[gateway.Path]gateway.Event), make(map[string]bool)
	for _, n := range []int{len(traffic.places), len(traffic.places), 10*len(traffic.places) + 3, 100} {
		for _, e := range traffic.events(n) {
			if ids[e.ID] {
				t.Fatalf("%s comes twice", e.ID)
			}
			ids[e.ID] = true
			before, known := last[e.Path]
			if known && (e.At <= before.At || e.People == before.People) {
				t.Fatalf("%d people at %d come after %d at %d", e.People, e.At, before.People, before.At)
			}
			last[e.Path] = e
		}
	}
	if len(last) != len(traffic.places) {
		t.Errorf("%d of %d places have events", len(last), len(traffic.places))
	}
}

// What is badly delivered is so in the shares that were asked for.
//
// Seen to break it: nothing said twice; nothing late.
func TestTrafficIsDeliveredBadlyOnDemand(t *testing.T) {
	traffic, err := newTraffic(20)
	if err != nil {
		t.Fatal(err)
	}
	traffic.twice, traffic.late, traffic.steady = 0.2, 0.2, true
	const n = 10_000
	ids, newest, late := make(map[string]bool), make(map[gateway.Path]gateway.Timestamp), 0
	for _, e := range traffic.events(n) {
		if !ids[e.ID] && e.At < newest[e.Path] {
			late++
		}
		ids[e.ID] = true
		newest[e.Path] = max(newest[e.Path], e.At)
	}
	if again := n - len(ids); again < n*15/100 || again > n*25/100 {
		t.Errorf("%d of %d are said again, want about a fifth", again, n)
	}
	if late == 0 {
		t.Error("none is late")
	}
}
