package modbus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"butlr-gateway/adapters/internal/peers"
	"butlr-gateway/adapters/internal/tlsfiles"
)

// The transports, as metrics and clients name them.
const (
	transportTCP    = "tcp"
	transportTLS    = "tls"
	transportRTU    = "rtu_over_tcp"
	transportSerial = "serial"
)

const (
	acceptBackoff = time.Second // after the system refused us a connection
	refusalPeriod = time.Minute // refused connections are logged at most so often for each reason
)

// listener takes connections on one port. What is asked over them, MBAP or RTU frames, and who may
// connect, is its own; the limits are those of all listeners together.
type listener struct {
	server    *Server
	transport string
	listen    string
	allow     atomic.Pointer[[]netip.Prefix]
	files     *tlsfiles.Files // nil without TLS
	units     *units          // whose RTU frames are answered; nil for MBAP
	core      core            // of a session, but for its peer
	metrics   *metrics
	listener  net.Listener
	visits    peers.Visits // of Asking

	mu       sync.Mutex
	refusals [refusalCount]time.Time // when a refusal was last logged
}

// addListener makes a listener, to be opened later.
func (s *Server) addListener(transport, listen string, allow []netip.Prefix, words WordOrder) (*listener, error) {
	if err := checkAllow(listen, allow); err != nil {
		return nil, err
	}
	metrics, err := newMetrics(s.options.Metrics, transport)
	if err != nil {
		return nil, err
	}
	l := &listener{
		server: s, transport: transport, listen: listen, metrics: metrics, core: s.core(words, metrics),
	}
	l.allow.Store(&allow)
	s.listeners = append(s.listeners, l)
	return l, nil
}

func (s *Server) makeTCP() error {
	o := &s.options
	if o.Listen == "" {
		return nil
	}
	_, err := s.addListener(transportTCP, o.Listen, o.Allow, o.Map.WordOrder)
	return err
}

// RTUOverTCPOptions are what RTU frames over TCP need: what is often behind serial device servers.
type RTUOverTCPOptions struct {
	Listen    string
	Allow     []netip.Prefix // as ServerOptions.Allow
	WordOrder WordOrder
	UnitIDs   []uint8 // answered beside the base unit; the others belong to somebody else
}

func (s *Server) makeRTUOverTCP() error {
	o := s.options.RTUOverTCP
	if o == nil {
		return nil
	}
	units, err := newUnits(s.options.Map, o.UnitIDs)
	if err != nil {
		return err
	}
	l, err := s.addListener(transportRTU, o.Listen, o.Allow, o.WordOrder)
	if err != nil {
		return err
	}
	l.units = units
	return nil
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

// open reads the certificate, if there is to be one, and takes the port.
func (l *listener) open() error {
	if l.files != nil {
		if err := l.files.Load(); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", l.listen)
	if err != nil {
		return fmt.Errorf("binding %s for Modbus: %w", l.listen, err)
	}
	l.listener = listener
	return nil
}

// run takes connections until ctx ends, and returns an error if it cannot go on before.
func (l *listener) run(ctx context.Context) error {
	var watching sync.WaitGroup
	defer watching.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if l.files != nil {
		watching.Go(func() { l.files.Watch(ctx) })
	}
	defer l.listener.Close()
	defer context.AfterFunc(ctx, func() { l.listener.Close() })()
	failing := false
	for {
		conn, err := l.listener.Accept()
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
				l.server.log.Warn("accepting Modbus clients fails, retrying", "addr", l.listen, "err", err)
			}
			failing = true
			pause(ctx, acceptBackoff)
		default:
			failing = false
			l.admit(conn)
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
func (l *listener) admit(conn net.Conn) {
	s, address := l.server, addressOf(conn.RemoteAddr())
	if visit := l.visits.Of(conn.RemoteAddr()); visit != nil {
		s.sessions.Go(func() { l.receive(visit, conn) })
		return
	}
	if !l.allows(address) {
		l.refuse(conn, address, notAllowed)
		return
	}
	c := newSession(l, conn, address)
	evicted, why := s.gate.enter(c)
	if why == welcome && !l.allows(address) { // the list has become another, and whoever ended sessions for it did not see this one
		s.gate.leave(c)
		why = notAllowed
	}
	if evicted != nil {
		evicted.evict()
	}
	if why != welcome {
		l.refuse(conn, address, why)
		return
	}
	l.metrics.connections.Inc()
	l.metrics.requests.join(&c.peer.tally)
	s.sessions.Go(func() {
		defer l.metrics.connections.Dec()
		defer s.gate.leave(c)
		why := c.serve()
		l.metrics.requests.leave(&c.peer.tally)
		s.clients.part(l.transport, &c.peer)
		l.metrics.ended[why].Inc()
	})
}

// allows tells whether a client may connect from an address.
func (l *listener) allows(address netip.Addr) bool {
	ranges := *l.allow.Load()
	return len(ranges) == 0 || contains(ranges, address)
}

// addressOf returns a client's address, an IPv4 one as such.
func addressOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

func contains(ranges []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(address) })
}

// refuse closes a connection and says so.
func (l *listener) refuse(conn net.Conn, address netip.Addr, why refusal) {
	conn.Close()
	l.metrics.refused[why].Inc()
	l.tell(address, why, nil)
}

// tell logs why a client was turned away, but not for each of a flood.
func (l *listener) tell(address netip.Addr, why refusal, err error) {
	l.mu.Lock()
	now := time.Now()
	told := now.Sub(l.refusals[why]) < refusalPeriod
	if !told {
		l.refusals[why] = now
	}
	l.mu.Unlock()
	if told {
		return
	}
	about := []any{"addr", address, "transport", l.transport, "reason", refusalNames[why]}
	if err != nil {
		about = append(about, "err", err)
	}
	l.server.log.Warn("Modbus connection refused; more of the kind are only counted for a minute", about...)
}
