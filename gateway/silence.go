package gateway

import (
	"slices"
	"time"
)

// Which silence of its site was a loss is each asset's own question: it depends on its dead_after. So of a site
// is known, for each of those that the rules have, the newest silence that is longer: as many as there are such
// rules at most, and as a rule one or none. A silence in the minutes that are remembered may be shown to be shorter,
// or none, by what comes late; one that lies before them is settled, and kept.

// length is how long the silence lasted.
func (s Silence) length() time.Duration { return s.To.Sub(s.From) }

// lastBeyond returns the newest silence that is longer than a loss takes, the zero Silence if there was none.
func (l *siteLife) lastBeyond(loss time.Duration) Silence {
	for _, s := range l.silences {
		if s.length() > loss {
			return s
		}
	}
	return Silence{}
}

// silenceList collects silences, the newest first: those that are the newest to be longer than some loss.
type silenceList struct {
	losses  []time.Duration
	found   []Silence
	longest time.Duration
}

// take takes up a silence that is older than all before.
func (f *silenceList) take(s Silence) {
	length := s.length()
	for _, loss := range f.losses {
		if f.longest <= loss && loss < length {
			f.found, f.longest = append(f.found, s), length
			return
		}
	}
}

// full tells whether no older silence could be the newest to any asset.
func (f *silenceList) full() bool { return f.longest > f.losses[len(f.losses)-1] }

// with returns silences, the newest first, with one that is newer than they are.
func (l *siteLife) with(newest Silence, silences []Silence) []Silence {
	if newest.length() <= l.losses[0] {
		return silences
	}
	f := silenceList{losses: l.losses}
	f.take(newest)
	for _, s := range silences {
		f.take(s)
	}
	return f.found
}

// drop settles what was said until a minute: it is remembered no longer.
func (l *siteLife) drop(until int64) {
	for m := max(l.last-l.kept(), 0) + 1; m <= min(until, l.last); m++ {
		if l.at(m).first == 0 {
			continue
		}
		if l.older != 0 {
			l.settled = l.with(Silence{From: l.older, To: l.first(m)}, l.settled)
		}
		l.older = l.lastOf(m)
	}
}

// fellSilentAround tells whether a silence ends with a minute, begins with it, or has it inside.
func (l *siteLife) fellSilentAround(minute int64) bool {
	for _, s := range l.silences {
		if s.From.Minute() <= minute && minute <= s.To.Minute() {
			return true
		}
	}
	return false
}

// findSilences finds the silences anew, in the minutes that are remembered and before them. Only an event that is
// late makes it necessary.
func (l *siteLife) findSilences() {
	var room [4]Silence
	f := silenceList{losses: l.losses, found: room[:0]}
	later := l.last
	for m := l.last - 1; m > max(l.last-l.kept(), 0) && !f.full(); m-- {
		if l.at(m).first != 0 {
			f.take(Silence{From: l.lastOf(m), To: l.first(later)})
			later = m
		}
	}
	if l.older != 0 && l.at(later).first != 0 {
		f.take(Silence{From: l.older, To: l.first(later)})
	}
	for _, s := range l.settled {
		f.take(s)
	}
	if !slices.Equal(f.found, l.silences) {
		l.silences = append([]Silence(nil), f.found...) // nil for none
	}
}

// deadAfters returns how long a silence has to be at least to be a loss to any asset, ascending: as many as the
// rules have different ones.
func (r *Rules) deadAfters() []time.Duration {
	out := []time.Duration{r.State.DeadAfter}
	r.sections(func(p Patch) {
		s := r.State
		p.apply(&s)
		out = append(out, s.DeadAfter)
	})
	slices.Sort(out)
	return slices.Compact(out)
}
