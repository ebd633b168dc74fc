package push

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/goburrow/modbus"
)

// Sizes of a frame on TCP (MODBUS Messaging on TCP/IP Implementation Guide 1.0b, section 3.1.3).
const (
	headerSize  = 7 // with the unit id
	unitAt      = 6
	functionAt  = 7
	maxPDU      = 253
	exceptional = 0x80 // set in the function code of an exception
)

// mbap frames requests for TCP. Each has a transaction id of its own on its line, whatever its unit, so
// that an answer that is late is known for what it is.
type mbap struct{ *modbus.TCPClientHandler }

func newMBAP() mbap { return mbap{modbus.NewTCPClientHandler("")} }

func (m mbap) to(unit byte) { m.SlaveId = unit }

func (m mbap) clear(wire, time.Time) error { return nil }

func (m mbap) nameless() bool { return false }

// errNotModbus is something on the wire that is no answer.
var errNotModbus = errors.New("answers with something that is no Modbus")

// answer reads frames until one has the request's transaction id.
func (m mbap) answer(w wire, request []byte) ([]byte, error) {
	var room [unitAt + 1 + maxPDU]byte
	for {
		frame, err := readMBAP(w, room[:])
		if err != nil {
			return nil, err
		}
		if binary.BigEndian.Uint16(frame) != binary.BigEndian.Uint16(request) {
			continue
		}
		if frame[unitAt] != request[unitAt] {
			return nil, fmt.Errorf("answers as unit %d when unit %d is asked: correct unit_id", frame[unitAt], request[unitAt])
		}
		return frame, judgePDU(frame[functionAt:], request[functionAt])
	}
}

// readMBAP reads one frame.
func readMBAP(r io.Reader, room []byte) ([]byte, error) {
	if _, err := io.ReadFull(r, room[:headerSize]); err != nil {
		return nil, err
	}
	protocol, length := binary.BigEndian.Uint16(room[2:]), int(binary.BigEndian.Uint16(room[4:]))
	if protocol != 0 || length < 2 || length > maxPDU+1 {
		return nil, errNotModbus
	}
	frame := room[:unitAt+length]
	_, err := io.ReadFull(r, frame[headerSize:])
	return frame, err
}

// judgePDU refuses what is neither an answer to a function nor an exception to it: the library would take
// any other function for an exception.
func judgePDU(pdu []byte, function byte) error {
	switch {
	case pdu[0] == function && len(pdu) > 1, pdu[0] == function|exceptional && len(pdu) == 2:
		return nil
	}
	return fmt.Errorf("%w: function %d when %d was asked", errNotModbus, pdu[0], function)
}
