package gateway

// shown is what was last published of an asset, as far as the passing of time can change it.
type shown struct {
	counted   bool // in the summary, with this quality
	quality   Quality
	people    Reading
	qualities [MeasureCount]Quality
}

// begin empties the update that every batch and wake-up fills again.
func (s *State) begin(now Instant) *Update {
	u := &s.update
	u.At, u.Changed, u.Heard = now, u.Changed[:0], u.Heard[:0]
	return u
}

// show works out an asset's readings into the update, and has it looked at again when time changes them.
func (s *State) show(u *Update, a *asset) {
	u.Changed = append(u.Changed, Snapshot{})
	snapshot := &u.Changed[len(u.Changed)-1]
	s.queue.set(a, s.evaluate(a, u.At.Timestamp(), snapshot))
	if a.shown.counted {
		s.summary.Qualities[a.shown.quality]--
	} else {
		s.summary.Assets++
	}
	s.summary.Qualities[snapshot.Quality]++
	a.shown = shownOf(snapshot)
}

func shownOf(s *Snapshot) shown {
	out := shown{counted: true, quality: s.Quality, people: s.Readings[People]}
	for m, r := range s.Readings {
		out.qualities[m] = r.Quality
	}
	return out
}

// Next returns when the passing of time will change a reading, 0 if it will not.
func (s *State) Next() Timestamp { return s.queue.next() }

// Wake works out the readings whose time has come, as they are without the batch in progress: that may
// wait for its disk for long. It returns what changed, valid until the next call.
func (s *State) Wake(now Instant) *Update {
	s.pending.swap()
	defer s.pending.swap()
	u := s.begin(now)
	for a := s.queue.due(now.Timestamp()); a != nil; a = s.queue.due(now.Timestamp()) {
		before := a.shown
		s.show(u, a)
		if a.shown == before {
			u.Changed = u.Changed[:len(u.Changed)-1]
		}
	}
	u.Summary = s.summary
	return u
}

// All works out every reading, and takes them for published: what a sink must know before the first
// change.
func (s *State) All(now Instant) *Update {
	u := &Update{At: now, Changed: make([]Snapshot, 0, len(s.byID))}
	for _, a := range s.assets {
		if a == nil {
			continue
		}
		s.show(u, a)
		if a.about.Kind == Site {
			u.Heard = append(u.Heard, SiteFeed{a.about.Number, a.heard})
		}
	}
	u.Summary = s.summary
	return u
}

// evaluate works out an asset's readings as of now: a pure function of the state and the time. It
// returns when the passing of time alone will change them, 0 if it will not.
func (s *State) evaluate(a *asset, now Timestamp, out *Snapshot) Timestamp {
	*out = Snapshot{Asset: a.about, Coverage: -1, Simulated: s.rules.Simulated}
	people, wakePeople := s.people(a, now)
	motion, wakeMotion := s.motion(a, now)
	if a.feeds[PeopleFeed].At != 0 || a.feeds[PeopleMinuteFeed].At != 0 {
		out.Has |= MeasuresOf(People)
		out.Readings[People] = people
		out.Oldest = people.At
		s.utilise(a, out)
	}
	if motion.At != 0 {
		out.Has |= MeasuresOf(Motion)
		out.Readings[Motion] = motion
		out.follow(a)
	}
	if people.At != 0 || motion.At != 0 {
		out.occupy(people, motion)
	} else {
		out.Reason = Reason{Code: ReasonNoData}
	}
	s.showTraffic(a, now, out)
	s.showFound(a, now, out)
	for _, r := range out.Readings {
		out.At = max(out.At, r.At)
	}
	return earlier(wakePeople, wakeMotion)
}

// people chooses between the two feeds of people, and tells when the choice or its quality will change.
func (s *State) people(a *asset, now Timestamp) (Reading, Timestamp) {
	raw, minute := a.feeds[PeopleFeed], a.feeds[PeopleMinuteFeed]
	var wake Timestamp
	stale := func(r Revision) bool {
		end := r.At.Add(s.rules.State.StaleAfter)
		if r.At != 0 && now < end {
			wake = earlier(wake, end)
			return false
		}
		return true
	}
	rawStale, minuteStale := stale(raw), stale(minute)
	chosen, old := raw, rawStale
	switch s.rules.State.PeopleFeed {
	case PeopleRaw:
	case PeopleMinute:
		chosen, old = minute, minuteStale
	default:
		if rawStale && (!minuteStale || minute.At > raw.At) {
			chosen, old = minute, minuteStale
		}
	}
	return reading(chosen.At, int64(chosen.Value), old), wake
}

