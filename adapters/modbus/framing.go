package modbus

import (
	"time"

	"butlr-gateway/adapters/modbus/rtu"
)

// framing cuts what a connection brings into requests.
type framing interface {
	// space returns where to receive to.
	space() []byte

	// respond takes n bytes of the space; none says that nothing came for the time that it asked for.
	// It appends the answers to all that is whole to out, and tells whether anything was. An error says
	// that there is nothing to go on with.
	respond(c *core, n int, out []byte) (answers []byte, used bool, err error)

	// waiting tells whether a frame has begun that is not whole.
	waiting() bool

	// patience is after how long without another byte the framing wants to look again; 0 is never.
	patience() time.Duration
}

func (s *session) framing() framing {
	if u := s.listener.units; u != nil {
		return &rtuFraming{framer: rtu.NewFramer(u.has), units: u}
	}
	return &mbapFraming{received: make([]byte, receiveSize)}
}

const receiveSize = 2048 // bytes taken at once: pipelined requests, at least one frame

// mbapFraming is that of Modbus TCP.
type mbapFraming struct {
	received []byte
	held     int // bytes of a frame that is not whole yet
}

func (f *mbapFraming) space() []byte           { return f.received[f.held:] }
func (f *mbapFraming) waiting() bool           { return f.held > 0 }
func (f *mbapFraming) patience() time.Duration { return 0 }

func (f *mbapFraming) respond(c *core, n int, out []byte) ([]byte, bool, error) {
	end := f.held + n
	out, used, err := c.respond(c.peer.role, f.received[:end], out)
	f.held = copy(f.received, f.received[used:end])
	return out, used > 0, err
}

// rtuFraming is that of RTU frames over a network. Its silences mean little: what device servers hand over
// in pieces can have pauses in it. So only what led to no frame, or has a length that its function code
// does not tell, waits for one.
type rtuFraming struct {
	framer *rtu.Framer
	units  *units
	silent bool
}

// networkSilence is what counts as a silence over a network.
const networkSilence = 100 * time.Millisecond

func (f *rtuFraming) space() []byte { return f.framer.Space() }
func (f *rtuFraming) waiting() bool { return f.framer.Waiting() }

func (f *rtuFraming) patience() time.Duration {
	if !f.silent && (f.framer.Waiting() || f.framer.Lost()) {
		return networkSilence
	}
	return 0
}

func (f *rtuFraming) respond(c *core, n int, out []byte) ([]byte, bool, error) {
	f.framer.Received(n, f.silent)
	f.silent = n == 0
	out, _, frames := c.respondRTU(f.framer, f.units, f.silent, out)
	return out, frames > 0, nil
}
