package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// tick is the unit in which the system counts processor time: a hundredth of a second on every Linux.
const tick = 10 * time.Millisecond

// processorTime is how long a process has had a processor, all threads together.
func processorTime(process int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0, fmt.Errorf("asking the system for a server's processor time: %w", err)
	}
	// The program's name, in parentheses, may have spaces in it. After it utime and stime are the 12th and 13th.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
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
