package gateway

import "time"

// shown is what was last published of an asset, as far as it is needed to tell what changes.
type shown struct {
	counted      bool // in the summary, with this quality
	quality      Quality
	digest       digest
	contribution contribution
}

// digest stands for everything that a snapshot shows. Two that differ have the same one in one of 2⁶⁴ cases.
type digest uint64

func (d digest) with(v uint64) digest {
	d = (d ^ digest(v)) * 0x9E3779B97F4A7C15
	return d ^ d>>29
}

func digestOf(s *Snapshot) digest {
	d := digest(s.Quality).with(uint64(s.OffDelayEnds)).with(uint64(s.Coverage))
	for i := range s.Readings {
		r := &s.Readings[i]
		d = d.with(uint64(r.Value)).with(uint64(r.At)).with(uint64(r.Quality)<<1 | uint64(one(r.Known)))
	}
	r := &s.Reason
	d = d.with(uint64(r.Dated)<<16 | uint64(r.Code)<<3 | uint64(one(r.Moving))<<2 | uint64(one(r.On))<<1 | uint64(one(r.By != nil)))
	d = d.with(uint64(r.People)).with(uint64(r.At)).with(uint64(r.Motion)).with(uint64(r.Since)).with(uint64(r.Until))
	return d.with(uint64(r.Few)).with(uint64(r.Of)).with(uint64(r.Over)).with(uint64(len(s.Overrides)))
}

// begin empties the update that every batch and wake-up fills again.
func (s *State) begin(i Instant) *Update {
	u := &s.update
	now := s.clock.now(i)
	u.At, u.Now, u.Epoch, u.Left, u.Changed, u.Heard = i, now, s.clock.epoch, u.Left[:0], emptied(u.Changed), u.Heard[:0]
	u.Happened = emptied(u.Happened)
	return u
}

// finish completes an update with what concerns the gateway as a whole.
func (s *State) finish(u *Update) {
	s.summary.SitesLost, s.summary.SiteLost = len(s.lostSites), ""
	for site := range s.lostSites {
		if label := site.about.Label(); s.summary.SiteLost == "" || label < s.summary.SiteLost {
			s.summary.SiteLost = label
		}
	}
	s.summary.ClockDoubt = s.clock.sentence()
	u.Epoch, u.Summary = s.clock.epoch, s.summary
	s.work.out = nil // it lies among others, which need not be kept for its sake
}

// show works out an asset's readings into the update, and has it looked at again when time changes them.
// An aggregate waits until its members are shown.
func (s *State) show(u *Update, a *asset) {
	if a.sum != nil {
		s.disturb(a)
		return
	}
	s.publish(u, a)
}

// disturb asks for an aggregate to be worked out anew. Floors come first, they may be members.
func (s *State) disturb(a *asset) {
	if a.disturbed {
		return
	}
	a.disturbed = true
	level := 1
	if a.about.Kind == Floor {
		level = 0
	}
	s.disturbed[level] = append(s.disturbed[level], a)
}

// showAggregates works out the aggregates whose members changed.
func (s *State) showAggregates(u *Update) {
	if s.membersMoved {
		s.membersMoved = false
		s.countAbsent()
	}
	for level := range s.disturbed {
		for i := 0; i < len(s.disturbed[level]); i++ {
			a := s.disturbed[level][i]
			a.disturbed = false
			if s.byID[a.about.ID] == a {
				s.publish(u, a)
			}
		}
		clear(s.disturbed[level])
		s.disturbed[level] = s.disturbed[level][:0]
	}
}

func (s *State) publish(u *Update, a *asset) {
	u.Changed = append(u.Changed, Snapshot{})
	snapshot := &u.Changed[len(u.Changed)-1]
	s.queue.set(a, s.evaluate(a, u.Now, snapshot))
	if a.shown.counted {
		s.summary.Qualities[a.shown.quality]--
	} else {
		s.summary.Assets++
	}
	s.summary.Qualities[snapshot.Quality]++
	if a.life != nil {
		s.watchSite(a, u.Now)
	}
	s.contribute(a, contributionOf(snapshot))
	a.shown.counted, a.shown.quality, a.shown.digest = true, snapshot.Quality, digestOf(snapshot)
}

