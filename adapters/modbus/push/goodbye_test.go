package push

import (
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// farewellPoints are one point for each way to stop.
func farewellPoints() []Point {
	left, number, policy, held, other := peopleOf("a", 1), peopleOf("a", 2), peopleOf("a", 3), peopleOf("a", 4), peopleOf("a", 5)
	left.Name, number.Name, policy.Name, held.Name, other.Name = "left", "number", "policy", "held", "other"
	number.OnStop = OnStop{Do: OnStopNumber, Number: 77}
	policy.Measure, policy.Values, policy.OnStop.Do = "occupied", map[string]int64{"vacant": 10, "occupied": 11}, OnStopPolicy
	held.Measure, held.Values, held.OnStop.Do = "lighting", policy.Values, OnStopPolicy
	other.OnStop.Do = OnStopPolicy
	return []Point{left, number, policy, held, other}
}

// TestWhatIsWrittenOnAStop: nothing, unless the gateway stops for good and a point wants it.
//
// Seen to break it: saying goodbye on every stop.
func TestWhatIsWrittenOnAStop(t *testing.T) {
	for name, forGood := range map[string]bool{"a restart": false, "for good": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				d := newDevice(false)
				o := testOptions(unit("x", "d", 5, farewellPoints()...))
				o.Loss = func(_ *gateway.Asset, output gateway.Output, _ gateway.Timestamp) gateway.Policy {
					if output == gateway.LightingOutput {
						return gateway.PolicyHold
					}
					return gateway.PolicyOccupied
				}
				b := newBench(t, o, map[string]*device{"d": d})
				b.start()
				b.publish(room("a", 1, 0))
				after(time.Second)
				before, _ := d.seen()
				if forGood {
					b.StopForGood()
				}
				b.stop()
				writes, _ := d.seen()
				writes = writes[len(before):]
				want := map[uint16]uint16{}
				if forGood {
					want = map[uint16]uint16{2: 77, 3: 11}
				}
				got := map[uint16]uint16{}
				for _, w := range writes {
					got[w.address] = w.words[0]
				}
				if len(writes) != len(want) || len(got) != len(want) || got[2] != want[2] || got[3] != want[3] {
					t.Errorf("written %v, want %v", got, want)
				}
			})
		})
	}
}

// TestAStopDoesNotWaitForWhoDoesNotAnswer longer than it may.
func TestAStopDoesNotWaitForWhoDoesNotAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ill, well := newDevice(false), newDevice(false)
		b := newBench(t, testOptions(unit("ill", "ill", 5, farewellPoints()...), unit("well", "well", 5, farewellPoints()...)),
			map[string]*device{"ill": ill, "well": well})
		b.start()
		b.publish(room("a", 1, 0))
		after(time.Second)
		ill.mu.Lock()
		ill.always = hang
		ill.mu.Unlock()
		b.publish(room("a", 1, 5))
		after(time.Second) // a request is in progress
		b.StopForGood()
		before := time.Now()
		b.stop()
		if took := time.Since(before); took > goodbyeWithin {
			t.Errorf("the stop took %s", took)
		}
		if well.value(5, 2) != 77 {
			t.Error("the device beside it was not told")
		}
		if b.log.count("push target not told of the stop") != 1 {
			t.Error("the log does not tell, once, who was not told")
		}
	})
}
