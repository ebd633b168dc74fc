package main

import (
	"os"
	"strconv"
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
