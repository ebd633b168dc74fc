package modbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ServerOptions are what a server needs. It serves any of its transports together, at least one.
type ServerOptions struct {
	Listen string // Modbus TCP: host:port, ":502" on every address; port 0 takes a free one; "" is off
	Map    MapOptions
	Image  *Image // must not be nil

	// Allow says from where clients may connect to Listen. It may be empty, for everybody, only where
	// that is a loopback address: Modbus knows no passwords.
	Allow []netip.Prefix

	TLS        *TLSOptions        // nil is off
	RTUOverTCP *RTUOverTCPOptions // nil is off
	Serial     *SerialOptions     // nil is off
	Write      *WriteOptions      // nil lets nobody write
	Identity   Identity

	MaxConnections int           // of all transports together; 0 is 64
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

const drainTimeout = time.Second // how long a stop waits for answers on their way

// Server answers Modbus clients.
type Server struct {
	options  ServerOptions
	identity identity
	writes   atomic.Pointer[writes] // nil: nobody may write
	idle     atomic.Int64           // a time.Duration: how long a connection may ask nothing
	log      *slog.Logger
	started  time.Time

	listeners []*listener
	line      *line // nil without a serial line
	gate      *gate
	clients   clients
	stopping  atomic.Bool
	sessions  sync.WaitGroup
}

// NewServer checks the options. It opens nothing.
func NewServer(o ServerOptions) (*Server, error) {
	s, err := newServer(o)
	if err != nil {
		return nil, fmt.Errorf("making a Modbus server: %w", err)
	}
	return s, nil
}

func newServer(o ServerOptions) (*Server, error) {
	if o.Image == nil {
		return nil, errors.New("it needs an image")
	}
	if err := o.Map.check(); err != nil {
		return nil, err
	}
	if err := o.limit(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		options: o, identity: newIdentity(o.Identity), log: o.Log, started: time.Now(),
		gate: newGate(o.MaxConnections, o.MaxPerAddress),
	}
	writes, err := newWrites(o.Write, o.Image)
	if err != nil {
		return nil, err
	}
	s.writes.Store(writes)
	s.idle.Store(int64(o.IdleTimeout))
	return s, s.makeTransports()
}

// limit checks the limits, and takes the usual ones where there are none.
func (o *ServerOptions) limit() error {
	if o.MaxConnections < 0 || o.MaxPerAddress < 0 || o.IdleTimeout < 0 {
		return errors.New("limits cannot be negative")
	}
	o.MaxConnections = orDefault(o.MaxConnections, DefaultMaxConnections)
	o.MaxPerAddress = orDefault(o.MaxPerAddress, DefaultMaxPerAddress)
	o.IdleTimeout = orDefault(o.IdleTimeout, DefaultIdleTimeout)
	return nil
}

// makeTransports makes what the options ask for.
func (s *Server) makeTransports() error {
	for _, make := range []func() error{s.makeTCP, s.makeTLS, s.makeRTUOverTCP, s.makeSerial} {
		if err := make(); err != nil {
			return err
		}
	}
	if len(s.listeners) == 0 && s.line == nil {
		return errors.New("it needs an address to listen on, or a serial line")
	}
	return nil
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// core returns what answers the clients of one transport; each of them needs its own peer.
func (s *Server) core(words WordOrder, m *metrics) core {
	o := s.options.Map
	o.WordOrder = words
	return core{image: s.options.Image, options: o, metrics: m, bus: &bus{requests: m.requests}, identity: &s.identity, writes: &s.writes}
}

// ListenError says which transport could not be served.
type ListenError struct {
	Transport string // as Poller.Transport
	Err       error
}

// Error returns what was wrong.
func (e *ListenError) Error() string { return e.Err.Error() }

// Unwrap returns what was wrong.
func (e *ListenError) Unwrap() error { return e.Err }

// Listen opens every port, or says with a [*ListenError] which cannot be; clients that connect wait until [Server.Run]. A serial line is opened by Run:
// one that is missing may come.
func (s *Server) Listen() error {
	for _, l := range s.listeners {
		if err := l.open(); err != nil {
			s.Close()
			return &ListenError{l.transport, err}
		}
	}
	return nil
}

// Addr returns the address on which Modbus TCP is served, nil if it is not, or before [Server.Listen].
func (s *Server) Addr() net.Addr { return s.addrOf(transportTCP) }

// TLSAddr is that of Modbus over TLS.
func (s *Server) TLSAddr() net.Addr { return s.addrOf(transportTLS) }

// RTUOverTCPAddr is that of RTU frames over TCP.
func (s *Server) RTUOverTCPAddr() net.Addr { return s.addrOf(transportRTU) }

func (s *Server) addrOf(transport string) net.Addr {
	i := slices.IndexFunc(s.listeners, func(l *listener) bool { return l.transport == transport })
	if i < 0 || s.listeners[i].listener == nil {
		return nil
	}
	return s.listeners[i].listener.Addr()
}

// Close gives the ports back when [Server.Run] is not called after all.
func (s *Server) Close() error {
	var errs []error
	for _, l := range s.listeners {
		if l.listener != nil {
			errs = append(errs, l.listener.Close())
		}
	}
	return errors.Join(errs...)
}

// Run serves until ctx ends: answers on their way are then sent, for at most a second. It returns when
// everything that it started has ended, with an error only if it could not go on listening.
func (s *Server) Run(ctx context.Context) error {
	for _, l := range s.listeners {
		if l.listener == nil {
			return errors.New("running the Modbus server: it does not listen yet")
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	failed := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		running.Go(func() {
			failed <- l.run(ctx)
			stop() // one port that fails ends all of it
		})
	}
	if s.line != nil {
		running.Go(func() { s.line.run(ctx) })
	}
	if writes := s.writes.Load(); writes != nil && writes.options.Watchdog > 0 {
		image := s.options.Image
		running.Go(func() {
			image.watchdog.watch(ctx, writes.options.Watchdog, s.options.Map.UnitID, &image.options)
		})
	}
	running.Wait()
	s.drain()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
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
