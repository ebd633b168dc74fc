package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"butlr-gateway/cmd/internal/poster"
	"butlr-gateway/gateway"
)

// campusRooms are so many that they, their zones, floors and buildings are 100 000 assets, a dozen less.
const campusRooms = 73_520

// campus is a gateway that knows a building, with a broker of its own.
type campus struct {
	house
	assets int
}

// newCampus starts a gateway and posts an event of each place to it; more is added to its configuration. Nothing is
// announced to Home Assistant, which nobody shows a hundred thousand devices.
func newCampus(ctx context.Context, program string, rooms int, more string) (c *campus, err error) {
	c = &campus{}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	section := func(b *broker) string { return b.section() + "discovery = \"off\"\n" + more }
	if err := c.open(ctx, program, rooms, section); err != nil {
		return c, err
	}
	p, err := poster.New(poster.Options{URL: c.webhook, Connections: 4, Batch: 100, Retries: 3, HeaderName: "X-Api-Key", HeaderValue: secret})
	if err != nil {
		return c, err
	}
	events := c.traffic.events(len(c.traffic.places))
	assets := make(map[gateway.AssetID]bool)
	for _, e := range events {
		for _, place := range []gateway.Place{e.Path.Site, e.Path.Building, e.Path.Floor, e.Path.Room, e.Path.Zone} {
			if place.ID != "" {
				assets[place.ID] = true
			}
		}
	}
	c.assets = len(assets)
	p.Run(ctx, slices.Values([][]gateway.Event{events}))
	if r := p.Report(); r.Accepted != len(events) {
		return c, fmt.Errorf("posting %d events: %d were accepted, %d lost: %s", len(events), r.Accepted, r.Lost, c.log.String())
	}
	return c, c.settle(ctx)
}

// settledFor is how long after the last work memory is looked at: what a burst took is given back a little later.
const settledFor = 20 * time.Second

// atRest is the memory of a gateway that has nothing left to do.
func (s *subject) atRest(ctx context.Context) (int, error) {
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(settledFor):
	}
	return s.resident()
}

// settle waits until the gateway has nothing left to do, such as telling a broker.
func (s *subject) settle(ctx context.Context) error {
	const atMost, quiet = 2 * time.Minute, 50 * time.Millisecond
	for began := time.Now(); time.Since(began) < atMost && ctx.Err() == nil; {
		before, err := processorTime(s.process.Process.Pid)
		if err != nil {
			return err
		}
		time.Sleep(time.Second)
		after, err := processorTime(s.process.Process.Pid)
		if err != nil {
			return err
		}
		if after-before < quiet {
			return nil
		}
	}
	return ctx.Err()
}

// restart ends it, starts it again, and returns how long it took from the start of the process until an event was
// accepted and a register read.
func (s *subject) restart() (time.Duration, error) {
	s.end()
	began := time.Now()
	if err := s.launch(); err != nil {
		return 0, err
	}
	for asked := 0; ; asked++ {
		err := s.accepts(asked)
		if err == nil {
			err = s.reads()
		}
		took := time.Since(began)
		if err == nil {
			return took, nil
		}
		if took > time.Minute {
			return 0, fmt.Errorf("starting the gateway again: %w\n%s", err, s.log.String())
		}
		time.Sleep(time.Millisecond)
	}
}

// accepts posts an event.
func (s *subject) accepts(n int) error {
	to, err := newSender(s.webhook)
	if err != nil {
		return err
	}
	defer to.conn.Close()
	_, body := countOf(latencyRoom(0), n)
	return to.post(body)
}

// reads reads a register.
func (s *subject) reads() error {
	conn, err := net.Dial("tcp", s.modbus)
	if err != nil {
		return err
	}
	defer conn.Close()
	return askOnce(conn)
}

// few is the traffic of the first places only.
func (t *traffic) few(places int) *traffic {
	other := *t
	other.places = t.places[:min(places, len(t.places))]
	return &other
}

// growthCommand measures what a hundred thousand assets cost beside a hundred: an event, memory and a start.
func growthCommand(ctx context.Context, args []string, w io.Writer) error {
	return single(ctx, args, w, "growth", growthStep)
}
