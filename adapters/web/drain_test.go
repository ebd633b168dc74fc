package web

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
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

// broken is a listener that is closed already, and may be closed again.
type broken struct{ *pipes }

func (broken) Close() error { return nil }
