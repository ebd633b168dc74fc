package main

import (
	"os"
	"runtime"
)

// waitingProcessors is how many goroutines may run at a time beyond those that the machine has processors for. To Go a
// goroutine that waits for the disk holds a processor until somebody notices: where there are two, the other one alone goes
// on meanwhile, and the disk is waited for half of the time while events arrive.
const waitingProcessors = 2

// spareProcessors lets as many goroutines more run as may wait for the disk, unless whoever runs the gateway says how many
// by the environment's GOMAXPROCS, as with any program of Go. The share of the machine that a container or a service was
// given is looked at once, at the start.
func spareProcessors() {
	if os.Getenv("GOMAXPROCS") != "" {
		return
	}
	runtime.SetDefaultGOMAXPROCS()
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + waitingProcessors)
}
