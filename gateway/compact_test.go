package gateway_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// What is kept of a snapshot is all of it, also when an asset gets a measure or loses one.
//
// Seen to break it: any field left out of Keep or of Snapshot.
func TestACompactKeepsAllOfASnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kept := new(gateway.Compact)
		for range rapid.IntRange(1, 4).Draw(t, "snapshots") {
			s := drawSnapshot(t)
			kept.Keep(&s)
			if diff := cmp.Diff(s, kept.Snapshot()); diff != "" {
				t.Fatalf("snapshot (-published +kept):\n%s", diff)
			}
		}
	})
}

// drawSnapshot draws a snapshot in which every field may have a value of its own.
func drawSnapshot(t *rapid.T) gateway.Snapshot {
	s := gateway.Snapshot{
		Asset: &gateway.Asset{ID: "room_1"}, Has: gateway.Measures(rapid.Uint32Range(0, 1<<gateway.MeasureCount-1).Draw(t, "has")),
		Quality: gateway.Quality(rapid.IntRange(0, gateway.QualityCount-1).Draw(t, "quality")), At: drawTime(t), Oldest: drawTime(t),
		FollowsSite: rapid.Bool().Draw(t, "follows"), OffDelayEnds: drawTime(t), Estimate: rapid.Bool().Draw(t, "estimate"),
		Coverage: rapid.IntRange(-1, 1000).Draw(t, "coverage"), Simulated: rapid.Bool().Draw(t, "simulated"),
	}
	s.Reason.Code = gateway.ReasonCode(rapid.IntRange(0, 17).Draw(t, "reason"))
	for o := range s.Lost {
		s.Lost[o] = rapid.Bool().Draw(t, "lost")
	}
	if rapid.Bool().Draw(t, "forced") {
		s.Overrides = []gateway.Override{{Target: gateway.TargetHVAC, Value: 1}}
	}
	for m := range gateway.Measure(gateway.MeasureCount) {
		if s.Has.Has(m) {
			s.Readings[m] = gateway.Reading{
				Value: rapid.Int64().Draw(t, "value"), At: drawTime(t), Known: rapid.Bool().Draw(t, "known"),
				Quality: gateway.Quality(rapid.IntRange(0, gateway.QualityCount-1).Draw(t, "its quality")),
			}
		}
	}
	return s
}

func drawTime(t *rapid.T) gateway.Timestamp {
	const theYear9999 = 253_402_300_799_999
	return gateway.Timestamp(rapid.Int64Range(-9, theYear9999).Draw(t, "time"))
}

// A field that a snapshot gets has to get into what is kept as well.
func TestACompactHasEveryFieldOfASnapshot(t *testing.T) {
	if got, want := reflect.TypeFor[gateway.Compact]().NumField(), reflect.TypeFor[gateway.Snapshot]().NumField(); got != want {
		t.Errorf("what is kept has %d fields, a snapshot %d", got, want)
	}
}

// Whoever keeps what there is of an asset whose measures stay takes no memory for what it publishes.
// Seen to break it: readings made anew each time.
func TestACompactIsKeptInPlace(t *testing.T) {
	var kept gateway.Compact
	s := gateway.Snapshot{Asset: &gateway.Asset{ID: "room_1"}, Has: 1<<gateway.People | 1<<gateway.Occupied}
	kept.Keep(&s)
	if n := testing.AllocsPerRun(100, func() { kept.Keep(&s); s = kept.Snapshot() }); n > 0 {
		t.Errorf("it allocates %.1f times, want none", n)
	}
}
