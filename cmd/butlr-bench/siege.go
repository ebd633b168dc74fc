package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// siegeCommand measures what strangers can do to those who are served: by turns nobody disturbs, and slow connections,
// wrong secrets and a body without end come all at once, from addresses of their own. One sender posts events at a
// rate meanwhile, and one controller polls.
func siegeCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("siege", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	rounds := f.Int("rounds", 5, "turns of each")
	turn := f.Duration("turn", 5*time.Second, "how long a turn lasts")
	rate := f.Float64("rate", 100, "events a second of the sender, and polls of the controller")
	slow := f.Int("slow", 2000, "connections that send a byte a second")
	guesses := f.Int("guesses", 10_000, "wrong secrets in a turn")
	size := f.Int64("body", 1<<30, "bytes of the body without end")
	if err := f.Parse(args); err != nil {
		return err
	}
	s, err := startSubject(ctx, *program, 10, "")
	if err != nil {
		return err
	}
	defer s.stop()
	served := &served{subject: s, rate: *rate, http: &http.Client{Timeout: 30 * time.Second}}
	if served.poller, err = net.Dial("tcp", s.modbus); err != nil {
		return err
	}
	defer served.poller.Close()
	besiegers := &besiegers{webhook: s.webhook, slow: *slow, guesses: *guesses, size: *size}
	var calm, besieged times
	memory := [2]int{}
	for range *rounds {
		if err := served.turn(ctx, *turn, &calm); err != nil {
			return err
		}
		end := besiegers.begin(ctx)
		err := served.turn(ctx, *turn, &besieged)
		if resident, _ := s.resident(); resident > memory[1] {
			memory[1] = resident
		}
		end()
		if err != nil {
			return err
		}
		if memory[0] == 0 {
			memory[0], _ = s.resident()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Fprintf(w, "one sender and one controller, %.0f a second each, %d turns of %v; load %s\n", *rate, *rounds, *turn, machineLoad())
	fmt.Fprintf(w, "  %d slow connections, %d guesses answered 401 and %d answered 429, %d bodies cut off after %d KiB at most, with what sockets hold\n",
		*slow, besiegers.denied.Load(), besiegers.limited.Load(), besiegers.cut.Load(), besiegers.swallowed.Load()>>10)
	for _, line := range []struct {
		what  string
		times *times
	}{{"undisturbed", &calm}, {"besieged", &besieged}} {
		fmt.Fprintf(w, "  %-12s event → 204  p50 %6.2f ms  p99 %6.2f ms   Modbus read  p50 %6.2f ms  p99 %6.2f ms\n", line.what,
			median(line.times.posts)/1000, late(line.times.posts)/1000, median(line.times.reads)/1000, late(line.times.reads)/1000)
	}
	_, err = fmt.Fprintf(w, "  memory, after the first turns %d MB, at most %d MB\n", memory[0]>>20, memory[1]>>20)
	return err
}

// besiegers are strangers, each kind with an address of its own.
type besiegers struct {
	webhook       string
	slow, guesses int
	size          int64

	denied, limited, cut, swallowed atomic.Int64
}

// begin has them come, and returns what sends them away.
func (b *besiegers) begin(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for range b.slow {
		running.Go(func() { b.dawdle(ctx) })
	}
	const guessers = 16
	for range guessers {
		running.Go(func() { b.guess(ctx, b.guesses/guessers) })
	}
	running.Go(func() {
		for ctx.Err() == nil {
			b.pour(ctx)
		}
	})
	return func() { cancel(); running.Wait() }
}

// from is a dialer of an address of this machine.
func from(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: 5 * time.Second}
}

// dawdle sends the beginning of a request, a byte a second, again and again.
func (b *besiegers) dawdle(ctx context.Context) {
	at, err := url.Parse(b.webhook)
	if err != nil {
		return
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for ctx.Err() == nil {
		conn, err := from("127.0.0.2").DialContext(ctx, "tcp", at.Host)
		for err == nil {
			_, err = conn.Write([]byte("P"))
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-second.C:
			}
		}
		if conn != nil {
			conn.Close()
		}
		select {
		case <-ctx.Done():
		case <-second.C:
		}
	}
}

// guess tries secrets.
func (b *besiegers) guess(ctx context.Context, count int) {
	client := &http.Client{Transport: &http.Transport{DialContext: from("127.0.0.3").DialContext}, Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for n := 0; n < count && ctx.Err() == nil; n++ {
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, b.webhook, strings.NewReader("{}"))
		r.Header.Set("X-Api-Key", fmt.Sprintf("a-guess-of-a-secret-%d", n))
		answer, err := client.Do(r)
		if err != nil {
			continue
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		switch answer.StatusCode {
		case http.StatusUnauthorized:
			b.denied.Add(1)
		case http.StatusTooManyRequests:
			b.limited.Add(1)
		}
	}
}

// pour sends a body that does not end, with the right secret.
func (b *besiegers) pour(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{DialContext: from("127.0.0.4").DialContext, DisableKeepAlives: true}}
	body := &endless{left: b.size}
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, b.webhook, body)
	r.Header.Set("X-Api-Key", secret)
	answer, err := client.Do(r)
	if err == nil {
		answer.Body.Close()
	}
	if ctx.Err() == nil {
		b.cut.Add(1)
	}
	if sent := b.size - body.left; sent > b.swallowed.Load() {
		b.swallowed.Store(sent)
	}
}

// endless is a body of zeroes.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	e.left -= n
	return int(n), nil
}
