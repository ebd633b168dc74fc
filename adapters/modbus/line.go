package modbus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/goburrow/serial"

	"butlr-gateway/adapters/modbus/rtu"
	"butlr-gateway/gateway"
)

// SerialOptions are what a serial line needs.
type SerialOptions struct {
	Port      string // a device, "/dev/ttyUSB0" or "COM3"
	Baud      int    // 0 is 19200
	Parity    string // "E", "O" or "N"; "" is E
	StopBits  int    // 0 is 1
	RS485     bool   // have the driver switch the transmitter with RTS
	WordOrder WordOrder
	UnitIDs   []uint8 // answered beside the base unit; the others belong to somebody else
}

// DefaultBaud is that of SerialOptions (MODBUS over Serial Line V1.02, section 3.2).
const DefaultBaud = 19200

const (
	lineTimeout = 50 * time.Millisecond // after which a read returns without anything
	lineRetry   = time.Second           // before a port that is gone is opened again; it doubles
	longestWait = 30 * time.Second      // between two tries
	charBits    = 11                    // of one byte on the line
)

// line serves one serial line. Its port may be missing, or be pulled out: that is told once, and it is
// opened again when it is there.
type line struct {
	server  *Server
	options SerialOptions
	units   *units
	core    core
	peer    *peer
	metrics *metrics
	open    func(*serial.Config) (io.ReadWriteCloser, error)

	gap  time.Duration // of silence between two frames
	char time.Duration // that one byte takes
	last time.Time     // when something was received
}

func (s *Server) makeSerial() error {
	o := s.options.Serial
	if o == nil {
		return nil
	}
	if o.Port == "" {
		return errors.New("a serial line needs a port")
	}
	units, err := newUnits(s.options.Map, o.UnitIDs)
	if err != nil {
		return err
	}
	metrics, err := newMetrics(s.options.Metrics, transportSerial)
	if err != nil {
		return err
	}
	baud := orDefault(o.Baud, DefaultBaud)
	l := &line{
		server: s, options: *o, units: units, core: s.core(o.WordOrder, metrics), metrics: metrics, open: openSerial,
		peer: &peer{name: o.Port, serial: true},
		gap:  rtu.Gap(baud), char: charBits * time.Second / time.Duration(baud),
	}
	l.core.peer = l.peer
	metrics.requests.join(&l.peer.tally)
	s.line = l
	return nil
}

// openSerial opens a port with the library.
func openSerial(c *serial.Config) (io.ReadWriteCloser, error) {
	if err := roomForPort(); err != nil {
		return nil, err
	}
	return serial.Open(c)
}

func (l *line) config() *serial.Config {
	o := &l.options
	return &serial.Config{
		Address: deviceOf(o.Port), BaudRate: orDefault(o.Baud, DefaultBaud), DataBits: 8, StopBits: orDefault(o.StopBits, 1), Parity: o.Parity,
		Timeout: lineTimeout, RS485: serial.RS485Config{Enabled: o.RS485, RtsHighDuringSend: true},
	}
}

// run serves the line until ctx ends.
func (l *line) run(ctx context.Context) {
	wait := lineRetry
	for ctx.Err() == nil {
		port, err := l.open(l.config())
		if err == nil {
			wait = lineRetry
			l.found()
			err = l.serve(ctx, port)
			port.Close()
		}
		if ctx.Err() != nil {
			return
		}
		l.lost(err)
		pause(ctx, wait)
		wait = min(2*wait, longestWait)
	}
}

// lost raises the alarm, which is logged once.
func (l *line) lost(err error) {
	l.metrics.connections.Set(0)
	l.server.options.Image.options.Alarms.Raise(gateway.SerialDown,
		fmt.Sprintf("the serial port %s cannot be used: %v; it is opened again when it is there", l.options.Port, err))
}

func (l *line) found() {
	l.metrics.connections.Set(1)
	l.server.options.Image.options.Alarms.Clear(gateway.SerialDown)
}

// errGone is what a port says that was pulled out, or whose other end has gone.
var errGone = errors.New("it is gone")

// serve answers until the port fails or ctx ends. A defect of ours costs what was received, not the line.
func (l *line) serve(ctx context.Context, port io.ReadWriter) error {
	framer := rtu.NewFramer(l.units.has)
	l.last = time.Time{}
	var answers []byte
	for ctx.Err() == nil {
		n, err := port.Read(framer.Space())
		now := time.Now()
		switch {
		case errors.Is(err, serial.ErrTimeout):
			n = 0
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return err
		case n <= 0:
			return errGone
		}
		var failed bool
		if answers, failed = l.take(framer, n, now, answers[:0]); failed {
			framer = rtu.NewFramer(l.units.has)
		}
		if len(answers) == 0 {
			continue
		}
		pause(ctx, l.gap-time.Since(now)) // what was received has ended a silence ago
		if err := write(ctx, port, answers); err != nil {
			return err
		}
		l.last = time.Now()
	}
	return nil
}

// take returns the answer to what was received. To more than one request it is that to the last: whoever
// sent another has given up the one before, and would take its answer for that to the other.
func (l *line) take(framer *rtu.Framer, n int, now time.Time, out []byte) (answer []byte, failed bool) {
	defer func() {
		if p := recover(); p != nil {
			l.metrics.panics.Inc()
			l.server.log.Error("answering on the serial line failed; please report this",
				"port", l.options.Port, "panic", p, "stack", string(debug.Stack()))
			answer, failed = nil, true
		}
	}()
	if n > 0 {
		began := now.Add(-time.Duration(n) * l.char) // on the line, one after the other
		framer.Received(n, began.Sub(l.last) >= l.gap)
		l.last = now
	}
	l.peer.now.Store(int64(now.Sub(l.server.started)))
	out, last, _ := l.core.respondRTU(framer, l.units, n == 0, out)
	return out[last:], false
}

// write sends an answer. A port takes what its buffer has room for: the rest goes later.
func write(ctx context.Context, port io.Writer, answer []byte) error {
	const soon = 5 * time.Millisecond
	for end := time.Now().Add(writeTimeout); len(answer) > 0; {
		n, err := port.Write(answer)
		switch {
		case n > 0:
			answer = answer[n:]
		case err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR):
			return err
		}
		if len(answer) == 0 {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return errors.New("it takes no more bytes")
		}
		pause(ctx, soon)
	}
	return nil
}
