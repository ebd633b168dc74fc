package mqtt

import (
	"context"
	"hash/maphash"
	"time"

	"butlr-gateway/gateway"
)

const (
	tick         = time.Second      // how often it is looked what is due
	gatewayEvery = 10 * time.Second // how often the gateway's own state is said
	twiceAfter   = 2 * time.Second  // between saying everything once and twice
	askedEvery   = 5 * time.Second  // at most, everything is said because somebody asks for it
)

// told is what the broker was told of an asset, and in which round of saying everything.
type told struct {
	round        uint64
	availability string
	state        uint64 // hash of the payload
	hasState     bool
	said         gateway.Measures // of which it was told a scalar
	known        gateway.Measures // of those it was told a value of
	values       [gateway.MeasureCount]int64
}

// news takes up what is to be told of a measure, and tells whether it is another than was told.
func (t *told) news(m gateway.Measure, r gateway.Reading) bool {
	bit := gateway.MeasuresOf(m)
	if t.said.Has(m) && t.known.Has(m) == r.Known && (!r.Known || t.values[m] == r.Value) {
		return false
	}
	t.said |= bit
	t.known &^= bit
	if r.Known {
		t.known |= bit
		t.values[m] = r.Value
	}
	return true
}

// delivery tells the broker everything, then what changes, over one session.
type delivery struct {
	*Publisher
	window   *window
	session  session
	snapshot gateway.Snapshot // of the slot at hand
	seed     maphash.Seed

	// parts are what is said of an asset, each by a function that says it only if it is news to the broker.
	parts []func(context.Context, *slot) error

	turn     int           // place of the asset whose state was refreshed last
	credit   time.Duration // of refreshes: each costs Options.Refresh, each asset earns the time that passes
	selfSaid time.Time     // when the gateway's own state was said
	allSaid  time.Time     // when everything was
}

func newDelivery(p *Publisher, s session) *delivery {
	d := &delivery{Publisher: p, session: s, window: newWindow(s, p.metrics), seed: maphash.MakeSeed()}
	d.parts = []func(context.Context, *slot) error{d.appear, d.state}
	if p.options.Scalars {
		d.parts = append(d.parts, d.scalars)
	}
	return d
}

// run delivers until the session is lost or ctx ends, and returns why.
func (d *delivery) run(ctx context.Context) error {
	if err := d.resync(ctx); err != nil {
		return err
	}
	believed := time.NewTimer(d.probation())
	defer believed.Stop()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	var again <-chan time.Time
	if d.options.Twice {
		again = time.After(twiceAfter)
	}
	ready, births, written := d.announcer.signals()
	var greet <-chan time.Time
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.session.lost():
			return d.session.why()
		case <-d.window.overdue.C:
			return errStalled
		case <-d.window.acknowledged():
			err = d.window.settle()
		case <-d.mail.ready:
			if err = d.happened(ctx); err == nil {
				err = d.next(ctx)
			}
		case <-d.commands.again:
			again = time.After(askedEvery - time.Since(d.allSaid))
		case <-ready:
			err = d.announce(ctx)
		case err := <-written:
			d.announcer.finish(err)
		case err := <-d.shelf.written:
			d.shelved(err)
		case <-births:
			greet = greeting()
		case <-greet:
			err = d.greet(ctx)
		case <-d.session.denied():
			err = d.window.keep(ctx, d.statusTopic(), []byte(online))
		case <-clock.C:
			err = d.due(ctx)
		case <-again:
			err = d.resync(ctx)
		case <-believed.C:
			d.health.up()
		}
		if err != nil {
			return err
		}
	}
}

// resync says everything, in an order in which nobody who listens is misled: whether an asset can be
// seen before what there is to see, that before what is seen, and last that the gateway is online. It returns when the broker has
// acknowledged all of it.
func (d *delivery) resync(ctx context.Context) error {
	d.rounds++
	if err := d.forgetAgain(ctx); err != nil {
		return err
	}
	if err := d.settleDown(ctx); err != nil {
		return err
	}
	for i, part := range d.parts {
		if err := d.each(ctx, part); err != nil {
			return err
		}
		if i > 0 {
			continue
		}
		if err := d.announceAll(ctx); err != nil {
			return err
		}
	}
	if err := d.self(ctx); err != nil {
		return err
	}
	if err := d.window.keep(ctx, d.statusTopic(), []byte(online)); err != nil {
		return err
	}
	d.allSaid = time.Now()
	return d.window.drain(ctx)
}

// settleDown works out the topics of all assets, and has them remembered.
func (d *delivery) settleDown(ctx context.Context) error {
	if err := d.each(ctx, d.place); err != nil {
		return err
	}
	return d.awaitShelf(ctx)
}

