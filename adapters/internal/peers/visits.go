package peers

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Visits are connections that a program opens to its own listener, to see whether it is served. The listener knows
// them as they come, by the port from which they do: they take nobody's place and are counted among nobody. The zero
// value is ready.
type Visits struct {
	mu       sync.Mutex
	of       map[netip.AddrPort]*Visit
	missed   []*Visit      // that have ended and were not accepted before, the oldest first
	accepted atomic.Uint64 // connections of others
	answered atomic.Uint64 // requests of others, as far as Connections are noted
}

// Visit is one of them.
type Visit struct {
	from  netip.AddrPort
	met   atomic.Bool   // the listener has accepted it
	known chan struct{} // closed once it is known whose the port is
	ours  bool          // to be read after known
	over  atomic.Bool   // nobody waits for an answer any more
}

// missedKept is how many visits are remembered that a listener has not accepted in their time. It does later, if ever,
// and then they are still not somebody else's.
const missedKept = 64

// Ours tells whether the connection that was taken for the visit is the program's own: somebody else may have had the
// port. It waits until that is known, which is a moment.
func (v *Visit) Ours() bool {
	<-v.known
	return v.ours && !v.over.Load()
}

// Taken returns a visit whose port somebody else had.
func Taken() *Visit {
	v := &Visit{known: make(chan struct{})}
	v.settle(false)
	return v
}

// Of returns the visit that a connection from there may be, nil if it is none. The listener asks it of each
// connection that it accepts.
func (v *Visits) Of(remote net.Addr) *Visit {
	if tcp, ok := remote.(*net.TCPAddr); ok {
		v.mu.Lock()
		defer v.mu.Unlock()
		if visit := v.of[plainPort(tcp.AddrPort())]; visit != nil {
			visit.met.Store(true)
			if visit.over.Load() {
				v.forget(visit)
			}
			return visit
		}
	}
	v.accepted.Add(1)
	return nil
}

// forget takes no note of a visit's port any more.
func (v *Visits) forget(visit *Visit) {
	delete(v.of, visit.from)
	v.missed = slices.DeleteFunc(v.missed, func(other *Visit) bool { return other == visit })
}

func plainPort(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(Plain(a.Addr()), a.Port()) }

// Answered counts the requests of others that were answered, of a listener whose [Connections] are noted.
func (v *Visits) Answered() uint64 { return v.answered.Load() }

// Ask visits the listener at an address, and has talk say something and wait for the answer. It returns nil if there is
// one, and also if others were answered meanwhile, or as long as it stood behind others in the queue and that moved:
// then there are too many of them, which is no fault of the listener's. Its error otherwise says what did not happen
// before ctx ended.
func (v *Visits) Ask(ctx context.Context, at net.Addr, answered func() uint64, talk func(context.Context, net.Conn) error) error {
	accepted, before := v.accepted.Load(), answered()
	conn, visit, err := v.dial(ctx, at)
	if err == nil {
		err = over(ctx, conn, talk)
		v.end(visit)
	}
	waited := visit == nil || !visit.met.Load()
	if err == nil || answered() != before || waited && v.accepted.Load() != accepted {
		return nil
	}
	return err
}

// over talks until ctx ends, and closes the connection.
func over(ctx context.Context, conn net.Conn, talk func(context.Context, net.Conn) error) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	err := talk(ctx, conn)
	if err != nil && ctx.Err() != nil {
		return errSilence
	}
	return err
}

var errSilence = errors.New("no answer came in time")

// The ports that nobody is given for good (RFC 6335, section 6), and how many are tried before it is a fault.
const (
	firstFreePort = 49152
	freePorts     = 1<<16 - firstFreePort
	triedPorts    = 16
)

// dial connects from a port that the listener was told of before. At an address that stands for all of a machine it
// takes the one by which the machine calls itself.
func (v *Visits) dial(ctx context.Context, at net.Addr) (net.Conn, *Visit, error) {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return nil, nil, errors.New("the address is none of TCP")
	}
	targets := []net.TCPAddr{*tcp}
	if len(tcp.IP) == 0 || tcp.IP.IsUnspecified() {
		targets = []net.TCPAddr{{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}, {IP: net.IPv6loopback, Port: tcp.Port}}
	}
	var errs []error
	for i := range targets {
		conn, visit, err := v.dialFrom(ctx, &targets[i])
		if err == nil {
			return conn, visit, nil
		}
		errs = append(errs, err)
	}
	return nil, nil, errors.Join(errs...)
}

func (v *Visits) dialFrom(ctx context.Context, to *net.TCPAddr) (conn net.Conn, visit *Visit, err error) {
	for range triedPorts {
		from := net.TCPAddr{IP: to.IP, Port: firstFreePort + rand.N(freePorts), Zone: to.Zone}
		if visit = v.begin(plainPort(from.AddrPort())); visit == nil {
			continue
		}
		dialer := net.Dialer{LocalAddr: &from}
		if conn, err = dialer.DialContext(ctx, "tcp", to.String()); err == nil {
			visit.settle(true)
			return conn, visit, nil
		}
		visit.settle(false)
		v.end(visit)
		if call, ok := errors.AsType[*os.SyscallError](err); !ok || call.Syscall != "bind" {
			return nil, nil, err // the port was free
		}
	}
	return nil, nil, errors.Join(errors.New("no free port was found"), err)
}

// begin tells the listener of a port; nil if another visit has it.
func (v *Visits) begin(from netip.AddrPort) *Visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of[from] != nil {
		return nil
	}
	if v.of == nil {
		v.of = make(map[netip.AddrPort]*Visit)
	}
	visit := &Visit{from: from, known: make(chan struct{})}
	v.of[from] = visit
	return visit
}

func (v *Visit) settle(ours bool) {
	v.ours = ours
	close(v.known)
}

// end notes that nobody waits for an answer to a visit any more. One that is still in the queue stays known.
func (v *Visits) end(visit *Visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	visit.over.Store(true)
	if !visit.ours || visit.met.Load() {
		v.forget(visit)
		return
	}
	if v.missed = append(v.missed, visit); len(v.missed) > missedKept {
		v.forget(v.missed[0])
	}
}

// visiting is the connection of a visit, as [Connections] hand it on.
type visiting struct{ net.Conn }

type visitKey struct{}

// Mark is a server's [http.Server.ConnContext]: the requests of a visit are known by their contexts.
func Mark(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if _, ok := conn.(visiting); ok {
		return context.WithValue(ctx, visitKey{}, true)
	}
	return ctx
}

// Marked tells whether a request is one of a visit, by its context.
func Marked(ctx context.Context) bool { return ctx.Value(visitKey{}) != nil }
