package modbus

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/internal/peers"
)

// everyTransport serves what clients connect to, to nobody on this machine.
func everyTransport(t *testing.T, listen string) func(*ServerOptions) {
	return func(o *ServerOptions) {
		elsewhere := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		o.Listen, o.Allow = listen, elsewhere
		o.RTUOverTCP = &RTUOverTCPOptions{Listen: listen, Allow: elsewhere}
		o.TLS = newCertificates(t).options()
		o.TLS.Listen, o.TLS.Allow = listen, elsewhere
	}
}

// TestTheServerAnswersItself on every transport, although the allow-list has nobody of this machine on it, and on every
// address that it may listen on. Nobody sees it: no log, no metric, no client, no counter of function 8, and no place.
//
// Seen to break it: visits that the allow-list turns away, visits among the clients and in the metrics, and a refused
// handshake that is logged.
func TestTheServerAnswersItself(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		t.Run(listen, func(t *testing.T) {
			var log bytes.Buffer
			registry := prometheus.NewRegistry()
			s := serve(t, furnished(t), everyTransport(t, listen), func(o *ServerOptions) {
				o.Log, o.Metrics = slog.New(slog.NewTextHandler(&log, nil)), registry
			})
			if len(s.Askings()) != 3 {
				t.Fatalf("%d transports can be asked", len(s.Askings()))
			}
			for _, a := range s.Askings() {
				for range 100 {
					if err := a.Ask(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if clients := s.Clients(); len(clients) > 0 {
				t.Errorf("it is among the clients: %+v", clients)
			}
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				for _, m := range f.Metric {
					if m.GetCounter().GetValue() != 0 || m.GetGauge().GetValue() != 0 {
						t.Errorf("a metric tells: %s %v", f.GetName(), m)
					}
				}
			}
			for _, l := range s.listeners {
				if n := l.core.bus.messages(); n != 0 {
					t.Errorf("%s: %d messages are counted", l.transport, n)
				}
			}
			if log.Len() > 0 {
				t.Errorf("the log tells:\n%s", &log)
			}
		})
	}
}

// TestThatTheServerAnswersItselfLetsNobodyElseIn: a client of this machine, which is not on the allow-list, is turned away
// as ever, also while a visit is there, and also from a port that a visit wanted.
//
// Seen to break it: everybody of this machine taken for a visit, and a visit that is not asked whether it is ours.
func TestThatTheServerAnswersItselfLetsNobodyElseIn(t *testing.T) {
	s := serve(t, furnished(t), everyTransport(t, "127.0.0.1:0"))
	refused := func(c net.Conn) bool {
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = c.Write([]byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2})
		n, err := c.Read(make([]byte, 1))
		return n == 0 && err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	}
	var asking sync.WaitGroup
	asking.Go(func() {
		for range 100 {
			if err := s.Askings()[0].Ask(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	for range 20 {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if !refused(c) {
			t.Error("a stranger from here is let in")
		}
		_ = c.Close()
	}
	asking.Wait()
	ours, theirs := net.Pipe()
	defer func() { _ = theirs.Close() }()
	s.sessions.Go(func() { s.listeners[0].receive(peers.Taken(), ours) })
	if !refused(theirs) {
		t.Error("who has the port of a visit is let in")
	}
}

// TestAFullTableIsNoFault: one client has the only place. The server answers itself, whether the client is idle, and would
// give way to another one, or has begun to ask; and the client has its answer afterwards.
//
// Seen to break it: visits that need a place.
func TestAFullTableIsNoFault(t *testing.T) {
	for _, begun := range []int{0, 5} { // bytes of a question
		s := serve(t, furnished(t), func(o *ServerOptions) { o.MaxConnections, o.MaxPerAddress = 1, 1 })
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		question := []byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2}
		ask := func(part []byte, answer int) {
			t.Helper()
			if _, err := c.Write(part); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, answer)); err != nil {
				t.Fatalf("with %d bytes begun the client is no longer answered: %v", begun, err)
			}
		}
		ask(question, 13)
		ask(question[:begun], 0)
		for range 50 {
			if err := s.Askings()[0].Ask(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ask(question[begun:], 13)
	}
}

// TestAServerThatNobodyServesIsTold. Seen to break it: an Ask that is always nil.
func TestAServerThatNobodyServesIsTold(t *testing.T) {
	s, err := NewServer(ServerOptions{Listen: "127.0.0.1:0", Map: MapOptions{UnitID: 1}, Image: newBuilding(t).Image})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil { // and Run is not called
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := s.Askings()[0].Ask(ctx); err == nil {
		t.Error("nobody accepts, and it is well")
	}
}
