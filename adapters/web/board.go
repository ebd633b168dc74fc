package web

import (
	"strings"
	"sync"
	"time"

	"butlr-gateway/gateway"
)

// Board keeps the newest readings of every asset.
type Board struct {
	mu      sync.RWMutex
	shown   []*gateway.Compact // by number; nil where no asset has the number
	sites   map[gateway.AssetID]gateway.Number
	heard   map[gateway.Number]gateway.Timestamp
	summary gateway.Summary
	epoch   gateway.Timestamp // what the state takes for the time at Mono 0
	forced  int               // overrides in force
	changes changes
}

var _ gateway.Sink = (*Board)(nil)

// NewBoard returns a board with nothing on it.
func NewBoard() *Board {
	return &Board{
		sites: make(map[gateway.AssetID]gateway.Number), heard: make(map[gateway.Number]gateway.Timestamp), changes: newChanges(),
	}
}

// Publish takes over what changed.
func (b *Board) Publish(u *gateway.Update) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.epoch, b.summary = u.Epoch, u.Summary
	b.changes.begin()
	for _, n := range u.Left {
		b.leave(int(n))
	}
	for i := range u.Changed {
		b.show(&u.Changed[i])
	}
	for _, h := range u.Heard {
		b.heard[h.Site] = h.Newest
	}
	b.changes.signal()
}

// leave takes away what is shown of the asset that had a number.
func (b *Board) leave(n int) {
	delete(b.heard, gateway.Number(n))
	if n < len(b.shown) && b.shown[n] != nil {
		b.forced -= len(b.shown[n].Overrides)
		b.shown[n] = nil
		b.changes.mark(n)
	}
}

func (b *Board) show(s *gateway.Snapshot) {
	n := int(s.Asset.Number)
	if missing := n + 1 - len(b.shown); missing > 0 {
		b.shown = append(b.shown, make([]*gateway.Compact, missing)...)
		b.changes.grow(len(b.shown))
	}
	if b.shown[n] == nil {
		b.shown[n] = new(gateway.Compact)
	}
	b.forced += len(s.Overrides) - len(b.shown[n].Overrides)
	b.shown[n].Keep(s)
	b.changes.mark(n)
	if s.Asset.Kind == gateway.Site {
		b.sites[s.Asset.ID] = s.Asset.Number
	}
}

// Summary returns the counts as they were last published.
func (b *Board) Summary() gateway.Summary {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.summary
}

// Overrides returns how many overrides are in force.
func (b *Board) Overrides() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.forced
}

// Time returns what the state takes for the time: not that of a clock that it does not trust.
func (b *Board) Time(now gateway.Instant) gateway.Timestamp {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.epoch.Add(now.Mono)
}

// Entry is one asset on the board, as of the moment that it was asked for.
type Entry struct {
	gateway.Snapshot
	Age   time.Duration // of the oldest feed behind the answer
	Heard bool          // false: it has no age, because nothing was ever heard
}

// Find returns up to limit assets in the order of numbers, from number on, that have the text in their
// name, id, custom id or in the names around them; and how many there are in all.
func (b *Board) Find(now gateway.Instant, text string, from, limit int) (found []Entry, total int) {
	text = strings.ToLower(text)
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, r := range b.shown {
		if r == nil || !matches(r.Asset, text) {
			continue
		}
		if total >= from && len(found) < limit {
			s := r.Snapshot()
			age, heard := b.age(&s, b.epoch.Add(now.Mono))
			found = append(found, Entry{s, age, heard})
		}
		total++
	}
	return found, total
}

func matches(a *gateway.Asset, text string) bool {
	if text == "" {
		return true
	}
	for _, candidate := range append([]string{a.Name, string(a.ID), a.CustomID, a.Kind.String()}, a.Path...) {
		if strings.Contains(strings.ToLower(candidate), text) {
			return true
		}
	}
	return false
}

// age tells how old the oldest feed behind an asset's answer is.
func (b *Board) age(s *gateway.Snapshot, now gateway.Timestamp) (time.Duration, bool) {
	oldest := s.Oldest
	if s.FollowsSite {
		if heard := b.siteHeard(s.Asset.Site); heard != 0 && (oldest == 0 || heard < oldest) {
			oldest = heard
		}
	}
	if oldest == 0 {
		return 0, false
	}
	return max(0, now.Sub(oldest)), true
}

// siteHeard tells when a site was last heard of. What lies in no site, a group, may follow any: it has the
// one that has been silent for the longest.
func (b *Board) siteHeard(id gateway.AssetID) (heard gateway.Timestamp) {
	if id != "" {
		if n, ok := b.sites[id]; ok {
			return b.heard[n]
		}
		return 0
	}
	for n, at := range b.heard {
		if int(n) < len(b.shown) && b.shown[n] != nil && b.shown[n].Quality == gateway.OutOfService {
			continue // nobody waits for it
		}
		if at != 0 && (heard == 0 || at < heard) {
			heard = at
		}
	}
	return heard
}

// entry returns the asset of a number as it is now; ok is false if none has it.
func (b *Board) entry(now gateway.Instant, n gateway.Number) (e Entry, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.entryAt(b.epoch.Add(now.Mono), n)
}

// entryAt is entry for whoever holds the lock.
func (b *Board) entryAt(now gateway.Timestamp, n gateway.Number) (e Entry, ok bool) {
	if int(n) >= len(b.shown) || b.shown[n] == nil {
		return e, false
	}
	e.Snapshot = b.shown[n].Snapshot()
	e.Age, e.Heard = b.age(&e.Snapshot, now)
	return e, true
}

// Heard tells when each site was last heard of; one that never was is not in it.
func (b *Board) Heard() map[gateway.AssetID]Moment {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make(map[gateway.AssetID]Moment, len(b.heard))
	for n, at := range b.heard {
		if at != 0 && int(n) < len(b.shown) && b.shown[n] != nil {
			out[b.shown[n].Asset.ID] = Moment(at)
		}
	}
	return out
}
