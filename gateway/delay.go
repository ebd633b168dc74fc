package gateway

import "time"

// delayed is where an output with its delays stands at one moment, as the events tell it.
type delayed struct {
	on       bool
	positive bool      // the evidence is positive
	since    Timestamp // since when it is, or is not
	changes  Timestamp // when a delay ends and turns the output over; 0 if none runs
}

// delays are those of one output.
type delays struct{ on, off time.Duration }

// combination is how several signals make one.
type combination struct {
	signals []signal
	all     bool // positive while all of them are; else while any is
}

// walk follows the combined signal up to a moment, of an output without on-delay: the feeds themselves say all.
func (c *combination) walk(d delays, until Timestamp) delayed {
	var w delayed
	var next [4]int
	for {
		at := maxTimestamp
		for i, g := range c.signals {
			if next[i] < len(g) {
				at = min(at, g[next[i]].at)
			}
		}
		if at > until {
			break
		}
		w.pass(at)
		for i, g := range c.signals {
			for next[i] < len(g) && g[next[i]].at == at {
				next[i]++
			}
		}
		if now := c.positive(&next); now != w.positive {
			w.positive, w.since = now, at
			w.plan(d)
			w.pass(at)
		}
	}
	w.pass(until)
	return w
}

// positive combines what the signals said last.
func (c *combination) positive(next *[4]int) bool {
	for i, g := range c.signals {
		on := next[i] > 0 && g[next[i]-1].on
		if on != c.all {
			return on
		}
	}
	return c.all && len(c.signals) > 0
}

// plan begins the delay that a change of the evidence begins.
func (w *delayed) plan(d delays) {
	switch {
	case w.positive && !w.on:
		w.changes = w.since.Add(d.on)
	case !w.positive && w.on:
		w.changes = w.since.Add(d.off)
	default:
		w.changes = 0
	}
}

// pass lets time pass up to a moment.
func (w *delayed) pass(at Timestamp) {
	if w.changes != 0 && w.changes <= at {
		w.on, w.changes = !w.on, 0
	}
}
