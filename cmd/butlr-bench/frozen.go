package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/cmd/internal/poster"
	"butlr-gateway/gateway"
)

// frozenCommand measures whether a broker slows what Butlr sends: by turns, a gateway without MQTT and one
// whose broker is frozen take events as fast as they can.
func frozenCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("frozen", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	rounds := f.Int("rounds", 15, "turns of each")
	turn := f.Duration("turn", time.Second, "how long a turn lasts")
	rooms := f.Int("rooms", 200, "rooms of the building")
	if err := f.Parse(args); err != nil {
		return err
	}
	b, err := startBroker()
	if err != nil {
		return err
	}
	defer b.stop()
	var takers [2]*taker
	for k, more := range []string{"", b.section()} {
		if takers[k], err = newTaker(ctx, *program, more, *rooms); err != nil {
			return err
		}
		defer takers[k].stop()
	}
	if err := b.freeze(); err != nil {
		return err
	}
	for round := range *rounds + 1 {
		for k := range takers {
			t := takers[(k+round)%2] // the other one goes first each time
			if err := t.turn(ctx, *turn); err != nil {
				return err
			}
			if round == 0 {
				t.rates, t.late = nil, nil // warming up
			}
		}
	}
	without, frozen := takers[0], takers[1]
	fmt.Fprintf(w, "%d rooms, 16 connections, one event a request, %d turns of %v each, medians:\n", *rooms, *rounds, *turn)
	fmt.Fprintf(w, "  no MQTT       %8.0f events/s  p99 %6.0f µs\n", median(without.rates), median(without.late))
	fmt.Fprintf(w, "  frozen broker %8.0f events/s  p99 %6.0f µs\n", median(frozen.rates), median(frozen.late))
	_, err = fmt.Fprintf(w, "  ratio         %8.3f           p99 %6.3f     (of the two turns of a pair)\n",
		median(ratios(frozen.rates, without.rates)), median(ratios(frozen.late, without.late)))
	return err
}

// taker is a gateway that takes as much as it can.
type taker struct {
	*subject
	estate      *building.Building
	rates, late []float64 // events a second and µs, by turn
}

func newTaker(ctx context.Context, program, more string, rooms int) (*taker, error) {
	s, err := startSubject(ctx, program, 10, more)
	if err != nil {
		return nil, err
	}
	estate, err := building.New(building.Options{Seed: 1, Sites: 1, Rooms: rooms, Start: time.Now(), Place: time.Local})
	return &taker{subject: s, estate: estate}, err
}

// turn posts without a pause.
func (t *taker) turn(ctx context.Context, length time.Duration) error {
	p, err := poster.New(poster.Options{URL: t.webhook, Connections: 16, HeaderName: "X-Api-Key", HeaderValue: secret})
	if err != nil {
		return err
	}
	began := time.Now()
	p.Run(ctx, func(yield func([]gateway.Event) bool) {
		for time.Since(began) < length && yield(t.estate.Count(nil, 100, time.Now())) {
		}
	})
	r := p.Report()
	if r.Lost > 0 {
		return fmt.Errorf("posting events: %d were lost: %s", r.Lost, t.log.String())
	}
	t.rates = append(t.rates, float64(r.Accepted)/time.Since(began).Seconds())
	t.late = append(t.late, micros(r.P99))
	return ctx.Err()
}
