package gateway

// Which feeds of a site speak every minute, so that its silence means a loss, and what lives and dies with it.

// setFeed gives an asset a feed that it did not have.
func (s *State) setFeed(a *asset, f Feed, h *history) {
	a.feeds[f] = h
	if !a.hasRhythm(f) {
		s.follow(a)
	} else if a.site != nil {
		s.addRhythm(a.site, 1)
		a.site.life.start(0, h.started())
		s.list(a.site)
	}
}

// startEarlier notes that a feed with a rhythm was heard earlier than was known.
func (s *State) startEarlier(a *asset, f Feed, known, at Timestamp) {
	if a.hasRhythm(f) && a.site != nil {
		s.pending.touchSite(a.site)
		a.site.life.start(known, at)
		s.list(a.site)
	}
}

// hasRhythm tells whether an asset's feed speaks every minute, so that its own silence counts.
func (a *asset) hasRhythm(f Feed) bool {
	return f <= PeopleMinuteFeed && a.settings.Feed == FeedMinute
}

func (s *State) setTotal(a *asset, t Total) {
	a.total = t
	s.follow(a)
}

// follow makes an asset look at its site's life: it has a feed that speaks only on change.
func (s *State) follow(a *asset) {
	if a.following {
		return
	}
	a.following = true
	if a.site != nil {
		s.pending.touchSite(a.site)
		a.site.life.followers = append(a.site.life.followers, a)
	}
}

func (s *State) addRhythm(site *asset, feeds int) {
	s.pending.touchSite(site)
	before := site.life.hasPulse()
	site.life.minuteFeeds += feeds
	if before != site.life.hasPulse() {
		s.markFollowers(site)
	}
}

func (a *asset) rhythmCount() int {
	n := 0
	for f, h := range a.feeds {
		if h != nil && a.hasRhythm(Feed(f)) {
			n++
		}
	}
	return n
}

// leaveSite takes an asset's feeds out of the site that it was part of.
func (s *State) leaveSite(a *asset) {
	site := a.site
	if site == nil {
		return
	}
	s.addRhythm(site, -a.rhythmCount())
	if a.following {
		kept := make([]*asset, 0, len(site.life.followers))
		for _, f := range site.life.followers {
			if f != a {
				kept = append(kept, f)
			}
		}
		site.life.followers = kept
	}
}

// findStarts finds anew when the earliest of a site's feeds with a rhythm were first heard, because one of them has
// none any more, or is another site's. Of a feed that nobody remembers the beginning of, it was then.
func (s *State) findStarts(site *asset) {
	l := site.life
	if l.restored {
		return
	}
	before := l.starts
	l.starts = [minimumFeeds]Timestamp{}
	for _, a := range s.assets {
		if a == nil || a.site != site {
			continue
		}
		for f, h := range a.feeds {
			if h != nil && a.hasRhythm(Feed(f)) {
				l.start(0, max(h.started(), before[0]))
			}
		}
	}
	l.dirty = l.dirty || l.starts != before
	s.list(site)
}

// enterSite makes an asset's feeds part of its new site.
func (s *State) enterSite(a *asset) {
	if a.site == nil {
		return
	}
	s.addRhythm(a.site, a.rhythmCount())
	for f, h := range a.feeds {
		if h != nil && a.hasRhythm(Feed(f)) {
			a.site.life.start(0, h.started())
		}
	}
	s.list(a.site)
	if a.following {
		a.site.life.followers = append(a.site.life.followers, a)
	}
	if newest := a.newest(); newest > a.site.life.heard {
		a.site.life.heard = newest
		s.pending.hear(a.site)
	}
}
