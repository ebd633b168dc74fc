package modbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ServerOptions are what a server needs.
type ServerOptions struct {
	Listen string // host:port, ":502" on every address; port 0 takes a free one
	Map    MapOptions
	Image  *Image // must not be nil

	// Allow says from where clients may connect. It may be empty, for everybody, only where Listen is
	// a loopback address: Modbus knows no passwords.
	Allow []netip.Prefix

	MaxConnections int           // 0 is 64
	MaxPerAddress  int           // connections of one address; 0 is 8
	IdleTimeout    time.Duration // a connection that asks nothing for so long is closed; 0 is 5 minutes

	Metrics prometheus.Registerer // nil for none
	Log     *slog.Logger          // nil for none
}

// The defaults of ServerOptions.
const (
	DefaultMaxConnections = 64
	DefaultMaxPerAddress  = 8
	DefaultIdleTimeout    = 5 * time.Minute
)

const (
	drainTimeout  = time.Second // how long a stop waits for answers on their way
	acceptBackoff = time.Second // after the system refused us a connection
	refusalPeriod = time.Minute // refused connections are logged at most so often for each reason
)

// Server answers Modbus TCP clients.
type Server struct {
	listen      string
	allow       []netip.Prefix
	idleTimeout time.Duration
	core        core
	gate        *gate
	metrics     *metrics
	log         *slog.Logger
	started     time.Time
	refusals    [refusalCount]time.Time // when a refusal was last logged

	listener net.Listener
	stopping atomic.Bool
	sessions sync.WaitGroup
}

// NewServer checks the options. It opens nothing.
func NewServer(o ServerOptions) (*Server, error) {
	if o.Image == nil {
		return nil, errors.New("making a Modbus server: it needs an image")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.Map.check(); err != nil {
		return nil, fmt.Errorf("making a Modbus server: %w", err)
	}
	if err := checkAllow(o.Listen, o.Allow); err != nil {
		return nil, err
	}
	if o.MaxConnections < 0 || o.MaxPerAddress < 0 || o.IdleTimeout < 0 {
		return nil, errors.New("making a Modbus server: limits cannot be negative")
	}
	metrics, err := newMetrics(o.Metrics, "tcp")
	if err != nil {
		return nil, err
	}
	return &Server{
		listen:      o.Listen,
		allow:       o.Allow,
		idleTimeout: orDefault(o.IdleTimeout, DefaultIdleTimeout),
		core:        core{o.Image, o.Map, metrics},
		gate:        newGate(orDefault(o.MaxConnections, DefaultMaxConnections), orDefault(o.MaxPerAddress, DefaultMaxPerAddress)),
		metrics:     metrics,
		log:         o.Log,
		started:     time.Now(),
	}, nil
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// checkAllow demands an allow-list wherever others than this machine can connect.
func checkAllow(listen string, allow []netip.Prefix) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("checking the Modbus address %q: write host:port or :port: %w", listen, err)
	}
	for _, p := range allow {
		if !p.IsValid() {
			return fmt.Errorf("checking who may connect to Modbus on %s: an empty range of addresses", listen)
		}
	}
	address, err := netip.ParseAddr(host)
	loopback := host == "localhost" || err == nil && address.Unmap().IsLoopback()
	if !loopback && len(allow) == 0 {
		return fmt.Errorf("checking who may connect to Modbus on %s: others than this machine can, so say who: "+
			`allow = ["10.20.0.0/16"], or ["0.0.0.0/0", "::/0"] for everybody`, listen)
	}
	return nil
}

// Listen opens the port; clients that connect wait until [Server.Run].
func (s *Server) Listen() error {
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return fmt.Errorf("binding %s for Modbus: %w", s.listen, err)
	}
	s.listener = l
	return nil
}

// Addr returns the address that is listened on, nil before [Server.Listen].
func (s *Server) Addr() net.Addr {
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// Close gives the port back when [Server.Run] is not called after all.
func (s *Server) Close() error {
	if s.listener == nil {
		return nil
	}
	return s.listener.Close()
}

// Run serves until ctx ends: answers on their way are then sent, for at most a second. It returns when
// everything that it started has ended, with an error only if it could not go on listening.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		return errors.New("running the Modbus server: it does not listen yet")
	}
	defer context.AfterFunc(ctx, func() { s.listener.Close() })()
	err := s.accept(ctx)
	s.listener.Close()
	s.drain()
	return err
}

func (s *Server) accept(ctx context.Context) error {
	failing := false
	for {
		conn, err := s.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting Modbus clients: %w", err)
		case err != nil:
			if !failing {
				s.log.Warn("accepting Modbus clients fails, retrying", "addr", s.listen, "err", err)
			}
			failing = true
			pause(ctx, acceptBackoff)
		default:
			failing = false
			s.admit(conn)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// admit serves a client in a goroutine of its own, or closes the connection.
func (s *Server) admit(conn net.Conn) {
	address := addressOf(conn.RemoteAddr())
	if !s.allowed(address) {
		s.refuse(conn, address, notAllowed)
		return
	}
	c := &session{server: s, conn: conn, address: address, state: idleness{since: s.elapsed()}}
	evicted, why := s.gate.enter(c)
	if why != welcome {
		s.refuse(conn, address, why)
		return
	}
	if evicted != nil {
		evicted.evict()
	}
	s.metrics.connections.Inc()
	s.sessions.Go(func() {
		defer s.metrics.connections.Dec()
		defer s.gate.leave(c)
		s.metrics.ended[c.serve()].Inc()
	})
}

// addressOf returns a client's address, an IPv4 one as such.
func addressOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

func (s *Server) allowed(address netip.Addr) bool {
	for _, p := range s.allow {
		if p.Contains(address) {
			return true
		}
	}
	return len(s.allow) == 0
}

// refuse closes a connection and says so, but not for each of a flood. Only accept calls it.
func (s *Server) refuse(conn net.Conn, address netip.Addr, why refusal) {
	conn.Close()
	s.metrics.refused[why].Inc()
	if now := time.Now(); now.Sub(s.refusals[why]) >= refusalPeriod {
		s.refusals[why] = now
		s.log.Warn("Modbus connection refused; more of the kind are only counted for a minute",
			"addr", address, "reason", refusalNames[why])
	}
}

// elapsed is the server's own clock.
func (s *Server) elapsed() time.Duration { return time.Since(s.started) }

// drain ends every session: idle ones at once, those that are answering when they have answered.
func (s *Server) drain() {
	s.stopping.Store(true)
	s.gate.each(func(c *session) { c.conn.SetReadDeadline(time.Unix(1, 0)) })
	late := time.AfterFunc(drainTimeout, func() { s.gate.each(func(c *session) { c.conn.Close() }) })
	defer late.Stop()
	s.sessions.Wait()
}
