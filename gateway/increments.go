package gateway

import (
	"crypto/sha256"
	"time"
)

// increments remembers which TRAFFIC events were counted, by the hour in which they happened, so that
// what is older than the horizon goes an hour at a time.
type increments struct {
	hours map[int64]map[IncrementKey]struct{}
	count int
}

func newIncrements() increments {
	return increments{hours: make(map[int64]map[IncrementKey]struct{})}
}

// incrementKey tells one sensor's event from every other. The sensor is part of it: nobody promises
// that ids are unique across sensors.
func incrementKey(sensor AssetID, event string) IncrementKey {
	var text [2*idLimit + 1]byte
	b := append(text[:0], sensor...)
	b = append(b, 0)
	b = append(b, event...)
	sum := sha256.Sum256(b)
	return IncrementKey(sum[:len(IncrementKey{})])
}

// has looks in every hour: an event sent again with another timestamp is still the same event.
func (s *increments) has(key IncrementKey) bool {
	for _, hour := range s.hours {
		if _, ok := hour[key]; ok {
			return true
		}
	}
	return false
}

func (s *increments) add(i Increment) {
	h := i.At.Hour()
	hour := s.hours[h]
	if hour == nil {
		hour = make(map[IncrementKey]struct{})
		s.hours[h] = hour
	}
	if _, ok := hour[i.Key]; !ok {
		hour[i.Key] = struct{}{}
		s.count++
	}
}

func (s *increments) remove(i Increment) {
	if hour := s.hours[i.At.Hour()]; hour != nil {
		if _, ok := hour[i.Key]; ok {
			delete(hour, i.Key)
			s.count--
		}
	}
}

// expire forgets the hours that ended before the moment given. It returns that moment's hour, before
// which nothing is remembered any more, or 0 if there was nothing to forget.
func (s *increments) expire(before Timestamp) Timestamp {
	limit, dropped := before.Hour(), false
	for h, hour := range s.hours {
		if h < limit {
			s.count -= len(hour)
			delete(s.hours, h)
			dropped = true
		}
	}
	if !dropped {
		return 0
	}
	return Timestamp(limit * time.Hour.Milliseconds())
}
