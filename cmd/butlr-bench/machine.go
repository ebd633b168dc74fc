package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which the system counts processor time: a hundredth of a second on every Linux.
const tick = 10 * time.Millisecond

// processorTime is how long a process has had a processor, all threads together.
func processorTime(process int) (time.Duration, error) {
	fields, err := statFields(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0, fmt.Errorf("asking the system for a server's processor time: %w", err)
	}
	// Here utime and stime are the 12th and 13th.
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, fmt.Errorf("asking the system for a server's processor time: %w", err)
	}
	return time.Duration(user+system) * tick, nil
}

// machineLoad is what the system says of how busy it was in the last minutes.
func machineLoad() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// resident is the memory that a process has, in bytes.
func resident(process int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0, fmt.Errorf("asking the system for a server's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10, nil
		}
	}
	return 0, errors.New("asking the system for a server's memory: it does not tell")
}

// watch begins to look at how busy others keep the machine: whoever is not of our process group, and the machine's
// owner where it is a virtual one. The function that it returns tells their share of all processors since.
func watch() func() string {
	busy, all, err := machineTime()
	ours, other := groupTime()
	if errors.Join(err, other) != nil {
		return func() string { return "?" }
	}
	return func() string {
		busyNow, allNow, err := machineTime()
		oursNow, other := groupTime()
		if errors.Join(err, other) != nil || allNow <= all {
			return "?"
		}
		share := float64((busyNow-busy)-(oursNow-ours)) / float64(allNow-all)
		return fmt.Sprintf("%.0f %%", max(0, 100*share))
	}
}

// machineTime is how long all processors together ran programs, and how long they are.
func machineTime() (busy, all time.Duration, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for k, field := range strings.Fields(line)[1:] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		switch k {
		case 0, 1, 2, 7: // user, nice, system, stolen
			busy += time.Duration(ticks) * tick
			all += time.Duration(ticks) * tick
		case 3, 4, 5, 6: // idle, waiting, interrupts
			all += time.Duration(ticks) * tick
		}
	}
	return busy, all, nil
}

// groupTime is how long the processes of our group, and those that they have waited for, had a processor.
func groupTime() (time.Duration, error) {
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	own, err := statFields("/proc/self/stat")
	if err != nil {
		return 0, err
	}
	sum := int64(0)
	for _, name := range processes {
		fields, err := statFields(name)
		if err != nil || fields[2] != own[2] {
			continue // one that has ended meanwhile
		}
		for _, field := range fields[11:15] { // its own time, and that of its children that have ended
			ticks, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, err
			}
			sum += ticks
		}
	}
	return time.Duration(sum) * tick, nil
}

// statFields are the fields behind a process's name, which is in parentheses and may have spaces in it.
func statFields(name string) ([]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])), nil
}

// machineName is what the machine's processor and system are called.
func machineName() string {
	processor := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				processor = strings.TrimSpace(value)
			}
		}
	}
	system := runtime.GOOS
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		system += " " + strings.TrimSpace(string(text))
	}
	return processor + ", " + system
}
