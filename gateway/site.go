package gateway

import (
	"slices"
	"time"
)

// siteLife is when a site was heard of, and what of its assets depends on that.
type siteLife struct {
	heard    Timestamp     // event time of the newest event of anything in it
	arrived  time.Duration // Mono when that arrived; 0 not since the start
	minutes  []byte        // see [SiteLife]
	last     int64
	older    Timestamp
	settled  []Silence       // see [SiteLife]; replaced, never altered
	silences []Silence       // the same of those in the minutes, too
	losses   []time.Duration // how long a silence has to be at least to be a loss to any asset, ascending
	restored bool            // while feeds are restored: starts are known already

	minuteFeeds int                     // feeds of people that speak every minute
	starts      [minimumFeeds]Timestamp // when the earliest of them were first heard; 0 none
	followers   []*asset                // assets with feeds that speak only on change, and are as alive as their site

	days    calendar
	shifted Timestamp // see [Facts]
	hours   *Hours    // nil is not known
	saved   uint64    // the batch that saved it for an undo
	dirty   bool      // differs from what is stored
}

// minimumFeeds is how many feeds with a rhythm a site needs for its silence to mean a loss.
const minimumFeeds = 2

// start takes up that a feed with a rhythm was first heard at a moment; known is when it was thought to
// have been, 0 if it is new.
func (l *siteLife) start(known, at Timestamp) {
	if l.restored {
		return // of the feeds themselves the beginning may no longer be known
	}
	starts := make([]Timestamp, 0, minimumFeeds+1)
	for _, t := range l.starts {
		if t != 0 && t != known {
			starts = append(starts, t)
		} else if t != 0 {
			known = -1 // another may have been heard first at the same moment
		}
	}
	starts = append(starts, at)
	slices.Sort(starts)
	before := l.starts
	l.starts = [minimumFeeds]Timestamp{}
	copy(l.starts[:], starts)
	l.dirty = l.dirty || l.starts != before
}

// hadPulse tells whether the site's silence meant a loss at that moment already.
func (l *siteLife) hadPulse(at Timestamp) bool {
	last := l.starts[minimumFeeds-1]
	return l.hasPulse() && last != 0 && last <= at
}

// hasPulse tells whether the site's silence means that its feed is lost.
func (l *siteLife) hasPulse() bool { return l.minuteFeeds >= minimumFeeds }

const second = Timestamp(1000)

// minuteHeard is what is remembered of a minute: 1 + the second, rounded up, of its first and of its last event.
type minuteHeard struct{ first, last byte }

func heardAt(at Timestamp) minuteHeard {
	mark := byte(1 + (at-minuteStart(at.Minute())+second-1)/second)
	return minuteHeard{mark, mark}
}

func minuteStart(minute int64) Timestamp { return Timestamp(minute * time.Minute.Milliseconds()) }

// kept is how many minutes are remembered.
func (l *siteLife) kept() int64 { return int64(len(l.minutes) / 2) }

func (l *siteLife) at(minute int64) minuteHeard {
	i := 2 * (minute % l.kept())
	return minuteHeard{l.minutes[i], l.minutes[i+1]}
}

func (l *siteLife) set(minute int64, s minuteHeard) {
	i := 2 * (minute % l.kept())
	l.minutes[i], l.minutes[i+1] = s.first, s.last
}

// first and last are when, to the second, the first and the last event of a minute were.
func (l *siteLife) first(minute int64) Timestamp {
	return minuteStart(minute) + Timestamp(l.at(minute).first-1)*second
}

func (l *siteLife) lastOf(minute int64) Timestamp {
	return minuteStart(minute) + Timestamp(l.at(minute).last-1)*second
}

// forgotten is the newest minute of which nothing is remembered any more.
func (l *siteLife) forgotten() int64 { return max(l.last-l.kept(), (l.older - 1).Minute()) }

// news tells whether an event of that moment would change what is kept of the site.
func (l *siteLife) news(at Timestamp) bool {
	if at > l.heard {
		return true
	}
	minute := at.Minute()
	if minute > l.last {
		return true
	}
	if minute <= l.forgotten() {
		return false
	}
	known, said := l.at(minute), heardAt(at)
	return known.first == 0 || said.first < known.first || said.last > known.last
}

// hear takes up that the site said something.
func (l *siteLife) hear(at Timestamp) {
	if !l.news(at) {
		return
	}
	if at > l.heard {
		l.heard, l.dirty = at, true
	}
	minute := at.Minute()
	if minute > l.last {
		l.advance(minute, at)
		return
	}
	known, said := l.at(minute), heardAt(at)
	if known.first != 0 {
		said.first, said.last = min(said.first, known.first), max(said.last, known.last)
	}
	if said == known {
		return // later by less than a second
	}
	l.set(minute, said)
	l.dirty = true
	if known.first == 0 && l.older == 0 || l.fellSilentAround(minute) {
		l.findSilences()
	}
}

func (l *siteLife) advance(minute int64, at Timestamp) {
	before, from := l.last, Timestamp(0)
	if before != 0 {
		from = l.lastOf(before)
		l.drop(minute - l.kept())
	}
	for m := max(l.last+1, minute-l.kept()+1); m < minute; m++ {
		l.set(m, minuteHeard{})
	}
	l.set(minute, heardAt(at))
	l.last, l.dirty = minute, true
	if before != 0 {
		l.silences = l.with(Silence{From: from, To: l.first(minute)}, l.silences)
	}
}

func (l *siteLife) export(site Number) SiteLife {
	return SiteLife{Site: site, Newest: l.heard, Minutes: l.minutes, Last: l.last, Older: l.older, Silences: l.settled, Starts: l.starts}
}

// restore takes up what a journal kept. If the rules changed, it is of other minutes, and of other losses.
func (l *siteLife) restore(saved *SiteLife) {
	l.heard, l.last, l.older = saved.Newest, saved.Last, saved.Older
	l.starts, l.restored = saved.Starts, saved.Starts != [minimumFeeds]Timestamp{}
	for _, s := range slices.Backward(saved.Silences) {
		if s.To <= l.older { // else the minutes have it
			l.settled = l.with(s, l.settled)
		}
	}
	old := *l
	if old.minutes = saved.Minutes; old.kept() > 0 {
		old.drop(l.last - l.kept())
		l.settled, l.older = old.settled, old.older
		for m := max(l.last-min(old.kept(), l.kept())+1, 0); m <= l.last; m++ {
			l.set(m, old.at(m))
		}
	}
	l.findSilences()
}
