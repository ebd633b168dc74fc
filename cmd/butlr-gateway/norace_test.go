//go:build !race

package main

// raceEnabled tells whether the race detector is on: it takes memory of its own.
const raceEnabled = false
