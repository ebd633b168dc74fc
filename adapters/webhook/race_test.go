//go:build race

package webhook_test

// slowdown is how much longer things may take with the race detector.
const slowdown = 5
