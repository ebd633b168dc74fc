package gateway

func (c *course) layTrails() {
	lay := func(i int, f Feed) {
		if v := &c.feeds[f]; v.history != nil {
			c.trails[i] = trail{evidence: v, since: v.history.started(), signal: v.signals[c.output]}
		}
	}
	evidence := c.settings.Evidence
	if evidence != EvidenceMotion && evidence != EvidenceTraffic {
		if c.settings.PeopleFeed != PeopleMinute {
			lay(rawTrail, PeopleFeed)
		}
		if c.settings.PeopleFeed != PeopleRaw {
			lay(minuteTrail, PeopleMinuteFeed)
		}
	}
	switch evidence {
	case EvidencePeople:
	case EvidenceTraffic:
		lay(otherTrail, TrafficFeed)
	default:
		lay(otherTrail, MotionFeed)
	}
}

func (c *course) layStrands() {
	lay := func(i int, past *Past, trails ...*trail) {
		s := &c.strands[i]
		s.all = c.settings.Evidence == EvidenceBoth
		copy(s.trails[:], trails)
		if past != nil && past.At != 0 {
			s.past = past
		}
	}
	both := c.settings.Evidence == EvidenceBoth
	other := c.trail(otherTrail)
	for i := range otherTrail {
		t := c.trail(i)
		if t == nil {
			continue
		}
		past := &t.history.before.Output
		switch {
		case other == nil:
			lay(i, past, t)
		case !both:
			lay(i, past, t, other)
		case other.since > past.At: // until then people decided alone
			lay(i, nil, t, other)
			lay(rawAlone+i, past, t)
		default:
			lay(i, past, t, other)
			lay(rawAlone+i, nil, t)
		}
	}
	if other != nil && (both || c.trails[rawTrail].evidence == nil && c.trails[minuteTrail].evidence == nil) {
		past := c.past
		if both {
			past = &other.history.before.Output
		}
		lay(otherStrand, past, other)
	}
}

// trail returns a trail, nil if there is none.
func (c *course) trail(i int) *trail {
	if c.trails[i].evidence == nil {
		return nil
	}
	return &c.trails[i]
}

// change takes up what its feeds say from a moment on; kept tells that the output was on until then.
func (s *strand) change(m Timestamp, kept bool, d delays) {
	on := s.positiveNow()
	if kept && !s.on && (s.positive || on) {
		s.on, s.changes = true, 0
	}
	if on != s.positive {
		s.positive, s.since = on, m
		s.plan(d)
		s.delayed.pass(m)
	}
}

// rises tells whether any feed becomes positive at a moment.
func (s *strand) rises(m Timestamp) bool {
	for _, t := range s.trails {
		if t != nil && t.edge < len(t.signal) && t.signal[t.edge] == (edge{m, true}) {
			return true
		}
	}
	return false
}

func (s *strand) positiveNow() bool {
	return s.combine(func(t *trail) bool { return t.positive() })
}

func (s *strand) positiveAt(at Timestamp) bool {
	return s.combine(func(t *trail) bool {
		on, _ := t.signal.endedBy(at)
		return on
	})
}

func (s *strand) combine(positive func(*trail) bool) bool {
	feeds := 0
	for _, t := range s.trails {
		if t == nil {
			continue
		}
		feeds++
		if positive(t) != s.all {
			return !s.all
		}
	}
	return s.all && feeds > 0
}

// heldAt tells whether a strand was on when its feed of people was last live, before all that is kept of the other.
// With both, nothing is kept of that: then it was on if what is left says so, and if people had left so shortly before
// that it may have been.
func (c *course) heldAt(s *strand, fell Timestamp, left bool) bool {
	if other := s.trails[1]; other != nil && !s.all && other.history.before.Output.At == fell {
		return other.history.before.Output.On[c.output]
	}
	_, ended := s.trails[0].signal.endedBy(fell)
	return left || ended != 0 && fell < ended.Add(c.delays.off)
}