// motion tells what the PIR said last; it is as alive as its site.
func (s *State) motion(a *asset, now Timestamp) (Reading, Timestamp) {
	r := a.feeds[MotionFeed]
	return reading(r.At, int64(r.Value), a.site != nil && s.silent(a.site, now)), s.siteWake(a, now)
}

// siteWake tells when the silence of its site will change an asset that follows it.
func (s *State) siteWake(a *asset, now Timestamp) Timestamp {
	if !a.following || a.site == nil || a.site.rhythmFeeds < 2 || s.silent(a.site, now) {
		return 0
	}
	return a.site.heard.Add(s.rules.State.StaleAfter)
}

// occupy gives the occupied answers: people, or motion. Any positive that is not stale decides; to be
// sure that nobody is there, nothing that counts may be stale.
func (s *Snapshot) occupy(people, motion Reading) {
	present, moving := people.Known && people.Value >= 1, motion.Known && motion.Value == 1
	sure := present && people.Quality == Good || moving && motion.Quality == Good
	answer := Reading{At: max(people.At, motion.At), Known: true, Quality: Good}
	if present || moving {
		answer.Value = 1
	}
	if !sure && (people.Quality == Held || motion.Quality == Held) {
		answer.Quality = Held
	}
	for _, m := range [...]Measure{Occupied, Lighting, HVAC, Ventilation} {
		s.Has |= MeasuresOf(m)
		s.Readings[m] = answer
	}
	s.Quality = answer.Quality
	s.Reason = reasonOf(people, motion, present, moving, answer.Quality)
}

func reasonOf(people, motion Reading, present, moving bool, q Quality) Reason {
	r := Reason{Code: ReasonVacant, People: int(people.Value), At: people.At, Motion: motion.At}
	switch {
	case q == Held:
		r.Code, r.Since = ReasonHeld, motion.At
		if people.Quality == Held {
			r.Since = people.At
		}
	case present && moving:
		r.Code = ReasonPeopleAndMotion
	case present:
		r.Code = ReasonPeople
	case moving:
		r.Code = ReasonMotion
	}
	return r
}

func (s *State) utilise(a *asset, out *Snapshot) {
	people := out.Readings[People]
	if a.about.Capacity == 0 || !people.Known {
		return
	}
	people.Value = (people.Value*1000 + int64(a.about.Capacity)/2) / int64(a.about.Capacity)
	out.Has |= MeasuresOf(Utilisation)
	out.Readings[Utilisation] = people
}

func (s *State) showTraffic(a *asset, now Timestamp, out *Snapshot) {
	if a.total.At == 0 {
		return
	}
	out.Has |= MeasuresOf(TrafficIn, TrafficOut)
	old := a.site != nil && s.silent(a.site, now)
	out.Readings[TrafficIn] = reading(a.total.At, int64(a.total.In), old)
	out.Readings[TrafficOut] = reading(a.total.At, int64(a.total.Out), old)
	out.stand(a, out.Readings[TrafficIn])
}

func (s *State) showFound(a *asset, now Timestamp, out *Snapshot) {
	if a.foundAt == 0 {
		return
	}
	out.Has |= MeasuresOf(Detections)
	out.Readings[Detections] = reading(a.foundAt, int64(a.found), a.site != nil && s.silent(a.site, now))
	out.stand(a, out.Readings[Detections])
}

// stand lets a measure that is no evidence speak for an asset that has none: its quality is that of
// its newest measure.
func (s *Snapshot) stand(a *asset, r Reading) {
	if s.Has.Has(Occupied) {
		return
	}
	s.Quality = r.Quality
	s.follow(a)
}

// follow makes the age that of the site; an asset in no site is as old as its own newest event.
func (s *Snapshot) follow(a *asset) {
	if a.site != nil {
		s.FollowsSite = true
		return
	}
	newest := max(a.feeds[MotionFeed].At, a.total.At, a.foundAt)
	if s.Oldest == 0 || newest < s.Oldest {
		s.Oldest = newest
	}
}

func reading(at Timestamp, value int64, stale bool) Reading {
	switch {
	case at == 0:
		return Reading{}
	case stale:
		return Reading{value, at, true, Held}
	}
	return Reading{value, at, true, Good}
}

// earlier returns the earlier of two moments; 0 is no moment.
func earlier(a, b Timestamp) Timestamp {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
