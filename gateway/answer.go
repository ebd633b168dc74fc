package gateway

// answer is what one output says, and why.
type answer struct {
	on      bool
	known   bool
	quality Quality
	reason  Reason
	ends    Timestamp // when its off-delay ends; 0 while none runs
}

// answer works out the three outputs.
func (e *evaluation) answer() {
	for o := range Output(OutputCount) {
		if len(e.counted) == 0 || !e.heard() {
			e.answers[o] = answer{reason: Reason{Code: ReasonNoData}}
			continue
		}
		e.answers[o] = e.answerOf(o)
	}
}

// heard tells whether anything was ever heard of the asset; of a place with members, anything that says
// whether it is occupied.
func (e *evaluation) heard() bool {
	for _, h := range e.asset.feeds {
		if h != nil {
			return true
		}
	}
	return (e.asset.sum == nil || e.asset.counts()) && (e.asset.total.At != 0 || e.asset.foundAt != 0)
}

// finding is what the feeds together came to for one output.
type finding struct {
	on       bool
	now      delayed   // all of them as of now, events alone
	positive int       // live feeds that are
	clear    int       // live feeds that are
	stale    *evidence // one that is, if any
	dead     *evidence

	// Of each kind of standing one feed whose part is on, and one whose part is off.
	ons, offs [standingCount]*evidence
}

// standing is how a feed's part of an answer comes about, from the best to the least sure.
type standing uint8

const (
	believed      standing = iota // it is live
	retained                      // it is stale: as it was
	heldForLoss                   // it is dead: as it was
	takenOn                       // it is dead: occupied to be safe
	takenOff                      // it is dead: vacant
	standingCount = iota
)

// note takes up a feed's part.
func (f *finding) note(v *evidence, s standing, on bool) {
	if on {
		f.ons[s] = v
	} else {
		f.offs[s] = v
	}
}

// standing tells how a feed's part of an output comes about.
func (e *evaluation) standing(o Output, v *evidence) standing {
	switch v.life {
	case feedLive:
		return believed
	case feedStale:
		return retained
	}
	switch e.policy(o, v) {
	case PolicyHold:
		return heldForLoss
	case PolicyVacant:
		return takenOff
	}
	return takenOn
}

func (e *evaluation) answerOf(o Output) answer {
	d := delays{on: e.settings.OnDelay[o], off: e.settings.OffDelay[o]}
	f := e.find(o, d)
	if e.settings.Evidence == EvidenceBoth {
		e.both(&f, o, d)
	} else {
		e.either(&f, o, d)
	}
	a := answer{on: f.on, known: true, quality: e.qualityOf(&f, o)}
	a.reason = e.reasonOf(&f, o)
	if !f.now.positive && f.now.on {
		a.ends = f.now.changes
	}
	e.afterSilence(&a, &f, o, d)
	if !a.on {
		a.ends = 0
	}
	return a
}

// find looks at each counted feed as of now.
func (e *evaluation) find(o Output, d delays) finding {
	f := finding{now: e.walk(o, d, e.now, nil)}
	e.wakeAt(f.now.changes)
	for _, v := range e.counted {
		g := v.signals[o]
		for _, edge := range g {
			e.wakeAt(edge.at)
		}
		on, ended := g.endedBy(e.now)
		if ended != 0 {
			e.wakeAt(ended.Add(d.off))
		}
		switch {
		case v.life == feedDead:
			f.dead = v
		case v.life == feedStale:
			f.stale = v
		case on:
			f.positive++
		default:
			f.clear++
		}
	}
	return f
}

// walk follows the counted feeds, without those that skip says, up to a moment.
func (e *evaluation) walk(o Output, d delays, until Timestamp, skip func(*evidence) bool) delayed {
	if d.on > 0 {
		e.course.follow(e, o, d, until)
		return e.course.come(skip)
	}
	c := combination{signals: e.joined[:0], all: e.settings.Evidence == EvidenceBoth}
	for _, v := range e.counted {
		if skip == nil || !skip(v) {
			c.signals = append(c.signals, v.signals[o])
		}
	}
	return c.walk(d, until)
}

// endedBy tells whether a signal is positive at a moment, and if it is not, when it last ceased to be; 0 if
// it never was.
func (g signal) endedBy(t Timestamp) (on bool, ended Timestamp) {
	for i := len(g) - 1; i >= 0; i-- {
		switch {
		case g[i].at > t:
		case g[i].on:
			return true, 0
		case i > 0:
			return false, g[i].at
		default:
			return false, 0
		}
	}
	return false, 0
}

// part is one feed's part of the answer at a moment, of feeds of which any is enough.
func part(w *delayed, g signal, d delays, at Timestamp) bool {
	on, ended := g.endedBy(at)
	return w.on && (on || ended != 0 && at < ended.Add(d.off))
}

// either lets any positive feed decide; to be sure that nobody is there, each must be live and clear.
func (e *evaluation) either(f *finding, o Output, d delays) {
	for _, v := range e.counted {
		standing, on := e.standing(o, v), false
		switch standing {
		case believed:
			on = part(&f.now, v.signals[o], d, e.now)
		case retained, heldForLoss:
			w := e.walk(o, d, v.liveUntil, nil)
			on = part(&w, v.signals[o], d, v.liveUntil)
		case takenOn:
			on = true
		}
		f.note(v, standing, on)
		f.on = f.on || on
	}
}

