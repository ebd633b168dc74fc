package webhook_test

import (
	"os"
	"testing"

	"butlr-gateway/adapters/webhook"
)

// What decoding a body allocates is bounded: an event must not cost the collector of garbage more than its texts. The
// race detector takes from the decoder what it would use again, so that there the bound is another.
//
// Seen to break it: the body copied before it is read.
func TestDecodingAllocatesLittle(t *testing.T) {
	for name, most := range map[string]float64{"ROOM_OCCUPANCY": 4, "DETECTIONS": 5} {
		if raceEnabled {
			most *= 4
		}
		body, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		got := testing.AllocsPerRun(100, func() {
			if _, err := webhook.Decode(body); err != nil {
				t.Fatal(err)
			}
		})
		if t.Logf("%s: %v allocations", name, got); got > most {
			t.Errorf("%s: %v allocations, want at most %v", name, got, most)
		}
	}
}
