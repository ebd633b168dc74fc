package main

import (
	"runtime"
	"testing"
)

// TestWhoWaitsForTheDiskTakesNoProcessor: there is one more for the goroutine that syncs, and one for another that writes;
// not again with each start within one process, and not where an operator says how many.
//
// Seen to break it: none more; two more each time; the environment not looked at.
func TestWhoWaitsForTheDiskTakesNoProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	t.Setenv("GOMAXPROCS", "")
	runtime.SetDefaultGOMAXPROCS()
	want := runtime.GOMAXPROCS(0) + waitingProcessors
	for range 2 {
		if spareProcessors(); runtime.GOMAXPROCS(0) != want {
			t.Fatalf("%d goroutines may run at a time, want %d", runtime.GOMAXPROCS(0), want)
		}
	}
	runtime.GOMAXPROCS(1)
	t.Setenv("GOMAXPROCS", "1")
	if spareProcessors(); runtime.GOMAXPROCS(0) != 1 {
		t.Errorf("%d goroutines may run at a time, want 1, as the environment says", runtime.GOMAXPROCS(0))
	}
}
