package modbus

import (
	"encoding/binary"
	"errors"
)

// The MBAP header (MODBUS Messaging on TCP/IP Implementation Guide 1.0b, 3.1.3): transaction id,
// protocol id, length, unit id. Length counts the unit id and the PDU.
const (
	headerBytes = 7
	maxFrame    = headerBytes + maxPDU
)

var errFrame = errors.New("not a Modbus TCP frame")

// frame is one request as it came over TCP.
type frame struct {
	transaction uint16
	unit        byte
	pdu         []byte
	size        int // bytes in all
}

// nextFrame returns the first frame of what was received, false if more must come first. An error says
// that this is no Modbus, or that we lost step: either way there is nothing to go on with.
func nextFrame(received []byte) (frame, bool, error) {
	if len(received) >= 4 && binary.BigEndian.Uint16(received[2:]) != 0 {
		return frame{}, false, errFrame
	}
	if len(received) < 6 {
		return frame{}, false, nil
	}
	length := int(binary.BigEndian.Uint16(received[4:]))
	if length < 2 || length > 1+maxPDU {
		return frame{}, false, errFrame
	}
	size := headerBytes - 1 + length
	if len(received) < size {
		return frame{}, false, nil
	}
	return frame{
		transaction: binary.BigEndian.Uint16(received),
		unit:        received[6],
		pdu:         received[headerBytes:size],
		size:        size,
	}, true, nil
}

// respond appends the answer to every whole frame that was received, in order, and returns how many
// bytes of it are done with. The error, if any, is about what follows them.
func (c *core) respond(from role, received, out []byte) (answers []byte, used int, err error) {
	for {
		f, whole, err := nextFrame(received[used:])
		if err != nil || !whole {
			return out, used, err
		}
		used += f.size
		at := len(out)
		out = append(out, 0, 0, 0, 0, 0, 0, f.unit)
		out = c.handlePDU(f.unit, from, f.pdu, out)
		binary.BigEndian.PutUint16(out[at:], f.transaction)
		binary.BigEndian.PutUint16(out[at+4:], uint16(len(out)-at-6))
	}
}