// contribute passes on to its aggregates what an asset adds to them.
func (s *State) contribute(a *asset, c contribution) {
	before := a.shown.contribution
	if c == before {
		return
	}
	a.shown.contribution = c
	for _, m := range a.memberOf {
		t := m.aggregate.sum
		t.add(&c, 1)
		t.add(&before, -1)
		t.unsure = t.unsure || before.newest == t.newest && c.newest < before.newest
		for kind := range extremeCount {
			t.raise(m, kind)
		}
		s.disturb(m.aggregate)
	}
}

// watchSite notes whether a site's silence has lasted for so long that its feed is dead.
func (s *State) watchSite(a *asset, now Timestamp) {
	l := a.life
	dead := s.ageFrom(l.heard, l.arrived).Add(a.settings.DeadAfter)
	grace := s.clock.epoch.Add(s.clock.started).Add(a.settings.StartupGrace)
	switch {
	case s.outOfService(a) || !l.hasPulse() || now < dead: // nobody waits for what is retired
		if s.lostSites[a] {
			delete(s.lostSites, a)
			s.losses++
		}
		if l.hasPulse() && !s.outOfService(a) {
			s.queue.set(a, dead)
		}
	case now < grace && dead > s.aliveBefore(a.settings.StartupGrace):
		s.queue.set(a, grace)
	case !s.lostSites[a]:
		s.lostSites[a] = true
		s.losses++
	}
}

// Next returns when the passing of time will change a reading, 0 if it will not.
func (s *State) Next() Timestamp { return s.queue.next() }

// Until returns how long it is from an instant until a moment.
func (s *State) Until(i Instant, t Timestamp) time.Duration { return max(0, t.Sub(s.clock.now(i))) }

// Wake works out the readings whose time has come, as they are without the batch in progress: that may
// wait for its disk for long. It returns what changed, valid until the next call.
func (s *State) Wake(i Instant) *Update {
	s.pending.swap()
	defer s.pending.swapBack()
	u := s.begin(i)
	s.wake(u, s.pending.number+1)
	s.showAggregates(u)
	s.finish(u)
	return u
}

// wake shows the assets whose time has come. Those that turn out as they were are left out, and those that a
// batch in progress has brought.
func (s *State) wake(u *Update, inProgress uint64) {
	if s.shownDoubt != s.clock.doubt {
		s.shownDoubt = s.clock.doubt
		for _, a := range s.assets {
			if a != nil && a.brought != inProgress {
				s.show(u, a)
			}
		}
	}
	for a := s.queue.due(u.Now); a != nil; a = s.queue.due(u.Now) {
		if a.sum != nil {
			s.disturb(a)
			continue
		}
		before := a.shown
		s.publish(u, a)
		if a.shown == before {
			u.Changed = u.Changed[:len(u.Changed)-1]
		}
	}
}

// All works out every reading, and takes them for published: what a sink must know before the first
// change.
func (s *State) All(i Instant) *Update {
	now := s.clock.now(i)
	u := &Update{At: i, Now: now, Epoch: s.clock.epoch, Changed: make([]Snapshot, 0, len(s.byID))}
	for _, a := range s.assets {
		if a != nil {
			s.enlist(a)
		}
	}
	s.countAbsent()
	s.shownDoubt = s.clock.doubt
	for _, a := range s.assets {
		if a == nil {
			continue
		}
		s.show(u, a)
		if a.life != nil {
			u.Heard = append(u.Heard, SiteFeed{a.about.Number, a.life.heard})
		}
	}
	s.showAggregates(u)
	s.findUnmetPins()
	s.finish(u)
	return u
}