// both needs all feeds to be positive; one that is live and clear is enough for vacant.
func (e *evaluation) both(f *finding, o Output, d delays) {
	believedOccupied := func(v *evidence) bool { return e.standing(o, v) == takenOn }
	if f.dead != nil {
		f.now = e.walk(o, d, e.now, believedOccupied)
		e.wakeAt(f.now.changes)
	}
	if f.clear > 0 {
		f.on = f.now.on
		return
	}
	all, delaying := true, false
	latest := Timestamp(0) // when the last of the feeds that are not dead to us was live
	for _, v := range e.counted {
		standing, on := e.standing(o, v), true
		switch standing {
		case believed:
			latest = e.now
		case retained, heldForLoss:
			latest = max(latest, v.liveUntil)
			w := e.walk(o, d, v.liveUntil, believedOccupied)
			positive, _ := v.signals[o].endedBy(v.liveUntil)
			on = positive || w.on
			delaying = delaying || on && !positive
		case takenOff:
			on = false
		}
		f.note(v, standing, on)
		all = all && on
	}
	f.on = all
	if all && !delaying && latest != 0 {
		w := e.walk(o, d, latest, believedOccupied)
		e.wakeAt(w.changes)
		f.on = w.on
	}
}

// inUse tells whether a building is in use at a moment, as far as its hours are known.
func (e *evaluation) inUse(at Timestamp) bool {
	return e.hours == nil || e.hours.Inside(at, e.days.place)
}

// policy is what an output does while a feed is dead.
func (e *evaluation) policy(o Output, v *evidence) Policy {
	if e.hours != nil {
		e.wakeAt(e.hours.Next(e.now, e.days.place))
	}
	if v.history != nil && e.settings.lossPolicy(o, e.inUse(e.now)) == PolicyHold {
		e.wakeAt(v.deadAt.Add(e.settings.HoldMax))
	}
	return e.policyFor(o, v.history != nil, v.deadAt, e.now)
}

// policyFor is what an output does at a moment while a feed is dead that was heard, and died then, or that never
// was. To hold what was never heard counts as occupied, unless it is only that the building is not in use.
func (e *evaluation) policyFor(o Output, heard bool, dead, at Timestamp) Policy {
	inUse := e.inUse(at)
	p := e.settings.lossPolicy(o, inUse)
	switch {
	case p != PolicyHold:
	case heard:
		if inUse && at >= dead.Add(e.settings.HoldMax) {
			return PolicyOccupied
		}
	case e.settings.OnLoss[o] == PolicyHold:
		return PolicyOccupied
	default:
		return PolicyVacant
	}
	return p
}

// unheard is what an output is taken for while nobody knows and nothing was ever heard that could be held.
func (e *evaluation) unheard(o Output) bool {
	return e.policy(o, &evidence{}) == PolicyOccupied
}

// qualityOf says how far an output can be trusted.
func (e *evaluation) qualityOf(f *finding, o Output) Quality {
	decided := f.positive > 0
	want := true
	if e.settings.Evidence == EvidenceBoth {
		decided, want = f.clear > 0, false
	}
	switch {
	case decided:
		for _, v := range e.counted {
			if on, _ := v.signals[o].endedBy(e.now); v.life == feedLive && on == want && !v.doubtful && !v.undecided {
				return Good
			}
		}
		return Uncertain
	case f.dead != nil:
		return Substituted
	case f.stale != nil:
		return Held
	}
	for _, v := range e.counted {
		if v.doubtful || v.undecided {
			return Uncertain
		}
	}
	return Good
}

// wasDown tells whether a feed was dead only while no process was running, or one had only just started: then
// its policy turned nothing on.
func (e *evaluation) wasDown(dead, until Timestamp) bool {
	return e.state.wasDown(dead, until, e.settings.StartupGrace)
}

// afterSilence keeps an output on that the policy had turned on while the site was silent, for its
// off-delay from the first event after the silence: what happened meanwhile nobody will tell.
func (e *evaluation) afterSilence(a *answer, f *finding, o Output, d delays) {
	silence, ok := e.lastLoss()
	if !ok {
		return
	}
	at, first := e.now, e.firstHeard()
	ends := silence.To.Add(d.off)
	switch e.standing(o, first) { // they are all as alive as the site
	case retained, heldForLoss:
		at = first.liveUntil
	case takenOn, takenOff:
		return
	}
	if at >= ends {
		return
	}
	if !e.turnedOn(silence, o) {
		return
	}
	e.wakeAt(ends)
	switch {
	case a.on || first.life != feedLive:
	case f.positive > 0: // it waits for its on-delay, and need not
		a.reason.Code = e.positives(o)
	default:
		a.reason = Reason{Code: ReasonOffDelay, Since: silence.To, Until: ends}
	}
	a.on, a.ends = true, max(a.ends, ends)
}

// turnedOn tells whether a policy had turned an output on when a silence of the site ended.
func (e *evaluation) turnedOn(silence Silence, o Output) bool {
	dead := silence.From.Add(e.settings.DeadAfter)
	return !e.wasDown(dead, silence.To) && e.policyFor(o, true, dead, silence.To) == PolicyOccupied
}
