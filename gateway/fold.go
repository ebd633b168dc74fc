package gateway

// foldOutputs remembers where the outputs stood at a moment, before revisions of a feed until then are dropped.
// Only an on-delay makes that necessary: whether a short run of positives extends an answer, or comes to nothing,
// depends on whether the output was on, and that on all that went before. It is remembered with either feed of
// people in use, because either may be later. See [Past] for what the history of motion keeps beside them.
func (s *State) foldOutputs(a *asset, f Feed, at Timestamp) {
	if !a.settings.matters(f) {
		return
	}
	var pasts [MotionFeed + 1]Past
	newest := Timestamp(-1)
	for people := range MotionFeed {
		h := a.feeds[people]
		if h == nil || !a.settings.matters(people) {
			continue
		}
		stood := s.outputsAt(a, people, at)
		pasts[people] = stood.together
		if a.settings.Evidence != EvidenceBoth {
			if stood.live.At > pasts[MotionFeed].At {
				pasts[MotionFeed] = stood.live
			}
		} else if h.newest() > newest {
			pasts[MotionFeed] = stood.motion
		}
		newest = max(newest, h.newest())
	}
	if newest < 0 {
		pasts[MotionFeed] = s.outputsAt(a, MotionFeed, at).together
	}
	for f, past := range pasts {
		if h := a.feeds[f]; h != nil && past.At > h.before.Output.At {
			s.pending.touchHistory(a, Feed(f))
			h.before.Output = past
		}
	}
}

// matters tells whether what a feed says may matter for outputs that have an on-delay. Of traffic the whole day is
// kept.
func (s *Settings) matters(f Feed) bool {
	switch f {
	case PeopleFeed:
		return s.PeopleFeed != PeopleMinute
	case PeopleMinuteFeed:
		return s.PeopleFeed != PeopleRaw
	case MotionFeed:
		return s.Evidence != EvidencePeople
	}
	return false
}

// stood is where the outputs stood: by all feeds at a moment, by motion alone, and by all of them when the feed
// of people was last live, if it was silent at that moment.
type stood struct{ together, motion, live Past }

// outputsAt works out where the outputs stood at a moment, with that feed of people in use; of MotionFeed
// with none.
func (s *State) outputsAt(a *asset, people Feed, at Timestamp) stood {
	e := &s.work
	e.begin(s, a, at, nil)
	e.now = at
	for f := range Feed(FeedCount) {
		v := &e.feeds[f]
		*v = evidence{feed: f, history: a.feeds[f], newest: a.feeds[f].newest(), change: !a.hasRhythm(f)}
		e.judgeLife(v)
	}
	if people != MotionFeed {
		e.people = &e.feeds[people]
	}
	e.count()
	e.makeSignals()
	was := stood{together: Past{At: at}, motion: Past{At: at}}
	for o := range Output(OutputCount) {
		d := delays{on: a.settings.OnDelay[o], off: a.settings.OffDelay[o]}
		if d.on == 0 {
			continue
		}
		c := &e.course
		c.follow(e, o, d, at)
		var inUse *trail
		if people != MotionFeed {
			inUse = c.trail(int(people))
		}
		strand := c.strandOf(inUse)
		if other := c.trail(otherTrail); a.settings.Evidence == EvidenceBoth && inUse != nil && other != nil && other.since > at {
			strand = c.aloneOf(inUse) // motion was not heard yet
		}
		was.together.On[o], was.together.Since[o] = strand.on, strand.since
		was.motion.On[o], was.motion.Since[o] = c.strands[otherStrand].on, c.strands[otherStrand].since
		if fell := inUse.fellBy(at, a.settings); fell != 0 {
			was.live.At, was.live.On[o] = fell, strand.held[0]
		}
	}
	return was
}
