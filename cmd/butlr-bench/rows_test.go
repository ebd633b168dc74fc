package main

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// Seen to break it: a limit that counts as missed; at least and at most exchanged.
func TestVerdicts(t *testing.T) {
	atLeast, atMost := goal{figure: "rate", limit: 0.3, least: true, digits: 2}, goal{figure: "start", limit: 2, unit: "s", digits: 1}
	for _, c := range []struct {
		goal  goal
		value float64
		met   bool
	}{{atLeast, 0.29, false}, {atLeast, 0.3, true}, {atLeast, 0.5, true}, {atMost, 2.1, false}, {atMost, 2, true}, {atMost, 0.1, true}} {
		if got := c.goal.met(c.value); got != c.met {
			t.Errorf("%s %s, measured %v: met is %v", c.goal.figure, c.goal.text(), c.value, got)
		}
	}
}

// A report is a table of Markdown with every figure once, whatever went wrong.
//
// Seen to break it: a step's goals marked as not measured although one was; the widths of bytes instead of characters.
func TestAReportHasEveryFigureOnce(t *testing.T) {
	a, b, c := goal{figure: "events ÷ nothing", limit: 0.3, least: true, digits: 2}, goal{figure: "start", limit: 2, unit: "s", digits: 1}, goal{figure: "memory", limit: 300, unit: "MB"}
	var r report
	r.judge(a, 0.31)
	r.judge(b, 3)
	r.without(errors.New("no broker | at all\nits log"), a, b, c)
	r.since(0, "3 %")
	r.note("disk", "%d µs", 900)
	var out strings.Builder
	r.print(&out)
	want := `
| figure           | goal     | measured | verdict                          | others |
|------------------|----------|----------|----------------------------------|--------|
| events ÷ nothing | ≥ 0.30   | 0.31     | met                              | 3 %    |
| start            | ≤ 2.0 s  | 3.0 s    | missed                           | 3 %    |
| memory           | ≤ 300 MB | –        | not measured: no broker / at all | 3 %    |

| beside | measured |
|--------|----------|
| disk   | 900 µs   |

1 met, 1 missed, 1 not measured. Missed: start.
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Seen to break it: the index one too high.
func TestQuantiles(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	if median(values) != 3 || late(values) != 5 || late([]float64{7}) != 7 {
		t.Errorf("median %v, late %v", median(values), late(values))
	}
}

// Without a slower disk nothing changes; with a very slow one, each of the connections is answered every second time.
//
// Seen to break it: each answered every time.
func TestReckonASlowDisk(t *testing.T) {
	if got := reckon(10_000, 64, 0); math.Abs(got-10_000) > 1e-6 {
		t.Errorf("%v a second without a delay, want what it was", got)
	}
	if got := reckon(1e9, 64, 20*time.Millisecond); math.Abs(got-1600) > 1 {
		t.Errorf("%v a second by 64 connections with 20 ms, want 1600", got)
	}
}
