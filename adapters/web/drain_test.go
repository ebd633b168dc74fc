package web

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/gateway"
)

// pipes is a listener whose connections are pipes, so that time in a test is the test's.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.made:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// ask sends a request; the answer comes on the connection.
func (p *pipes) ask(t *testing.T, path string) net.Conn {
	t.Helper()
	server, client := net.Pipe()
	p.made <- server
	if _, err := io.WriteString(client, "GET "+path+" HTTP/1.1\r\nHost: gateway\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return client
}

// silent is a hub that never answers; what it is asked ends with the request.
type silent struct{ ended int }

func (s *silent) View(ctx context.Context, _ func(*gateway.State)) error {
	<-ctx.Done()
	s.ended++
	return ctx.Err()
}

func silentServer(hub *silent) (*Server, *pipes) {
	clock := func() gateway.Instant { return gateway.Instant{Wall: time.Now()} }
	s := NewControl(Options{Listen: "control.sock", Log: slog.New(slog.DiscardHandler), Desk: new(Desk), Reporter: &Reporter{
		Board: NewBoard(),
		Clock: clock, Hub: hub, Alarms: gateway.NewAlarms(nil), Listeners: func() []Listener { return nil }, Push: func() []PushTarget { return nil }, Clients: func() []ModbusClient { return nil },
	}})
	p := newPipes()
	s.listener = p
	return s, p
}

func TestAHubThatIsSilentForTwoSecondsIsNotWell(t *testing.T) {
	for _, path := range []string{"/healthz", "/readyz", "/api/v1/status"} {
		synctest.Test(t, func(t *testing.T) {
			s, p := silentServer(new(silent))
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx) }()
			start := time.Now()
			client := p.ask(t, path)
			response, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "the gateway does not answer") {
				t.Errorf("%s: %d %s", path, response.StatusCode, body)
			}
			if waited := time.Since(start); waited != 2*time.Second {
				t.Errorf("%s: answered after %v, want 2s", path, waited)
			}
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStoppingCutsOffWhatDoesNotEndWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := new(silent)
		s, p := silentServer(hub)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		client := p.ask(t, "/healthz")
		synctest.Wait()
		start := time.Now()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("stopped after %v, want 1s", waited)
		}
		if hub.ended != 1 {
			t.Error("Run returned while a request was still being answered")
		}
		if _, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection is not closed: %v", err)
		}
	})
}

func TestAListenerThatFailsEndsRun(t *testing.T) {
	s, p := silentServer(new(silent))
	_ = p.Close()
	s.listener = broken{p}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "serving the page on control.sock") {
		t.Errorf("Run: %v", err)
	}
}

// Of more connections than there is room for, those that say nothing give way.
//
// Seen to break it: serving on the listener itself.
func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := silentServer(new(silent))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		var closed atomic.Int64
		for range maxConnections + 44 {
			server, client := net.Pipe()
			p.made <- server
			go func() {
				_, _ = io.Copy(io.Discard, client)
				closed.Add(1)
			}()
		}
		time.Sleep(time.Second)
		if got := closed.Load(); got != 44 {
			t.Errorf("%d connections were closed, want 44", got)
		}
		time.Sleep(headerTimeout)
		if got := closed.Load(); got != maxConnections+44 {
			t.Errorf("%d connections were closed after the time for a header", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Whoever streams lifts the deadline, and may go on for as long as the reader reads. Else the server cuts them off.
//
// Seen to break it: no timeout for answers; a deadline for the request's context.
func TestAStreamMayLast(t *testing.T) {
	for lift, want := range map[bool]int{false: int(writeTimeout/time.Second) - 1, true: 24 * 60 * 60} {
		synctest.Test(t, func(t *testing.T) {
			s, p := silentServer(new(silent))
			s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				connection := http.NewResponseController(w)
				if lift {
					if err := connection.SetWriteDeadline(time.Time{}); err != nil {
						t.Error(err)
					}
				}
				for range 24 * 60 * 60 {
					time.Sleep(time.Second)
					if lift && r.Context().Err() != nil {
						t.Error("the request has ended")
						return
					}
					_, _ = w.Write([]byte("x"))
					if connection.Flush() != nil {
						return
					}
				}
			}))
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx) }()
			response, err := http.ReadResponse(bufio.NewReader(p.ask(t, "/")), nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, _ := io.ReadAll(response.Body); len(body) < want || !lift && len(body) > want+1 {
				t.Errorf("lifted %v: %d seconds of the stream arrived, want %d", lift, len(body), want)
			}
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// broken is a listener that is closed already, and may be closed again.
type broken struct{ *pipes }

func (broken) Close() error { return nil }
