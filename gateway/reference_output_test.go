package gateway

import (
	"slices"
	"time"
)

// referenceStanding is what a counted feed contributes to an output.
type referenceStanding uint8

const (
	referenceBelieved    referenceStanding = iota // it is live
	referenceKept                                 // it is stale: its part of the answer as it was
	referenceTakenOn                              // it is dead, and the policy says occupied
	referenceTakenOff                             // it is dead, and the policy says vacant
	referenceHeldForLoss                          // it is dead, and the policy says hold
)

// standing returns what a feed contributes to an output now.
func (l *referenceLook) standing(f *referenceFeed, o Output) referenceStanding {
	switch f.life {
	case referenceLive:
		return referenceBelieved
	case referenceStale:
		return referenceKept
	}
	switch l.policy(o, l.now, f.seen, f.deadAt) {
	case PolicyOccupied:
		return referenceTakenOn
	case PolicyVacant:
		return referenceTakenOff
	}
	return referenceHeldForLoss
}

// policy returns the policy of an output at a moment, for a feed that was seen, or never, and died.
func (l *referenceLook) policy(o Output, at Timestamp, seen bool, diedAt Timestamp) Policy {
	inside, hours := l.inUse(l.asset.site, at)
	inUse := inside || !hours
	p := l.settings.OnLoss[o]
	if p == PolicyOccupied && !inUse {
		p = l.settings.OnLossAfterHours
	}
	if p != PolicyHold {
		return p
	}
	switch {
	case seen && inUse && at >= diedAt.Add(l.settings.HoldMax), !seen && l.settings.OnLoss[o] == PolicyHold:
		return PolicyOccupied
	case !seen:
		return PolicyVacant
	}
	return PolicyHold
}

// joint returns when the evidence of some feeds together was positive.
func (l *referenceLook) joint(o Output, feeds []*referenceFeed) (positive []referenceSpan) {
	for i, f := range feeds {
		switch {
		case i == 0:
			positive = f.positive[o]
		case l.settings.Evidence == EvidenceBoth:
			positive = referenceIntersection(positive, f.positive[o])
		default:
			positive = referenceUnion(append(slices.Clone(positive), f.positive[o]...)...)
		}
	}
	return positive
}

// part returns a feed's part of the answer that the events gave at a moment.
func (l *referenceLook) part(f *referenceFeed, o Output, at Timestamp) bool {
	positive := referenceDuring(f.positive[o], at)
	answer := referenceDuring(l.answers(o, l.counted), at)
	if l.settings.Evidence == EvidenceBoth {
		return positive || answer
	}
	var ended Timestamp
	for _, s := range f.positive[o] {
		if s.to <= at {
			ended = s.to
		}
	}
	return answer && (positive || ended != 0 && at < ended.Add(l.settings.OffDelay[o]))
}

// clearAndLive tells whether a feed is live and says that nobody is there.
func (l *referenceLook) clearAndLive(f *referenceFeed, o Output) bool {
	return f.life == referenceLive && !referenceDuring(f.positive[o], l.now)
}

// occupied returns an output as feeds and policies tell it.
func (l *referenceLook) occupied(o Output) bool {
	if l.afterSilence(o) {
		return true
	}
	if l.settings.Evidence == EvidenceBoth {
		return l.occupiedByBoth(o)
	}
	return slices.ContainsFunc(l.counted, func(f *referenceFeed) bool { return l.says(f, o) })
}

// says returns a feed's contribution to an output, as a yes or a no.
func (l *referenceLook) says(f *referenceFeed, o Output) bool {
	switch l.standing(f, o) {
	case referenceTakenOn:
		return true
	case referenceTakenOff:
		return false
	}
	return l.part(f, o, f.lastLive(l.now))
}

func (l *referenceLook) occupiedByBoth(o Output) bool {
	var others []*referenceFeed // those that no policy takes for occupied
	for _, f := range l.counted {
		if l.standing(f, o) != referenceTakenOn {
			others = append(others, f)
		}
	}
	for _, f := range l.counted {
		if l.clearAndLive(f, o) {
			return referenceDuring(l.answers(o, others), l.now)
		}
	}
	if len(others) == 0 {
		return true
	}
	waiting := false // for a live feed, to end an off-delay
	for _, f := range others {
		at := f.lastLive(l.now)
		positive := referenceDuring(f.positive[o], at)
		if l.standing(f, o) == referenceTakenOff || !positive && !referenceDuring(l.answers(o, others), at) {
			return false
		}
		waiting = waiting || !positive
	}
	return waiting || referenceDuring(l.answers(o, others), l.latest(others))
}

// latest returns now if any of the feeds is live, else when the last of them was.
func (l *referenceLook) latest(feeds []*referenceFeed) (at Timestamp) {
	for _, f := range feeds {
		at = max(at, f.lastLive(l.now))
	}
	return at
}

// afterSilence tells whether an output that a policy had turned on while the site was silent is still on
// for its off-delay.
func (l *referenceLook) afterSilence(o Output) bool {
	silence, ok := l.silence()
	i := slices.IndexFunc(l.counted, func(f *referenceFeed) bool { return f.seen })
	if i < 0 || l.standing(l.counted[i], o) == referenceTakenOn || l.standing(l.counted[i], o) == referenceTakenOff {
		return false
	}
	if !ok || l.counted[i].lastLive(l.now) >= silence.to.Add(l.settings.OffDelay[o]) {
		return false
	}
	return l.turnedOn(silence, o)
}

