package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/adapters/supervision"
	"butlr-gateway/gateway"
)

// openSupervision makes what looks after the other parts. It comes last: they are all there.
func (s *service) openSupervision(context.Context) (err error) {
	s.supervisor, err = supervision.New(supervision.Options{Parts: s.supervised(), Alarms: s.alarms, Log: s.log, Metrics: s.metrics})
	return err
}

// supervised are the parts that are asked whether they work. The control socket is not worth a restart: whoever misses
// it sits before the machine.
func (s *service) supervised() []supervision.Part {
	parts := []supervision.Part{{Name: "hub", What: "the hub", Ask: s.askHub, Vital: true}}
	if s.webhook != nil {
		parts = append(parts, supervision.Part{Name: "webhook", What: "the webhook", Ask: s.webhook.Ask, Vital: true})
	}
	if s.modbus != nil {
		for _, a := range s.modbus.Askings() {
			parts = append(parts, supervision.Part{
				Name: "modbus_" + a.Transport, What: "the Modbus server", Ask: a.Ask, Vital: true,
			})
		}
	}
	if s.page != nil {
		parts = append(parts, supervision.Part{Name: "page", What: "the page", Ask: s.page.Ask, Vital: true})
	}
	if s.control != nil {
		parts = append(parts, supervision.Part{Name: "control", What: "the control socket", Ask: s.control.Ask})
	}
	for _, p := range s.publishers {
		parts = append(parts, supervision.Part{
			Name: "publisher_" + p.section, What: "the publisher of [" + p.section + "]", Ask: whetherItPublishes(p.Status), Vital: true,
		})
	}
	return parts
}

// askHub is answered by the hub between two batches, and while the disk hangs too: that is no fault of the hub's, and a
// restart would not mend it.
func (s *service) askHub(ctx context.Context) error {
	err := s.hub.View(ctx, func(*gateway.State) {})
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("it is busy with something that does not end")
	}
	return err
}

// quietTurns is how many questions may find that nothing was published since the one before. A publisher says every
// 10 s how the gateway is, and notices within 20 s that its broker hangs, after which that is broker_down.
const quietTurns = 4

// whetherItPublishes returns what asks a publisher. One that is not connected is judged by nobody here.
func whetherItPublishes(status func() mqtt.Status) func(context.Context) error {
	var last mqtt.Status
	quiet := 0
	return func(context.Context) error {
		now := status()
		if quiet++; !now.Connected || now.Published != last.Published || !now.Since.Equal(last.Since) {
			quiet = 0
		}
		last = now
		if quiet > quietTurns {
			return errors.New("it is connected, and publishes nothing")
		}
		return nil
	}
}

// Where a gateway that is stuck leaves what all of it was doing, and how much of that.
const (
	stuckFile = "stuck.txt"
	stuckMost = 1 << 20 // bytes
)

// How long a gateway that is stuck waits for its disk, and for the parts that are not.
const (
	stuckWriting  = 2 * time.Second
	stuckStopping = 10 * time.Second
)

// abandon ends the gateway although a part of it is stuck. The others are stopped as ever, so far as that goes; whoever
// waits for the one that is stuck is left. Nothing that was acknowledged is lost by it: that is on disk. It is no stop for
// good.
func (s *service) abandon(stuck *supervision.Stuck, parts *stack) error {
	s.log.Error("a part of the gateway is stuck; the gateway ends, to be started anew", "part", stuck.Part, "err", stuck.Err, "see", s.tellStacks(stuck))
	rest := &service{closers: s.closers}
	s.closers = nil
	stopped := make(chan error, 1)
	go func() { stopped <- errors.Join(parts.unwind(), rest.close()) }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stuckStopping):
		return fmt.Errorf("stopping: something does not end within %v, and was left", stuckStopping)
	}
}

// tellStacks writes what every goroutine is at into a file, and returns where it is, or why it is not.
func (s *service) tellStacks(stuck *supervision.Stuck) string {
	path := filepath.Join(string(s.config.Gateway.StateDir), stuckFile)
	stacks := make([]byte, stuckMost)
	stacks = stacks[:runtime.Stack(stacks, true)]
	text := fmt.Sprintf("%s, version %s: %v\n\n%s", time.Now().UTC().Format(time.RFC3339), programVersion(), stuck, stacks)
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(path, []byte(text), 0o600) }()
	select {
	case err := <-written:
		if err != nil {
			return err.Error()
		}
		return path
	case <-time.After(stuckWriting):
		return "nowhere: the disk does not answer"
	}
}

// stuckBefore adds to a bundle what a gateway left that was stuck.
func (b *bundle) stuckBefore(_ context.Context, w io.Writer) error {
	if b.settings == nil {
		return errNoConfig
	}
	text, err := os.ReadFile(filepath.Join(string(b.settings.Gateway.StateDir), stuckFile))
	if errors.Is(err, os.ErrNotExist) {
		_, err = fmt.Fprintln(w, "no gateway was ever stuck here")
		return err
	}
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}
