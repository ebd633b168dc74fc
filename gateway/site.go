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
	silence  Silence
	older    Timestamp
	restored bool // while feeds are restored: starts are known already

	minuteFeeds int                     // feeds of people that speak every minute
	starts      [minimumFeeds]Timestamp // when the earliest of them were first heard; 0 none
	followers   []*asset                // assets with feeds that speak only on change, and are as alive as their site

	days  calendar
	hours *Hours // nil is not known
	saved uint64 // the batch that saved it for an undo
	dirty bool   // differs from what is stored
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

// news tells whether an event of that moment would change what is kept of the site.
func (l *siteLife) news(at Timestamp) bool {
	if at > l.heard {
		return true
	}
	minute := at.Minute()
	if minute > l.last {
		return true
	}
	if minute <= l.last-l.kept() {
		return false
	}
	known, said := l.at(minute), heardAt(at)
	return known.first == 0 || said.first < known.first || said.last > known.last
}

// hear takes up that the site said something; longest is the longest silence that is none.
func (l *siteLife) hear(at Timestamp, longest time.Duration) {
	if !l.news(at) {
		return
	}
	l.heard = max(l.heard, at)
	minute := at.Minute()
	if minute > l.last {
		l.advance(minute, at, longest)
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
	if l.silence.To == 0 || minute <= l.silence.To.Minute() && minute >= l.silence.From.Minute() {
		l.silence = l.lastSilence(longest)
	}
}

func (l *siteLife) advance(minute int64, at Timestamp, longest time.Duration) {
	before, from := l.last, Timestamp(0)
	if before != 0 {
		from = l.lastOf(before)
	}
	for m := min(l.last, minute-l.kept()); m > l.last-l.kept() && m > 0; m-- {
		if l.at(m).first != 0 {
			l.older = l.lastOf(m)
			break
		}
	}
	for m := max(l.last+1, minute-l.kept()+1); m < minute; m++ {
		l.set(m, minuteHeard{})
	}
	l.set(minute, heardAt(at))
	l.last, l.dirty = minute, true
	if gap := (Silence{From: from, To: l.first(minute)}); before != 0 && gap.To.Sub(gap.From) > longest {
		l.silence = gap
	}
}

// lastSilence finds the newest silence in the minutes that are kept.
func (l *siteLife) lastSilence(longest time.Duration) Silence {
	later := l.last
	for m := l.last - 1; m > l.last-l.kept() && m > 0; m-- {
		if l.at(m).first == 0 {
			continue
		}
		gap := Silence{From: l.lastOf(m), To: l.first(later)}
		if gap.To.Sub(gap.From) > longest {
			return gap
		}
		later = m
	}
	if gap := (Silence{From: l.older, To: l.first(later)}); l.older != 0 && gap.To.Sub(gap.From) > longest {
		return gap
	}
	if l.silence.To <= l.older {
		return l.silence // it is older still
	}
	return Silence{}
}

func (l *siteLife) export(site Number) SiteLife {
	return SiteLife{Site: site, Newest: l.heard, Minutes: l.minutes, Last: l.last, Older: l.older, Silence: l.silence, Starts: l.starts}
}

// restore takes up what a journal kept. It is of another length if the rules changed.
func (l *siteLife) restore(saved *SiteLife) {
	l.heard, l.last, l.older, l.silence = saved.Newest, saved.Last, saved.Older, saved.Silence
	l.starts, l.restored = saved.Starts, saved.Starts != [minimumFeeds]Timestamp{}
	old := siteLife{minutes: saved.Minutes}
	if old.kept() == 0 {
		return
	}
	for m := max(l.last-min(old.kept(), l.kept())+1, 0); m <= l.last; m++ {
		l.set(m, old.at(m))
	}
}
