package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// bench is what a table is measured with.
type bench struct {
	gateway, nodeRed string // the program, and where Node-RED is installed
	rounds           int
	turn             time.Duration
}

// step measures some figures.
type step struct {
	what    string
	goals   []goal
	measure func(ctx context.Context, b *bench, r *report) error
}

// steps are the table.
func steps() []step {
	return []step{ingestStep, latencyStep, modbusStep, growthStep, sizeStep, diskStep}
}

// tableCommand measures every figure that has a goal, and prints goal, figure and verdict. A figure that misses its goal
// is no error: this is a measurement, not a test. What could not be measured is one, but for Node-RED where it is not
// installed.
func tableCommand(ctx context.Context, args []string, w io.Writer) error {
	return measure(ctx, args, w, "table", steps()...)
}

// single is a command for one step of the table.
func single(ctx context.Context, args []string, w io.Writer, name string, s step) error {
	return measure(ctx, args, w, name, s)
}

func measure(ctx context.Context, args []string, w io.Writer, name string, steps ...step) error {
	var b bench
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.StringVar(&b.gateway, "gateway", "bin/butlr-gateway", "the program to measure")
	f.StringVar(&b.nodeRed, "node-red", "", "where tools/nodered/prepare has installed Node-RED; without it nothing is compared with it")
	f.IntVar(&b.rounds, "rounds", 5, "turns of each")
	f.DurationVar(&b.turn, "turn", 2*time.Second, "how long a turn lasts")
	if err := f.Parse(args); err != nil {
		return err
	}
	var r report
	var errs []error
	began := time.Now()
	fmt.Fprintf(w, "%s, %d processors, %s; load before: %s\n", machineName(), runtime.NumCPU(), began.UTC().Format("2006-01-02 15:04 UTC"), machineLoad())
	for _, s := range steps {
		fmt.Fprintf(os.Stderr, "%s … ", s.what)
		stepped, first, others := time.Now(), len(r.goals), watch()
		err := ctx.Err() // whoever interrupts has what was measured so far
		if err == nil {
			err = s.measure(ctx, &b, &r)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("measuring %s: %w", s.what, err))
			r.without(err, s.goals...)
		}
		share := others()
		r.since(first, share)
		fmt.Fprintf(os.Stderr, "%.0f s, others had %s of the processors\n", time.Since(stepped).Seconds(), share)
	}
	r.print(w)
	fmt.Fprintf(w, "It took %.0f min %02.0f s. Load after: %s. Others: their share of all processors meanwhile.\n",
		time.Since(began).Truncate(time.Minute).Minutes(), (time.Since(began) % time.Minute).Seconds(), machineLoad())
	return errors.Join(errs...)
}
