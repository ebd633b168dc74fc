package gateway

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// ErrIncrementsFull says that no more TRAFFIC events can be remembered, so that a new one cannot be told
// from one that was counted. It is not counted; the sender should try again later.
var ErrIncrementsFull = errors.New("no room to remember another traffic event: raise max_ids or shorten horizon")

// Apply admits events and merges them into the batch in progress, in any order and however often each
// of them comes. Refused events change nothing. An error is about single events: the others are in the
// batch, and sending all of them again does no harm.
func (s *State) Apply(now Instant, events []Event) error {
	if s.unfounded {
		s.found(&s.rules, s.clock.now(now))
	}
	var failed error
	for i := range events {
		if err := s.apply(now, &events[i]); err != nil {
			failed = err
		}
	}
	return failed
}

func (s *State) apply(i Instant, e *Event) error {
	if e.Type == UnknownType || e.Type == Health {
		s.pending.unhandled++
		return nil
	}
	s.recognise(&e.Path.Sensor)
	if why := s.admit(i, e); why != Admitted {
		s.refuse(i, e, why)
		return nil
	}
	now := s.clock.now(i)
	s.mono = max(i.Mono, 1)
	s.reinStrays(now, now)
	s.stray = s.stray || e.At > now.Add(s.rules.MaxFuture)
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
	places := s.locate(e, now)
	subject := places[e.Subject-Site]
	if e.Origin != Reconciled { // what is asked for after a gap does not tell that none of the rest was missed in it
		s.hear(now, places[0], e.At)
		if subject.site != places[0] { // the event does not name its site, or an older one than is known
			s.hear(now, subject.site, e.At)
		}
	}
	id, fate := EventIDOf(e.ID), Accepted
	switch e.Type {
	case Occupancy:
		fate = s.mergePeople(i, subject, PeopleFeed, e, id)
	case OccupancyMinute:
		fate = s.mergePeople(i, subject, PeopleMinuteFeed, e, id)
	case MotionStarted, MotionEnded:
		fresh := false
		if fate, fresh = s.merge(subject, MotionFeed, Entry{At: e.At, ID: id, Value: int32(one(e.Type == MotionStarted))}); fresh {
			s.pending.happen(subject, e)
		}
	case Traffic:
		if repeated {
			fate = Duplicate
			break
		}
		s.count(&places, e, id, key)
	case Detected:
		fate = s.detect(subject, e, id)
	}
	s.pending.fates[fate]++
	s.note(i, e, id, &places, fate)
	return nil
}

func (s *State) mergePeople(i Instant, a *asset, f Feed, e *Event, id EventID) Fate {
	if a.hasRhythm(f) && e.At > a.feeds[f].newest() {
		s.clock.watch(i, e.At)
	}
	fate, _ := s.merge(a, f, Entry{At: e.At, ID: id, Value: int32(e.People)})
	return fate
}

// merge takes up a revision of an asset's feed, wherever in time it belongs, and tells what becomes of it, and
// whether the feed's window has it now and did not have it before.
func (s *State) merge(a *asset, f Feed, e Entry) (fate Fate, fresh bool) {
	h := a.feeds[f]
	if h == nil {
		s.pending.touch(a, false)
		s.pending.mark(a)
		s.setFeed(a, f, &history{window: []Entry{e}, arrived: s.mono, saved: s.pending.number + 1})
		return Accepted, true
	}
	settings := a.settings
	if e.At < h.newest() {
		fate = Late
	}
	if h.outside(e.At, settings.windowOf(f)) {
		s.pending.touchHistory(a, f)
		if h.late(f, &e, settings, s.days(a)) {
			s.pending.mark(a)
		}
		return fate, false
	}
	i, found := h.place(f, &e)
	if i == 0 && !found && h.before.Newest == 0 {
		s.startEarlier(a, f, h.window[0].At, e.At)
	}
	if found && f == TrafficFeed { // of two sensors: each event comes here once
		e.Value += h.window[i].Value
	} else if found && !settings.supersedes(f, &e, &h.window[i]) {
		if e == h.window[i] {
			return Duplicate, false
		}
		return Superseded, false
	}
	s.pending.mark(a)
	s.pending.touchHistory(a, f)
	if i == len(h.window) || found && i == len(h.window)-1 {
		h.arrived = s.mono
	}
	if found {
		h.window[i] = e
		return fate, true
	}
	h.insert(i, &e)
	s.prune(a, f)
	return fate, true
}

// prune drops what has left a feed's window; outputs with an on-delay remember where they stood before.
func (s *State) prune(a *asset, f Feed) {
	h := a.feeds[f]
	n := h.surplus(a.settings.windowOf(f))
	if n == 0 {
		return
	}
	if a.settings.hasOnDelay() {
		s.foldOutputs(a, f, h.window[n-1].At)
	}
	h.drop(n, f, a.settings, s.days(a))
}

// count adds a TRAFFIC event, once, to its sensor and to the places that the sensor counts for: see countedFor.
func (s *State) count(places *[6]*asset, e *Event, id EventID, key IncrementKey) {
	i := Increment{Key: key, At: e.At}
	s.counted.add(i)
	s.pending.counted = append(s.pending.counted, i)
	s.pass(places[Sensor-Site], e, id)
	for _, around := range countedFor(places, e) {
		if around != nil {
			s.pass(around, e, id)
		}
	}
}

