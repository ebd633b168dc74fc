package gateway

import (
	"maps"
	"slices"
	"time"
)

// What speaks only on change says nothing while nothing changes. Whether it could speak, the sensors' health tells
// where it is asked for: each report is a sign of life of the places whose sensors are online. While all sensors of a
// place are offline its feeds age from the last sign on, be it a report, a heartbeat or an event of its own. A place
// without sensors is as alive as the smallest place around it that has some; without any the rule is that of a gateway
// that does not ask. So it is where no report comes any more: what is known grows old, and in the end uncertain, and
// what was offline stays so until it is heard.

// beat is what is known of the sensors of one place: in it, and in all that lies in it.
type beat struct {
	sensors int
	offline int
	sign    Timestamp     // when one of them was last known to be online; 0 never
	arrived time.Duration // Mono when a report last said that one is; 0 not since the start
	at      Timestamp     // of the newest report about the place

	// lost are the times in which all of them were offline: of each time that a silence has to last to be a loss to
	// any asset the newest that lasted longer, the newest first, each longer than those before it. It is replaced, never
	// altered.
	lost []Silence
}

// served is what one report says of the sensors of a place.
type served struct {
	sensors int
	offline int
	sign    Timestamp // the newest heartbeat of those that are offline
	heard   bool      // the report says that one is online
	told    bool      // it says something of one at least
}

// countServed counts a sensor for each place that it is in: itself, its room, its floor, and what they lie in as far
// as events have told. Of one of which the report does not tell, what was known counts on, and is no sign of life.
func (s *State) countServed(told map[AssetID]*served, d *Device, now Timestamp, reported bool) {
	if d.Hive {
		return
	}
	count := func(place AssetID) {
		t := told[place]
		if t == nil {
			t = new(served)
			told[place] = t
		}
		t.sensors++
		t.told = t.told || reported
		t.heard = t.heard || reported && d.Online
		if !d.Online {
			t.offline++
			if d.Heartbeat <= now.Add(s.rules.MaxFuture) { // what lies further ahead says nothing
				t.sign = max(t.sign, min(d.Heartbeat, now))
			}
		}
	}
	places := [...]AssetID{d.ID, d.Room, d.Floor}
	for _, place := range places {
		if place != "" {
			count(place)
		}
	}
	a := s.byID[d.Room]
	if a == nil {
		a = s.byID[d.Floor]
	}
	for ; a != nil; a = a.parent {
		if !slices.Contains(places[:], a.about.ID) {
			count(a.about.ID)
		}
	}
}

// beatPlaces takes up what a report says of each place.
func (s *State) beatPlaces(i Instant, now Timestamp, told map[AssetID]*served, partial bool) {
	if s.beats == nil {
		s.beats = make(map[AssetID]*beat, len(told))
	}
	for _, place := range slices.Sorted(maps.Keys(s.beats)) {
		if told[place] == nil && !partial {
			s.markServed(s.byID[place]) // by what is around it, from now on
			delete(s.beats, place)
		}
	}
	for _, place := range slices.Sorted(maps.Keys(told)) {
		if !told[place].told {
			continue
		}
		b := s.beats[place]
		fresh := b == nil
		if fresh {
			b = new(beat)
			s.beats[place] = b
		}
		if s.beat(b, told[place], i, now) || fresh {
			s.markServed(s.byID[place])
		}
	}
}

// beat takes up what a report says of one place, and tells whether that may change what is shown of it.
func (s *State) beat(b *beat, t *served, i Instant, now Timestamp) bool {
	before := *b
	b.sensors, b.offline, b.at = t.sensors, t.offline, now
	if b.isOff() {
		b.sign = max(b.sign, t.sign)
		return true
	}
	if before.isOff() {
		b.lost = s.withLoss(Silence{before.sign, now}, before.lost)
	}
	if t.heard {
		b.sign, b.arrived = now, max(i.Mono, 1)
	}
	return before.isOff() || (before.offline > 0) != (b.offline > 0) || now >= before.sign.Add(s.extremes.ChangeUncertainAfter)
}

// isOff tells whether all sensors of a place are offline.
func (b *beat) isOff() bool { return b.sensors > 0 && b.offline == b.sensors }

// withLoss returns silences, the newest first, with one that is newer than they are.
func (s *State) withLoss(newest Silence, silences []Silence) []Silence {
	f := silenceList{losses: s.deadly}
	f.take(newest)
	for _, older := range silences {
		f.take(older)
	}
	return f.found
}

// markServed has what a place's sensors serve looked at again: it, and what lies in it without sensors of its own.
func (s *State) markServed(a *asset) {
	if a == nil {
		return
	}
	if a.following {
		s.pending.mark(a)
	}
	for _, inner := range a.children {
		if s.beats[inner.about.ID] == nil {
			s.markServed(inner)
		}
	}
}

// beatOf returns what is known of the sensors that serve an asset, and whether they are its own: in it, or in its
// room. It returns nil where nobody knows of any.
func (s *State) beatOf(a *asset) (b *beat, own bool) {
	if len(s.beats) == 0 {
		return nil, false
	}
	for place := a; place != nil; place = place.parent {
		if b := s.beats[place.about.ID]; b != nil {
			return b, place == a || place.about.Kind == Room
		}
	}
	return nil, false
}

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
