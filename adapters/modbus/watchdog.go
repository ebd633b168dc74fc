package modbus

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"butlr-gateway/gateway"
)

// watchdog is what masters write into register 24 of each unit, and when they last did. It is read by any
// number of goroutines without waiting.
type watchdog struct {
	units   []watched     // counted from the base unit
	written chan struct{} // a place for one notice, for whoever watches

	mu sync.Mutex // of the writers
}

// watched is register 24 of one unit.
type watched struct {
	value  atomic.Uint32
	millis atomic.Int64 // since the process started, and 1 more; 0 is never
	by     string
}

func newWatchdog() watchdog {
	return watchdog{units: make([]watched, math.MaxUint8+1), written: make(chan struct{}, 1)}
}

func (w *watchdog) value(unit int) uint16 { return uint16(w.units[unit].value.Load()) }

// age returns the seconds since the last write, for the register.
func (w *watchdog) age(unit int, now gateway.Instant) uint32 {
	since := w.units[unit].millis.Load()
	if since == 0 {
		return unknown16
	}
	return uint32(min(max((now.Mono.Milliseconds()-since+1)/1000, 0), highest16))
}

func (w *watchdog) write(unit int, value uint16, now gateway.Instant, by string) {
	u := &w.units[unit]
	w.mu.Lock()
	u.by = by
	w.mu.Unlock()
	u.value.Store(uint32(value))
	u.millis.Store(now.Mono.Milliseconds() + 1)
	select {
	case w.written <- struct{}{}:
	default:
	}
}

// stalest returns the unit that was written longest ago of those that were, the base unit at the start if
// none was.
func (w *watchdog) stalest(start time.Duration) (unit int, since time.Duration, by string) {
	since = -1
	for k := range w.units {
		millis := w.units[k].millis.Load()
		if at := time.Duration(millis-1) * time.Millisecond; millis != 0 && (since < 0 || at < since) {
			unit, since = k, at
		}
	}
	if since < 0 {
		return 0, start, ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return unit, since, w.units[unit].by
}

// watch raises the alarm while a master that should write register 24 does not: one that did before, or
// any at all after the start. It returns when ctx ends.
func (w *watchdog) watch(ctx context.Context, limit time.Duration, base uint8, o *ImageOptions) {
	start := o.Clock().Mono
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.written:
		}
		unit, since, by := w.stalest(start)
		if left := since + limit - o.Clock().Mono; left > 0 {
			o.Alarms.Clear(gateway.WatchdogExpired)
			timer.Reset(left)
			continue
		}
		who := "nobody has written it since the start"
		if by != "" {
			who = by + " wrote it last"
		}
		o.Alarms.Raise(gateway.WatchdogExpired, fmt.Sprintf("register %d of unit %d was not written for %v: %s",
			watchdogRegister, int(base)+unit, limit, who))
		timer.Stop()
	}
}
