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
	garbageInterval = 10 * time.Second
	freeAllowed     = 4 << 20 // bytes that nothing uses and the system does not have back; another 1/32 of what is in use may
)

// boundGarbage keeps the memory of a large gateway near to what it has in use.
func boundGarbage(ctx context.Context) error {
	debug.FreeOSMemory() // what the start took, and nothing will again
	percent := 0
	look := time.NewTicker(garbageInterval)
	defer look.Stop()
	for {
		live := read("/gc/heap/live:bytes") // as the last collection found it
		if next := garbagePercent(live); next != percent {
			percent = next
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		if read("/memory/classes/heap/free:bytes") > freeAllowed+live/32 {
			debug.FreeOSMemory()
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

// read returns what the runtime says of itself under a name, 0 if it does not know it.
func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
