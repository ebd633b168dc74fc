package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage that is left lying before it is collected. Go's own rule is as much as there is in use: that
// is little beside a hundred rooms, and as much again as a campus needs.
const (
	garbageAllowed  = 16 << 20 // bytes
	fewestPercent   = 5        // of what is in use; below it collecting costs more than memory
	mostPercent     = 100      // Go's default
	garbageInterval = time.Minute
)

// boundGarbage keeps the memory of a large gateway near to what it has in use.
func boundGarbage(ctx context.Context) error {
	debug.FreeOSMemory() // what the start took, and nothing will again
	percent := 0
	look := time.NewTicker(garbageInterval)
	defer look.Stop()
	for {
		if next := garbagePercent(liveHeap()); next != percent {
			percent = next
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// garbagePercent returns how much garbage may lie there, in percent of what is in use.
func garbagePercent(live uint64) int {
	if live == 0 {
		return mostPercent
	}
	return int(min(max(garbageAllowed*100/live, fewestPercent), mostPercent))
}

// liveHeap returns the bytes that the last collection found in use.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
