package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
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
