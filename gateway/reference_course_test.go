package gateway

import "slices"

// An on-delay does not apply while the output is on, whatever keeps it on. So the model asks, whenever anything
// changes while evidence is positive, whether the output was on until then; and that is asked of the same events,
// with the feeds as silent and the policies as they were at that moment. Each answer asks only what was before.

// answers returns when an output was on, as the events about some feeds tell it: those of people that are in use
// now, or were then.
func (l *referenceLook) answers(o Output, feeds []*referenceFeed) []referenceSpan {
	return l.answersUntil(o, feeds, l.now)
}

// answersUntil returns them as they were told until a moment.
func (l *referenceLook) answersUntil(o Output, feeds []*referenceFeed, until Timestamp) (on []referenceSpan) {
	onDelay, offDelay := l.settings.OnDelay[o], l.settings.OffDelay[o]
	for _, p := range l.joint(o, feeds) {
		if p.from > until {
			break
		}
		if p.to > until {
			p.to = referenceForever
		}
		if n := len(on); n > 0 && p.from < on[n-1].to {
			on[n-1].to = p.to.Add(offDelay)
			continue
		}
		begin, kept := p.from.Add(onDelay), false
		for _, m := range l.turns(o) {
			if onDelay > 0 && p.from <= m && m <= min(p.to, until, begin) && l.wasOn(o, m) {
				begin, kept = m, true
				break
			}
		}
		if begin < p.to || kept {
			on = append(on, referenceSpan{begin, p.to.Add(offDelay)})
		}
	}
	return on
}

// referenceTurn is a moment of an output.
type referenceTurn struct {
	output Output
	at     Timestamp
}

// turns returns the moments at which any feed changes what it says, falls silent or returns.
func (l *referenceLook) turns(o Output) (turns []Timestamp) {
	if known, ok := l.turnsOf[o]; ok {
		return known
	}
	for _, f := range l.candidates() {
		for _, s := range f.positive[o] {
			turns = append(turns, s.from, s.to)
		}
		for _, r := range f.revisions { // who begins with nobody there changes something too
			if _, clear := l.verdict(r.Value); clear || f.feed != TrafficFeed {
				turns = append(turns, r.At)
				break
			}
		}
		for _, s := range l.silences(f) {
			turns = append(turns, s.from.Add(l.settings.StaleAfter), s.to)
		}
	}
	slices.Sort(turns)
	turns = slices.Compact(turns)
	l.turnsOf[o] = turns
	return turns
}

// candidates returns the feeds that are evidence, or were when another feed of people was in use.
func (l *referenceLook) candidates() []*referenceFeed {
	var feeds []*referenceFeed
	switch l.settings.Evidence {
	case EvidenceTraffic:
		return []*referenceFeed{&l.traffic}
	case EvidenceMotion:
		return []*referenceFeed{&l.motion}
	case EvidenceEither, EvidenceBoth:
		feeds = []*referenceFeed{&l.motion}
	}
	if l.settings.PeopleFeed != PeopleMinute {
		feeds = append(feeds, &l.raw)
	}
	if l.settings.PeopleFeed != PeopleRaw {
		feeds = append(feeds, &l.minute)
	}
	return feeds
}

// silences returns when a feed said nothing for longer than a live one. Of what speaks only on change the newest
// loss of its site counts; no other is remembered.
func (l *referenceLook) silences(f *referenceFeed) (silences []referenceSpan) {
	switch {
	case !f.seen, f.staleAt == referenceForever:
		return nil
	case f.change:
		if loss, ok := l.loss(); ok {
			silences = append(silences, referenceSpan(loss))
		}
	default:
		for i, r := range f.revisions[1:] {
			if before := f.revisions[i].At; r.At.Sub(before) > l.settings.StaleAfter {
				silences = append(silences, referenceSpan{before, r.At})
			}
		}
	}
	return append(silences, referenceSpan{f.staleAt.Add(-l.settings.StaleAfter), referenceForever})
}

// wasOn tells whether an output was on until just before a moment.
func (l *referenceLook) wasOn(o Output, m Timestamp) bool {
	key := referenceTurn{o, m}
	if known, ok := l.was[key]; ok {
		return known
	}
	was := l.wasKeptOn(o, m-1)
	people := l.peopleAt(m - 1)
	switch l.settings.Evidence {
	case EvidenceEither:
		was = was || l.eitherWasOn(o, []*referenceFeed{people, &l.motion}, m)
	case EvidencePeople:
		was = was || l.eitherWasOn(o, []*referenceFeed{people}, m)
	case EvidenceMotion:
		was = was || l.eitherWasOn(o, []*referenceFeed{&l.motion}, m)
	case EvidenceTraffic:
		was = was || l.eitherWasOn(o, []*referenceFeed{&l.traffic}, m)
	case EvidenceBoth:
		was = was || l.bothWereOn(o, people, m)
	}
	l.was[key] = was
	return was
}

// heardBy tells whether a feed was heard until a moment.
func (f *referenceFeed) heardBy(at Timestamp) bool {
	return f != nil && f.seen && f.revisions[0].At <= at
}

// peopleAt returns the feed of people that was in use at a moment, nil if none was heard.
func (l *referenceLook) peopleAt(at Timestamp) *referenceFeed {
	var heard []*referenceFeed
	for _, f := range l.candidates() {
		if f.feed <= PeopleMinuteFeed && f.heardBy(at) {
			heard = append(heard, f)
		}
	}
	if len(heard) < 2 {
		return append(heard, nil)[0]
	}
	raw, minute := heard[0], heard[1]
	if _, silent := l.silentAt(raw, at); !silent {
		return raw
	}
	if _, silent := l.silentAt(minute, at); !silent || minute.newestBy(at) > raw.newestBy(at) {
		return minute
	}
	return raw
}

