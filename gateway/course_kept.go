package gateway

// wasOn tells whether the output was on until just before a moment: delays that end at the moment have ended,
// but which feeds were silent, and what a policy made of that, is as it was before.
func (c *course) wasOn(m Timestamp) bool {
	people := c.peopleAt(m - 1)
	if c.settings.Evidence == EvidenceBoth {
		return c.bothWereOn(people, m) || c.wasKeptOn(m-1)
	}
	s := c.strandOf(people)
	for k, t := range s.trails {
		if t != nil && t.since < m && c.partWasOn(s, k, m) {
			return true
		}
	}
	return c.wasKeptOn(m - 1)
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
	t, at, was := s.trails[k], m, s.delayed
	switch c.standingAt(t, m-1) {
	case takenOn:
		return true
	case takenOff:
		return false
	case believed:
		if t.positive() { // what it says at the moment itself comes after
			return s.on
		}
		at = m - 1
		if _, ended := t.signal.endedBy(at); ended != 0 && m >= ended.Add(c.delays.off) {
			return false
		}
	default:
		at, was.on = t.fellAt(c.settings), s.held[k]
	}
	return part(&was, t.signal, c.delays, at)
}

// bothWereOn is the answer where people and motion have to be positive: see [evaluation.both].
func (c *course) bothWereOn(people *trail, m Timestamp) bool {
	trails := [2]*trail{people, c.trail(otherTrail)}
	var standings [2]standing
	for k, t := range trails {
		standings[k] = c.standingAt(t, m-1)
		if standings[k] == takenOff && !t.heardBy(m-1) {
			return false
		}
	}
	s := c.strandOf(people)
	switch {
	case standings[0] == takenOn && standings[1] == takenOn:
		return trails[0].heardBy(m-1) || trails[1].heardBy(m-1)
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

func (t *trail) heardBy(at Timestamp) bool { return t != nil && t.since <= at }

// standingAt tells how a feed's part of the output came about at a moment.
func (c *course) standingAt(t *trail, at Timestamp) standing {
	p := PolicyOccupied
	if !t.heardBy(at) {
		p = c.policyFor(c.output, false, 0, at)
	} else {
		fell := t.fellAt(c.settings)
		dead := fell.Add(c.settings.DeadAfter - c.settings.StaleAfter)
		switch {
		case fell == 0 || at < fell:
			return believed
		case at < dead || c.wasDown(dead, at+1):
			return retained
		}
		p = c.policyFor(c.output, true, dead, at)
	}
	return [...]standing{PolicyOccupied: takenOn, PolicyHold: heldForLoss, PolicyVacant: takenOff}[p]
}

// peopleAt returns the feed of people that was in use at a moment: see [evaluation.choosePeople].
func (c *course) peopleAt(at Timestamp) *trail {
	raw, minute := c.trail(rawTrail), c.trail(minuteTrail)
	live := func(t *trail) bool {
		fell := t.fellAt(c.settings)
		return fell == 0 || at < fell
	}
	switch {
	case !raw.heardBy(at) && !minute.heardBy(at):
		return nil
	case !minute.heardBy(at), raw.heardBy(at) && live(raw):
		return raw
	case !raw.heardBy(at), live(minute), minute.history.newestBefore(at+1) > raw.history.newestBefore(at+1):
		return minute
	}
	return raw
}

// wasKeptOn tells whether a policy that had turned the output on while the site was silent still kept it on:
// see [evaluation.afterSilence].
func (c *course) wasKeptOn(at Timestamp) bool {
	silence, ok := c.lastLoss()
	if !ok || at < silence.To || !c.turnedOn(silence, c.output) {
		return false
	}
	for i := range c.trails {
		t := c.trail(i)
		if !t.heardBy(at) {
			continue
		}
		switch c.standingAt(t, at) { // they are all as alive as the site
		case takenOn, takenOff:
			return false
		case believed:
			return at < silence.To.Add(c.delays.off)
		}
		return t.fellAt(c.settings) < silence.To.Add(c.delays.off)
	}
	return false
}
