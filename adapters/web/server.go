package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"butlr-gateway/gateway"
)

// Options is what a server needs. All of it must be set.
type Options struct {
	Listen   string // host:port on loopback: the page has no password
	Desk     *Desk  // of the control socket only
	Board    *Board
	Reporter *Reporter
	Clock    gateway.Clock
	Place    *time.Location                      // whose time it is on the page
	PlaceOf  func(*gateway.Asset) *time.Location // whose times of day an asset's reason shows
	Locate   func(*gateway.Asset) (Register, bool)
	Topic    func(*gateway.Asset) string // "" without a broker
	Sources  Sources
	Pages    http.Handler // what people look at, below /
	Metrics  prometheus.Gatherer
	Log      *slog.Logger

	Reload   func(context.Context) (*Reloaded, error) // reads the configuration anew, on the control socket's behalf; nil if it cannot be
	LogLevel *slog.LevelVar                           // that of Log, which the control socket may change; nil if it cannot be
}

// Server serves the page, the status, health checks and metrics, on loopback or on a socket file.
type Server struct {
	options  Options
	listener net.Listener
	http     http.Server
	socket   bool

	connections sync.WaitGroup
}

// Limits of the server, all of them generous: whoever connects is on this machine.
const (
	headerTimeout = 5 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 60 * time.Second
	statusTimeout = 2 * time.Second // after which a hub that does not answer is not well
	drainTimeout  = time.Second
)

// NewServer checks the options.
func NewServer(o Options) (*Server, error) {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("serving the page on %q: %w", o.Listen, err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("serving the page on %s: it has no password, so that it must stay on loopback, such as 127.0.0.1:8080", o.Listen)
	}
	s := &Server{options: o}
	mux := s.api()
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /page.css", serveStyle)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{}))
	s.serve(s.guard(mux))
	return s, nil
}

// NewControl returns the server of the control socket: the status and the desk, for the program's own
// commands. Of the options it needs Reporter, Desk and Log.
func NewControl(o Options) *Server {
	s := &Server{options: o, socket: true}
	mux := s.api()
	s.control(mux)
	s.serve(mux)
	return s
}

func (s *Server) serve(h http.Handler) {
	s.http = http.Server{
		Handler: h, ConnState: s.count, ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, ErrorLog: slog.NewLogLogger(s.options.Log.Handler(), slog.LevelDebug),
	}
}

// count lets Run wait for the connections that outlive the drain. A connection is new before Serve can
// return, and closed when its goroutine ends.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.connections.Add(1)
	case http.StateClosed:
		s.connections.Done()
	}
}

// api returns what page and control socket have in common.
func (s *Server) api() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/status", s.serveStatus)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.serveHealth)
	return mux
}

// guard refuses requests that a page from elsewhere had a browser make, by a name that it made to mean
// this machine; and tells browsers to load nothing from anywhere else.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if !strings.EqualFold(host, "localhost") && (err != nil || !ip.IsLoopback()) {
			http.Error(w, "this page is served to localhost only", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(pageStyle) // whoever went away does not need it
}

func (s *Server) status(r *http.Request) (*Status, error) {
	ctx, cancel := context.WithTimeout(r.Context(), statusTimeout)
	defer cancel()
	return s.options.Reporter.Status(ctx)
}

func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r)
	if err != nil {
		http.Error(w, "the gateway does not answer: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	s.answer(w, status)
}

// serveHealth answers 200 while the gateway answers and stores what it is sent, else 503.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r)
	switch {
	case err != nil:
		http.Error(w, "the gateway does not answer: "+err.Error(), http.StatusServiceUnavailable)
	case !status.Healthy:
		http.Error(w, "events cannot be stored", http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ok\n"))
	}
}

// Listen binds the address, or the socket file named.
func (s *Server) Listen() error {
	network, purpose := "tcp", "the page"
	if s.socket {
		network, purpose = "unix", "the control socket"
		// What lies there belonged to a process that is gone: whoever calls holds the directory's lock.
		if err := os.Remove(s.options.Listen); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("replacing %s: %w", s.options.Listen, err)
		}
	}
	l, err := net.Listen(network, s.options.Listen)
	if err != nil {
		return fmt.Errorf("binding %s for %s: %w", s.options.Listen, purpose, err)
	}
	if s.socket {
		if err := os.Chmod(s.options.Listen, 0o660); err != nil {
			return errors.Join(fmt.Errorf("letting the group use the control socket: %w", err), l.Close())
		}
	}
	s.listener = l
	return nil
}

// Addr returns the address that was bound.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close lets go of the address, if Run was never called.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends and every connection has ended: answered, or cut off after the drain.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan error, 1)
	end := context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if err := s.http.Shutdown(drain); err != nil {
			err = s.http.Close()
			stopped <- err
			return
		}
		stopped <- nil
	})
	defer s.connections.Wait()
	err := s.http.Serve(s.listener)
	if errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	if !end() {
		<-stopped
	}
	return fmt.Errorf("serving the page on %s: %w", s.options.Listen, err)
}
