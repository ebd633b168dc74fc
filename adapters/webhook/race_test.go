//go:build race

package webhook_test

// takeAllocates bounds what a body allocates. The race detector has pools forget what they have, at random.
const takeAllocates = 16