// countedFor returns the places that a sensor counts for, among them nil: its room; where it has none, the floor,
// the building and the site; and one that the inventory calls an entrance for all of these, because who comes in
// by a door of the lobby is in the lobby and in the building.
func countedFor(places *[6]*asset, e *Event) []*asset {
	switch {
	case places[Room-Site] == nil:
		return places[:Room-Site]
	case e.Entrance || places[Sensor-Site].isEntrance():
		return places[:Zone-Site]
	}
	return places[Room-Site : Zone-Site]
}

func (s *State) pass(a *asset, e *Event, id EventID) {
	s.pending.happen(a, e)
	s.pending.touch(a, false)
	s.pending.mark(a)
	t := a.total
	before := t
	t.Asset = a.about.Number
	t.In, t.Out, t.At = t.In+uint64(e.In), t.Out+uint64(e.Out), max(t.At, e.At)
	added := e.At >= t.Day
	if day := s.days(a).midnight(e.At); day > t.Day {
		t.Day, t.Net = day, 0
	}
	if added {
		t.Net += int64(e.In) - int64(e.Out)
	}
	s.setTotal(a, t)
	if a.settings.Evidence == EvidenceTraffic {
		known := a.feeds[TrafficFeed] != nil
		s.merge(a, TrafficFeed, Entry{At: e.At, ID: id, Value: int32(e.In - e.Out)})
		if !known { // the operator has made it evidence since
			a.feeds[TrafficFeed].before.beginTraffic(&before, e.At, a.settings)
		}
	}
}

// doubtCounter notes that a TRAFFIC event was too old to be counted: what it would have added to is
// uncertain for the day. That is all that a refused event changes, once a day.
func (s *State) doubtCounter(e *Event, now Timestamp) {
	inside := e.Path.Room.ID != "" && !e.Entrance && !s.byID[e.Path.Sensor.ID].isEntrance()
	for i, p := range e.Path.places() {
		elsewhere := inside && placeKinds[i] < Room
		a := s.byID[p.ID]
		if a == nil || a.total.At == 0 || elsewhere {
			continue
		}
		if day := s.days(a).midnight(now); day > a.total.Lacks {
			s.pending.touch(a, false)
			s.pending.mark(a)
			a.total.Lacks = day
		}
	}
}

// detect keeps how many people a sensor sees, and nothing of where: that is personal, and not stored. That it
// was heard is, to the hour.
func (s *State) detect(a *asset, e *Event, id EventID) Fate {
	minted := id.Minted()
	later := cmp.Or(cmp.Compare(e.At, a.foundAt), cmp.Compare(minted, a.foundBy), cmp.Compare(len(e.Found), a.found))
	switch {
	case later == 0:
		return Duplicate
	case later < 0 && e.At < a.foundAt:
		return Late
	case later < 0:
		return Superseded
	}
	s.pending.touch(a, false)
	s.pending.mark(a)
	a.found, a.foundAt, a.foundBy = len(e.Found), e.At, minted
	t := a.total
	t.Asset, t.Detected = a.about.Number, max(t.Detected, startOfHour(e.At))
	s.setTotal(a, t)
	s.pending.happen(a, e)
	return Accepted
}

func startOfHour(t Timestamp) Timestamp { return Timestamp(t.Hour() * time.Hour.Milliseconds()) }

// hear notes that a site said something. What lives and dies with its site is looked at when the site
// speaks again after a silence.
func (s *State) hear(now Timestamp, site *asset, at Timestamp) {
	if site == nil || !site.life.news(at) {
		return
	}
	l := site.life
	s.pending.touchSite(site)
	before := l.silences
	if s.silent(site, max(now, at)) {
		s.markFollowers(site)
	}
	if at > l.heard {
		l.arrived = s.mono
		s.pending.hear(site)
	}
	l.hear(at)
	if !slices.Equal(l.silences, before) {
		s.markFollowers(site)
	}
	s.list(site)
}

// list sees to it that what is new of a site is stored with the next batch.
func (s *State) list(site *asset) {
	if site.life.dirty && !site.listed {
		site.listed = true
		s.dirtySites = append(s.dirtySites, site)
	}
}

// silent tells whether a site's silence may have changed what any of its assets shows.
func (s *State) silent(site *asset, now Timestamp) bool {
	longest := s.extremes.StaleAfter
	if !site.life.hasPulse() {
		longest = s.extremes.ChangeUncertainAfter
	}
	l := site.life
	return now >= min(l.heard, s.ageFrom(l.heard, l.arrived)).Add(longest)
}

func (s *State) markFollowers(site *asset) {
	s.pending.mark(site)
	for _, f := range site.life.followers {
		s.pending.mark(f)
	}
}

// newest returns the event time of the newest event about an asset that is kept.
func (a *asset) newest() Timestamp {
	at := max(a.total.At, a.foundAt)
	for _, h := range a.feeds {
		at = max(at, h.newest())
	}
	return at
}

// expire forgets increments that are older than the horizon; once an hour there is something to do. The
// newest event bounds it, so that a clock that runs ahead forgets nothing.
func (s *State) expire(now Timestamp) {
	oldest := min(now, s.newest).Add(-s.rules.Horizon)
	if hour := oldest.Hour(); hour != s.expireHour {
		s.expireHour = hour
		s.expired = max(s.expired, s.counted.expire(oldest))
	}
}
