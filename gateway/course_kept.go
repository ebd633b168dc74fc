package gateway

// wasOn tells whether the output was on at a moment, but for what is said at that moment: delays that end then have
// ended, and feeds that were silent until then are silent. Where a feed of people ceases to be live at that very
// moment, either may have been in use.
func (c *course) wasOn(m Timestamp) bool {
	before, then := c.peopleAt(m-1, m), c.peopleAt(m, m)
	return c.wasOnBy(before, m) || then != before && c.wasOnBy(then, m) || c.wasKeptOn(m)
}

// wasOnBy tells that with a feed of people in use; nil where none was heard yet.
func (c *course) wasOnBy(people *trail, m Timestamp) bool {
	if c.settings.Evidence == EvidenceBoth {
		return c.bothWereOn(people, m)
	}
	s := c.strandOf(people)
	for k, t := range s.trails {
		if t.heardBefore(m) && c.partWasOn(s, k, m) {
			return true
		}
	}
	return false
}

// strandOf returns what decides with that feed of people in use; nil where none was heard yet.
func (c *course) strandOf(people *trail) *strand {
	s := &c.strands[otherStrand]
	for i := range otherTrail {
		if t := c.trail(i); t != nil && (t == people || people == nil) {
			s = &c.strands[i]
		}
	}
	return s
}

// partWasOn tells the part of one feed, of feeds of which any is enough: see [evaluation.either].
func (c *course) partWasOn(s *strand, k int, m Timestamp) bool {
	t := s.trails[k]
	switch c.standingAt(t, m) {
	case takenOn:
		return true
	case takenOff:
		return false
	case believed:
		if t.positive() { // what it says at the moment itself comes after
			return s.on
		}
		_, ended := t.signal.endedBy(m - 1)
		return s.on && ended != 0 && m < ended.Add(c.delays.off)
	}
	return part(&delayed{on: s.held[k]}, t.signal, c.delays, t.fellAt(c.settings))
}

// bothWereOn is the answer where people and motion have to be positive: see [evaluation.both].
func (c *course) bothWereOn(people *trail, m Timestamp) bool {
	trails := [2]*trail{people, c.trail(otherTrail)}
	var standings [2]standing
	for k, t := range trails {
		standings[k] = c.standingAt(t, m)
		if standings[k] == takenOff && !t.heardBefore(m) {
			return false
		}
	}
	s := c.strandOf(people)
	switch {
	case standings[0] == takenOn && standings[1] == takenOn:
		return trails[0].heardBefore(m) || trails[1].heardBefore(m)
	case standings[0] == takenOn:
		s = &c.strands[otherStrand]
	case standings[1] == takenOn && trails[1] != nil:
		s = c.aloneOf(people)
	}
	for k, t := range trails {
		if standings[k] == believed && !t.positive() {
			return s.on
		}
	}
	latest, on, waits := Timestamp(0), false, false
	for k, t := range trails {
		switch standings[k] {
		case takenOn:
		case takenOff:
			return false
		case believed:
			latest, on = m, s.on
		default:
			fell, held := t.fellAt(c.settings), s.heldOf(t)
			positive, _ := t.signal.endedBy(fell)
			if !positive && !held {
				return false
			}
			waits = waits || !positive
			if fell > latest {
				latest, on = fell, held
			}
		}
	}
	return waits || on
}

// aloneOf returns what people come to without motion.
func (c *course) aloneOf(people *trail) *strand {
	if people == &c.trails[rawTrail] {
		return &c.strands[rawAlone]
	}
	return &c.strands[minuteAlone]
}

// heldOf returns whether it was on when one of its feeds was last live.
func (s *strand) heldOf(t *trail) bool {
	return s.held[one(s.trails[0] != t)]
}

func (t *trail) heardBefore(m Timestamp) bool { return t != nil && t.since < m }

// standingAt tells how a feed's part of the output came about at a moment.
func (c *course) standingAt(t *trail, m Timestamp) standing {
	heard, dead := t.heardBefore(m), Timestamp(0)
	if heard {
		fell := t.fellAt(c.settings)
		dead = fell.Add(c.settings.DeadAfter - c.settings.StaleAfter)
		switch {
		case fell == 0 || m <= fell:
			return believed
		case m < dead || c.wasDown(dead, m):
			return retained
		}
	}
	switch c.policyFor(c.output, heard, dead, m) {
	case PolicyHold:
		return heldForLoss
	case PolicyVacant:
		return takenOff
	}
	return takenOn
}

// peopleAt returns the feed of people that was in use at a moment, of those heard before m; nil if none was: see
// [evaluation.choosePeople].
func (c *course) peopleAt(at, m Timestamp) *trail {
	raw, minute := c.trail(rawTrail), c.trail(minuteTrail)
	live := func(t *trail) bool {
		fell := t.fellAt(c.settings)
		return fell == 0 || at < fell
	}
	switch {
	case !raw.heardBefore(m) && !minute.heardBefore(m):
		return nil
	case !minute.heardBefore(m), raw.heardBefore(m) && live(raw):
		return raw
	case !raw.heardBefore(m), live(minute), minute.history.newestBefore(m) > raw.history.newestBefore(m):
		return minute
	}
	return raw
}

// wasKeptOn tells whether a policy that had turned the output on while the site was silent still kept it on:
// see [evaluation.afterSilence].
func (c *course) wasKeptOn(m Timestamp) bool {
	silence, ok := c.lastLoss()
	if !ok || m < silence.To || !c.turnedOn(silence, c.output) {
		return false
	}
	ends := silence.To.Add(c.delays.off)
	for i := range c.trails {
		t := c.trail(i)
		if !t.heardBefore(m) {
			continue
		}
		switch c.standingAt(t, m) { // they are all as alive as the site
		case believed:
			return m < ends
		case retained, heldForLoss:
			return t.fellAt(c.settings) < ends
		}
		return false
	}
	return false
}
