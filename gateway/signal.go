package gateway

import "time"

// signal is what one feed says over time: the moments at which it becomes positive or clear, in order,
// alternating. Before the first of them it said nothing.
type signal []edge

type edge struct {
	at Timestamp
	on bool
}

// add appends a verdict; one that says nothing new is left out.
func (g signal) add(at Timestamp, on bool) signal {
	if n := len(g); n > 0 && g[n-1].on == on {
		return g
	}
	return append(g, edge{at, on})
}

// signal begins a signal with what is kept of the time before a window.
func (b *Before) signal(out signal) signal {
	if b.LastClear != 0 && b.LastClear < b.LastPositive {
		out = out.add(b.LastClear, false)
	}
	if b.LastPositive != 0 {
		out = out.add(b.LastPositive, true)
	}
	if b.FirstClear != 0 {
		out = out.add(b.FirstClear, false)
	}
	return out
}

// peopleSignal works out what a feed of people said. Counts between the two limits let the verdict before go on;
// where there was none, nobody knows whether somebody is there, and absence of evidence is no vacancy: they are
// positive until the first clear.
func (h *history) peopleSignal(out signal, f Feed, s *Settings) signal {
	out = h.before.signal(out)
	if len(out) == 0 && h.before.Newest != 0 {
		out = out.add(h.before.Newest, true)
	}
	for i := range h.window {
		switch v := s.judge(f, int(h.window[i].Value)); {
		case v == positive, v == undecided && len(out) == 0:
			out = out.add(h.window[i].At, true)
		case v == clear_:
			out = out.add(h.window[i].At, false)
		}
	}
	return out
}

// neverDecided tells whether a feed of people never said anything but counts between the two limits.
func (h *history) neverDecided(f Feed, s *Settings) bool {
	if s.OffCount == s.OnCount || h.before.LastPositive != 0 || h.before.FirstClear != 0 {
		return false
	}
	for i := range h.window {
		if s.judge(f, int(h.window[i].Value)) != undecided {
			return false
		}
	}
	return true
}

// latch is what ends a MOTION that no NO_MOTION ends.
type latch struct {
	longest time.Duration
	check   time.Duration // 0 is off
	people  signal        // of the chosen feed of people
	until   Timestamp     // how long that feed is live
}

// end returns when a MOTION of that moment ends at the latest: after the longest latch, or when the feed of
// people has been clear for long enough while it was live. Only what it is clear of now counts, its newest
// run of clears: what it said before is not kept.
func (l *latch) end(motion Timestamp) Timestamp {
	end := motion.Add(l.longest)
	n := len(l.people)
	if l.check == 0 || n == 0 || l.people[n-1].on {
		return end
	}
	if contradicted := max(l.people[n-1].at, motion).Add(l.check); contradicted <= l.until {
		end = min(end, contradicted)
	}
	return end
}

const maxTimestamp Timestamp = 1<<63 - 1

// motionSignal works out what the PIR said, with every MOTION ended in the end.
func (h *history) motionSignal(out signal, l *latch) signal {
	b := &h.before
	began := Timestamp(0) // of the MOTION that nothing has ended yet
	step := func(at Timestamp, on bool) {
		if began != 0 {
			if end := l.end(began); end < at {
				out = out.add(end, false)
			}
		}
		out = out.add(at, on)
		began = 0
		if on {
			began = at
		}
	}
	if b.LastClear != 0 && b.LastClear < b.LastPositive {
		step(b.LastClear, false)
	}
	if b.LastPositive != 0 {
		step(b.LastPositive, true)
	}
	if b.FirstClear != 0 {
		step(b.FirstClear, false)
	}
	for i := range h.window {
		step(h.window[i].At, h.window[i].Value >= 1)
	}
	if began != 0 {
		out = out.add(l.end(began), false)
	}
	return out
}
