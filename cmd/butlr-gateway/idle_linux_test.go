package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// TestFault08TenThousandConnections of Modbus, as many as can be allowed: most ask once and then nothing, some ask again
// and again and never read an answer. A poller is served as before; nobody who is idle loses its connection; and what
// each costs is bounded.
//
// Seen to break it: 40 kB in use for each connection; fewer connections allowed than are configured.
func TestFault08TenThousandConnections(t *testing.T) {
	const idle, slow, each = 9_900, 90, 20 // kB of memory for each
	s := newSite(t, "max_connections = 10000\nmax_per_address = 10000\n")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	calm, before := s.reads(500), s.resident()
	address := s.address("Modbus TCP")
	var quiet []net.Conn
	for range idle {
		c := dialUntilClosed(t, address)
		askOnce(t, c)
		quiet = append(quiet, c)
	}
	var asking sync.WaitGroup
	for range slow {
		c := dialUntilClosed(t, address)
		asking.Go(func() { askWithoutReading(c) })
	}
	asking.Wait() // the gateway waits for each of them to take its answers
	crowded, after := s.reads(500), s.resident()
	if grown := (after - before) * 1000 / (idle + slow); grown > each && !raceEnabled {
		t.Errorf("each connection costs %d kB, want at most %d", grown, each)
	}
	for n := 0; n < idle; n += 10 {
		askOnce(t, quiet[n])
	}
	if usual, then := percentile(calm, 50), percentile(crowded, 50); then > 10*usual {
		t.Errorf("half of the reads took up to %v among the others, and %v without them", then, usual)
	}
	t.Attr("figure", fmt.Sprintf("%d idle connections and %d that take no answers: memory %d MB, %d MB before; 99 %% of reads within %v, %v before",
		idle, slow, after, before, percentile(crowded, 99), percentile(calm, 99)))
}

func dialUntilClosed(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("%v; \"ulimit -n\" tells how many files a program may have open", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// askOnce reads two registers over a connection that is open.
func askOnce(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 13)); err != nil {
		t.Fatal(err)
	}
}

// askWithoutReading asks for as much as an answer can have until nothing is taken any more.
func askWithoutReading(c net.Conn) {
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	for {
		_ = c.SetDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := c.Write([]byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 100, 0, 48}); err != nil {
			return
		}
	}
}
