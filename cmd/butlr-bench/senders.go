package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// figures are those of the turns: events a second, µs until the answer, µs of the server's processor for each event,
// and the server's memory in MB.
type figures struct{ rates, usual, late, cpu, memory []float64 }

func (f *figures) forget() { *f = figures{} }

// senders post to a server over connections that are kept open, each as fast as it is answered.
type senders struct {
	url         string
	process     int // of the server
	connections int
	traffic     *traffic
	rate        float64 // events a second of all together; 0: as fast as they are answered
	careless    bool    // the server does not look at ids: it may be sent the same again
	figures
}

// settling is how long a server has after a turn for what it did not do before its answers, such as telling a broker.
// Its processor time counts.
const settling = 200 * time.Millisecond

// atMost is how many events a second are made before a server's speed is known.
const atMost = 40_000

func (s *senders) turn(length time.Duration) error {
	target, err := url.Parse(s.url)
	if err != nil {
		return err
	}
	rate := float64(atMost)
	if n := len(s.rates); n > 0 {
		rate = min(rate, 3*s.rates[n-1])
	}
	work := &work{requests: s.traffic.requests(target, int(rate*length.Seconds())+s.connections), again: s.careless}
	before, err := processorTime(s.process)
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	took, errs := make([][]time.Duration, s.connections), make([]error, s.connections)
	work.began = time.Now()
	work.end = work.began.Add(length)
	if s.rate > 0 {
		work.each = time.Duration(float64(time.Second) / s.rate)
	}
	for k := range s.connections {
		running.Go(func() { took[k], errs[k] = work.send(target.Host) })
	}
	running.Wait()
	lasted := time.Since(work.began)
	time.Sleep(settling)
	after, err := processorTime(s.process)
	memory, other := resident(s.process)
	if err := errors.Join(append(errs, err, other)...); err != nil {
		return fmt.Errorf("posting to %s: %w", s.url, err)
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	n := float64(len(all))
	s.rates = append(s.rates, n/lasted.Seconds())
	s.usual, s.late = append(s.usual, micros(all[len(all)/2])), append(s.late, micros(all[len(all)*99/100]))
	s.cpu, s.memory = append(s.cpu, micros(after-before)/n), append(s.memory, float64(memory)/1e6)
	return nil
}

// work is the requests of a turn, each taken by the connection that is free.
type work struct {
	requests   [][]byte
	again      bool // from the first when they are over
	next       atomic.Int64
	began, end time.Time
	each       time.Duration // between two; 0: no pause
}

// send posts over one connection until the end.
func (w *work) send(address string) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	took = make([]time.Duration, 0, 1<<12)
	for {
		k := int(w.next.Add(1) - 1)
		if w.each > 0 {
			time.Sleep(time.Until(w.began.Add(time.Duration(k) * w.each)))
		}
		now := time.Now()
		if !now.Before(w.end) || k >= len(w.requests) && !w.again {
			return took, nil // where there are no more the turn ends sooner
		}
		if _, err := conn.Write(w.requests[k%len(w.requests)]); err != nil {
			return nil, err
		}
		if err := readAnswer(in); err != nil {
			return nil, err
		}
		took = append(took, time.Since(now))
	}
}

// readAnswer reads an answer without a body.
func readAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(status), "HTTP/1.1 204") {
		return fmt.Errorf("the answer is %q", status)
	}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil || len(line) == 2 {
			return err
		}
	}
}
