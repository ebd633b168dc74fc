package gateway

import "errors"

// ErrIncrementsFull says that no more TRAFFIC events can be remembered, so that a new one cannot be told
// from one that was counted. It is not counted; the sender should try again later.
var ErrIncrementsFull = errors.New("no room to remember another traffic event: raise max_ids or shorten horizon")

// Apply admits events and merges them into the batch in progress, in any order and however often each
// of them comes. Refused events change nothing. An error is about single events: the others are in the
// batch, and sending all of them again does no harm.
func (s *State) Apply(now Instant, events []Event) error {
	var failed error
	for i := range events {
		if err := s.apply(now, &events[i]); err != nil {
			failed = err
		}
	}
	return failed
}

func (s *State) apply(now Instant, e *Event) error {
	if e.Type == UnknownType || e.Type == Health {
		s.pending.unhandled++
		return nil
	}
	if why := s.admit(now, e); why != Admitted {
		s.refuse(now, e, why)
		return nil
	}
	s.newest = max(s.newest, e.At)
	s.expire(now)
	var key IncrementKey
	repeated := false
	if e.Type == Traffic {
		key = incrementKey(e.Path.Sensor.ID, e.ID)
		repeated = s.counted.has(key)
		if !repeated && s.counted.count >= s.rules.MaxIDs {
			return ErrIncrementsFull
		}
	}
	s.pending.accepted++
	places := s.locate(e)
	subject := places[e.Subject-Site]
	s.hear(now, places[0], e.At)
	if subject.site != places[0] { // the event does not name its site, or an older one than is known
		s.hear(now, subject.site, e.At)
	}
	switch e.Type {
	case Occupancy:
		s.merge(subject, PeopleFeed, Revision{e.At, e.People, e.ID})
	case OccupancyMinute:
		s.merge(subject, PeopleMinuteFeed, Revision{e.At, e.People, e.ID})
	case MotionStarted:
		s.merge(subject, MotionFeed, Revision{e.At, 1, e.ID})
	case MotionEnded:
		s.merge(subject, MotionFeed, Revision{e.At, 0, e.ID})
	case Traffic:
		if !repeated {
			s.count(places, e, key)
		}
	case Detected:
		s.detect(subject, e)
	}
	return nil
}

// merge lets a revision be the feed's value, unless the one that it has is newer or wins the tie.
func (s *State) merge(a *asset, feed Feed, r Revision) {
	if old := a.feeds[feed]; old.At != 0 && !s.supersedes(r, old) {
		return
	}
	s.pending.touch(a, false)
	s.pending.mark(a)
	s.setFeed(a, feed, r)
}

// supersedes tells whether revision r is believed rather than old. At an equal timestamp the one minted
// later wins, because a correction is minted after what it corrects; within a second the greater value,
// which is the safe side; then the greater id, so that order never matters.
func (s *State) supersedes(r, old Revision) bool {
	if r.At != old.At {
		return r.At > old.At
	}
	if r == old {
		return false
	}
	if s.rules.State.Tie == TieByArrival {
		return true
	}
	if a, b := MintedSecond(r.ID), MintedSecond(old.ID); a != b {
		return a > b
	}
	if r.Value != old.Value {
		return r.Value > old.Value
	}
	return r.ID > old.ID
}

// count adds a TRAFFIC event, once, to its sensor and to the place that the sensor counts for: its room,
// or, at an entrance, the floor, the building and the site.
func (s *State) count(places [6]*asset, e *Event, key IncrementKey) {
	i := Increment{Key: key, At: e.At}
	s.counted.add(i)
	s.pending.counted = append(s.pending.counted, i)
	s.pass(places[Sensor-Site], e)
	if room := places[Room-Site]; room != nil {
		s.pass(room, e)
		return
	}
	for _, around := range places[:Room-Site] {
		if around != nil {
			s.pass(around, e)
		}
	}
}

func (s *State) pass(a *asset, e *Event) {
	s.pending.touch(a, false)
	s.pending.mark(a)
	s.setTotal(a, Total{
		Asset: a.about.Number, In: a.total.In + uint64(e.In), Out: a.total.Out + uint64(e.Out), At: max(a.total.At, e.At),
	})
}

// detect keeps how many people a sensor sees, and nothing of where: that is personal, and not stored.
func (s *State) detect(a *asset, e *Event) {
	if e.At < a.foundAt {
		return
	}
	s.pending.touch(a, false)
	s.pending.mark(a)
	a.found, a.foundAt = len(e.Found), e.At
	s.follow(a)
}

// hear notes that a site said something. What lives and dies with its site is looked at when the site
// speaks again after a silence.
func (s *State) hear(now Instant, site *asset, at Timestamp) {
	if site == nil || at <= site.heard {
		return
	}
	if s.silent(site, now.Timestamp()) {
		s.markFollowers(site)
	}
	s.setHeard(site, at)
}

func (s *State) setHeard(site *asset, at Timestamp) {
	s.pending.touch(site, false)
	s.pending.hear(site)
	site.heard = at
}

// silent tells whether a site's silence means that its feed is lost: it has at least two feeds that
// speak every minute, and none of anything spoke for too long.
func (s *State) silent(site *asset, now Timestamp) bool {
	return site.rhythmFeeds >= 2 && now >= site.heard.Add(s.rules.State.StaleAfter)
}

func (s *State) markFollowers(site *asset) {
	for _, f := range site.followers {
		s.pending.mark(f)
	}
}

func (s *State) setFeed(a *asset, feed Feed, r Revision) {
	first := a.feeds[feed].At == 0
	a.feeds[feed] = r
	switch {
	case feed == MotionFeed:
		s.follow(a)
	case first && a.site != nil:
		s.addRhythm(a.site, 1)
	}
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
		s.pending.touch(a.site, false)
		a.site.followers = append(a.site.followers, a)
	}
}

func (s *State) addRhythm(site *asset, feeds int) {
	s.pending.touch(site, false)
	before := site.rhythmFeeds
	site.rhythmFeeds += feeds
	if (before >= 2) != (site.rhythmFeeds >= 2) {
		s.markFollowers(site)
	}
}

func (a *asset) rhythmCount() int {
	n := 0
	for _, f := range [...]Feed{PeopleFeed, PeopleMinuteFeed} {
		if a.feeds[f].At != 0 {
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
		kept := make([]*asset, 0, len(site.followers))
		for _, f := range site.followers {
			if f != a {
				kept = append(kept, f)
			}
		}
		site.followers = kept
	}
}

// enterSite makes an asset's feeds part of its new site.
func (s *State) enterSite(a *asset) {
	if a.site == nil {
		return
	}
	s.addRhythm(a.site, a.rhythmCount())
	if a.following {
		a.site.followers = append(a.site.followers, a)
	}
	if newest := a.newest(); newest > a.site.heard {
		s.setHeard(a.site, newest)
	}
}

// newest returns the event time of the newest event about an asset that is kept.
func (a *asset) newest() Timestamp {
	at := max(a.total.At, a.foundAt)
	for _, r := range a.feeds {
		at = max(at, r.At)
	}
	return at
}

// expire forgets increments that are older than the horizon; once an hour there is something to do. The
// newest event bounds it, so that a clock that runs ahead forgets nothing.
func (s *State) expire(now Instant) {
	oldest := min(now.Timestamp(), s.newest).Add(-s.rules.Horizon)
	if hour := oldest.Hour(); hour != s.expireHour {
		s.expireHour = hour
		s.expired = max(s.expired, s.counted.expire(oldest))
	}
}
