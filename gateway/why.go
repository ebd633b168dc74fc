package gateway

import "slices"

// reasonOf says why an output is on or off: if it is on, what keeps it on best; if it is off, what is the
// least sure.
func (e *evaluation) reasonOf(f *finding, o Output) Reason {
	r := e.sensed(o)
	decided := f.positive > 0
	if e.settings.Evidence == EvidenceBoth {
		decided = f.clear > 0 || f.dead == nil && f.stale == nil
	}
	if decided || f.dead == nil && f.stale == nil {
		e.fromEvidence(&r, f, o)
		return r
	}
	feeds := &f.offs
	if f.on {
		feeds = &f.ons
		if v := feeds[believed]; v != nil && e.settings.Evidence != EvidenceBoth {
			_, ended := v.signals[o].endedBy(e.now)
			r.Code, r.Until = ReasonOffDelay, ended.Add(e.settings.OffDelay[o])
			return r
		}
		for _, s := range [...]standing{retained, heldForLoss, takenOn} {
			if v := feeds[s]; v != nil {
				return e.fromSilence(v, s, f, o)
			}
		}
	}
	for _, s := range [...]standing{takenOff, heldForLoss, retained} {
		if v := feeds[s]; v != nil {
			return e.fromSilence(v, s, f, o)
		}
	}
	e.fromEvidence(&r, f, o)
	return r
}

// sensed fills in what the counted feeds said last.
func (e *evaluation) sensed(o Output) Reason {
	var r Reason
	for _, v := range e.counted {
		switch {
		case v.history == nil:
		case v.feed == MotionFeed:
			r.Moving, r.Motion = v.signals[o].endedBy(e.now)
			r.Over = e.latchEnded(o)
			if r.Moving || r.Motion == 0 || r.Over != 0 {
				r.Motion = v.newest
			}
		case v.feed == TrafficFeed:
			r.People, r.At = int(e.estimate().Value), v.newest
		default:
			r.People, r.At, r.Undecided = v.history.value(), v.newest, v.undecided
		}
	}
	if e.settings.OnCount != 1 || e.settings.OffCount != 1 {
		r.Enough, r.Fewer = e.settings.OnCount, e.settings.OffCount
	}
	return r
}

// fromEvidence says what live feeds came to.
func (e *evaluation) fromEvidence(r *Reason, f *finding, o Output) {
	w := &f.now
	switch {
	case w.positive && !w.on && !f.on:
		r.Code, r.Until = ReasonOnDelay, w.changes
	case w.positive:
		r.Code = e.positives(o)
		if r.Code == ReasonPeople {
			r.Motion, r.Over = 0, 0
		}
		if r.Code == ReasonMotion {
			r.At = 0
		}
	case f.on:
		r.Code, r.Until = ReasonOffDelay, w.changes
	default:
		r.Code = ReasonVacant
		if ended := e.latchEnded(o); ended != 0 {
			r.Code, r.Motion, r.Since = ReasonLatchEnded, e.feeds[MotionFeed].newest, ended
		}
	}
}

// positives tells which evidence is positive.
func (e *evaluation) positives(o Output) ReasonCode {
	people, motion := false, false
	for _, v := range e.counted {
		on, _ := v.signals[o].endedBy(e.now)
		switch {
		case !on || v.life != feedLive:
		case v.feed == MotionFeed:
			motion = true
		case v.feed == TrafficFeed:
			return ReasonTrafficEstimate
		default:
			people = true
		}
	}
	switch {
	case people && motion:
		return ReasonPeopleAndMotion
	case motion:
		return ReasonMotion
	}
	return ReasonPeople
}

// latchEnded tells when a MOTION that nothing ended was taken for over, if that is why the output is off;
// 0 if it is not.
func (e *evaluation) latchEnded(o Output) Timestamp {
	v := &e.feeds[MotionFeed]
	if v.history == nil || v.history.value() != 1 || !slices.Contains(e.counted, v) {
		return 0
	}
	_, ended := v.signals[o].endedBy(e.now)
	return ended
}

var silents = [FeedCount]Silent{SilentPeople, SilentPeople, SilentMotion, SilentTraffic}

// fromSilence says what became of an answer because a feed is not live.
func (e *evaluation) fromSilence(v *evidence, s standing, f *finding, o Output) Reason {
	r := Reason{Since: v.newest, On: f.on, Lost: silents[v.feed]}
	if v.history == nil { // then the others decide, and the policy for this one
		said := e.sensed(o)
		r.People, r.At, r.Enough, r.Fewer = said.People, said.At, said.Enough, said.Fewer
		r.Motion, r.Moving, r.Over = said.Motion, said.Moving, said.Over
	}
	if v.change && v.history != nil {
		switch {
		case e.isOfSensors():
			r.Since, r.Offline = e.lastSign(), true
		case e.site != nil:
			r.Since = e.site.heard
		}
	}
	switch s {
	case takenOn:
		r.Code = ReasonOnLossOccupied
	case takenOff:
		r.Code = ReasonOnLossVacant
	case heldForLoss:
		r.Code = ReasonOnLossHold
	default:
		r.Code = ReasonHeld
		positive, _ := v.signals[o].endedBy(v.liveUntil)
		switch {
		case f.on && !positive && !f.now.on:
			r.Code = ReasonWaitingForLiveFeed
		case v.grace:
			r.Code, r.Until = ReasonStartupGrace, e.started.Add(e.settings.StartupGrace)
		}
	}
	return r
}
