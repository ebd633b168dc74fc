package gateway

import (
	"slices"
	"time"
)

// referenceLife is how alive a feed is.
type referenceLife uint8

const (
	referenceLive referenceLife = iota
	referenceStale
	referenceDead
)

// referenceFeed is one feed of evidence of one asset, as it stands at one moment. The two feeds of people
// are one: the chosen one.
type referenceFeed struct {
	feed      Feed
	revisions []referenceRevision
	seen      bool
	change    bool      // it speaks only on change, so that it is as alive as its site
	newest    Timestamp // of its own
	staleAt   Timestamp
	deadAt    Timestamp
	life      referenceLife
	grace     bool // it is dead, but the process has just started
	uncertain bool
	latched   bool // of motion: it was ended by its age, or by people
	positive  [OutputCount][]referenceSpan
}

// referenceLook is one asset, looked at at one moment.
type referenceLook struct {
	*reference
	asset    *referenceAsset
	settings Settings
	site     *referenceSite // nil if it lies in none, or in one that was never heard of
	now      Timestamp

	people, motion, traffic referenceFeed
	raw, minute             referenceFeed    // of people; the one in use is people
	counted                 []*referenceFeed // the evidence

	turnsOf map[Output][]Timestamp
	was     map[referenceTurn]bool // what was asked before
}

// at looks at an asset.
func (r *reference) at(now Timestamp, id AssetID) *referenceLook {
	w := r.look()
	a := w.assets[id]
	l := &referenceLook{reference: r, asset: a, settings: a.settings, site: w.sites[a.site], now: now}
	l.turnsOf, l.was = make(map[Output][]Timestamp), make(map[referenceTurn]bool)
	for _, revisions := range a.revisions { // what was sensed ahead of the clock is true already
		if n := len(revisions); n > 0 {
			l.now = max(l.now, revisions[n-1].At)
		}
	}
	l.people = l.choosePeople()
	l.motion = l.feed(MotionFeed, a.revisions[MotionFeed], true)
	l.traffic = l.feed(TrafficFeed, l.estimates(), true)
	for o := range Output(OutputCount) {
		for _, f := range []*referenceFeed{&l.raw, &l.minute, &l.people} {
			f.positive[o] = l.peopleSpans(f.revisions)
		}
		l.traffic.positive[o] = l.counts(l.traffic.revisions)
		l.motion.positive[o] = l.motionSpans(o)
	}
	l.counted = l.evidence()
	l.doubt()
	return l
}

// feed returns how alive a feed is.
func (l *referenceLook) feed(feed Feed, revisions []referenceRevision, change bool) referenceFeed {
	f := referenceFeed{feed: feed, revisions: revisions, seen: len(revisions) > 0, change: change}
	if !f.seen {
		f.life = referenceDead
		return f
	}
	f.newest = revisions[len(revisions)-1].At
	if feed == TrafficFeed {
		f.newest = l.asset.passed[len(l.asset.passed)-1].At // the midnights are nobody's word
	}
	f.staleAt, f.deadAt = l.lasts(f.newest, change)
	switch {
	case l.now < f.staleAt:
		f.life = referenceLive
	case l.now < f.deadAt:
		f.life = referenceStale
	case l.now < l.starts[len(l.starts)-1].At.Add(l.settings.StartupGrace) && f.deadAt > l.lastAlive():
		f.life, f.grace = referenceStale, true
	default:
		f.life = referenceDead
	}
	return f
}

// blind returns when nobody saw what was missed: from when a process was last alive until the grace of the next.
// A process that ended in its grace had not seen it either.
func (l *referenceLook) blind() []referenceSpan {
	var spans []referenceSpan
	for _, s := range l.starts {
		spans = append(spans, referenceSpan{s.Alive, s.At.Add(l.settings.StartupGrace) + 1}) // the end is part of it
	}
	return referenceUnion(spans...)
}

// lastAlive returns when the process before was last alive, and not in its grace.
func (l *referenceLook) lastAlive() Timestamp {
	spans := l.blind()
	return spans[len(spans)-1].from
}

// wasDown tells whether a feed was dead only while nobody saw it.
func (l *referenceLook) wasDown(died, until Timestamp) bool {
	return slices.ContainsFunc(l.blind(), func(s referenceSpan) bool { return s.from <= died && s.has(until) })
}

// lasts returns until when a feed is live, and until when it is stale. What speaks only on change lives
// and dies with its site, whose silence means something only if it has a rhythm: two minute feeds.
func (l *referenceLook) lasts(newest Timestamp, change bool) (staleAt, deadAt Timestamp) {
	if change {
		if l.site == nil || l.site.minuteFeeds < 2 {
			return referenceForever, referenceForever
		}
		newest = l.site.newest()
	}
	return newest.Add(l.settings.StaleAfter), newest.Add(l.settings.DeadAfter)
}

