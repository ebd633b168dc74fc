package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// measureAllocations returns how many times the gateway allocates memory for a read, by its own metrics: what was
// allocated while ten connections read, less what is while nobody does, by the reads.
func measureAllocations(ctx context.Context, program string, turn time.Duration) (float64, error) {
	s, err := newCampus(ctx, program, few, pageSection)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	readers := &crowd{address: s.modbus}
	defer readers.close()
	if err := readers.connect(10); err != nil {
		return 0, err
	}
	if err := readers.turn(turn); err != nil { // each connection has what it needs
		return 0, err
	}
	var counts [3]float64
	for k, do := range []func() error{func() error { return nil }, func() error { time.Sleep(turn); return nil }, func() error { return readers.turn(turn) }} {
		if err := do(); err != nil {
			return 0, err
		}
		if counts[k], err = s.metric("go_memstats_mallocs_total"); err != nil {
			return 0, err
		}
	}
	reads := readers.rates[len(readers.rates)-1] * turn.Seconds()
	return ((counts[2] - counts[1]) - (counts[1] - counts[0])) / reads, nil
}

// metric is a figure that the gateway itself tells.
func (s *subject) metric(name string) (float64, error) {
	answer, err := http.Get(s.page + "/metrics")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		var value float64
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			_, err := fmt.Sscan(text, &value)
			return value, err
		}
	}
	return 0, errors.New("asking the gateway for " + name + ": it does not tell")
}
