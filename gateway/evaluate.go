package gateway

import "time"

// evaluation works out one asset's readings at one moment: a pure function of what is kept of the events,
// of the start of this process, and of the time. It is kept for the room that it has.
type evaluation struct {
	state    *State
	asset    *asset
	settings *Settings
	site     *siteLife // of the asset's site; nil if it lies in none
	beat     *beat     // of the sensors that serve the asset; nil where that is not known
	ownBeat  bool      // they are its own, not those of what is around it
	offline  bool      // all of them are
	days     *calendar
	hours    *Hours    // nil is not known
	moment   Timestamp // of the clock
	now      Timestamp // moment, or when the newest event of the asset was sensed
	started  Timestamp
	wake     Timestamp // when the passing of time alone will change anything; 0 never
	out      *Snapshot

	feeds    [FeedCount]evidence
	people   *evidence   // the chosen feed of people
	counted  []*evidence // what decides about the outputs
	room     [TrafficFeed + 1]*evidence
	joined   [4]signal
	edges    [FeedCount + 1]signal // room for signals
	past     *Past
	course   course
	quiet    [FeedCount][]Silence // room for silences
	onChange evidence             // stands for everything that speaks only on change, once it was asked for
	answers  [OutputCount]answer
}

// evidence is one feed at that moment.
type evidence struct {
	feed      Feed
	history   *history // nil: never heard
	newest    Timestamp
	life      feedLife
	change    bool      // it speaks only on change
	grace     bool      // stale because the process has only just started
	doubtful  bool      // live, and still not to be relied upon
	undecided bool      // no count was ever decisive: that somebody is there is not to be relied upon
	liveUntil Timestamp // 0: for ever
	deadAt    Timestamp // 0: never
	signals   [OutputCount]signal
	silences  []Silence // in which it was not live, for outputs with an on-delay; one that lasts ends never
}

// feedLife is how long a feed has been silent.
type feedLife uint8

const (
	feedDead feedLife = iota
	feedStale
	feedLive
)

// evaluate works out an asset's readings as of now, and returns when the passing of time alone will change
// them, 0 if it will not. Members of aggregates are not looked at.
func (s *State) evaluate(a *asset, now Timestamp, out *Snapshot) Timestamp {
	*out = Snapshot{Asset: a.about, Coverage: -1, Simulated: s.rules.Simulated, Overrides: inForceAt(a.overrides, now)}
	e := &s.work
	e.begin(s, a, now, out)
	if s.outOfService(a) {
		out.Quality, out.Reason = OutOfService, Reason{Code: ReasonOutOfService}
		return 0
	}
	e.lookAtFeeds()
	e.showPeople()
	e.showMotion()
	e.showTraffic()
	e.showFound()
	e.showToday()
	e.answer()
	e.conclude()
	if a.sum != nil {
		e.aggregate()
	}
	e.standInForNever()
	e.force()
	out.Reason.date(e.now, e.days)
	return e.wake
}

func (e *evaluation) begin(s *State, a *asset, now Timestamp, out *Snapshot) {
	e.moment = now
	// What was sensed a little ahead of this clock is true already.
	for _, h := range a.feeds {
		if newest := h.newest(); newest <= e.moment.Add(s.rules.MaxFuture) || s.clock.doubt != noDoubt {
			now = max(now, newest)
		}
	}
	e.state, e.asset, e.settings, e.now, e.out = s, a, a.settings, now, out
	e.site, e.days, e.hours = nil, &s.nowhere.days, nil
	if l := a.lifeOfSite(); l != nil {
		e.site, e.days, e.hours = l, &l.days, l.hours
	}
	e.started = s.clock.epoch.Add(s.clock.started)
	e.wake, e.people, e.past = 0, nil, nil
	e.counted = e.room[:0]
	e.onChange = evidence{}
	e.followBeat()
}

// wakeAt asks for another look at a moment; one that has passed is left out.
func (e *evaluation) wakeAt(t Timestamp) {
	if t > e.present() {
		e.wake = earlier(e.wake, t)
	}
}

