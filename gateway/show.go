package gateway

// showPeople shows the chosen feed's count; without one, the traffic estimate.
func (e *evaluation) showPeople() {
	v := e.people
	if v == nil {
		e.showEstimate()
		return
	}
	r := Reading{Value: int64(v.history.value()), At: v.newest, Known: true, Quality: v.quality()}
	e.show(People, e.substituted(r))
}

// substituted lets what the operator wants instead stand in for people whose feed is dead.
func (e *evaluation) substituted(r Reading) Reading {
	if r.Quality != Substituted {
		return r
	}
	switch capacity := e.asset.about.Capacity; {
	case e.settings.PeopleOnLoss == PeopleNumber:
		r.Value = int64(e.settings.PeopleSubstitute)
	case e.settings.PeopleOnLoss == PeopleCapacity && capacity > 0:
		r.Value = int64(capacity)
	}
	return r
}

// quality says how far a feed's last word can be trusted.
func (v *evidence) quality() Quality {
	switch {
	case v.life == feedDead:
		return Substituted
	case v.life == feedStale:
		return Held
	case v.doubtful:
		return Uncertain
	}
	return Good
}

func (e *evaluation) show(m Measure, r Reading) {
	e.out.Has |= MeasuresOf(m)
	e.out.Readings[m] = r
}

// hide takes back what was shown of a measure.
func (e *evaluation) hide(m Measure) {
	e.out.Has &^= MeasuresOf(m)
	e.out.Readings[m] = Reading{}
}

// estimate returns the day's traffic, in less out.
func (e *evaluation) estimate() Reading {
	t := &e.asset.total
	net, today := int64(0), e.days.midnight(e.now)
	if t.Day >= today {
		net = max(0, t.Net)
	}
	e.wakeAt(e.days.next(e.now))
	return Reading{Value: net, At: t.At, Known: true, Quality: max(Uncertain, e.changeLife().quality())}
}

// changeLife is how alive a feed is that speaks only on change, such as TRAFFIC.
func (e *evaluation) changeLife() *evidence {
	v := &e.onChange
	if v.history == nil {
		*v = evidence{history: &e.state.nothing, change: true, doubtful: e.state.clock.doubt != noDoubt}
		e.judgeLife(v)
		e.doubtOnChange(v)
	}
	return v
}

// showEstimate lets the traffic estimate stand in for people where nothing counts them.
func (e *evaluation) showEstimate() {
	if e.asset.total.At == 0 {
		return
	}
	e.out.Estimate = true
	e.show(People, e.substituted(e.estimate()))
}

// showMotion shows what the PIR said last, until a MOTION has stood for too long.
func (e *evaluation) showMotion() {
	v := &e.feeds[MotionFeed]
	if v.history == nil {
		return
	}
	r := Reading{Value: int64(v.history.value()), At: v.newest, Known: true, Quality: v.quality()}
	if r.Value == 1 && e.now >= v.newest.Add(e.settings.MaxLatch) {
		r.Known, r.Value = false, 0
	}
	e.show(Motion, r)
}

func (e *evaluation) showTraffic() {
	t := &e.asset.total
	if t.At == 0 {
		return
	}
	q := e.changeLife().quality()
	if midnight := e.days.midnight(e.now); q == Good && e.asset.total.Lacks >= midnight {
		q = Uncertain
		e.wakeAt(e.days.next(e.now))
	}
	e.show(TrafficIn, Reading{Value: int64(t.In), At: t.At, Known: true, Quality: q})
	e.show(TrafficOut, Reading{Value: int64(t.Out), At: t.At, Known: true, Quality: q})
	e.show(TrafficEstimate, e.estimate())
}

func (e *evaluation) showFound() {
	if e.asset.foundAt == 0 {
		return
	}
	r := Reading{Value: int64(e.asset.found), At: e.asset.foundAt, Known: true, Quality: e.changeLife().quality()}
	if e.asset.found == notKept {
		r.Value, r.Known, r.Quality = 0, false, max(r.Quality, Uncertain)
	}
	e.show(Detections, r)
}

// showToday shows the measures of the day that the site is in.
func (e *evaluation) showToday() {
	v := e.people
	if v == nil {
		v = &e.feeds[MotionFeed]
	}
	if v.history == nil {
		return
	}
	midnight := e.days.midnight(e.now)
	e.wakeAt(e.days.next(e.now))
	peak, minutes := v.history.today(v.feed, e.settings, midnight, e.now)
	quality := v.quality()
	if quality == Good && e.shiftedToday() {
		quality = Uncertain
	}
	if v.feed != MotionFeed {
		e.show(PeakToday, Reading{Value: int64(peak), At: v.newest, Known: true, Quality: quality})
	} else if v.history.value() == 1 && e.now < v.newest.Add(e.settings.MaxLatch) {
		e.wakeAt(minuteStart(e.now.Minute() + 1))
	}
	e.show(OccupiedMinutesToday, Reading{Value: int64(minutes), At: v.newest, Known: true, Quality: quality})
}

