package main

import (
	"time"

	"butlr-gateway/gateway"
)

// newClock returns the program's clock, which starts now.
func newClock() gateway.Clock {
	start := time.Now()
	return func() gateway.Instant {
		now := time.Now()
		return gateway.Instant{Wall: now.Round(0), Mono: now.Sub(start)}
	}
}
