package main

import (
	"context"
	"errors"
	"fmt"
)

// What the webhook is measured by, with MQTT and Modbus on and every event on disk before its answer.
var (
	ingest16     = goal{figure: "accepted/s ÷ nil handler, 16 connections", limit: 0.30, least: true, digits: 2}
	ingest64     = goal{figure: "accepted/s ÷ nil handler, 64 connections", limit: 0.40, least: true, digits: 2}
	ingestCPU    = goal{figure: "CPU per event ÷ nil handler, 64 connections", limit: 3, digits: 1}
	nodeRed16    = goal{figure: "accepted/s ÷ Node-RED, 16 connections", limit: 3, least: true, digits: 1}
	nodeRed64    = goal{figure: "accepted/s ÷ Node-RED, 64 connections", limit: 6, least: true, digits: 1}
	nodeRedBytes = goal{figure: "memory ÷ Node-RED", limit: 0.4, digits: 2}

	ingestStep = step{"events, by turns with a nil handler and Node-RED", []goal{ingest16, ingest64, ingestCPU, nodeRed16, nodeRed64, nodeRedBytes}, measureIngest}
)

const ingestRooms = 1000

func measureIngest(ctx context.Context, b *bench, r *report) error {
	c, err := newContest(ctx, b.gateway, ingestRooms, true)
	if err != nil {
		return err
	}
	defer c.stop()
	peer, absent := (*nodeRed)(nil), errors.New("Node-RED is not installed; npm and tools/nodered/prepare install it")
	if b.nodeRed != "" {
		if peer, absent = startNodeRed(ctx, b.nodeRed, c.broker); absent == nil {
			defer peer.stop()
		}
	}
	of := map[int]goal{16: ingest16, 64: ingest64}
	ofPeer := map[int]goal{16: nodeRed16, 64: nodeRed64}
	for _, n := range []int{16, 64} {
		limit, ours := c.nothing.senders(n, c.traffic), c.subject.senders(n, c.traffic)
		all := []turner{limit, ours}
		var other *senders
		if peer != nil {
			other = peer.senders(n, c.traffic)
			all = append(all, other)
		}
		if err := byTurns(ctx, b.rounds, b.turn, all...); err != nil {
			return err
		}
		r.judge(of[n], median(ratios(ours.rates, limit.rates)))
		if n == 64 {
			r.judge(ingestCPU, median(ratios(ours.cpu, limit.cpu)))
		}
		ours.note(r, "gateway")
		limit.note(r, "nil handler")
		if other == nil {
			continue
		}
		r.judge(ofPeer[n], median(ratios(ours.rates, other.rates)))
		other.note(r, "Node-RED")
		if n == 64 {
			r.judge(nodeRedBytes, median(ratios(ours.memory, other.memory)))
			r.note("memory, 1000 rooms", "gateway %.0f MB, Node-RED %.0f MB", median(ours.memory), median(other.memory))
		}
	}
	if peer == nil {
		r.without(absent, nodeRed16, nodeRed64, nodeRedBytes)
	}
	return measureKinds(ctx, b, r, c)
}

// measureKinds has other traffic: of few connections, and of events that are less work.
func measureKinds(ctx context.Context, b *bench, r *report, c *contest) error {
	steady, badly := *c.traffic, *c.traffic
	steady.steady = true
	badly.twice, badly.late = 0.15, 0.2
	for _, kind := range []struct {
		what        string
		connections int
		of          *traffic
	}{
		{"1 connection", 1, c.traffic}, {"4 connections", 4, c.traffic},
		{"64 connections, counts that stay as they are", 64, &steady},
		{"64 connections, 15 % sent twice and 20 % late", 64, &badly},
	} {
		limit, ours := c.nothing.senders(kind.connections, kind.of), c.subject.senders(kind.connections, kind.of)
		if err := byTurns(ctx, b.rounds, b.turn, limit, ours); err != nil {
			return err
		}
		r.note("accepted/s ÷ nil handler, "+kind.what, "%.2f: %.0f/s, p50 %.0f µs, p99 %.0f µs, %.0f µs CPU an event, %.1f × nil",
			median(ratios(ours.rates, limit.rates)), median(ours.rates), median(ours.usual), median(ours.late), median(ours.cpu),
			median(ratios(ours.cpu, limit.cpu)))
	}
	return nil
}

func (s *senders) note(r *report, who string) {
	r.note(fmt.Sprintf("%s, %d connections", who, s.connections), "%.0f/s, p50 %.0f µs, p99 %.0f µs, %.0f µs CPU an event",
		median(s.rates), median(s.usual), median(s.late), median(s.cpu))
}
