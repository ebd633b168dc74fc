package gateway

import (
	"maps"
	"slices"
)

// leftover is what may be on disk though it is not in the state, because a commit failed.
type leftover struct {
	assets     map[Number]bool // assets whose rows may differ from what the state knows, or that do not exist
	increments map[Increment]bool
	edition    bool
	everything bool // nothing on disk can be relied on
}

// Leftover returns what must be stored before anything else: the rows of a batch that failed, as they are
// now. Nobody knows which of them reached the disk. It is empty unless [State.Undo] or [State.Distrust] was called
// since [State.Repaired].
func (s *State) Leftover() *Batch {
	b := &s.batch
	b.reset()
	if s.unsure.everything {
		return s.everything()
	}
	for _, n := range slices.Sorted(maps.Keys(s.unsure.assets)) {
		b.Removed = append(b.Removed, n)
		if a := s.at(n); a != nil {
			rewrite(b, a)
		}
	}
	for i := range s.unsure.increments {
		b.Forgotten = append(b.Forgotten, i)
	}
	if s.unsure.edition {
		b.Edition = s.editionToStore()
	}
	return b
}

// Repaired says that what [State.Leftover] returned is stored.
func (s *State) Repaired() { s.unsure = leftover{} }

// Batch returns what the batch in progress must have stored; it is valid until the batch ends. What a site
// was heard of is worth no commit of its own.
func (s *State) Batch() *Batch {
	b := &s.batch
	b.reset()
	p := &s.pending
	for i := range p.touched {
		t := &p.touched[i]
		if t.fresh || t.asset.about.Number == t.before.about.Number {
			rows(b, t.asset, &t.before, t.fresh)
		}
	}
	for _, m := range p.moves {
		b.Removed = append(b.Removed, m.from)
		rewrite(b, m.asset)
	}
	for i := range p.histories {
		t := &p.histories[i]
		b.Histories = append(b.Histories, t.now.export(t.asset.about.Number, t.feed))
	}
	for _, o := range p.overrides {
		n := o.asset.about.Number
		if i := findOverride(o.asset.overrides, o.target); i >= 0 {
			b.Overrides = append(b.Overrides, o.asset.overrides[i])
		} else {
			b.Released = append(b.Released, OverrideKey{n, o.target})
		}
	}
	b.Audit = append(b.Audit, p.audit...)
	b.Counted = append(b.Counted, p.counted...)
	if b.Alive = p.alive; b.Alive != 0 {
		b.Process = &s.process
	}
	if p.edition != nil {
		b.Edition = s.editionToStore()
	}
	if !b.Empty() {
		b.Expired = s.expired
		s.addSites(b)
	}
	return b
}

// editionToStore returns the edition for a batch.
func (s *State) editionToStore() *Edition {
	e := s.edition
	return &e
}

// addSites adds what is to be stored of the sites.
func (s *State) addSites(b *Batch) {
	for _, site := range s.dirtySites {
		if site.life.dirty && s.at(site.about.Number) == site {
			b.Sites = append(b.Sites, site.life.export(site.about.Number))
		}
	}
}

// Beat adds to the batch in progress that the gateway is alive, and what ended by itself.
func (s *State) Beat(i Instant) {
	now := s.clock.now(i)
	if s.unfounded {
		s.found(&s.rules, now)
	}
	s.pending.alive = now
	s.process = Process{Starts: s.starts, ClockWrong: s.clock.wrong(i)}
	s.expireOverrides(now)
}

// rows adds the rows in which an asset differs from what it was before.
func rows(b *Batch, a *asset, before *facts, fresh bool) {
	if fresh || a.about != before.about && describedAnew(a.about, before.about) {
		b.Assets = append(b.Assets, a.about)
	}
	for f, h := range a.feeds {
		if h != nil && before.feeds[f] == nil {
			b.Histories = append(b.Histories, h.export(a.about.Number, Feed(f)))
		}
	}
	if a.total != before.total {
		b.Totals = append(b.Totals, a.total)
	}
}

// rewrite adds all rows of an asset.
func rewrite(b *Batch, a *asset) {
	b.Assets = append(b.Assets, a.about)
	for f, h := range a.feeds {
		if h != nil {
			b.Histories = append(b.Histories, h.export(a.about.Number, Feed(f)))
		}
	}
	if a.total != (Total{}) {
		b.Totals = append(b.Totals, a.total)
	}
	b.Overrides = append(b.Overrides, a.overrides...)
	if a.life != nil {
		b.Sites = append(b.Sites, a.life.export(a.about.Number))
	}
}