// each says one part of every asset.
func (d *delivery) each(ctx context.Context, part func(context.Context, *slot) error) error {
	for place := 0; ; place++ {
		s := d.mail.at(place, &d.snapshot)
		if s == nil {
			return nil
		}
		if err := part(ctx, s); err != nil {
			return err
		}
	}
}

// next says what changed of the asset that has waited longest.
func (d *delivery) next(ctx context.Context) error {
	s := d.mail.take(&d.snapshot)
	if s == nil {
		return nil
	}
	if err := d.place(ctx, s); err != nil {
		return err
	}
	for _, part := range d.parts {
		if err := part(ctx, s); err != nil {
			return err
		}
	}
	if d.shelf.failed {
		return nil // at the next tick
	}
	return d.shelve(ctx)
}

// happened says what happened last, a few things before each asset, so that readings do not wait for long.
func (d *delivery) happened(ctx context.Context) error {
	for range newsShare {
		h, ok := d.mail.happened(d.options.Clock())
		if !ok {
			return nil
		}
		if err := d.pass(ctx, &h); err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) pass(ctx context.Context, h *gateway.Happening) error {
	if h.Type != gateway.Detected {
		topic := eventTopic(d.options.Topic, h.Asset)
		return d.window.send(ctx, message{topic: topic, payload: appendHappening(nil, h), fleeting: true})
	}
	topic := detectionsTopic(d.options.Topic, h.Asset)
	return d.window.send(ctx, message{topic: topic, payload: appendDetections(nil, h), fleeting: true, loose: true})
}

// due says what is to be said from time to time. The assets' turns are spread over the refresh time, so
// that neither the broker nor whoever listens gets them all at once.
func (d *delivery) due(ctx context.Context) error {
	if time.Since(d.selfSaid) >= gatewayEvery {
		if err := d.self(ctx); err != nil {
			return err
		}
	}
	if err := d.announceDue(ctx); err != nil {
		return err
	}
	if err := d.tidy(ctx); err != nil {
		return err
	}
	if err := d.shelve(ctx); err != nil {
		return err
	}
	d.sayUnshelved()
	assets, _ := d.mail.size()
	d.credit += time.Duration(assets) * tick
	for ; d.credit >= d.options.Refresh; d.credit -= d.options.Refresh {
		if d.turn++; d.turn >= assets {
			d.turn = 0
		}
		s := d.mail.at(d.turn, &d.snapshot)
		s.told.hasState = false
		if err := d.state(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) availability(ctx context.Context, s *slot) error {
	t := d.told(s)
	text := availabilityOf(&d.snapshot)
	if t.availability == text {
		return nil
	}
	t.availability = text
	return d.say(ctx, s, "availability", []byte(text))
}

func (d *delivery) state(ctx context.Context, s *slot) error {
	t := d.told(s)
	payload := appendState(make([]byte, 0, 512), &d.snapshot, d.options.Place(d.snapshot.Asset))
	sum := maphash.Bytes(d.seed, payload)
	if t.hasState && t.state == sum {
		return nil
	}
	t.state, t.hasState = sum, true
	return d.say(ctx, s, "state", payload)
}

func (d *delivery) scalars(ctx context.Context, s *slot) error {
	t := d.told(s)
	for m := range gateway.Measure(gateway.MeasureCount) {
		if !d.snapshot.Has.Has(m) || !s.kept.scalars.Has(m) {
			continue
		}
		r := d.snapshot.Reading(m)
		if !t.news(m, r) {
			continue
		}
		if err := d.say(ctx, s, m.String(), appendScalar(nil, m, r)); err != nil {
			return err
		}
	}
	return nil
}

// told returns what the broker was told of an asset in this round.
func (d *delivery) told(s *slot) *told {
	if s.told.round != d.rounds {
		s.told = told{round: d.rounds}
	}
	return &s.told
}

// self says how the gateway is.
func (d *delivery) self(ctx context.Context) error {
	d.selfSaid = time.Now()
	sum := d.mail.sum()
	payload := appendGateway(make([]byte, 0, 512), &d.options, d.options.Clock(), &sum)
	return d.window.keep(ctx, d.options.Topic+"/gateway/state", payload)
}

func (d *delivery) statusTopic() string { return statusTopic(d.options.Topic) }

// farewell says that the gateway is offline. It tells whether the broker knows; if not, the last will
// must say it.
func (d *delivery) farewell() bool {
	ctx := context.Background() // the session is cut in time, see cutWhenStuck
	return d.window.keep(ctx, d.statusTopic(), []byte(offline)) == nil && d.window.drain(ctx) == nil
}
