package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"time"
)

// idleCommand opens many connections that ask once and then nothing, and tells the gateway's memory.
func idleCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("idle", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	connections := f.Int("connections", 10_000, "how many connections, 10000 at most")
	if err := f.Parse(args); err != nil {
		return err
	}
	s, err := startSubject(ctx, *program, *connections, "")
	if err != nil {
		return err
	}
	defer s.stop()
	before, err := s.resident()
	if err != nil {
		return err
	}
	for range *connections {
		conn, err := net.Dial("tcp", s.modbus)
		if err != nil {
			return fmt.Errorf("opening connections: %w; \"ulimit -n\" tells how many files one program may have", err)
		}
		defer conn.Close()
		if err := askOnce(conn); err != nil {
			return err
		}
	}
	after, err := s.resident()
	if err != nil {
		return err
	}
	const mb = 1e6
	_, err = fmt.Fprintf(w, "%d connections that asked once: %.0f MB resident, %.0f MB before, %.1f kB each\n",
		*connections, float64(after)/mb, float64(before)/mb, float64(after-before)/float64(*connections)/1e3)
	return err
}

// askOnce reads the header's magic.
func askOnce(conn net.Conn) error {
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write([]byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2}); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 13))
	return err
}