// lastLive returns the moment whose signals count: now, or when a feed that fell silent was last live.
func (f *referenceFeed) lastLive(now Timestamp) Timestamp {
	if f.life == referenceLive {
		return now
	}
	return f.staleAt
}

// choosePeople returns the feed of people in use: raw while it is not stale, else that of the minutes,
// else the fresher.
func (l *referenceLook) choosePeople() referenceFeed {
	change := l.settings.Feed == FeedChange
	l.raw = l.feed(PeopleFeed, l.asset.revisions[PeopleFeed], change)
	l.minute = l.feed(PeopleMinuteFeed, l.asset.revisions[PeopleMinuteFeed], change)
	raw, minute := l.raw, l.minute
	switch l.settings.PeopleFeed {
	case PeopleRaw:
		return raw
	case PeopleMinute:
		return minute
	}
	switch {
	case !minute.seen:
		return raw
	case !raw.seen:
		return minute
	case l.now < raw.staleAt:
		return raw
	case l.now < minute.staleAt, minute.newest > raw.newest:
		minute.uncertain = raw.newest > l.now.Add(-24*time.Hour)
		return minute
	}
	return raw
}

// evidence returns the feeds that decide about the outputs.
func (l *referenceLook) evidence() (counted []*referenceFeed) {
	switch l.settings.Evidence {
	case EvidencePeople:
		return []*referenceFeed{&l.people}
	case EvidenceMotion:
		return []*referenceFeed{&l.motion}
	case EvidenceTraffic:
		return []*referenceFeed{&l.traffic}
	case EvidenceBoth:
		return []*referenceFeed{&l.people, &l.motion}
	}
	for _, f := range []*referenceFeed{&l.people, &l.motion} {
		if f.seen {
			counted = append(counted, f)
		}
	}
	return counted
}

// doubt finds the feeds that are believed only with a reason to doubt.
func (l *referenceLook) doubt() {
	if n := len(l.motion.revisions); n > 0 {
		newest := l.motion.revisions[n-1]
		_, ended := l.endedByPeople(newest.At)
		l.motion.latched = newest.Value == 1 && (ended || newest.At.Add(l.settings.MaxLatch) <= l.now)
	}
	l.motion.uncertain = l.motion.latched
	l.traffic.uncertain = true
	for _, f := range []*referenceFeed{&l.people, &l.motion, &l.traffic} {
		f.uncertain = f.uncertain || f.seen && f.change && l.quiet()
	}
	if l.waitsForAnEdge() {
		for _, f := range l.counted {
			f.uncertain = true
		}
	}
}

// quiet tells whether the asset's site was silent for long, where silence is no loss.
func (l *referenceLook) quiet() bool {
	return l.site != nil && l.site.minuteFeeds < 2 && l.now >= l.site.newest().Add(l.settings.ChangeUncertainAfter)
}

// referenceSilence is a time in which a site said nothing.
type referenceSilence struct{ from, to Timestamp }

// silence returns the latest silence of the site that was a loss, of an asset whose evidence lives and
// dies with its site.
func (l *referenceLook) silence() (s referenceSilence, ok bool) {
	if len(l.counted) == 0 || slices.ContainsFunc(l.counted, func(f *referenceFeed) bool { return !f.change }) {
		return s, false
	}
	return l.loss()
}

// loss returns the latest silence of the site that was a loss. It is known as the site remembers it: of each
// minute whether anything was heard, and the second in which that began.
func (l *referenceLook) loss() (s referenceSilence, ok bool) {
	if l.site == nil || l.site.minuteFeeds < 2 {
		return s, false
	}
	const minute, second = 60_000, 1000
	for i, heard := range l.site.heard[1:] {
		before := l.site.heard[i]
		if before/minute == heard/minute {
			continue
		}
		gap := referenceSilence{(before + second - 1) / second * second, (heard + second - 1) / second * second}
		if gap.to.Sub(gap.from) > l.settings.DeadAfter && l.site.hadPulse(gap.from) {
			s, ok = gap, true
		}
	}
	return s, ok
}

// waitsForAnEdge tells whether nothing was said of the asset itself since its site was silent.
func (l *referenceLook) waitsForAnEdge() bool {
	silence, ok := l.silence()
	if !ok {
		return false
	}
	for _, f := range l.counted {
		if f.seen && f.newest > silence.from {
			return false
		}
	}
	return true
}
