package web

import (
	"math"

	"butlr-gateway/gateway"
)

// Entry returns the asset of a number as it is now; ok is false if none has it.
func (b *Board) Entry(now gateway.Instant, n gateway.Number) (e Entry, ok bool) {
	return b.entry(now, n)
}

// All returns every asset in the order of numbers.
func (b *Board) All(now gateway.Instant) []Entry {
	entries, _ := b.Find(now, "", 0, math.MaxInt)
	return entries
}
