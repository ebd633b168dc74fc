package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/internal/peers"
	"butlr-gateway/adapters/internal/tlsfiles"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/adapters/web/door"
	"butlr-gateway/gateway"
)

// Options is what a server needs. All of it must be set, but for what says otherwise.
type Options struct {
	Listen string // HOST:PORT, beyond loopback only with TLS and a password; of the control socket its file

	// Who may come in, see [access.Options]. All of it may be left out on loopback: then everybody on this
	// machine may look, and nobody may change anything.
	Password       string // of operators: plain, or as [access.Hash] has it
	ViewerPassword string
	Open           bool     // everybody on this machine may change everything: for a demo
	Hosts          []string // names by which browsers may call the page, beside its address and localhost
	TLSCert        string   // files in PEM form, which are read again when they change
	TLSKey         string
	Registry       prometheus.Registerer // of what counts passwords; may be nil

	Desk     *Desk
	Board    *Board
	Reporter *Reporter
	Clock    gateway.Clock
	Place    *time.Location                      // whose time it is on the page
	PlaceOf  func(*gateway.Asset) *time.Location // whose times of day an asset's reason shows
	Locate   func(*gateway.Asset) (Register, bool)
	Topic    func(*gateway.Asset) string // "" without a broker
	Sources  Sources
	Walks    *Walks       // nil if they cannot be kept
	Pages    http.Handler // what people look at, below /
	Metrics  prometheus.Gatherer
	Extra    map[string]http.Handler // what else commands ask for, by pattern: of the control socket; may be nil
	Log      *slog.Logger

	Reload   func(context.Context) (*Reloaded, error) // reads the configuration anew, on the control socket's behalf; nil if it cannot be
	LogLevel *slog.LevelVar                           // that of Log, which the control socket may change; nil if it cannot be
}

// Server serves the page, the status, health checks and metrics to the network, or what commands need on a
// socket file.
type Server struct {
	options  Options
	listener net.Listener
	visits   peers.Visits // of [Server.Ask]
	http     http.Server
	socket   bool
	live     *live           // of the page
	files    *tlsfiles.Files // nil without TLS
	gate     *access.Gate    // nil on a socket file: whoever may open it may do everything
	public   map[string]bool // routes that need no visitor to be known
}

// Limits of the server: the network may reach it.
const (
	headerTimeout  = 5 * time.Second  // for a request's header, the TLS handshake included
	readTimeout    = 15 * time.Second // for all of a request
	writeTimeout   = 30 * time.Second // for a request and its answer
	idleTimeout    = 60 * time.Second
	statusTimeout  = 2 * time.Second // after which a hub that does not answer is not well
	drainTimeout   = time.Second
	maxHeader      = 12 << 10 // bytes of a request's header; net/http takes 4 KiB more than it is told
	maxConnections = 256
)

// NewServer checks the options, and opens nothing. Its error is an [access.BadPassword] where a password
// cannot be used.
func NewServer(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{options: o}
	if o.TLSCert != "" {
		s.files = tlsfiles.New(tlsfiles.Options{Cert: o.TLSCert, Key: o.TLSKey, Log: o.Log})
	}
	var err error
	s.gate, err = access.New(access.Options{
		Listen: o.Listen, Hosts: o.Hosts, TLS: o.TLSCert != "", Password: o.Password, ViewerPassword: o.ViewerPassword,
		Open: o.Open, Metrics: o.Registry, Log: o.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("serving the page on %s: %w", o.Listen, err)
	}
	s.options.Password, s.options.ViewerPassword = "", "" // nothing needs them any more
	s.live = newLive(rowsOf(&s.options), o.Reporter)
	mux := s.pageRoutes()
	s.serve(s.gate.Guard(mux, func(r *http.Request) bool {
		_, pattern := mux.Handler(r)
		return s.public[pattern]
	}))
	return s, nil
}

// check refuses to show the page to the network without the passwords and the encryption that it takes.
func (o *Options) check() error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("serving the page on %q: %w", o.Listen, err)
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return fmt.Errorf("serving the page on %s: a certificate and its key belong together: give both, or neither", o.Listen)
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "localhost" || err == nil && ip.IsLoopback():
		return nil
	case o.Open:
		return fmt.Errorf("serving the page on %s: an open page must stay on loopback, such as 127.0.0.1:8080", o.Listen)
	case o.TLSCert == "" || o.Password == "" && o.ViewerPassword == "":
		return fmt.Errorf("serving the page on %s: beyond loopback it needs a certificate with its key, and a password", o.Listen)
	}
	return nil
}

// NewControl returns the server of the control socket: the status and the desk, for the program's own
// commands. Of the options it needs Reporter, Desk and Log.
func NewControl(o Options) *Server {
	s := &Server{options: o, socket: true}
	mux := s.controlRoutes()
	s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Visitor{Role: access.Operator})))
	}))
	return s
}

func (s *Server) serve(h http.Handler) {
	s.http = http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.options.Log.Handler(), slog.LevelDebug),
		Protocols: new(http.Protocols),
	}
	// One connection is one request at a time, so that the limit on connections bounds the memory.
	s.http.Protocols.SetHTTP1(true)
	if s.files != nil {
		s.http.TLSConfig = &tls.Config{
			MinVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1"},
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				return s.files.Content().Certificate, nil
			},
		}
	}
}

// Listen binds the address, or the socket file named.
func (s *Server) Listen() error {
	if s.socket {
		d, err := door.Open(s.options.Listen)
		if err != nil {
			return fmt.Errorf("opening the control socket %s: %w", s.options.Listen, err)
		}
		s.listener, s.http.Handler = d, d.Guard(s.http.Handler)
		return nil
	}
	if s.files != nil {
		if err := s.files.Load(); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("binding %s for the page: %w", s.options.Listen, err)
	}
	s.listener = l
	return nil
}

// Addr returns the address that was bound.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// URL returns the page's address, as a browser takes it.
func (s *Server) URL() string {
	if s.files != nil {
		return "https://" + s.Addr().String()
	}
	return "http://" + s.Addr().String()
}

// CertificateExpiry returns when the certificate that is shown ends, the zero time without TLS.
func (s *Server) CertificateExpiry() time.Time {
	if s.files == nil {
		return time.Time{}
	}
	return s.files.Expiry()
}

// Close lets go of the address, if Run was never called.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends and every connection has ended: answered, or cut off after the drain.
func (s *Server) Run(ctx context.Context) error {
	open := peers.NewConnections(s.listener, maxConnections, &s.visits)
	defer open.Wait()
	s.http.ConnState = open.Note
	if s.files != nil {
		background, stop := context.WithCancel(ctx)
		var watch sync.WaitGroup
		watch.Go(func() { s.files.Watch(background) })
		defer watch.Wait()
		defer stop()
	}
	stopped := make(chan error, 1)
	end := context.AfterFunc(ctx, func() {
		open.DismissNew()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if err := s.http.Shutdown(drain); err != nil {
			err = s.http.Close()
			stopped <- err
			return
		}
		stopped <- nil
	})
	if s.live != nil {
		var telling sync.WaitGroup
		defer telling.Wait()
		streams, end := context.WithCancel(ctx)
		defer end()
		telling.Go(func() { s.live.run(streams) })
	}
	err := s.serveOn(open)
	if errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	if !end() {
		<-stopped
	}
	return fmt.Errorf("serving the page on %s: %w", s.options.Listen, err)
}

func (s *Server) serveOn(l net.Listener) error {
	if s.files != nil {
		return s.http.ServeTLS(l, "", "")
	}
	return s.http.Serve(l)
}
