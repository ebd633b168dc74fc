package gateway

import "slices"

// What an asset shows by the health of its sensors.

// followBeat finds out what is known of the sensors that serve the asset.
func (e *evaluation) followBeat() {
	e.beat, e.ownBeat, e.offline = nil, false, false
	if !e.asset.following {
		return
	}
	if e.beat, e.ownBeat = e.state.beatOf(e.asset); e.beat != nil {
		e.offline = e.beat.isOff() && e.asset.spoke() <= e.beat.at // what spoke since can be heard
	}
}

// lastSign returns when an asset whose sensors are offline was last known to be alive.
func (e *evaluation) lastSign() Timestamp { return max(e.beat.sign, e.asset.spoke()) }

// aliveFrom returns when the age of what speaks only on change begins; not ok: nothing says that it could be dead.
func (e *evaluation) aliveFrom() (from Timestamp, ok bool) {
	if e.site != nil && e.site.hasPulse() {
		from, ok = e.state.ageFrom(e.site.heard, e.site.arrived), true
	}
	if !e.offline {
		return from, ok
	}
	arrived := e.beat.arrived
	for f, h := range e.asset.feeds {
		if h != nil && !e.asset.hasRhythm(Feed(f)) {
			arrived = max(arrived, h.arrived)
		}
	}
	sign := e.state.ageFrom(e.lastSign(), arrived)
	if !ok || sign < from {
		from = sign
	}
	return from, true
}

// isOfSensors tells whether it is the sensors' health that what speaks only on change is stale or dead by, rather than
// its site's silence.
func (e *evaluation) isOfSensors() bool {
	return e.offline && (e.site == nil || !e.site.hasPulse() || e.lastSign() < e.site.heard)
}

// doubtOnChange makes what speaks only on change doubtful where it is not known that it could speak.
func (e *evaluation) doubtOnChange(v *evidence) {
	sign := Timestamp(0)
	if e.beat != nil {
		sign = e.beat.sign
		v.doubtful = v.doubtful || e.ownBeat && e.beat.offline > 0
	}
	if e.site != nil && !e.site.hasPulse() {
		e.doubtFrom(v, max(e.site.heard, sign).Add(e.settings.ChangeUncertainAfter))
	}
}

// sensorLoss returns the newest time that is over in which nothing could be heard of the asset, long enough to be a loss:
// its sensors were offline, or no gateway ran. What it said itself meanwhile was heard, and ends such a time.
func (e *evaluation) sensorLoss() (loss Silence, ok bool) {
	if e.beat == nil {
		return Silence{}, false
	}
	take := func(s Silence) {
		for s.To > loss.To && s.length() > e.settings.DeadAfter {
			from := max(s.From, e.asset.spokeBefore(s.To))
			if from >= s.To {
				return // what was said before is not known one by one
			}
			if s.To.Sub(from) > e.settings.DeadAfter {
				loss = Silence{from, s.To}
			}
			s.To = from
		}
	}
	if e.beat.isOff() {
		take(Silence{e.beat.sign, e.asset.spoke()})
	}
	for _, s := range e.beat.lost {
		take(s)
	}
	for _, start := range slices.Backward(e.state.starts) {
		if start.Alive != 0 {
			take(Silence{start.Alive, start.At})
		}
	}
	return loss, loss.To != 0
}

// spoke returns when an asset last said something that only its sensors can have brought about: not a count that comes
// every minute anyway.
func (a *asset) spoke() Timestamp {
	at := max(a.total.At, a.foundAt)
	for f, h := range a.feeds {
		if !a.hasRhythm(Feed(f)) {
			at = max(at, h.newest())
		}
	}
	return at
}

// spokeBefore returns when it last did so before a moment, 0 if that is not known.
func (a *asset) spokeBefore(t Timestamp) (newest Timestamp) {
	for f, h := range a.feeds {
		if h != nil && !a.hasRhythm(Feed(f)) {
			newest = max(newest, h.newestBefore(t))
		}
	}
	return newest
}
