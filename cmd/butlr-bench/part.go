package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// part is a command of this program as a process of its own, such as a bare server: it prints its address and
// ends with its input.
type part struct {
	process *exec.Cmd
	input   io.Closer
	address string
}

func startPart(command string) (*part, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &part{process: exec.Command(self, command)}
	if p.input, err = p.process.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("starting %q: %w", command, err)
	}
	p.address = strings.TrimSpace(line)
	return p, nil
}

func (p *part) stop() {
	p.input.Close()
	p.process.Wait()
}

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
