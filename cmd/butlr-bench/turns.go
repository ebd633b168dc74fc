package main

import (
	"context"
	"slices"
	"time"
)

// turner is a server that is measured by turns with others.
type turner interface {
	turn(length time.Duration) error
	forget() // what was measured so far, which was to warm up
}

// byTurns has each take its turn, rounds times after one that warms up. Another one goes first each time, so that
// what else the machine does meets all of them alike.
func byTurns(ctx context.Context, rounds int, length time.Duration, all ...turner) error {
	for round := range rounds + 1 {
		for k := range all {
			if err := all[(k+round)%len(all)].turn(length); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if round == 0 {
			for _, t := range all {
				t.forget()
			}
		}
	}
	return nil
}

// ratios divides turn by turn: what else the machine does is about the same for the two of a pair.
func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(of []float64) float64 { return quantile(of, 0.5) }

// late is what 99 in 100 are not above.
func late(of []float64) float64 { return quantile(of, 0.99) }

func quantile(of []float64, share float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[int(float64(len(sorted))*share)]
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
