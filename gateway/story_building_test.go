package gateway_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// building is a story while it is told: the world's time, the gateway, and what controllers see of it.
type building struct {
	*testing.T
	file  string
	story *story

	now    gateway.Timestamp // the true time
	wrong  time.Duration     // how far ahead of it this machine's clock is
	booted gateway.Timestamp // when the process started
	beaten gateway.Timestamp // when it was stored last that the gateway is alive
	disk   journal

	running *gateway.State // nil while the gateway is down
	mirror  *gateway.State // lives the same life, but is asked for everything again and again
	shown   map[gateway.AssetID]gateway.Snapshot
	all     map[gateway.AssetID]gateway.Snapshot // what the mirror shows
	summary [2]gateway.Summary                   // as published, as the mirror shows it

	lasting []*episode // what must be so for longer
	sent    []gateway.Event
	serial  int  // of the next event
	astray  bool // what was published and what is true have differed, and it was told
}

func newBuilding(t *testing.T, file string, s *story) *building {
	return &building{T: t, file: file, story: s}
}

// tell lets everything happen, and compares.
func (b *building) tell() {
	b.now = b.story.episodes[0].at.Add(-time.Hour)
	if !b.story.asleep {
		if err := b.start(); err != nil {
			b.Fatal(err)
		}
	}
	for i := range b.story.episodes {
		s := &b.story.episodes[i]
		b.pass(s.at)
		if s.happen == nil {
			b.expect(s)
			continue
		}
		if err := s.happen(b); err != nil {
			b.Fatalf("%s:%d: %s: %v", b.file, s.line, s.text, err)
		}
		b.look()
	}
	for _, s := range b.lasting { // what was to last longer than anything happens
		b.pass(max(b.now, s.until))
	}
}

// instant is what this machine's clocks say at a moment.
func (b *building) instant() gateway.Instant {
	return gateway.Instant{Wall: b.now.Add(b.wrong).Time(), Mono: b.now.Sub(b.booted)}
}

// pass lets time pass, as far as a moment. The gateway wakes whenever it wants to, and stores every minute
// that it is alive.
func (b *building) pass(until gateway.Timestamp) {
	for wakes := 0; b.running != nil; wakes++ {
		beat := b.beaten.Add(time.Minute)
		next := beat
		if wish := b.running.Next(); wish != 0 {
			next = min(next, b.now.Add(b.running.Until(b.instant(), wish)))
		}
		if next > until {
			break
		}
		if next > b.now {
			wakes = 0
		}
		if wakes > 100 {
			b.Fatalf("%s: at %s the gateway wants to wake again and again", b.file, b.clock())
		}
		b.now = next
		if next == beat {
			if err := b.beat(); err != nil {
				b.Fatal(err)
			}
		} else {
			b.publish(b.running.Wake(b.instant()))
		}
		b.look()
	}
	b.now = until
}

// start starts the gateway with what its disk kept.
func (b *building) start() error {
	b.booted, b.beaten = b.now, b.now
	b.shown = make(map[gateway.AssetID]gateway.Snapshot)
	var err error
	if b.running, err = gateway.NewState(b.story.rules, b.disk.saved(), b.instant()); err != nil {
		return err
	}
	if b.mirror, err = gateway.NewState(b.story.rules, b.disk.saved(), b.instant()); err != nil {
		return err
	}
	if err := b.store(); err != nil {
		return err
	}
	b.publish(b.running.All(b.instant()))
	b.look()
	return nil
}

// stop ends the gateway in order: that it was alive is stored.
func (b *building) stop() error {
	err := b.beat()
	b.running, b.mirror = nil, nil
	return err
}

// losePower ends the gateway as a fuse does.
func (b *building) losePower() error {
	b.running, b.mirror = nil, nil
	return nil
}

// setClock has the machine's clock be wrong by so much. The gateway looks at it at least every minute; here at
// once.
func (b *building) setClock(wrong time.Duration) {
	b.wrong = wrong
	if b.running != nil {
		b.publish(b.running.Wake(b.instant()))
	}
}

func (b *building) beat() error {
	b.beaten = b.now
	return b.change(func(s *gateway.State, i gateway.Instant) error { s.Beat(i); return nil })
}

// deliver posts an event to the gateway. While it is down nobody hears it.
func (b *building) deliver(e gateway.Event) error {
	if b.running == nil {
		return nil
	}
	b.sent = append(b.sent, e)
	return b.change(func(s *gateway.State, i gateway.Instant) error { return s.Apply(i, []gateway.Event{e}) })
}

// repeat delivers everything that was ever delivered once more, and the newest first.
func (b *building) repeat() error {
	for i := len(b.sent) - 1; i >= 0; i-- {
		e := b.sent[i]
		if err := b.change(func(s *gateway.State, i gateway.Instant) error { return s.Apply(i, []gateway.Event{e}) }); err != nil {
			return err
		}
	}
	return nil
}

// change makes a change, stores it and publishes what it changed.
func (b *building) change(change func(*gateway.State, gateway.Instant) error) error {
	if b.running == nil {
		return errors.New("the gateway is down")
	}
	if err := errors.Join(change(b.running, b.instant()), change(b.mirror, b.instant())); err != nil {
		return err
	}
	return b.store()
}

func (b *building) store() error {
	if batch := b.running.Batch(); !batch.Empty() {
		if err := b.disk.Commit(b.Context(), batch); err != nil {
			return err
		}
	}
	b.publish(b.running.Settle(b.instant()))
	b.mirror.Batch()
	b.mirror.Settle(b.instant())
	return nil
}

func (b *building) clock() string {
	return b.now.Time().In(b.story.place).Format("Mon 2006-01-02 15:04:05.000")
}

// describe says in a line what is seen of an asset.
func describe(s *gateway.Snapshot, reason string) string {
	text := ""
	for m := range gateway.Measure(gateway.MeasureCount) {
		if s.Has.Has(m) && m != gateway.Occupied {
			r := s.Reading(m)
			text += fmt.Sprintf("%s %s %s, ", m, showValue(m, r), r.Quality)
		}
	}
	return text + s.Quality.String() + " because " + reason
}
