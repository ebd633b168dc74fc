package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/cmd/internal/building"
)

// ingestCommand measures how many events a second are accepted, one a request, over connections that are kept
// open and never pause: by turns by the gateway, which stores each before it answers and has MQTT and Modbus on,
// and by a handler that reads the body and does nothing.
func ingestCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("ingest", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	counts := f.String("connections", "16,64", "how many connections, one measurement for each")
	rounds := f.Int("rounds", 9, "turns of each")
	turn := f.Duration("turn", time.Second, "how long a turn lasts")
	rooms := f.Int("rooms", 1000, "rooms of the building")
	if err := f.Parse(args); err != nil {
		return err
	}
	b, err := startBroker()
	if err != nil {
		return err
	}
	defer b.stop()
	s, err := startSubject(ctx, *program, 10, b.section())
	if err != nil {
		return err
	}
	defer s.stop()
	nothing, err := startPart("nothing")
	if err != nil {
		return err
	}
	defer nothing.stop()
	estate, err := building.New(building.Options{Seed: 1, Sites: 1, Rooms: *rooms, Start: time.Now(), Place: time.Local})
	if err != nil {
		return err
	}
	for text := range strings.SplitSeq(*counts, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("reading --connections: %w", err)
		}
		limit := &senders{url: "http://" + nothing.address + "/", process: nothing.process.Process.Pid, connections: n, estate: estate}
		gateway := &senders{url: s.webhook, process: s.process.Process.Pid, connections: n, estate: estate}
		for round := range *rounds + 1 {
			for k := range 2 {
				of := []*senders{limit, gateway}[(k+round)%2] // the other one goes first each time
				if err := of.turn(*turn); err != nil {
					return err
				}
				if round == 0 {
					of.figures = figures{} // warming up
				}
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		fmt.Fprintf(w, "%d connections, %d rooms, one event a request, MQTT and Modbus on, %d turns of %v each, medians:\n", n, *rooms, *rounds, *turn)
		limit.print(w, "nothing")
		gateway.print(w, "gateway")
		fmt.Fprintf(w, "  ratio    %8.3f           p50 %6.3f     p99 %6.3f     CPU %6.3f     (of the two turns of a pair)\n",
			median(ratios(gateway.rates, limit.rates)), median(ratios(gateway.usual, limit.usual)),
			median(ratios(gateway.late, limit.late)), median(ratios(gateway.cpu, limit.cpu)))
	}
	memory, err := s.resident()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "the gateway has %.0f MB resident; load of the machine: %s\n", float64(memory)/1e6, machineLoad())
	return err
}

// figures are those of the turns: events a second, µs until the answer, and µs of the server's processor for each
// event.
type figures struct{ rates, usual, late, cpu []float64 }

// senders post as fast as they are answered.
type senders struct {
	url         string
	process     int // of the server
	connections int
	estate      *building.Building
	figures
}

func (s *senders) print(w io.Writer, what string) {
	fmt.Fprintf(w, "  %-8s %8.0f events/s  p50 %6.0f µs  p99 %6.0f µs  CPU %6.1f µs an event\n", what, median(s.rates), median(s.usual), median(s.late), median(s.cpu))
}

// prepared is how many bodies are made before a turn, so that making them is not measured. Who runs out of them
// begins again, which only the handler of nothing does: what it is sent is all the same to it.
const prepared = 40_000

func (s *senders) turn(length time.Duration) error {
	target, err := url.Parse(s.url)
	if err != nil {
		return err
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\nContent-Type: application/json\r\nContent-Length: ", target.Path, target.Host, secret)
	events := s.estate.Count(nil, prepared, time.Now())
	requests := make([][]byte, prepared)
	for k := range events {
		body := webhook.Encode(nil, &events[k])
		requests[k] = append(append(strconv.AppendInt([]byte(head), int64(len(body)), 10), "\r\n\r\n"...), body...)
	}
	var running sync.WaitGroup
	took, errs := make([][]time.Duration, s.connections), make([]error, s.connections)
	before, err := processorTime(s.process)
	if err != nil {
		return err
	}
	began := time.Now()
	end := began.Add(length)
	each := prepared / s.connections
	for k := range s.connections {
		running.Go(func() { took[k], errs[k] = sendAll(target.Host, requests[k*each:(k+1)*each], end) })
	}
	running.Wait()
	lasted := time.Since(began)
	after, err := processorTime(s.process)
	if err := errors.Join(append(errs, err)...); err != nil {
		return fmt.Errorf("posting to %s: %w", s.url, err)
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	n := float64(len(all))
	s.rates = append(s.rates, n/lasted.Seconds())
	s.usual, s.late = append(s.usual, micros(all[len(all)/2])), append(s.late, micros(all[len(all)*99/100]))
	s.cpu = append(s.cpu, micros(after-before)/n)
	return nil
}

// sendAll posts over one connection until a moment.
func sendAll(address string, requests [][]byte, end time.Time) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	took = make([]time.Duration, 0, 1<<15)
	now := time.Now()
	for k := 0; now.Before(end); k++ {
		if _, err := conn.Write(requests[k%len(requests)]); err != nil {
			return nil, err
		}
		if err := readAnswer(in); err != nil {
			return nil, err
		}
		done := time.Now()
		took = append(took, done.Sub(now))
		now = done
	}
	return took, nil
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

// nothingCommand is the bare handler that the gateway is compared with: it reads the body and answers. It prints
// its address, and ends with its input.
func nothingCommand(_ context.Context, _ []string, w io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(w, l.Addr())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
