package gateway

import (
	"maps"
	"slices"
)

// pendingBatch is what the batch in progress did, so far as it takes to store it, publish it or undo it.
type pendingBatch struct {
	number    uint64
	touched   []touchedAsset
	changed   []*asset
	heard     []*asset
	counted   []Increment
	accepted  uint64
	unhandled uint64
	reasons   [RefusalCount]uint64
	refused   refusedRing
}

type touchedAsset struct {
	asset  *asset
	before facts
	fresh  bool // it did not exist before the batch
}

// touch saves an asset's facts before the batch changes them.
func (p *pendingBatch) touch(a *asset, fresh bool) {
	if a.batch == p.number+1 {
		return
	}
	a.batch = p.number + 1
	p.touched = append(p.touched, touchedAsset{a, a.facts, fresh})
}

// mark asks for an asset's readings to be worked out anew when the batch is settled.
func (p *pendingBatch) mark(a *asset) {
	if !a.changed {
		a.changed = true
		p.changed = append(p.changed, a)
	}
}

// hear notes that a site said something newer.
func (p *pendingBatch) hear(site *asset) {
	if site.heardIn != p.number+1 {
		site.heardIn = p.number + 1
		p.heard = append(p.heard, site)
	}
}

// swap exchanges the facts before and after the batch, of every asset that it touched.
func (p *pendingBatch) swap() {
	for i := range p.touched {
		t := &p.touched[i]
		t.before, t.asset.facts = t.asset.facts, t.before
	}
}

// end makes room for the next batch.
func (p *pendingBatch) end() {
	for _, a := range p.changed {
		a.changed = false
	}
	clear(p.touched)
	clear(p.changed)
	*p = pendingBatch{
		number: p.number + 1, touched: p.touched[:0], changed: p.changed[:0], heard: p.heard[:0], counted: p.counted[:0],
		refused: refusedRing{entries: p.refused.entries[:0]},
	}
}

// leftover is what may be on disk though it is not in the state, because a commit failed.
type leftover struct {
	assets     map[Number]bool // assets whose rows may differ from what the state knows, or that do not exist
	increments map[Increment]bool
}

// Leftover returns what must be stored before anything else: the rows of a batch that failed, as they are
// now. Nobody knows which of them reached the disk. It is empty unless [State.Undo] was called since
// [State.Repaired].
func (s *State) Leftover() *Batch {
	b := &s.batch
	b.reset()
	for _, n := range slices.Sorted(maps.Keys(s.unsure.assets)) {
		b.Removed = append(b.Removed, n)
		if a := s.at(n); a != nil {
			s.rewrite(b, a)
		}
	}
	for i := range s.unsure.increments {
		b.Forgotten = append(b.Forgotten, i)
	}
	return b
}

// Repaired says that what [State.Leftover] returned is stored.
func (s *State) Repaired() { s.unsure = leftover{} }

// Batch returns what the batch in progress must have stored; it is valid until the batch ends.
func (s *State) Batch() *Batch {
	b := &s.batch
	b.reset()
	for _, t := range s.pending.touched {
		s.rows(b, t.asset, &t.before, t.fresh)
	}
	b.Counted = append(b.Counted, s.pending.counted...)
	if !b.Empty() {
		b.Expired = s.expired
	}
	return b
}

// rows adds the rows in which an asset differs from what it was before.
func (s *State) rows(b *Batch, a *asset, before *facts, fresh bool) {
	n := a.about.Number
	if fresh || a.about != before.about && describedAnew(a.about, before.about) {
		b.Assets = append(b.Assets, a.about)
	}
	for f, r := range a.feeds {
		if r != before.feeds[f] {
			b.Revisions = append(b.Revisions, FeedRevision{n, Feed(f), r})
		}
	}
	if a.total != before.total {
		b.Totals = append(b.Totals, a.total)
	}
}

// rewrite adds all rows of an asset.
func (s *State) rewrite(b *Batch, a *asset) {
	b.Assets = append(b.Assets, a.about)
	for f, r := range a.feeds {
		if r.At != 0 {
			b.Revisions = append(b.Revisions, FeedRevision{a.about.Number, Feed(f), r})
		}
	}
	if a.total.At != 0 {
		b.Totals = append(b.Totals, a.total)
	}
}

// describedAnew tells whether two descriptions differ in what is stored of them.
func describedAnew(a, b *Asset) bool {
	return a.Given != b.Given || a.Parent != b.Parent || a.CustomID != b.CustomID || a.MAC != b.MAC
}

// Undo ends the batch as if its events had never come, because it could not be stored. Whether some of
// it is on disk nobody knows: [State.Leftover] is to be stored before the next batch is begun.
func (s *State) Undo() {
	if s.unsure.assets == nil {
		s.unsure.assets = make(map[Number]bool)
		s.unsure.increments = make(map[Increment]bool)
	}
	for _, t := range slices.Backward(s.pending.touched) {
		s.unsure.assets[t.asset.about.Number] = true
		if t.fresh {
			s.displace(t.asset)
			continue
		}
		t.asset.facts = t.before
	}
	for _, i := range s.pending.counted {
		s.counted.remove(i)
		s.unsure.increments[i] = true
	}
	s.pending.end()
}

// Settle ends the batch: what [State.Batch] returned is stored, or it was empty. It returns what changed, valid until the next call.
func (s *State) Settle(now Instant) *Update {
	if s.batch.Expired != 0 {
		s.expired = 0
	}
	s.batch.reset()
	u := s.begin(now)
	for _, a := range s.pending.changed {
		s.show(u, a)
	}
	for _, site := range s.pending.heard {
		u.Heard = append(u.Heard, SiteFeed{site.about.Number, site.heard})
	}
	s.summary.Accepted += s.pending.accepted
	s.summary.Unhandled += s.pending.unhandled
	for reason, n := range s.pending.reasons {
		s.refusals[reason] += n
		s.summary.Refused += n
	}
	for _, r := range s.pending.refused.list() {
		s.refused.add(r)
	}
	s.pending.end()
	u.Summary = s.summary
	return u
}
