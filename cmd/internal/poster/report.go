package poster

import (
	"maps"
	"math/bits"
	"sync"
	"time"
)

// Report is what became of the events so far.
type Report struct {
	Accepted int           // events answered with 2xx
	Lost     int           // events answered otherwise or not at all, after all retries
	Codes    map[int]int   // answers by status code; retries count each
	Failures int           // requests without an answer
	LastErr  error         // of the newest of them
	P50, P99 time.Duration // from sending a request to its answer; exact to an eighth
	Longest  time.Duration
}

// Report returns what became of the events so far.
func (p *Poster) Report() Report { return p.tally.report() }

// tally counts answers.
type tally struct {
	mu        sync.Mutex
	sum       Report
	latencies [histogramSize]int
	measured  int
}

func (t *tally) answered(code int, took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.sum.Failures++
		t.sum.LastErr = err
		return
	}
	if t.sum.Codes == nil {
		t.sum.Codes = make(map[int]int)
	}
	t.sum.Codes[code]++
	t.latencies[slotOf(took)]++
	t.measured++
	t.sum.Longest = max(t.sum.Longest, took)
}

func (t *tally) finished(events, code int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if accepted(code) {
		t.sum.Accepted += events
	} else {
		t.sum.Lost += events
	}
}

func (t *tally) report() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.sum
	r.Codes = maps.Clone(t.sum.Codes)
	r.P50, r.P99 = t.quantile(0.50), t.quantile(0.99)
	return r
}

// quantile returns the time within which that share of the answers came.
func (t *tally) quantile(share float64) time.Duration {
	if t.measured == 0 {
		return 0
	}
	wanted, seen := int(share*float64(t.measured-1))+1, 0
	for slot, n := range t.latencies {
		if seen += n; seen >= wanted {
			return min(limitOf(slot), t.sum.Longest)
		}
	}
	return t.sum.Longest
}

// The histogram has eight slots for each power of two of microseconds, so that it is of a fixed size.
const (
	slotsPerPower = 8
	histogramSize = 40 * slotsPerPower
)

func slotOf(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < slotsPerPower {
		return int(us)
	}
	power := bits.Len64(us) - 4 // us>>power lies in 8..15
	return min((power+1)*slotsPerPower+int(us>>power)-slotsPerPower, histogramSize-1)
}

// limitOf returns the end of a slot.
func limitOf(slot int) time.Duration {
	if slot < slotsPerPower {
		return time.Duration(slot+1) * time.Microsecond
	}
	power, part := slot/slotsPerPower-1, slot%slotsPerPower+slotsPerPower
	return time.Duration(uint64(part+1)<<power) * time.Microsecond
}
