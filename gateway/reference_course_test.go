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
			silences = append(silences, referenceSpan{loss.from, min(loss.to, l.now)}) // it is told to the second
		}
	default:
		for i, r := range f.revisions[1:] {
			if before := f.revisions[i].At; r.At.Sub(before) >= l.settings.StaleAfter {
				silences = append(silences, referenceSpan{before, r.At})
			}
		}
	}
	return append(silences, referenceSpan{f.staleAt.Add(-l.settings.StaleAfter), referenceForever})
}

// wasOn tells whether an output was on at a moment, but for what was said at that moment.
func (l *referenceLook) wasOn(o Output, m Timestamp) bool {
	key := referenceTurn{o, m}
	if known, ok := l.was[key]; ok {
		return known
	}
	was := l.wasKeptOn(o, m)
	for _, people := range []*referenceFeed{l.peopleAt(m-1, m), l.peopleAt(m, m)} { // one may fall silent just then
		was = was || l.wasOnBy(o, people, m)
	}
	l.was[key] = was
	return was
}

// wasOnBy tells that with a feed of people in use; nil where none was heard yet.
func (l *referenceLook) wasOnBy(o Output, people *referenceFeed, m Timestamp) bool {
	switch l.settings.Evidence {
	case EvidencePeople:
		return l.eitherWasOn(o, []*referenceFeed{people}, m)
	case EvidenceMotion:
		return l.eitherWasOn(o, []*referenceFeed{&l.motion}, m)
	case EvidenceTraffic:
		return l.eitherWasOn(o, []*referenceFeed{&l.traffic}, m)
	case EvidenceBoth:
		return l.bothWereOn(o, people, m)
	}
	return l.eitherWasOn(o, []*referenceFeed{people, &l.motion}, m)
}

// heardBefore tells whether a feed was heard before a moment.
func (f *referenceFeed) heardBefore(m Timestamp) bool {
	return f != nil && f.seen && f.revisions[0].At < m
}

// peopleAt returns the feed of people that was in use at a moment, of those heard before m; nil if none was.
func (l *referenceLook) peopleAt(at, m Timestamp) *referenceFeed {
	var heard []*referenceFeed
	for _, f := range l.candidates() {
		if f.feed <= PeopleMinuteFeed && f.heardBefore(m) {
			heard = append(heard, f)
		}
	}
	if len(heard) < 2 {
		return append(heard, nil)[0]
	}
	raw, minute := heard[0], heard[1]
	if _, silent := l.silentAt(raw, at, m); !silent {
		return raw
	}
	if _, silent := l.silentAt(minute, at, m); !silent || minute.newestBefore(m) > raw.newestBefore(m) {
		return minute
	}
	return raw
}

// newestBefore returns when a feed spoke last before a moment.
func (f *referenceFeed) newestBefore(m Timestamp) (newest Timestamp) {
	for _, r := range f.revisions {
		if r.At < m {
			newest = r.At
		}
	}
	return newest
}

// silentAt tells whether a feed was not live at a moment, and since when it was not, in a silence that lasts until m.
func (l *referenceLook) silentAt(f *referenceFeed, at, m Timestamp) (fell Timestamp, silent bool) {
	for _, s := range l.silences(f) {
		if fell = s.from.Add(l.settings.StaleAfter); fell <= at && s.from < m && m <= s.to {
			return fell, true
		}
	}
	return 0, false
}

// standingAt returns what a feed contributed to an output at a moment, and when it was last live.
func (l *referenceLook) standingAt(f *referenceFeed, o Output, m Timestamp) (standing referenceStanding, fell Timestamp) {
	var died Timestamp
	heard := f.heardBefore(m)
	if heard {
		silent := false
		if fell, silent = l.silentAt(f, m-1, m); !silent {
			return referenceBelieved, 0
		}
		died = fell.Add(l.settings.DeadAfter - l.settings.StaleAfter)
		if m < died || l.wasDown(died, m) {
			return referenceKept, fell
		}
	}
	switch l.policy(o, m, heard, died) {
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
	feeds = slices.DeleteFunc(feeds, func(f *referenceFeed) bool { return !f.heardBefore(m) })
	return slices.ContainsFunc(feeds, func(f *referenceFeed) bool {
		standing, fell := l.standingAt(f, o, m)
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
	if !people.heardBefore(m) && !l.motion.heardBefore(m) {
		return false
	}
	for _, f := range []*referenceFeed{people, &l.motion} {
		standing, at := l.standingAt(f, o, m)
		switch {
		case standing == referenceTakenOn:
		case !f.heardBefore(m):
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
func (l *referenceLook) wasKeptOn(o Output, m Timestamp) bool {
	silence, ok := l.silence()
	if !ok || m < silence.to || !l.turnedOn(silence, o) {
		return false
	}
	for _, f := range l.candidates() {
		if !f.heardBefore(m) {
			continue
		}
		standing, fell := l.standingAt(f, o, m)
		switch standing {
		case referenceTakenOn, referenceTakenOff:
			return false
		case referenceBelieved:
			fell = m
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
