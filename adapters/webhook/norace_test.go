//go:build !race

package webhook_test

// takeAllocates bounds what a body allocates.
const takeAllocates = 2
