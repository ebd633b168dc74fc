package main

import "context"

// What a hundred thousand assets cost.
var (
	growthSame   = goal{figure: "CPU per event, 100 000 assets ÷ 100, events of the same 100", limit: 1.2, digits: 2}
	growthSpread = goal{figure: "CPU per event, 100 000 assets ÷ 100, events of all", limit: 1.2, digits: 2}
	campusBytes  = goal{figure: "memory, 100 000 assets", limit: 300, unit: "MB"}
	campusStart  = goal{figure: "start to serving, 100 000 assets", limit: 2, unit: "s", digits: 2}

	growthStep = step{"a hundred thousand assets, by turns with a hundred", []goal{growthSame, growthSpread, campusBytes, campusStart}, measureGrowth}
)

// few is how many assets have events in the small building, a few more with what they are in.
const few = 100

// spreadRate is at what rate events of all assets are compared: where messages to a broker do not wait until a newer one
// replaces them, which with few assets would leave less to do.
const spreadRate = 1000

func measureGrowth(ctx context.Context, b *bench, r *report) error {
	large, err := newCampus(ctx, b.gateway, campusRooms, "")
	if err != nil {
		return err
	}
	defer large.stop()
	memory, err := large.atRest(ctx)
	if err != nil {
		return err
	}
	r.judge(campusBytes, float64(memory)/1e6)
	small, err := newCampus(ctx, b.gateway, few, "")
	if err != nil {
		return err
	}
	defer small.stop()
	// The places of the small building are unknown to the large one: each has the events of its own.
	some := large.traffic.few(few)
	pair := [2]*senders{small.senders(64, small.traffic.few(few)), large.senders(64, some)}
	if err := byTurns(ctx, b.rounds, b.turn, pair[0], pair[1]); err != nil {
		return err
	}
	r.judge(growthSame, median(ratios(pair[1].cpu, pair[0].cpu)))
	r.note("accepted/s, 100 000 assets ÷ 100, events of the same 100", "%.2f: %.0f/s and %.0f/s",
		median(ratios(pair[1].rates, pair[0].rates)), median(pair[1].rates), median(pair[0].rates))
	all := large.traffic.few(len(large.traffic.places))
	all.newest = some.newest // those of the few were newer
	all.rounds = some.rounds
	pair = [2]*senders{small.senders(64, pair[0].traffic), large.senders(64, all)}
	for _, s := range pair {
		s.rate = spreadRate
	}
	if err := byTurns(ctx, b.rounds, b.turn, pair[0], pair[1]); err != nil {
		return err
	}
	r.judge(growthSpread, median(ratios(pair[1].cpu, pair[0].cpu)))
	r.note("CPU per event at 1000/s", "%.0f µs with 100 000 assets, %.0f µs with 100", median(pair[1].cpu), median(pair[0].cpu))
	var starts []float64
	for range b.rounds {
		took, err := large.restart()
		if err != nil {
			return err
		}
		starts = append(starts, took.Seconds())
	}
	r.judge(campusStart, median(starts))
	if memory, err = large.atRest(ctx); err != nil {
		return err
	}
	r.note("memory, 100 000 assets, after such a start", "%.0f MB", float64(memory)/1e6)
	r.note("assets of the large building", "%d", large.assets)
	return nil
}
