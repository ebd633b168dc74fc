package push

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/goburrow/modbus"
)

// wire carries bytes to a device: a TCP connection or a serial port.
type wire interface {
	io.ReadWriteCloser
	// SetDeadline ends reads and writes at that time, also one that is in progress.
	SetDeadline(time.Time) error
}

// framing makes frames of requests and finds the answers among what comes back.
type framing interface {
	modbus.Packager
	// to says to which unit the next request goes.
	to(unit byte)
	// clear reads what came unasked, so that it is not taken for the answer to what is sent next.
	clear(w wire, deadline time.Time) error
	// answer reads the answer to a request, and skips what answers another one.
	answer(w wire, request []byte) ([]byte, error)
	// nameless tells that an answer does not name its request: one to the last can look like one to the next.
	nameless() bool
}

// link does one request at a time over a wire that it opens when it needs it. It is a transporter of the
// library's, whose own keep a connection that is dead or out of step for ever. One goroutine uses it.
type link struct {
	open    func(ctx context.Context) (wire, error)
	framing framing
	client  modbus.Client

	wire      *leash
	hadBefore bool // the last request used a wire that had carried an answer before
	proven    bool // the wire has carried an answer

	deadline time.Time // of the request in progress
}

func newLink(f framing, open func(context.Context) (wire, error)) *link {
	l := &link{open: open, framing: f}
	l.client = modbus.NewClient2(f, l)
	return l
}

// errUnreachable is a wire that cannot be opened.
type errUnreachable struct{ error }

func (e errUnreachable) Unwrap() error { return e.error }

// do carries out one request with a unit. After any error but an exception of Modbus the wire is closed:
// nobody knows what is still on it.
func (l *link) do(ctx context.Context, unit byte, timeout time.Duration, request func(modbus.Client) ([]byte, error)) ([]byte, error) {
	l.hadBefore = l.proven
	if err := l.connect(ctx, timeout); err != nil {
		return nil, errUnreachable{err}
	}
	l.deadline = time.Now().Add(timeout)
	if err := l.wire.SetDeadline(l.deadline); err != nil {
		l.close()
		return nil, err
	}
	release := context.AfterFunc(ctx, l.wire.cut)
	l.framing.to(unit)
	answer, err := request(l.client)
	release()
	if _, exception := errors.AsType[*modbus.ModbusError](err); err != nil && !exception {
		l.close()
		return nil, err
	}
	l.proven = true
	return answer, err
}

func (l *link) connect(ctx context.Context, timeout time.Duration) (err error) {
	if l.wire != nil && !l.wire.wasCut() {
		return nil
	}
	l.close()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w, err := l.open(ctx)
	if err != nil {
		return err
	}
	l.wire = &leash{wire: w}
	return nil
}

// leash is a wire that can be cut while it is in use: from then on its deadline has passed.
type leash struct {
	wire
	mu    sync.Mutex
	isCut bool
}

// SetDeadline implements [wire].
func (l *leash) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		return os.ErrDeadlineExceeded
	}
	return l.wire.SetDeadline(t)
}

func (l *leash) wasCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isCut
}

func (l *leash) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	_ = l.wire.SetDeadline(time.Unix(1, 0)) // a wire without deadlines ends with its own
}

// close ends the connection. The next request opens another.
func (l *link) close() {
	if l.wire != nil {
		_ = l.wire.Close() // nothing more is expected of it
	}
	l.wire, l.proven = nil, false
}

// Send implements the library's transporter: one request, and its answer.
func (l *link) Send(request []byte) ([]byte, error) {
	if err := l.framing.clear(l.wire, l.deadline); err != nil {
		return nil, err
	}
	if _, err := l.wire.Write(request); err != nil {
		return nil, err
	}
	return l.framing.answer(l.wire, request)
}
