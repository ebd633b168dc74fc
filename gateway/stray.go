package gateway

import (
	"slices"
	"time"
)

// ageFrom returns when the age of a feed begins: when its newest event was sensed; while the clock is not
// trusted, when it arrived.
func (s *State) ageFrom(sensed Timestamp, arrived time.Duration) Timestamp {
	if s.clock.doubt == noDoubt || arrived == 0 {
		return sensed
	}
	return s.clock.epoch.Add(arrived)
}

// reinStrays has what was admitted from the future, while nobody knew the time, be of when it arrived, as soon
// as the clock is trusted. Else nothing newer would come for as long, and its asset stay as it is. What arrived
// before the start arrived at the latest when the gateway was last alive.
func (s *State) reinStrays(now, alive Timestamp) {
	if !s.stray || s.clock.doubt != noDoubt {
		return
	}
	s.stray, s.pending.reined = false, true
	limit := now.Add(s.rules.MaxFuture)
	s.newest = min(s.newest, limit)
	for _, a := range s.assets {
		if a != nil && a.newest() > limit {
			s.reinAsset(a, limit, min(now, alive))
		}
	}
	newest := make(map[*siteLife]Timestamp) // of the sites that were heard of beyond the limit
	for _, site := range s.assets {
		if site != nil && site.life != nil && site.life.heard > limit {
			s.pending.touchSite(site)
			newest[site.life] = 0
			s.pending.hear(site)
			s.list(site)
			s.markFollowers(site)
		}
	}
	for _, a := range s.assets {
		if a == nil || a.site == nil {
			continue
		}
		if at, ok := newest[a.site.life]; ok {
			newest[a.site.life] = max(at, a.newest())
		}
	}
	for l, at := range newest {
		l.forget(limit, at)
	}
}

func (s *State) reinAsset(a *asset, limit, alive Timestamp) {
	s.pending.touch(a, false)
	s.pending.mark(a)
	for d := range a.told {
		a.told[d] = min(a.told[d], limit)
	}
	a.foundAt, a.total.Detected = min(a.foundAt, limit), min(a.total.Detected, startOfHour(limit))
	if t := &a.total; t.At > limit {
		t.At, t.Day = min(t.At, alive), min(t.Day, s.days(a).midnight(alive))
	}
	for f, h := range a.feeds {
		if h.newest() > limit {
			s.pending.touchHistory(a, Feed(f))
			h.rein(limit, alive, s.clock.epoch)
		}
	}
}

// rein gives the last of what lies beyond a limit the time at which it arrived, and drops the rest of that.
func (h *history) rein(limit, alive, epoch Timestamp) {
	last, n := h.window[len(h.window)-1], len(h.window)
	for n > 0 && h.window[n-1].At > limit {
		n--
	}
	h.window = h.window[:n]
	known := h.before.Newest
	if n > 0 {
		known = h.window[n-1].At
	}
	switch {
	case h.arrived != 0:
		last.At = max(epoch.Add(h.arrived), known+1)
	case n > 0:
		return // nobody knows whether it is the last word
	case known != 0:
		last.At = known + 1
	default:
		last.At = alive
	}
	h.window = append(h.window, last)
}

// forget takes back what was heard of a site beyond a limit, and with it the minutes that this has driven out:
// what it said before the newest that is known of it now, nobody remembers, so that no silence is told there.
func (l *siteLife) forget(limit, newest Timestamp) {
	clear(l.minutes)
	settled := slices.DeleteFunc(slices.Clone(l.settled), func(s Silence) bool { return s.To > limit })
	for _, s := range slices.Backward(l.silences) {
		if s.To > l.older && s.To <= min(limit, newest) {
			settled = l.with(s, settled)
		}
	}
	l.heard, l.arrived, l.last, l.older, l.settled, l.dirty = 0, 0, 0, 0, settled, true
	for i := range l.starts {
		l.starts[i] = min(l.starts[i], limit)
	}
	if newest != 0 {
		l.hear(newest)
		l.older = l.lastOf(l.last)
	}
	l.findSilences()
}
