package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// fsyncCommand measures what a slow disk costs: by turns, gateways whose every fdatasync takes longer by so much take
// events as fast as they can. strace delays the system call and traces no other. What it costs itself is in the figures
// of all of them, also of the one that it does not delay, which is measured beside one without strace.
func fsyncCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("fsync", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	texts := f.String("delays", "0,100µs,1ms,5ms,20ms", "how much longer the disk takes, one gateway for each")
	connections := f.Int("connections", 64, "how many connections")
	rounds := f.Int("rounds", 5, "turns of each")
	turn := f.Duration("turn", 2*time.Second, "how long a turn lasts")
	if err := f.Parse(args); err != nil {
		return err
	}
	t, err := newTraffic(ingestRooms)
	if err != nil {
		return err
	}
	plain, err := startSubject(ctx, *program, 10, "")
	if err != nil {
		return err
	}
	defer plain.stop()
	lines, delays := []*senders{plain.senders(*connections, t)}, []time.Duration{0}
	for text := range strings.SplitSeq(*texts, ",") {
		delay, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("reading --delays: %w", err)
		}
		s, err := startDelayed(ctx, *program, delay)
		if err != nil {
			return err
		}
		defer s.stop()
		lines, delays = append(lines, s.senders(*connections, t)), append(delays, delay)
	}
	var all []turner
	for _, s := range lines {
		all = append(all, s)
	}
	if err := byTurns(ctx, *rounds, *turn, all...); err != nil {
		return err
	}
	table := [][]string{{"fdatasync takes longer by", "accepted/s", "p50", "p99", "reckoned"}}
	for k, s := range lines {
		what, reckoned := delays[k].String(), "–"
		switch k {
		case 0:
			what = "0s, without strace"
		case 1:
		default:
			reckoned = fmt.Sprintf("%.0f/s", reckon(median(lines[1].rates), *connections, delays[k]))
		}
		table = append(table, []string{what, fmt.Sprintf("%.0f", median(s.rates)), fmt.Sprintf("%.2f ms", median(s.usual)/1000), fmt.Sprintf("%.2f ms", median(s.late)/1000), reckoned})
	}
	fmt.Fprintf(w, "%d connections, %d turns of %v each, medians; load of the machine: %s\n\n", *connections, *rounds, *turn, machineLoad())
	printTable(w, table)
	return nil
}

// reckon is how many events a second are accepted when the disk takes longer. While some wait for the disk the others
// come, and wait for the next time: whoever posts again at once is answered every second time.
func reckon(rate float64, connections int, longer time.Duration) float64 {
	n := float64(connections)
	return n / (n/rate + 2*longer.Seconds())
}

// startDelayed starts a gateway whose disk takes longer.
func startDelayed(ctx context.Context, program string, longer time.Duration) (*subject, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return nil, errors.New("looking for strace: it is not installed; on Debian it is in the package of that name")
	}
	return startUnder(ctx, []string{
		strace, "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "-e", "trace=fsync,fdatasync",
		"-e", fmt.Sprintf("inject=fsync,fdatasync:delay_exit=%d", longer.Microseconds()), "--",
	}, program, 10, "")
}

// onlyChild is the process that a process has started.
func onlyChild(process int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", process, process))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) != 1 {
		return 0, fmt.Errorf("process %d has %d children, want one", process, len(fields))
	}
	return strconv.Atoi(fields[0])
}
