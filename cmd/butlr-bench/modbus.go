package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// modbusCommand reads 125 registers at a time from the gateway and from a bare echo, in turns, while
// events arrive at the gateway all the time.
func modbusCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("modbus", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	counts := f.String("connections", "10,100", "how many connections, one measurement for each")
	rounds := f.Int("rounds", 75, "turns of each")
	turn := f.Duration("turn", 200*time.Millisecond, "how long a turn lasts")
	if err := f.Parse(args); err != nil {
		return err
	}
	var numbers []int
	for text := range strings.SplitSeq(*counts, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("reading --connections: %w", err)
		}
		numbers = append(numbers, n)
	}
	pairs, err := measureModbus(ctx, *program, numbers, *rounds, *turn)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		echo, gateway := pair[0], pair[1]
		fmt.Fprintf(w, "%d connections, %d turns of %v each, 125 registers a read, medians:\n", len(echo.conns), *rounds, *turn)
		fmt.Fprintf(w, "  echo     %8.0f reads/s  p50 %6.0f µs  p99 %6.0f µs\n", median(echo.rates), median(echo.usual), median(echo.late))
		fmt.Fprintf(w, "  gateway  %8.0f reads/s  p50 %6.0f µs  p99 %6.0f µs\n", median(gateway.rates), median(gateway.usual), median(gateway.late))
		fmt.Fprintf(w, "  ratio    %8.3f          p50 %6.3f     p99 %6.3f     (of the two turns of a pair)\n", median(ratios(gateway.rates, echo.rates)),
			median(ratios(gateway.usual, echo.usual)), median(ratios(gateway.late, echo.late)))
	}
	_, err = fmt.Fprintf(w, "load of the machine: %s\n", machineLoad())
	return err
}

// While Modbus is read, so many events a second arrive from so many rooms.
const (
	modbusRate  = 1000
	modbusRooms = 200
)

// measureModbus returns an echo and a gateway for each number of connections, which had their turns.
func measureModbus(ctx context.Context, program string, connections []int, rounds int, turn time.Duration) (pairs [][2]*crowd, err error) {
	echo, err := startPart("echo")
	if err != nil {
		return nil, err
	}
	defer echo.stop()
	s, err := startSubject(ctx, program, 1000, "")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	loading, unload := context.WithCancel(ctx)
	defer unload()
	posted, wait, err := s.load(loading, modbusRooms, modbusRate)
	if err != nil {
		return nil, err
	}
	for _, n := range connections {
		pair := [2]*crowd{{address: echo.address}, {address: s.modbus}}
		for _, c := range pair {
			defer c.close()
			if err := c.connect(n); err != nil {
				return nil, err
			}
		}
		if err := byTurns(ctx, rounds, turn, pair[0], pair[1]); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
	unload()
	wait()
	if r := posted.Report(); r.Lost > 0 {
		return nil, fmt.Errorf("posting events meanwhile: %d were lost: %s", r.Lost, s.log.String())
	}
	return pairs, nil
}

// crowd is clients of one server, and what became of their turns.
type crowd struct {
	address     string
	conns       []net.Conn
	rates       []float64 // reads a second, by turn
	usual, late []float64 // µs, by turn
}

func (c *crowd) connect(n int) error {
	for range n {
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			return err
		}
		c.conns = append(c.conns, conn)
	}
	return nil
}

func (c *crowd) forget() { c.rates, c.late, c.usual = nil, nil, nil }

func (c *crowd) close() {
	for _, conn := range c.conns {
		conn.Close()
	}
}

// turn has every client ask again and again for a while.
func (c *crowd) turn(length time.Duration) error {
	var running sync.WaitGroup
	took, errs := make([][]time.Duration, len(c.conns)), make([]error, len(c.conns))
	began := time.Now()
	end := began.Add(length)
	for k, conn := range c.conns {
		running.Go(func() { took[k], errs[k] = poll(conn, end) })
	}
	running.Wait()
	all := slices.Concat(took...)
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("asking %s: %w", c.address, err)
		}
	}
	slices.Sort(all)
	c.rates = append(c.rates, float64(len(all))/time.Since(began).Seconds())
	c.usual, c.late = append(c.usual, micros(all[len(all)/2])), append(c.late, micros(all[len(all)*99/100]))
	return nil
}

// poll reads 125 registers of the first assets until a moment.
func poll(conn net.Conn, end time.Time) (took []time.Duration, err error) {
	if err := conn.SetDeadline(end.Add(patience)); err != nil {
		return nil, err
	}
	took = make([]time.Duration, 0, 1<<16)
	request := []byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 100, 0, 125}
	answer := make([]byte, answerBytes)
	for now := time.Now(); now.Before(end); {
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			return nil, err
		}
		if answer[7] != request[7] {
			return nil, fmt.Errorf("the answer is % x", answer[:9])
		}
		done := time.Now()
		took = append(took, done.Sub(now))
		now = done
	}
	return took, nil
}
