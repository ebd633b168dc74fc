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
