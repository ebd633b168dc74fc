package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"butlr-gateway/adapters/internal/peers"
	"butlr-gateway/adapters/internal/tlsfiles"
	"butlr-gateway/gateway"
)

// The server's patience.
const (
	headerLimit = 5 * time.Second  // for a request's header, the TLS handshake included
	bodyLimit   = 15 * time.Second // for all of a request
	answerLimit = bodyLimit + gateway.IngestPatience + 5*time.Second
	idleLimit   = 60 * time.Second // between two requests
	drainLimit  = 5 * time.Second  // for the requests in progress when it stops
	maxHeader   = 12 << 10         // bytes of a request's header; net/http takes 4 KiB more than it is told
)

// proofProtocol is what an authority speaks that looks whether a certificate may be issued: a handshake and nothing
// more (RFC 8737). net/http closes such a connection after it.
const proofProtocol = "acme-tls/1"

// Server listens for Butlr. Call Listen, then Run, once.
type Server struct {
	options   Options
	door      atomic.Pointer[door]
	guesses   *peers.Guesses
	strangers *strangers
	refusals  refusals
	metrics   *metrics
	files     *tlsfiles.Files // nil without files
	listener  net.Listener
	visits    peers.Visits // of [Server.Ask]
}

// NewServer checks the options. It opens nothing.
func NewServer(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("setting up the webhook: %w", err)
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = defaultConnections
	}
	metrics, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("setting up the webhook: %w", err)
	}
	s := &Server{
		options: o, guesses: peers.NewGuesses(), metrics: metrics,
		refusals: newRefusals(o.Log),
		strangers: &strangers{met: make(map[string]bool), tell: func(name string) {
			o.Log.Warn("events of an unknown type arrive, they have no effect", "type", name)
		}},
	}
	s.door.Store(newDoor(&o))
	if o.TLSCert != "" {
		s.files = tlsfiles.New(tlsfiles.Options{Cert: o.TLSCert, Key: o.TLSKey, Log: o.Log})
	}
	return s, nil
}

// Listen reads the certificate and takes the port. Nothing is served before Run.
func (s *Server) Listen() error {
	if s.files != nil {
		if err := s.files.Load(); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("opening the webhook on %s: %w", s.options.Listen, err)
	}
	s.listener = listener
	return nil
}

// Addr returns the address that is listened on, nil before Listen.
func (s *Server) Addr() net.Addr {
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// Close gives the port back, if Run was never called.
func (s *Server) Close() error {
	if s.listener == nil {
		return nil
	}
	return s.listener.Close()
}

// CertificateExpiry returns when the certificate that is shown ends, the zero time without files.
func (s *Server) CertificateExpiry() time.Time {
	if s.files == nil {
		return time.Time{}
	}
	return s.files.Expiry()
}

// Run serves until ctx ends. Then no more requests are taken, those in progress have five seconds to
// finish, and Run returns nil when all is quiet. An error says that the listener failed.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		return errors.New("serving the webhook: Listen was not called")
	}
	return s.serveOn(ctx, s.listener)
}

func (s *Server) serveOn(ctx context.Context, listener net.Listener) error {
	open := peers.NewConnections(listener, s.options.MaxConnections, &s.visits)
	requests, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerLimit,
		ReadTimeout:       bodyLimit,
		WriteTimeout:      answerLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    maxHeader,
		ConnState:         open.Note,
		ConnContext:       peers.Mark,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          log.New(complaints{s.options.Log}, "", 0),
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)

	background, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	failed := make(chan error, 1)
	running.Go(func() {
		if s.files == nil && s.options.Certificate == nil {
			failed <- server.Serve(open)
			return
		}
		server.TLSConfig = s.tlsConfig()
		failed <- server.ServeTLS(open, "", "")
	})
	if s.files != nil {
		running.Go(func() { s.files.Watch(background) })
	}

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serving the webhook on %s: %w", listener.Addr(), err)
	}
	stop()
	drain(server, open, abort)
	return err
}

// tlsConfig returns the listener's settings. HTTP/2 is left out: one connection is to be one request at a
// time, so that the limit on connections bounds the memory.
func (s *Server) tlsConfig() *tls.Config {
	if s.options.Certificate != nil {
		return &tls.Config{
			MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1", proofProtocol}, GetCertificate: s.options.Certificate,
		}
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.files.Content().Certificate, nil
		},
	}
}

// drain ends the server: requests in progress have a while to finish, then they are cut off.
func drain(server *http.Server, open *peers.Connections, abort func()) {
	open.DismissNew()
	limit, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	server.Shutdown(limit) // its errors are those of closing sockets, and the limit
	abort()
	server.Close()
	open.Wait()
}

// complaints passes on what net/http says of single connections: what anybody can provoke by sending
// rubbish only to those who look for it, what is our own fault to everybody.
type complaints struct{ log *slog.Logger }

func (c complaints) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if strings.HasPrefix(text, "http: panic serving") {
		c.log.Error("a request failed unexpectedly, please report this", "err", text)
	} else {
		c.log.Debug("a connection failed", "err", text)
	}
	return len(line), nil
}
