package building

import (
	"context"
	"iter"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// How Butlr recomputes.
const (
	countedAt  = 30 * time.Second // into the minute
	lookBack   = 4                // minutes that may be sent again
	wrongShare = 0.04             // of counts, which are one too many or one too few until they are corrected
	againShare = 0.25             // of places in a minute that send an earlier minute again
)

// count reports a place: the minute's count, its smoothed value, and what is said again.
func (b *Building) count(c *counted) {
	at := b.minute.Add(countedAt)
	b.correct(c, at)
	b.repeat(c, at)

	value := c.people
	if c.wrong = b.chance(wrongShare); c.wrong {
		if value == 0 || b.chance(0.5) {
			value++
		} else {
			value--
		}
	}
	id := b.sendPeople(c, gateway.Occupancy, at, at, value)
	if len(c.recent) > lookBack {
		c.recent = slices.Delete(c.recent, 0, 1)
	}
	c.recent = append(c.recent, revision{at, id, c.people})

	smooth := (c.before + c.people + 1) / 2
	b.sendPeople(c, gateway.OccupancyMinute, b.minute, b.minute.Add(time.Minute), smooth)
	c.before = c.people
}

// correct says what was true a minute ago, if it was counted wrongly: the same minute, a newer id.
func (b *Building) correct(c *counted, now time.Time) {
	if !c.wrong || len(c.recent) == 0 {
		return
	}
	r := &c.recent[len(c.recent)-1]
	r.id = b.sendPeople(c, gateway.Occupancy, r.at, now, r.value)
}

// repeat says again what is known of an earlier minute: the same event, or the same value anew.
func (b *Building) repeat(c *counted, now time.Time) {
	if len(c.recent) == 0 || !b.chance(againShare) {
		return
	}
	r := &c.recent[b.random.IntN(len(c.recent))]
	if b.chance(0.5) {
		r.id = b.sendPeople(c, gateway.Occupancy, r.at, now, r.value)
		return
	}
	e := c.event(gateway.Occupancy, r.at, r.value)
	e.ID = r.id
	b.send(now.Add(b.transit()), e)
}

// sendPeople sends a count under a new id, which it returns.
func (b *Building) sendPeople(c *counted, t gateway.EventType, at, known time.Time, people int) string {
	return b.sendSoon(known, c.event(t, at, people))
}

func (c *counted) event(t gateway.EventType, at time.Time, people int) gateway.Event {
	return gateway.Event{Type: t, Subject: c.subject, At: gateway.TimestampOf(at), Path: c.path, People: people}
}

// sendSoon sends an event of something that was known then, under a new id, which it returns.
func (b *Building) sendSoon(known time.Time, e gateway.Event) string {
	sent := known.Add(b.transit())
	e.ID = b.mint.id("event_", sent)
	b.send(sent, e)
	return e.ID
}

// transit is how long an event takes from the sensor to Butlr's servers.
func (b *Building) transit() time.Duration {
	return time.Duration(500+b.random.IntN(3500)) * time.Millisecond
}

// Count appends n further counts of the places, in turn, as they truly are, each under a new id and
// with the timestamp of now. They are for load: Advance goes on as if they had not been.
func (b *Building) Count(events []gateway.Event, n int, now time.Time) []gateway.Event {
	for range n {
		c := b.counted[b.turn]
		b.turn = (b.turn + 1) % len(b.counted)
		e := c.event(gateway.Occupancy, now, c.people)
		e.ID = b.mint.id("event_", now)
		b.remember(&e)
		events = append(events, e)
	}
	return events
}

// Source sends events as time goes by.
type Source interface {
	Advance(to time.Time) []gateway.Event
}

// Steady returns a source that has the building count at a rate, in events a second from start on, whatever
// its rhythm.
func (b *Building) Steady(rate float64, start time.Time) Source {
	return &steady{estate: b, rate: rate, start: start}
}

type steady struct {
	estate *Building
	rate   float64
	start  time.Time
	sent   int
}

func (s *steady) Advance(to time.Time) []gateway.Event {
	due := int(to.Sub(s.start).Seconds()*s.rate) - s.sent
	s.sent += due
	return s.estate.Count(nil, due, to)
}

// Live yields what the source sends, as it happens, until ctx ends. A slice is valid until the next.
func Live(ctx context.Context, source Source, every time.Duration) iter.Seq[[]gateway.Event] {
	return func(yield func([]gateway.Event) bool) {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			if !yield(source.Advance(time.Now())) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}
}

// Load yields further counts without end, size at a time, until ctx ends. A slice is valid until the next.
func (b *Building) Load(ctx context.Context, size int) iter.Seq[[]gateway.Event] {
	return func(yield func([]gateway.Event) bool) {
		var events []gateway.Event
		for ctx.Err() == nil {
			events = b.Count(events[:0], size, time.Now())
			if !yield(events) {
				return
			}
		}
	}
}