// quality returns how far an output can be trusted.
func (l *referenceLook) quality(o Output) Quality {
	var deciding []*referenceFeed // what settles the answer by itself
	for _, f := range l.counted {
		switch {
		case l.settings.Evidence == EvidenceBoth:
			if l.clearAndLive(f, o) {
				deciding = append(deciding, f)
			}
		case f.life == referenceLive && referenceDuring(f.positive[o], l.now):
			deciding = append(deciding, f)
		}
	}
	uncertain := func(f *referenceFeed) bool {
		return f.uncertain || f.feed <= PeopleMinuteFeed && f.seen && l.neverDecided(f.revisions)
	}
	if len(deciding) > 0 {
		if slices.ContainsFunc(deciding, func(f *referenceFeed) bool { return !uncertain(f) }) {
			return Good
		}
		return Uncertain
	}
	switch {
	case slices.ContainsFunc(l.counted, func(f *referenceFeed) bool { return f.life == referenceDead }):
		return Substituted
	case slices.ContainsFunc(l.counted, func(f *referenceFeed) bool { return f.life == referenceStale }):
		return Held
	case slices.ContainsFunc(l.counted, uncertain):
		return Uncertain
	}
	return Good
}

// code returns why an output is what it is: of an output that is on what keeps it on best, of one that is
// off what is the least sure.
func (l *referenceLook) code(o Output, on bool) ReasonCode {
	positive := make(map[Feed]bool)
	for _, f := range l.counted {
		if f.life == referenceLive && referenceDuring(f.positive[o], l.now) {
			positive[f.feed] = true
		}
	}
	people := positive[PeopleFeed] || positive[PeopleMinuteFeed]
	switch {
	case !on && l.waitsForOnDelay(o):
		return ReasonOnDelay
	case on && l.anyClearAndLive(o):
		return ReasonOffDelay
	case on && positive[TrafficFeed]:
		return ReasonTrafficEstimate
	case on && people && positive[MotionFeed]:
		return ReasonPeopleAndMotion
	case on && people:
		return ReasonPeople
	case on && positive[MotionFeed]:
		return ReasonMotion
	case on:
		return l.codeOfOn(o)
	}
	return l.codeOfOff(o)
}

// waitsForOnDelay tells whether the evidence is positive and live, of an output that is off all the same.
func (l *referenceLook) waitsForOnDelay(o Output) bool {
	positive, all := false, true
	for _, f := range l.counted {
		now := f.life == referenceLive && referenceDuring(f.positive[o], l.now)
		positive = positive || now
		all = all && (now || l.standing(f, o) == referenceTakenOn)
	}
	return positive && (all || l.settings.Evidence != EvidenceBoth)
}

func (l *referenceLook) anyClearAndLive(o Output) bool {
	return l.settings.Evidence == EvidenceBoth &&
		slices.ContainsFunc(l.counted, func(f *referenceFeed) bool { return l.clearAndLive(f, o) })
}

// codeOfOn returns what keeps an output on that nothing positive and live does.
func (l *referenceLook) codeOfOn(o Output) ReasonCode {
	if l.afterSilence(o) && !slices.ContainsFunc(l.counted, func(f *referenceFeed) bool { return l.says(f, o) }) {
		first := l.counted[slices.IndexFunc(l.counted, func(f *referenceFeed) bool { return f.seen })]
		switch {
		case first.life == referenceLive:
			return ReasonOffDelay
		case first.grace:
			return ReasonStartupGrace
		case first.life == referenceStale:
			return ReasonHeld
		}
		return ReasonOnLossHold
	}
	standings := make(map[referenceStanding]*referenceFeed)
	for _, f := range l.counted {
		if l.says(f, o) {
			standings[l.standing(f, o)] = f
		}
	}
	kept := standings[referenceKept]
	switch {
	case standings[referenceBelieved] != nil:
		return ReasonOffDelay
	case kept != nil && !referenceDuring(kept.positive[o], kept.staleAt) && !referenceDuring(l.answers(o, l.counted), l.now):
		return ReasonWaitingForLiveFeed
	case kept != nil && kept.grace:
		return ReasonStartupGrace
	case kept != nil:
		return ReasonHeld
	case standings[referenceHeldForLoss] != nil:
		return ReasonOnLossHold
	}
	return ReasonOnLossOccupied
}

// codeOfOff returns why an output is off.
func (l *referenceLook) codeOfOff(o Output) ReasonCode {
	standings := make(map[referenceStanding]*referenceFeed)
	for _, f := range l.counted {
		standings[l.standing(f, o)] = f
	}
	kept := standings[referenceKept]
	switch {
	case l.anyClearAndLive(o):
		return ReasonVacant
	case standings[referenceTakenOff] != nil:
		return ReasonOnLossVacant
	case standings[referenceHeldForLoss] != nil:
		return ReasonOnLossHold
	case kept != nil && kept.grace:
		return ReasonStartupGrace
	case kept != nil:
		return ReasonHeld
	case standings[referenceBelieved] != nil && slices.ContainsFunc(l.counted, func(f *referenceFeed) bool { return f.latched }):
		return ReasonLatchEnded
	}
	return ReasonVacant
}

// referenceMinutes returns how many minutes some spans touch between two moments, the last one included.
func referenceMinutes(spans []referenceSpan, from, to Timestamp) int {
	touched := make(map[Timestamp]bool)
	step := Timestamp(time.Minute.Milliseconds())
	for _, s := range spans {
		first, last := max(s.from, from), min(s.to, to)
		for minute := first / step; first <= last && minute <= last/step; minute++ {
			touched[minute] = true
		}
	}
	return len(touched)
}
