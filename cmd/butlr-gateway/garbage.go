package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage that is left lying before it is collected. Go's own rule is as much as there is in use: that
// is little beside a hundred rooms, and as much again as a campus needs. To collect costs time in proportion to what is
// in use: the more garbage a gateway makes, the more of it may lie there.
const (
	quietGarbage  = 16 << 20        // bytes, at the least
	busyGarbage   = 96 << 20        // bytes, at the most
	collectEvery  = 8 * time.Second // between, where that is
	fewestPercent = 5               // of what is in use; below it collecting costs more than memory
	mostPercent   = 100             // Go's default
	freeAllowed   = 4 << 20         // bytes that nothing uses and the system does not have back; another 1/32 of what is in use may

	// In percent of what is in use, until the start is over: it makes little that it does not keep, and somebody waits.
	startPercent = 200

	garbageInterval = 2 * time.Second
	freeEvery       = 5 // intervals
)

// boundGarbage keeps the memory of a large gateway near to what it has in use.
func boundGarbage(ctx context.Context) error {
	debug.FreeOSMemory() // what the start took, and nothing will again
	var g garbage
	g.made = read("/gc/heap/allocs:bytes")
	look := time.NewTicker(garbageInterval)
	defer look.Stop()
	for n := 1; ; n++ {
		live := read("/gc/heap/live:bytes") // as the last collection found it
		if g.bound(live, read("/gc/heap/allocs:bytes")) {
			debug.SetGCPercent(g.percent)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		if n%freeEvery == 0 && g.coming() <= quietGarbage && read("/memory/classes/heap/free:bytes") > freeAllowed+live/32 {
			debug.FreeOSMemory() // which collects all there is
		}
	}
}

// garbage is how much of it is made, and how much may lie there.
type garbage struct {
	made    uint64  // bytes, since the start of the process
	rate    float64 // bytes a second; it falls slowly
	percent int     // of what is in use
}

// coming is what is made from one collection to the next, in bytes.
func (g *garbage) coming() float64 { return g.rate * collectEvery.Seconds() }

// bound works out the percentage after an interval, and tells whether it is another one.
func (g *garbage) bound(live, made uint64) (changed bool) {
	rate := float64(made-g.made) / garbageInterval.Seconds()
	g.made, g.rate = made, max(rate, g.rate/2)
	before := g.percent
	g.percent = mostPercent
	if live > 0 {
		allowed := min(max(quietGarbage, g.coming()), busyGarbage)
		g.percent = int(min(max(allowed*100/float64(live), fewestPercent), mostPercent))
	}
	return g.percent != before
}

// read returns what the runtime says of itself under a name, 0 if it does not know it.
func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
