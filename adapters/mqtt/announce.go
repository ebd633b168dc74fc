package mqtt

import (
	"context"
	"hash/maphash"
	"math/rand/v2"
	"time"

	"butlr-gateway/adapters/mqtt/discovery"
)

// Home Assistant is told everything again so long after it has started: it must have subscribed by then,
// and it is not to hear everything from everybody at the same moment.
const (
	greetAfter  = 2 * time.Second
	greetWithin = 3 * time.Second // more
)

// listeners hear when Home Assistant starts.
func (a *announcer) listeners() []listener {
	if a == nil || a.self == nil {
		return nil
	}
	return []listener{{a.gateway.Birth(), a.hear}}
}

// hear takes what Home Assistant says of itself. What the broker kept of that says nothing of now.
func (a *announcer) hear(_ string, payload []byte, kept bool) {
	if kept || string(payload) != online {
		return
	}
	select {
	case a.births <- struct{}{}:
	default:
	}
}

// signals are what a delivery waits for of an announcer; without one, for nothing.
func (a *announcer) signals() (ready, births chan struct{}, written chan error) {
	if a == nil {
		return nil, nil, nil
	}
	return a.ready, a.births, a.written
}

func greeting() <-chan time.Time { return time.After(greetAfter + rand.N(greetWithin)) }

// greet tells a Home Assistant that has just started what it may have missed.
func (d *delivery) greet(ctx context.Context) error {
	if err := d.window.keep(ctx, d.statusTopic(), []byte(online)); err != nil {
		return err
	}
	d.rounds++
	if err := d.each(ctx, d.appear); err != nil {
		return err
	}
	if err := d.announceAll(ctx); err != nil {
		return err
	}
	if err := d.each(ctx, d.state); err != nil {
		return err
	}
	return d.self(ctx)
}

// appear says whether there is anything to be seen of an asset, and has what that is announced.
func (d *delivery) appear(ctx context.Context, s *slot) error {
	if d.announcer != nil {
		d.announcer.notice(&s.device, &d.snapshot, time.Now())
	}
	return d.availability(ctx, s)
}

// announceAll announces everything, whatever the broker has, once every asset has appeared. What cannot be
// remembered in time is announced later.
func (d *delivery) announceAll(ctx context.Context) error {
	a := d.announcer
	if a == nil {
		return nil
	}
	a.await(ctx)
	a.wantAll(time.Now())
	if d.mail.complete() {
		a.sweep(time.Now())
	}
	if a.writing {
		return ctx.Err()
	}
	batch, news := a.take(time.Now())
	a.begin(ctx, batch, news)
	a.await(ctx)
	for len(a.lying) > 0 {
		if err := d.announce(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// announceDue begins to announce what is due.
func (d *delivery) announceDue(ctx context.Context) error {
	a := d.announcer
	if a == nil || a.writing {
		return nil
	}
	if !a.swept && d.mail.complete() {
		notice := func(_ context.Context, s *slot) error { a.notice(&s.device, &d.snapshot, time.Now()); return nil }
		if err := d.each(ctx, notice); err != nil {
			return err
		}
		a.sweep(time.Now())
	}
	if len(a.settling) > 0 {
		if err := d.window.drain(ctx); err != nil {
			return err
		}
		a.settle()
	}
	batch, news := a.take(time.Now())
	a.begin(ctx, batch, news)
	return nil
}

// lie lets devices be said, one after the other between readings.
func (a *announcer) lie(batch []*announced) {
	a.lying = append(a.lying, batch...)
	a.signal()
}

func (a *announcer) signal() {
	if len(a.lying) == 0 {
		return
	}
	select {
	case a.ready <- struct{}{}:
	default:
	}
}

// announce says the first of the devices that can be said.
func (d *delivery) announce(ctx context.Context) error {
	a := d.announcer
	if len(a.lying) == 0 {
		return nil
	}
	next := a.lying[0]
	a.lying[0], a.lying = nil, a.lying[1:]
	defer a.signal()
	for _, m := range a.say(next, time.Now()) {
		if err := d.window.keep(ctx, m.Topic, m.Payload); err != nil {
			return err
		}
	}
	return nil
}

// say returns the messages that a device needs, and takes them for said. What has changed since it was
// remembered, or could not be, waits.
func (a *announcer) say(d *announced, now time.Time) []discovery.Message {
	steps := a.steps(d)
	switch earliest := d.said.Add(repeatAfter); {
	case now.Before(earliest):
		a.due.set(d, earliest)
		return nil
	case len(steps.Remember) > 0 && a.failed:
		a.due.set(d, now.Add(retryAfter))
		return nil
	case len(steps.Remember) > 0:
		a.due.set(d, now)
		return nil
	}
	if !d.missing.IsZero() {
		a.due.set(d, d.missing.Add(keepMissing))
	}
	messages := steps.Say()
	digest := a.digestOf(messages)
	if len(messages) == 0 || digest == d.digest {
		return nil
	}
	d.said, d.digest = now, digest
	if d.stands == d.gone && d.asset != nil {
		d.stands = !d.gone
		a.moveChildren(d, now)
	}
	delete(a.settling, d.node)
	if len(steps.Settle)+len(steps.Forget) > 0 {
		rest := make(map[string]string)
		for _, key := range steps.Forget {
			rest[key] = ""
		}
		for _, t := range steps.Settle {
			rest[t.Key()] = t.Value()
		}
		a.settling[d.node] = rest
	}
	return messages
}

// digestOf returns what stands for messages; never 0.
func (a *announcer) digestOf(messages []discovery.Message) uint64 {
	var h maphash.Hash
	h.SetSeed(a.seed)
	for _, m := range messages {
		h.WriteString(m.Topic)
		h.WriteByte(0)
		h.Write(m.Payload)
		h.WriteByte(0)
	}
	return h.Sum64() | 1
}
