package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/cmd/internal/poster"
	"butlr-gateway/gateway"
)

// subject is the gateway that is measured: a process of its own, in a directory of its own.
type subject struct {
	dir, program string
	config       string   // its file
	under        []string // the command that starts it, if one does
	process      *exec.Cmd
	log          bytes.Buffer
	ended        chan error
	webhook      string // its URL
	modbus       string // its address
	page         string // its URL, if it has one
}

const secret = "a-secret-for-benchmarks-0123456789"

// startSubject starts a gateway that takes that many Modbus connections; more is added to its configuration.
func startSubject(ctx context.Context, program string, connections int, more string) (*subject, error) {
	return startUnder(ctx, nil, program, connections, more)
}

// startUnder does so by a command that is told the program and its arguments.
func startUnder(ctx context.Context, under []string, program string, connections int, more string) (*subject, error) {
	dir, err := os.MkdirTemp("", "bench") // a socket's path must be short
	if err != nil {
		return nil, err
	}
	s := &subject{dir: dir, program: program, under: under, config: filepath.Join(dir, "gateway.toml")}
	// Ports that stay, so that it is found at once when it starts again.
	var ports [2]int
	for k := range ports {
		if ports[k], err = freePort(); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	text := fmt.Sprintf(`[gateway]
state_dir = %q
log_level = "warn"
[webhook]
listen = "127.0.0.1:%d"
header_name = "X-Api-Key"
header_value = %q
max_unknown_assets = 0
[modbus]
listen = "127.0.0.1:%d"
max_connections = %d
max_per_address = %d
%s`, filepath.Join(dir, "state"), ports[0], secret, ports[1], connections, connections, more)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.launch(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// launch starts the process.
func (s *subject) launch() error {
	s.ended = make(chan error, 1)
	words := append(slices.Clone(s.under), s.program, "run", "--config", s.config)
	s.process = exec.Command(words[0], words[1:]...)
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("starting the gateway: %w; --gateway tells where it is", err)
	}
	go func(p *exec.Cmd, ended chan error) { ended <- p.Wait() }(s.process, s.ended)
	return nil
}

// await waits until the gateway answers, and takes its addresses.
func (s *subject) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		out, err := exec.CommandContext(ctx, s.program, "health", "--json", "--config", s.config).Output()
		var status struct {
			Listeners []struct{ What, Address string }
		}
		if err == nil && json.Unmarshal(out, &status) == nil {
			for _, l := range status.Listeners {
				switch l.What {
				case "webhook":
					s.webhook = l.Address
				case "Modbus TCP":
					s.modbus = l.Address
				case "page":
					s.page = l.Address
				}
			}
			return nil
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("the gateway ended (%v):\n%s", err, s.log.String())
		case <-ctx.Done():
			return fmt.Errorf("the gateway does not answer:\n%s", s.log.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop ends it, and nothing of it stays.
func (s *subject) stop() error {
	s.end()
	return os.RemoveAll(s.dir)
}

// end ends it, and what it has stored stays.
func (s *subject) end() {
	if own, err := os.FindProcess(s.id()); err == nil {
		own.Signal(syscall.SIGTERM)
	}
	s.ended <- <-s.ended // it may have ended before, and be asked again
}

// id is the gateway's own process.
func (s *subject) id() int {
	if s.under != nil {
		if child, err := onlyChild(s.process.Process.Pid); err == nil {
			return child
		}
	}
	return s.process.Process.Pid
}

// resident returns the memory of the gateway, in bytes.
func (s *subject) resident() (int, error) { return resident(s.id()) }

// load posts the events of a building to the gateway at a rate, until ctx ends.
func (s *subject) load(ctx context.Context, rooms int, rate float64) (*poster.Poster, func(), error) {
	estate, err := building.New(building.Options{Seed: 1, Sites: 1, Rooms: rooms, Start: time.Now(), Place: time.Local})
	if err != nil {
		return nil, nil, err
	}
	p, err := poster.New(poster.Options{
		URL: s.webhook, Connections: 4, Batch: 10, Retries: 3, HeaderName: "X-Api-Key", HeaderValue: secret,
	})
	if err != nil {
		return nil, nil, err
	}
	// Every place once, so that there is something to read.
	p.Run(ctx, func(yield func([]gateway.Event) bool) {
		yield(estate.Count(nil, 2*rooms, time.Now()))
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx, building.Live(ctx, estate.Steady(rate, time.Now()), 10*time.Millisecond))
	}()
	return p, func() { <-done }, nil
}
