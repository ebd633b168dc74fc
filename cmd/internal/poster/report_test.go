package poster

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLatenciesAreExactToAnEighth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "d"))
		limit := limitOf(slotOf(d))
		if limit <= d-time.Microsecond || limit > d+d/8+time.Microsecond {
			t.Fatalf("%v is counted as %v", d, limit)
		}
	})
}

func TestQuantiles(t *testing.T) {
	var all tally
	for ms := range 100 {
		all.answered(204, time.Duration(ms+1)*time.Millisecond, nil)
	}
	r := all.report()
	for _, test := range []struct {
		name      string
		got, want time.Duration
	}{{"p50", r.P50, 50 * time.Millisecond}, {"p99", r.P99, 99 * time.Millisecond}, {"longest", r.Longest, 100 * time.Millisecond}} {
		if test.got < test.want || test.got > test.want*9/8 {
			t.Errorf("%s is %v, want %v", test.name, test.got, test.want)
		}
	}
}