// present is the time by which ages are told: while the clock is not trusted, nobody's but the clock's own.
func (e *evaluation) present() Timestamp {
	if e.state.clock.doubt != noDoubt {
		return e.moment
	}
	return e.now
}

// earlier returns the earlier of two moments; 0 is no moment.
func earlier(a, b Timestamp) Timestamp {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// lookAtFeeds finds out how alive each feed is, which counts, and what it said.
func (e *evaluation) lookAtFeeds() {
	for f := range Feed(FeedCount) {
		v := &e.feeds[f]
		*v = evidence{feed: f, history: e.asset.feeds[f], newest: e.asset.feeds[f].newest(), change: !e.asset.hasRhythm(f)}
		e.judgeLife(v)
	}
	e.choosePeople()
	e.count()
	e.makeSignals()
	e.findDoubts()
}

// judgeLife tells whether a feed is live, by event time and never by arrival.
func (e *evaluation) judgeLife(v *evidence) {
	if v.history == nil {
		return
	}
	from, arrived := v.newest, v.history.arrived
	from = e.state.ageFrom(from, arrived)
	if v.change {
		mortal := false
		if from, mortal = e.aliveFrom(); !mortal {
			v.life = feedLive
			return
		}
	}
	v.liveUntil, v.deadAt = from.Add(e.settings.StaleAfter), from.Add(e.settings.DeadAfter)
	now, grace := e.present(), e.started.Add(e.settings.StartupGrace)
	switch {
	case v.newest > e.now: // far ahead of a clock that is trusted: nobody knows when it was
		v.life = feedStale
	case now < v.liveUntil:
		v.life = feedLive
		e.wakeAt(v.liveUntil)
	case now < v.deadAt:
		v.life = feedStale
		e.wakeAt(v.deadAt)
	case now < grace && v.deadAt > e.state.aliveBefore(e.settings.StartupGrace):
		v.life, v.grace = feedStale, true
		e.wakeAt(grace)
	}
}

// choosePeople decides which of the two feeds of people is in use.
func (e *evaluation) choosePeople() {
	raw, minute := &e.feeds[PeopleFeed], &e.feeds[PeopleMinuteFeed]
	switch {
	case e.settings.PeopleFeed == PeopleRaw:
		minute = raw
	case e.settings.PeopleFeed == PeopleMinute:
		raw = minute
	}
	switch {
	case raw.history == nil && minute.history == nil:
	case raw.life == feedLive || minute.history == nil:
		e.people = raw
	case minute.life == feedLive || raw.history == nil || minute.newest > raw.newest:
		e.people = minute
	default:
		e.people = raw
	}
}

// count lists the feeds that decide about the outputs: each once it has been heard, or named.
func (e *evaluation) count() {
	motion := &e.feeds[MotionFeed]
	people := e.people
	if people == nil {
		people = &e.feeds[PeopleFeed]
		if e.settings.PeopleFeed == PeopleMinute {
			people = &e.feeds[PeopleMinuteFeed]
		}
	}
	switch e.settings.Evidence {
	case EvidenceEither:
		if e.people != nil {
			e.counted = append(e.counted, e.people)
		}
		if motion.history != nil {
			e.counted = append(e.counted, motion)
		}
	case EvidencePeople:
		e.counted = append(e.counted, people)
	case EvidenceMotion:
		e.counted = append(e.counted, motion)
	case EvidenceBoth:
		e.counted = append(e.counted, people, motion)
	case EvidenceTraffic:
		e.counted = append(e.counted, &e.feeds[TrafficFeed])
	}
	if e.people != nil {
		e.past = &e.people.history.before.Output
	} else if motion.history != nil {
		e.past = &motion.history.before.Output
	}
}

// makeSignals works out what the feeds said over time.
func (e *evaluation) makeSignals() {
	l := latch{check: e.settings.LatchCheck}
	if v := e.people; v != nil {
		e.edges[0] = v.history.peopleSignal(e.edges[0][:0], v.feed, e.settings)
		v.signals = [OutputCount]signal{e.edges[0], e.edges[0], e.edges[0]}
		v.undecided = v.history.neverDecided(v.feed, e.settings)
		l.people, l.until = e.edges[0], v.liveUntil
		if l.until == 0 {
			l.until = maxTimestamp
		}
	}
	if v := &e.feeds[MotionFeed]; v.history != nil {
		l.longest = e.settings.MaxLatch
		e.edges[1] = v.history.motionSignal(e.edges[1][:0], &l)
		v.signals = [OutputCount]signal{e.edges[1], e.edges[1], e.edges[1]}
		if e.settings.LightingMaxLatch != e.settings.MaxLatch {
			l.longest = e.settings.LightingMaxLatch
			e.edges[2] = v.history.motionSignal(e.edges[2][:0], &l)
			v.signals[LightingOutput] = e.edges[2]
		}
	}
	if v := &e.feeds[TrafficFeed]; v.history != nil {
		e.edges[3] = v.history.trafficSignal(e.edges[3][:0], e.settings, e.days)
		v.signals = [OutputCount]signal{e.edges[3], e.edges[3], e.edges[3]}
	}
	if e.settings.hasOnDelay() {
		e.followSilences()
	}
}

// findDoubts finds the feeds that cannot be relied upon although they are live.
func (e *evaluation) findDoubts() {
	for f := range e.feeds {
		v := &e.feeds[f]
		if v.history == nil {
			continue
		}
		v.doubtful = e.state.clock.doubt != noDoubt || v.feed == TrafficFeed
		if v.change {
			e.doubtOnChange(v)
		}
	}
	if v := &e.feeds[MotionFeed]; v.history != nil && v.history.value() == 1 {
		for _, g := range v.signals {
			if last := g[len(g)-1]; !last.on {
				e.doubtFrom(v, last.at)
			}
		}
		e.doubtFrom(v, v.newest.Add(e.settings.MaxLatch))
	}
	raw := &e.feeds[PeopleFeed]
	if e.people != nil && e.people != raw && raw.history != nil && e.settings.PeopleFeed == PeopleAuto {
		if until := raw.newest.Add(24 * time.Hour); e.now < until {
			e.people.doubtful = true
			e.wakeAt(until)
		}
	}
	if e.missedEdges() {
		for _, v := range e.counted {
			v.doubtful = true
		}
	}
}

// doubtFrom makes a feed doubtful from a moment on.
func (e *evaluation) doubtFrom(v *evidence, from Timestamp) {
	v.doubtful = v.doubtful || e.now >= from
	e.wakeAt(from)
}

// lastLoss returns the newest silence that was a loss to this asset: everything that decides speaks only on
// change, and is as alive as its site and its sensors.
func (e *evaluation) lastLoss() (Silence, bool) {
	for _, v := range e.counted {
		if !v.change {
			return Silence{}, false
		}
	}
	if e.firstHeard() == nil {
		return Silence{}, false
	}
	return e.loss()
}

// loss returns the newest silence that was a loss to what speaks only on change: the site's, or that of its sensors.
func (e *evaluation) loss() (Silence, bool) {
	silence, ok := e.siteLoss()
	if other, found := e.sensorLoss(); found && (!ok || other.To > silence.To) {
		return other, true
	}
	return silence, ok
}

// siteLoss returns the newest silence of the site that was one.
func (e *evaluation) siteLoss() (Silence, bool) {
	if e.site == nil || !e.site.hasPulse() {
		return Silence{}, false
	}
	silence := e.site.lastBeyond(e.settings.DeadAfter)
	return silence, silence.To != 0 && e.site.hadPulse(silence.From)
}

// missedEdges tells whether the feeds that decide may have spoken in vain during a loss: nobody knows until the
// next edge.
func (e *evaluation) missedEdges() bool {
	silence, ok := e.lastLoss()
	for _, v := range e.counted {
		ok = ok && v.newest <= silence.From
	}
	return ok
}

// firstHeard returns one of the feeds that decide and were ever heard, nil if there is none.
func (e *evaluation) firstHeard() *evidence {
	for _, v := range e.counted {
		if v.history != nil {
			return v
		}
	}
	return nil
}