// newestBy returns when a feed spoke last until a moment.
func (f *referenceFeed) newestBy(at Timestamp) (newest Timestamp) {
	for _, r := range f.revisions {
		if r.At <= at {
			newest = r.At
		}
	}
	return newest
}

// silentAt tells whether a feed was not live at a moment, and since when it was not.
func (l *referenceLook) silentAt(f *referenceFeed, at Timestamp) (fell Timestamp, silent bool) {
	for _, s := range l.silences(f) {
		if fell = s.from.Add(l.settings.StaleAfter); fell <= at && at < s.to {
			return fell, true
		}
	}
	return 0, false
}

// standingAt returns what a feed contributed to an output at a moment, and when it was last live.
func (l *referenceLook) standingAt(f *referenceFeed, o Output, at Timestamp) (standing referenceStanding, fell Timestamp) {
	var died Timestamp
	heard := f.heardBy(at)
	if heard {
		silent := false
		if fell, silent = l.silentAt(f, at); !silent {
			return referenceBelieved, 0
		}
		died = fell.Add(l.settings.DeadAfter - l.settings.StaleAfter)
		if at < died || l.wasDown(died, at+1) {
			return referenceKept, fell
		}
	}
	switch l.policy(o, at, heard, died) {
	case PolicyOccupied:
		return referenceTakenOn, fell
	case PolicyVacant:
		return referenceTakenOff, fell
	}
	return referenceHeldForLoss, fell
}

// wasAnswered tells whether events alone had an output on until just before a moment.
func (l *referenceLook) wasAnswered(o Output, feeds []*referenceFeed, m Timestamp) bool {
	return slices.ContainsFunc(l.answersUntil(o, feeds, m-1), func(s referenceSpan) bool { return s.from < m && m < s.to })
}

// eitherWasOn tells whether any of some feeds had an output on until just before a moment.
func (l *referenceLook) eitherWasOn(o Output, feeds []*referenceFeed, m Timestamp) bool {
	feeds = slices.DeleteFunc(feeds, func(f *referenceFeed) bool { return !f.heardBy(m - 1) })
	return slices.ContainsFunc(feeds, func(f *referenceFeed) bool {
		standing, fell := l.standingAt(f, o, m-1)
		switch standing {
		case referenceTakenOn, referenceTakenOff:
			return standing == referenceTakenOn
		case referenceBelieved:
			positive, ended := f.said(o, m-1)
			return l.wasAnswered(o, feeds, m) && (positive || ended != 0 && m < ended.Add(l.settings.OffDelay[o]))
		}
		positive, ended := f.said(o, fell)
		return l.heldOf(o, feeds, fell) && (positive || ended != 0 && fell < ended.Add(l.settings.OffDelay[o]))
	})
}

// said tells whether a feed was positive at a moment, and when it last ceased to be.
func (f *referenceFeed) said(o Output, at Timestamp) (positive bool, ended Timestamp) {
	for _, s := range f.positive[o] {
		if s.to <= at {
			ended = s.to
		}
	}
	return referenceDuring(f.positive[o], at), ended
}

// heldOf tells whether events alone had an output on when a feed was last live.
func (l *referenceLook) heldOf(o Output, feeds []*referenceFeed, fell Timestamp) bool {
	return referenceDuring(l.answersUntil(o, feeds, fell), fell)
}

// bothWereOn tells whether people and motion together had an output on until just before a moment.
func (l *referenceLook) bothWereOn(o Output, people *referenceFeed, m Timestamp) bool {
	var others []*referenceFeed // those that no policy took for occupied
	var standings []referenceStanding
	var fell []Timestamp
	if !people.heardBy(m-1) && !l.motion.heardBy(m-1) {
		return false
	}
	for _, f := range []*referenceFeed{people, &l.motion} {
		standing, at := l.standingAt(f, o, m-1)
		switch {
		case standing == referenceTakenOn:
		case !f.heardBy(m - 1):
			return false
		default:
			others, standings, fell = append(others, f), append(standings, standing), append(fell, at)
		}
	}
	for i, f := range others {
		if positive, _ := f.said(o, m-1); standings[i] == referenceBelieved && !positive {
			return l.wasAnswered(o, others, m)
		}
	}
	if len(others) == 0 {
		return true
	}
	waits, latest, live := false, Timestamp(0), false
	for i, f := range others {
		switch standings[i] {
		case referenceTakenOff:
			return false
		case referenceBelieved:
			live = true
			continue
		}
		positive, _ := f.said(o, fell[i])
		if !positive && !l.heldOf(o, others, fell[i]) {
			return false
		}
		waits, latest = waits || !positive, max(latest, fell[i])
	}
	if live {
		return waits || l.wasAnswered(o, others, m)
	}
	return waits || l.heldOf(o, others, latest)
}

// wasKeptOn tells whether an output that a policy had turned on while the site was silent was still on for that.
func (l *referenceLook) wasKeptOn(o Output, at Timestamp) bool {
	silence, ok := l.silence()
	if !ok || at < silence.to || !l.turnedOn(silence, o) {
		return false
	}
	for _, f := range l.candidates() {
		if !f.heardBy(at) {
			continue
		}
		standing, fell := l.standingAt(f, o, at)
		switch standing {
		case referenceTakenOn, referenceTakenOff:
			return false
		case referenceBelieved:
			fell = at
		}
		return fell < silence.to.Add(l.settings.OffDelay[o])
	}
	return false
}

// turnedOn tells whether a policy had turned an output on when a silence of the site ended.
func (l *referenceLook) turnedOn(silence referenceSilence, o Output) bool {
	died := silence.from.Add(l.settings.DeadAfter)
	return !l.wasDown(died, silence.to) && l.policy(o, silence.to, true, died) == PolicyOccupied
}
