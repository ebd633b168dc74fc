package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ingestCommand measures how many events a second are accepted, one a request, over connections that are kept
// open and never pause: by turns by the gateway, which stores each before it answers and has MQTT and Modbus on,
// and by a handler that reads the body and does nothing.
func ingestCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("ingest", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	counts := f.String("connections", "16,64", "how many connections, one measurement for each")
	rounds := f.Int("rounds", 9, "turns of each")
	turn := f.Duration("turn", time.Second, "how long a turn lasts")
	rooms := f.Int("rooms", 1000, "rooms of the building")
	rate := f.Float64("rate", 0, "events a second, by all connections together; 0 is as many as are accepted")
	twice := f.Float64("twice", 0, "share of the events that are sent again, between 0 and 1")
	late := f.Float64("late", 0, "share of the events that come after newer ones, between 0 and 1")
	mqtt := f.Bool("mqtt", true, "the gateway tells a broker")
	steady := f.Bool("steady", false, "the counts stay as they are, and only their moments are new")
	if err := f.Parse(args); err != nil {
		return err
	}
	c, err := newContest(ctx, *program, *rooms, *mqtt)
	if err != nil {
		return err
	}
	defer c.stop()
	c.traffic.twice, c.traffic.late, c.traffic.steady = *twice, *late, *steady
	for text := range strings.SplitSeq(*counts, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("reading --connections: %w", err)
		}
		limit, gateway := c.nothing.senders(n, c.traffic), c.subject.senders(n, c.traffic)
		limit.rate, gateway.rate = *rate, *rate
		if err := byTurns(ctx, *rounds, *turn, limit, gateway); err != nil {
			return err
		}
		fmt.Fprintf(w, "%d connections, %d rooms, one event a request, Modbus on, MQTT %t, %d turns of %v each, medians:\n", n, *rooms, *mqtt, *rounds, *turn)
		limit.print(w, "nothing")
		gateway.print(w, "gateway")
		fmt.Fprintf(w, "  ratio    %8.3f           p50 %6.3f     p99 %6.3f     CPU %6.3f     (of the two turns of a pair)\n",
			median(ratios(gateway.rates, limit.rates)), median(ratios(gateway.usual, limit.usual)),
			median(ratios(gateway.late, limit.late)), median(ratios(gateway.cpu, limit.cpu)))
	}
	memory, err := c.subject.resident()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "the gateway has %.0f MB resident; load of the machine: %s\n", float64(memory)/1e6, machineLoad())
	return err
}

func (s *senders) print(w io.Writer, what string) {
	fmt.Fprintf(w, "  %-8s %8.0f events/s  p50 %6.0f µs  p99 %6.0f µs  CPU %6.1f µs an event\n", what, median(s.rates), median(s.usual), median(s.late), median(s.cpu))
}

// senders post to the bare handler.
func (p *part) senders(connections int, t *traffic) *senders {
	return &senders{url: "http://" + p.address + "/", process: p.process.Process.Pid, connections: connections, traffic: t, careless: true}
}

// senders post to the gateway.
func (s *subject) senders(connections int, t *traffic) *senders {
	return &senders{url: s.webhook, process: s.id(), connections: connections, traffic: t}
}
