package main

import (
	"os"
	"strconv"
	"testing"
)

// soakCycles, set in the environment, is how often the tests that repeat a fault do so, instead of as often as there is
// time for in every run.
const soakCycles = "BUTLR_SOAK_CYCLES"

func cycles(usual int) int {
	if n, err := strconv.Atoi(os.Getenv(soakCycles)); err == nil && n > 0 {
		return n
	}
	return usual
}

// tally says how many events were acknowledged and how many of them are kept: for each that is not, or is kept twice, the
// test fails. "make proofs" adds up what all tests told.
func tally(t *testing.T, acknowledged, kept int) {
	t.Helper()
	if kept != acknowledged {
		t.Errorf("%d events are kept of %d that were acknowledged", kept, acknowledged)
	}
	t.Attr("acknowledged", strconv.Itoa(acknowledged))
	t.Attr("lost", strconv.Itoa(acknowledged-kept))
}

// cameIn is how many came into the boardroom, by its registers.
func (s *site) cameIn() int {
	s.t.Helper()
	b := s.block(boardroom)
	return int(b[8])<<16 | int(b[9])
}
