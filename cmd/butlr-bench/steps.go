package main

import (
	"context"
	"fmt"
	"math"
	"os"
)

// What is measured beside the webhook.
var (
	eventModbus = goal{figure: "event → Modbus readable, p50 at 100/s", limit: 0.6, unit: "ms", digits: 2}
	eventMQTT   = goal{figure: "event → MQTT message, p50 at 100/s", limit: 0.8, unit: "ms", digits: 2}

	modbus10     = goal{figure: "Modbus reads ÷ bare echo, 10 connections", limit: 0.95, least: true, digits: 2}
	modbus100    = goal{figure: "Modbus reads ÷ bare echo, 100 connections", limit: 0.95, least: true, digits: 2}
	modbusMemory = goal{figure: "allocations per Modbus read", limit: 0, digits: 0}

	programSize = goal{figure: "size of the program", limit: 35, unit: "MB", digits: 1}

	latencyStep = step{"an event's way to Modbus and MQTT", []goal{eventModbus, eventMQTT}, latencyRows}
	modbusStep  = step{"Modbus reads, by turns with a bare echo", []goal{modbus10, modbus100, modbusMemory}, modbusRows}
	sizeStep    = step{"the program's size", []goal{programSize}, sizeRows}
	diskStep    = step{"the disk", nil, diskRows}
)

func latencyRows(ctx context.Context, b *bench, r *report) error {
	all, err := measureLatency(ctx, b.gateway, 100, b.rounds, 200)
	if err != nil {
		return err
	}
	inMillis := func(of func(*latencies) []float64) float64 { return inRounds(all, of, median) / 1000 }
	r.judge(eventModbus, inMillis(func(l *latencies) []float64 { return l.readable }))
	r.judge(eventMQTT, inMillis(func(l *latencies) []float64 { return l.told }))
	r.note("event → 204, p50 at 100/s", "%.2f ms", inMillis(func(l *latencies) []float64 { return l.answered }))
	r.note("the same ways without a gateway, with a page synced", "to Modbus %.2f ms, to MQTT %.2f ms",
		inMillis(func(l *latencies) []float64 { return l.readPast }), inMillis(func(l *latencies) []float64 { return l.toldPast }))
	return nil
}

func modbusRows(ctx context.Context, b *bench, r *report) error {
	pairs, err := measureModbus(ctx, b.gateway, []int{10, 100}, 10*b.rounds, b.turn/10)
	if err != nil {
		return err
	}
	for k, g := range []goal{modbus10, modbus100} {
		echo, ours := pairs[k][0], pairs[k][1]
		r.judge(g, median(ratios(ours.rates, echo.rates)))
		r.note(fmt.Sprintf("Modbus, %d connections", len(ours.conns)), "gateway %.0f reads/s, p50 %.0f µs, p99 %.0f µs; echo %.0f reads/s, p50 %.0f µs, p99 %.0f µs",
			median(ours.rates), median(ours.usual), median(ours.late), median(echo.rates), median(echo.usual), median(echo.late))
	}
	n, err := measureAllocations(ctx, b.gateway, b.turn)
	if err != nil {
		return err
	}
	r.judge(modbusMemory, math.Round(max(0, n))) // a fraction is of what else the gateway does
	return nil
}

func sizeRows(_ context.Context, b *bench, r *report) error {
	file, err := os.Stat(b.gateway)
	if err != nil {
		return err
	}
	r.judge(programSize, float64(file.Size())/1e6)
	return nil
}

func diskRows(_ context.Context, b *bench, r *report) error {
	var p50, p99 []float64
	for range b.rounds {
		took, err := measureDisk(300)
		if err != nil {
			return err
		}
		p50, p99 = append(p50, median(took)), append(p99, late(took))
	}
	r.note("write of 4 KiB and fdatasync on this disk", "p50 %.2f ms, p99 %.2f ms", median(p50)/1000, median(p99)/1000)
	return nil
}
