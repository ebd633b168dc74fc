package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"
)

// latencyCommand measures how long an event takes, durably stored on the way: from the first byte of its request to
// the answer, to whoever listens at the broker, and to a controller that polls without a pause. By turns it measures
// the same ways without a gateway: a request that a handler answers when a page is on disk, and then a message from a
// client to the broker to whoever listens, or an answer of a bare echo.
func latencyCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("latency", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	rate := f.Float64("rate", 100, "events a second")
	rounds := f.Int("rounds", 5, "turns of each")
	events := f.Int("events", 200, "how many of each in a turn")
	if err := f.Parse(args); err != nil {
		return err
	}
	all, err := measureLatency(ctx, *program, *rate, *rounds, *events)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d turns of %d events at %.0f a second, each stored before its answer, medians:\n", *rounds, *events, *rate)
	for _, line := range []struct {
		what string
		of   func(*latencies) []float64
	}{
		{"event → 204", func(l *latencies) []float64 { return l.answered }},
		{"event → subscriber", func(l *latencies) []float64 { return l.told }},
		{"  without a gateway", func(l *latencies) []float64 { return l.toldPast }},
		{"event → Modbus answer", func(l *latencies) []float64 { return l.readable }},
		{"  without a gateway", func(l *latencies) []float64 { return l.readPast }},
	} {
		fmt.Fprintf(w, "  %-22s p50 %6.0f µs  p99 %6.0f µs\n", line.what, inRounds(all, line.of, median), inRounds(all, line.of, late))
	}
	_, err = fmt.Fprintf(w, "  load of the machine: %s\n", machineLoad())
	return err
}

// latencies are how long the events of a turn took, in µs.
type latencies struct{ answered, told, toldPast, readable, readPast []float64 }

// inRounds is the median over the turns of a figure of each.
func inRounds(all []latencies, of func(*latencies) []float64, figure func([]float64) float64) float64 {
	var each []float64
	for k := range all {
		each = append(each, figure(of(&all[k])))
	}
	return median(each)
}

// measureLatency returns the turns, which one that warms up came before.
func measureLatency(ctx context.Context, program string, rate float64, rounds, events int) ([]latencies, error) {
	b, err := startBroker()
	if err != nil {
		return nil, err
	}
	defer b.stop()
	s, err := startSubject(ctx, program, 10, b.section())
	if err != nil {
		return nil, err
	}
	defer s.stop()
	l, err := newLine(b.address, s)
	if err != nil {
		return nil, err
	}
	defer l.close()
	all := make([]latencies, rounds+1)
	for k := range all {
		if err := l.turn(ctx, rate, events, &all[k]); err != nil {
			return nil, err
		}
	}
	return slices.Delete(all, 0, 1), nil
}

// turn sends so many events by each way. The gateway has one after another at the rate, and each way without it has
// its turn in between.
func (l *line) turn(ctx context.Context, rate float64, events int, into *latencies) error {
	clock := time.NewTicker(time.Duration(float64(time.Second) / rate / 2))
	defer clock.Stop()
	keep := func(list *[]float64, took time.Duration) { *list = append(*list, micros(took)) }
	for range events {
		<-clock.C
		answered, told, err := l.through()
		if err != nil {
			return err
		}
		keep(&into.answered, answered)
		keep(&into.told, told)
		for _, way := range []struct {
			measure func() (time.Duration, error)
			list    *[]float64
		}{{l.past, &into.toldPast}, {l.readable, &into.readable}, {l.readPast, &into.readPast}} {
			<-clock.C
			took, err := way.measure()
			if err != nil {
				return err
			}
			keep(way.list, took)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
