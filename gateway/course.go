package gateway

// course is the way of one output with an on-delay through time. An on-delay does not apply while the output is
// on, whatever keeps it on: events, a policy that stands in for a feed, or waiting for one that is silent. So
// what the events said is followed together with when each feed was silent, and what the output did meanwhile;
// and beside the feed of people in use now goes the other one, which was in use before. An output without
// on-delay needs none of that: see [combination].
type course struct {
	*evaluation
	output  Output
	delays  delays
	trails  [trailCount]trail
	strands [strandCount]strand
}

// trail is what one feed said and when it was silent, followed up to a moment.
type trail struct {
	*evidence           // nil: it was never heard, or is no evidence
	since     Timestamp // when it was first heard
	signal    signal
	edge      int  // the next of signal
	silence   int  // the one that lasts, or the next
	fallen    bool // that silence is longer than a live feed's
}

// The trails. Of the two of people one is in use at a time.
const (
	rawTrail = iota
	minuteTrail
	otherTrail // motion, or the traffic estimate
	trailCount
)

// strand is what some feeds together come to.
type strand struct {
	delayed
	trails [2]*trail // no trails: nobody asks for the strand; one of people comes first
	all    bool      // positive while all of them are; else while any is
	past   *Past     // where it stood at a moment before which not everything is kept; nil from then on
	held   [2]bool   // whether it was on when each of the trails was last live
}

// The strands. Where people and motion must both say so, one of them decides alone while a policy takes the
// other for occupied.
const (
	rawStrand = iota
	minuteStrand
	otherStrand
	rawAlone
	minuteAlone
	strandCount
)

// follow follows an output up to a moment.
func (c *course) follow(e *evaluation, o Output, d delays, until Timestamp) {
	*c = course{evaluation: e, output: o, delays: d}
	c.layTrails()
	c.layStrands()
	for m := c.next(); m <= until; m = c.next() {
		c.resume(m - 1)
		c.pass(m)
	}
	c.resume(until)
	for i := range c.strands {
		s := &c.strands[i]
		s.delayed.pass(until)
		if s.past != nil {
			s.on = c.heldAt(s, until, s.on)
		}
	}
}

// come returns what the counted feeds, without those that skip says, have come to.
func (c *course) come(skip func(*evidence) bool) delayed {
	people := (*trail)(nil)
	left := [2]bool{}
	for _, v := range c.counted {
		k := one(v.feed > PeopleMinuteFeed)
		left[k] = skip == nil || !skip(v)
		if left[k] && v.history == nil {
			return delayed{} // it has to be positive, or is all there is
		}
		if k == 0 && v.history != nil {
			people = &c.trails[v.feed]
		}
	}
	switch {
	case !left[0] && !left[1]:
		return delayed{}
	case c.settings.Evidence != EvidenceBoth, left[0] && left[1]:
		return c.strandOf(people).delayed
	case left[1]:
		return c.strands[otherStrand].delayed
	case c.trail(otherTrail) == nil:
		return c.strandOf(people).delayed
	}
	return c.aloneOf(people).delayed
}

// next returns the next moment at which anything changes.
func (c *course) next() Timestamp {
	m := maxTimestamp
	for i := range c.trails {
		t := c.trail(i)
		if t == nil {
			continue
		}
		if t.edge < len(t.signal) {
			m = min(m, t.signal[t.edge].at)
		}
		if t.silence < len(t.silences) {
			m = min(m, t.silences[t.silence].To)
			if !t.fallen {
				m = min(m, t.silences[t.silence].From.Add(c.settings.StaleAfter))
			}
		}
	}
	return m
}

// resume continues from what is kept, where that is of no later moment.
func (c *course) resume(until Timestamp) {
	for i := range c.strands {
		s := &c.strands[i]
		if s.past == nil || s.past.At > until {
			continue
		}
		s.delayed = delayed{on: s.past.On[c.output], positive: s.positiveAt(s.past.At), since: s.past.Since[c.output]}
		if s.since == 0 {
			s.since = s.past.At
		}
		s.plan(c.delays)
		if fell := s.trails[0].fellBy(s.past.At, c.settings); fell != 0 {
			s.held[0] = c.heldAt(s, fell, s.held[0])
		}
		s.past = nil
	}
}

// pass lets a moment pass at which something changes.
func (c *course) pass(m Timestamp) {
	waits := false
	for i := range c.strands {
		s := &c.strands[i]
		if s.on {
			s.delayed.pass(m)
		} else {
			s.delayed.pass(m - 1) // who leaves at the end of an on-delay turns nothing on
		}
		waits = waits || !s.on && (s.positive || s.rises(m))
	}
	kept := waits && c.wasOn(m)
	for i := range c.trails {
		t := &c.trails[i]
		for t.edge < len(t.signal) && t.signal[t.edge].at == m {
			t.edge++
		}
	}
	for i := range c.strands {
		c.strands[i].change(m, kept, c.delays)
	}
	for i := range c.trails {
		if t := c.trail(i); t != nil && t.silence < len(t.silences) {
			c.passSilence(t, m)
		}
	}
}

func (c *course) passSilence(t *trail, m Timestamp) {
	lasts := t.silences[t.silence]
	if lasts.To == m {
		t.silence, t.fallen = t.silence+1, false
		return
	}
	if t.fallen || lasts.From.Add(c.settings.StaleAfter) != m {
		return
	}
	t.fallen = true
	for i := range c.strands {
		s := &c.strands[i]
		for k := range s.trails {
			if s.trails[k] == t {
				w := s.delayed
				w.pass(m)
				s.held[k] = w.on
			}
		}
	}
}