// conclude says what follows for the asset as a whole.
func (e *evaluation) conclude() {
	out := e.out
	e.utilise()
	for o := range Output(OutputCount) {
		e.showOutput(o)
	}
	if e.answers[HVACOutput].known {
		out.Quality, out.Reason = e.answers[HVACOutput].quality, e.answers[HVACOutput].reason
		out.OffDelayEnds = e.answers[HVACOutput].ends
		for _, v := range e.counted {
			e.age(v)
		}
	} else {
		e.standIn()
	}
	for _, r := range out.Readings {
		out.At = max(out.At, r.At)
	}
}

// standInForNever says what the outputs are taken for of what nothing was ever heard of.
func (e *evaluation) standInForNever() {
	if e.out.Quality != Never {
		return
	}
	for o := range Output(OutputCount) {
		e.out.Lost[o] = e.unheard(o)
	}
}

func (e *evaluation) showOutput(o Output) {
	a := &e.answers[o]
	if !a.known {
		return
	}
	r := Reading{Known: true, Quality: a.quality}
	if a.on {
		r.Value = 1
	}
	for _, v := range e.counted {
		r.At = max(r.At, v.newest)
	}
	e.show(o.Measure(), r)
	if o == HVACOutput {
		e.show(Occupied, r)
	}
}

// standIn lets the newest measure speak for an asset without evidence.
func (e *evaluation) standIn() {
	out := e.out
	out.Reason = Reason{Code: ReasonNoData}
	newest := Reading{}
	for m, r := range out.Readings {
		if out.Has.Has(Measure(m)) && Measure(m) != People && r.At >= newest.At {
			newest = r
		}
	}
	if newest.At == 0 {
		if e.heard() {
			out.Quality = Uncertain // something was heard, and the rules let none of it count
		}
		return
	}
	out.Quality = newest.Quality
	if out.Estimate {
		out.Quality = out.Readings[People].Quality
		out.Reason = Reason{Code: ReasonTrafficEstimate, People: int(out.Readings[People].Value), At: newest.At}
	}
	e.age(&evidence{newest: newest.At, change: true})
}

// age lets a feed count for the asset's age: it is that of the oldest.
func (e *evaluation) age(v *evidence) {
	switch {
	case v.change && e.site != nil:
		e.out.FollowsSite = true
	case v.newest != 0 && (e.out.Oldest == 0 || v.newest < e.out.Oldest):
		e.out.Oldest = v.newest
	}
}

func (e *evaluation) utilise() {
	people, capacity := e.out.Readings[People], int64(e.asset.about.Capacity)
	if capacity == 0 && e.asset.sum != nil {
		capacity = e.asset.sum.capacity
	}
	if capacity == 0 || !e.out.Has.Has(People) || !people.Known {
		return
	}
	people.Value = (people.Value*1000 + capacity/2) / capacity
	e.show(Utilisation, people)
}

// force lets the overrides in force stand in for what the events say.
func (e *evaluation) force() {
	for i := range e.asset.overrides {
		e.wakeAt(e.asset.overrides[i].Until)
	}
	for o := range Output(OutputCount) {
		if by := e.inForce(Target(o) + TargetLighting); by != nil {
			e.forceOutput(o, by)
		}
	}
	if by := e.inForce(TargetPeople); by != nil {
		e.show(People, Reading{Value: int64(by.Value), At: e.out.Readings[People].At, Known: true, Quality: Forced})
		e.out.Estimate = false
		e.utilise()
	}
}

// inForce returns the override that counts for a target: that of the greater source; of one source the one
// that names the output itself.
func (e *evaluation) inForce(t Target) *Override {
	var best *Override
	for i := range e.asset.overrides {
		o := &e.asset.overrides[i]
		applies := o.Target == t || o.Target == TargetOutputs && t != TargetPeople
		if !applies || e.moment >= o.Until {
			continue
		}
		if best == nil || o.Source > best.Source || o.Source == best.Source && o.Target == t {
			best = o
		}
	}
	return best
}

func (e *evaluation) forceOutput(o Output, by *Override) {
	r := Reading{Value: int64(by.Value), At: e.out.Readings[o.Measure()].At, Known: true, Quality: Forced}
	reason := Reason{Code: ReasonForced, By: by}
	e.answers[o] = answer{on: by.Value != 0, known: true, quality: Forced, reason: reason}
	e.show(o.Measure(), r)
	if o == HVACOutput {
		e.show(Occupied, r)
		e.out.Quality, e.out.Reason, e.out.OffDelayEnds = Forced, reason, 0
	}
}