// describedAnew tells whether two descriptions differ in what is stored of them.
func describedAnew(a, b *Asset) bool {
	return a.Facts != b.Facts || a.Given != b.Given || a.Parent != b.Parent || a.CustomID != b.CustomID || a.MAC != b.MAC ||
		a.Number != b.Number || a.Retired != b.Retired || a.Appended != b.Appended
}

// Undo ends the batch as if its events had never come, because it could not be stored. Whether some of
// it is on disk nobody knows: [State.Leftover] is to be stored before the next batch is begun.
func (s *State) Undo() {
	s.pinsStale = true
	s.stray = s.stray || s.pending.reined
	if s.unsure.assets == nil {
		s.unsure.assets = make(map[Number]bool)
		s.unsure.increments = make(map[Increment]bool)
	}
	s.pending.restore()
	for _, t := range s.pending.sites {
		s.unsure.assets[t.site.about.Number] = true
	}
	for _, t := range s.pending.histories {
		s.unsure.assets[t.asset.about.Number] = true
	}
	for _, m := range s.pending.moves { // before the others: a new asset may be where one was
		s.unsure.assets[m.from], s.unsure.assets[m.to] = true, true
	}
	for _, t := range slices.Backward(s.pending.touched) {
		s.undoAsset(&t)
	}
	s.undoMoves()
	s.undoEdition()
	if s.pending.pins != nil {
		s.reserve(s.pending.pins)
	}
	for _, i := range s.pending.counted {
		s.counted.remove(i)
		s.unsure.increments[i] = true
	}
	s.pending.end()
}

func (s *State) undoAsset(t *touchedAsset) {
	s.unsure.assets[t.asset.about.Number] = true
	if t.fresh {
		s.displace(t.asset)
		s.unfounded = s.founding
		return
	}
	switch {
	case t.asset.unknown && !t.before.unknown:
		s.unknown--
	case t.before.unknown && !t.asset.unknown:
		s.unknown++
	}
	if t.before.about.Facts != t.asset.about.Facts {
		s.countTags(t.asset.about, -1)
		s.countTags(t.before.about, 1)
	}
	if custom := t.before.about.CustomID; custom != t.asset.about.CustomID {
		s.unnameCustom(t.asset, t.asset.about.CustomID)
		t.asset.facts = t.before
		s.nameCustom(t.asset)
	}
	t.asset.facts = t.before
	s.listSensor(t.asset)
}

// undoMoves puts every asset back where it was.
func (s *State) undoMoves() {
	for _, m := range s.pending.moves {
		if s.assets[m.to] == m.asset {
			s.assets[m.to] = nil
		}
	}
	for _, m := range s.pending.moves {
		s.assets[m.from] = m.asset
	}
}

// Settle ends the batch: what [State.Batch] returned is stored, or it was empty. It returns what changed,
// valid until the next call.
func (s *State) Settle(i Instant) *Update {
	if s.batch.Expired != 0 {
		s.expired = 0
	}
	s.settleSites()
	s.batch.reset()
	u := s.begin(i)
	for _, m := range s.pending.moves {
		u.Left = append(u.Left, m.from)
		if m.asset.life != nil {
			s.pending.hear(m.asset)
		}
	}
	if s.pending.rules != nil {
		s.obey(i, s.pending.rules)
	}
	for _, a := range s.pending.moved {
		s.enlist(a)
		s.membersMoved = true
	}
	s.takeHealth(i)
	u.Changed = slices.Grow(u.Changed, len(s.pending.changed))
	for _, a := range s.pending.changed {
		s.show(u, a)
	}
	s.wake(u, noBatch)
	s.showAggregates(u)
	for _, site := range s.pending.heard {
		u.Heard = append(u.Heard, SiteFeed{site.about.Number, site.life.heard})
	}
	s.tell(u)
	s.summary.Accepted += s.pending.accepted
	s.summary.Unhandled += s.pending.unhandled
	s.summary.Duplicates += s.pending.fates[Duplicate]
	s.summary.Superseded += s.pending.fates[Superseded]
	s.summary.Late += s.pending.fates[Late]
	for reason, n := range s.pending.reasons {
		s.refusals[reason] += n
		s.summary.Refused += n
	}
	for _, r := range s.pending.refused.list() {
		s.refused.add(r)
	}
	s.settleNoted()
	for _, c := range s.pending.audit {
		s.audit.add(c)
	}
	s.pending.end()
	s.findUnmetPins()
	s.finish(u)
	return u
}

// settleSites forgets which sites had to be stored, once they are.
func (s *State) settleSites() {
	if s.batch.Empty() {
		return
	}
	for _, site := range s.dirtySites {
		site.life.dirty, site.listed = false, false
	}
	s.dirtySites = s.dirtySites[:0]
}
