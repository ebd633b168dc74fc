package gateway

import "time"

const (
	idLimit    = 256    // bytes of an id or a type
	countLimit = 65_534 // people; one below what a controller reads as unknown
)

// earliest is the first moment that an event is believed to have happened in: Butlr sent none before.
var earliest = TimestampOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))

// inSeconds is the last timestamp that is taken for one in seconds: as milliseconds it lies in 1973, as
// seconds in the year 5138.
const inSeconds Timestamp = 100_000_000_000

// admit decides whether an event is believed at all, before anything changes.
func (s *State) admit(now Instant, e *Event) Refusal {
	if e.Defect != Admitted {
		return e.Defect
	}
	if r := admitTime(e); r != Admitted {
		return r
	}
	if r := admitContent(e); r != Admitted {
		return r
	}
	if e.Type == Traffic && e.Origin == Posted && s.rules.Polled {
		return TrafficPolled
	}
	if r := s.admitPlaces(e); r != Admitted {
		return r
	}
	return s.admitClock(now, e)
}

// admitTime decides about a timestamp that no clock could make right.
func admitTime(e *Event) Refusal {
	switch {
	case e.At == 0:
		return TimestampMissing
	case e.At > 0 && e.At < inSeconds:
		return TimestampInSeconds
	case e.At < earliest:
		return TimestampTooOld
	}
	return Admitted
}

// admitClock compares an event that is right in everything else with the clock, and the clock with it.
func (s *State) admitClock(i Instant, e *Event) Refusal {
	latest := s.clock.latest(i)
	s.clock.note(i, e.Path.places()[e.Subject-Site].ID, e.At)
	s.clock.judge(i, e.At, latest)
	now := s.clock.now(i)
	if s.clock.doubt == noDoubt || now > latest {
		latest = s.clock.latest(i)
	}
	switch {
	case e.At > latest:
		return TimestampInFuture
	case e.Type == Traffic && e.At < now.Add(-s.rules.Horizon):
		s.doubtCounter(e, now)
		return IncrementTooOld
	}
	return Admitted
}

func admitContent(e *Event) Refusal {
	if r := admitID(e.ID); r != Admitted {
		return r
	}
	switch e.Type {
	case Occupancy, OccupancyMinute:
		return admitCount(e.People)
	case Traffic:
		if e.ID == "" {
			return IDMissing
		}
		if r := admitCount(e.In); r != Admitted {
			return r
		}
		return admitCount(e.Out)
	}
	return Admitted
}

func admitID(id string) Refusal {
	if len(id) > idLimit {
		return IDTooLong
	}
	for i := range len(id) {
		if id[i] < ' ' || id[i] == 0x7f {
			return IDNotPlain
		}
	}
	return Admitted
}

func admitCount(n int) Refusal {
	switch {
	case n < 0:
		return CountNegative
	case n > countLimit:
		return CountTooLarge
	}
	return Admitted
}

// admitPlaces decides about where it happened: known places are what they were, new ones are welcome.
func (s *State) admitPlaces(e *Event) Refusal {
	if !s.accepts(e) {
		return PlaceNotConfigured
	}
	fresh, subject := 0, false
	for i, p := range e.Path.places() {
		if p.ID == "" {
			continue
		}
		if r := admitID(string(p.ID)); r != Admitted {
			return r
		}
		subject = subject || placeKinds[i] == e.Subject
		a := s.byID[p.ID]
		switch {
		case a != nil && a.about.Kind != placeKinds[i]:
			return KindConflict
		case a == nil && !s.named(p.ID, p.CustomID):
			fresh++
		}
	}
	if !subject {
		return IDMissing
	}
	if e.Path.repeats() {
		return KindConflict
	}
	limit := s.rules.MaxUnknownAssets
	if fresh > 0 && (limit > 0 && s.unknown+fresh > limit || len(s.assets)+fresh > int(MaxNumber)) {
		return TooManyAssets
	}
	return Admitted
}

// repeats tells whether a path gives one id to two places.
func (p *Path) repeats() bool {
	places := p.places()
	for i, a := range places {
		for _, b := range places[i+1:] {
			if a.ID != "" && a.ID == b.ID {
				return true
			}
		}
	}
	return false
}

// accepts tells whether an event lies where the operator wants events of. What was asked for lies in the organisation
// whose credentials it was asked with, and names none.
func (s *State) accepts(e *Event) bool {
	for i, id := range [3]AssetID{e.Path.Organisation.ID, e.Path.Site.ID, e.Path.Building.ID} {
		if i == 0 && e.Origin != Posted {
			continue
		}
		if s.allow[i] != nil && !s.allow[i][id] {
			return false
		}
	}
	return true
}

// named tells whether the operator named the asset.
func (s *State) named(id AssetID, custom string) bool {
	if id.Kind() == Group {
		return true
	}
	_, ok := s.rules.asset(id, custom)
	return ok
}

func (s *State) refuse(now Instant, e *Event, why Refusal) {
	s.pending.reasons[why]++
	s.pending.refused.add(refusedEvent(now, e, why))
	s.noteRefused(now, e, why)
}
