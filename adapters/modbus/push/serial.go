package push

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goburrow/serial"
)

// pollEvery is how long one look at a serial port lasts: the library cannot end one that is in progress.
const pollEvery = 2 * time.Millisecond

// serialPort is a serial port with deadlines.
type serialPort struct {
	port     serial.Port
	deadline atomic.Int64 // UNIX nanoseconds
}

// errNoPort is a path that leads to something else.
var errNoPort = errors.New("this is no serial port: correct target")

func openSerial(l Line) (wire, error) {
	if strings.HasPrefix(l.Address, "/") { // other systems have no files for ports
		info, err := os.Stat(l.Address)
		if err != nil {
			return nil, err
		}
		if info.Mode()&os.ModeCharDevice == 0 {
			return nil, errNoPort
		}
	}
	port, err := serial.Open(&serial.Config{
		Address: l.Address, BaudRate: l.Baud, DataBits: 8, StopBits: l.StopBits, Parity: string(l.Parity), Timeout: pollEvery,
	})
	if err != nil {
		return nil, err
	}
	return &serialPort{port: port}, nil
}

// SetDeadline implements [wire].
func (s *serialPort) SetDeadline(t time.Time) error {
	s.deadline.Store(t.UnixNano())
	return nil
}

// over tells whether the deadline has passed.
func (s *serialPort) over() bool { return time.Now().UnixNano() >= s.deadline.Load() }

// Read implements [wire]: it returns what has come by the deadline.
func (s *serialPort) Read(b []byte) (int, error) {
	for {
		n, err := s.look(b)
		switch {
		case n > 0:
			return n, nil
		case errors.Is(err, serial.ErrTimeout):
			if s.over() {
				return 0, os.ErrDeadlineExceeded
			}
		case err == nil:
			return 0, io.EOF // the adapter was pulled out
		default:
			return 0, err
		}
	}
}

// look waits a moment for something to read. The library waits with select, which knows the first 1024
// open files of a process only, and panics on others: no reason to end the gateway.
func (s *serialPort) look(b []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("too many files are open to wait for a serial port: %v", r)
		}
	}()
	return s.port.Read(b)
}

// Write implements [wire]. The port takes what fits into the driver's buffer, and a request always does.
func (s *serialPort) Write(b []byte) (int, error) {
	n, err := s.port.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

// Close implements [wire].
func (s *serialPort) Close() error { return s.port.Close() }
