package push

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/goburrow/modbus"
)

// Sizes of a frame on a serial line (MODBUS over Serial Line V1.02, section 2.5.1).
const (
	exceptionSize = 5 // unit id, function, code, checksum
	echoSize      = 8 // what answers a write: unit id, function, address, value or quantity, checksum
	sumSize       = 2
	maxNoise      = 512 // bytes; whoever sends more before an answer is not answering
)

// silence is how long nothing must come before a request is sent: longer than the 3.5 characters of the
// specification at 19200 baud, at which a frame ends.
const silence = 2 * time.Millisecond

// rtu frames requests as on a serial line. No frame names its request, so an answer is recognised by what
// it must say: a write is answered with what was written.
type rtu struct {
	*modbus.RTUClientHandler
	gap time.Duration // silence before a request
}

func newRTU(gap time.Duration) *rtu { return &rtu{modbus.NewRTUClientHandler(""), gap} }

func (r *rtu) to(unit byte) { r.SlaveId = unit }

func (r *rtu) nameless() bool { return true }

// gapAt returns the silence of 3.5 characters of 11 bits at a baud rate.
func gapAt(baud int) time.Duration {
	return max(silence, 7*11*time.Second/2/time.Duration(max(baud, 1)))
}

// clear reads until the line is silent.
func (r *rtu) clear(w wire, deadline time.Time) error {
	var room [64]byte
	for read := 0; read < maxNoise; {
		if time.Until(deadline) <= r.gap {
			return os.ErrDeadlineExceeded
		}
		if err := w.SetDeadline(time.Now().Add(r.gap)); err != nil {
			return err
		}
		n, err := w.Read(room[:])
		read += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return w.SetDeadline(deadline)
		}
		if err != nil {
			return err
		}
	}
	return errors.New("the line is never silent: something else sends on it")
}

// answer reads until what was read has the answer in it.
func (r *rtu) answer(w wire, request []byte) ([]byte, error) {
	var room [maxNoise]byte
	for read := 0; read < len(room); {
		n, err := w.Read(room[read:])
		read += n
		if frame := r.find(room[:read], request); frame != nil {
			return frame, nil
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && read > 0:
			return nil, fmt.Errorf("%w: % x", errNotModbus, room[:min(read, 16)])
		default:
			return nil, err
		}
		if n == 0 && err == nil {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return nil, errNotModbus
}

// find returns the answer to a request among what was read, nil if it is not, or not all, there. What
// other units answer, what answers an earlier request, and noise are skipped.
func (r *rtu) find(read, request []byte) []byte {
	for ; len(read) >= exceptionSize; read = read[1:] {
		if read[0] != request[0] {
			continue
		}
		size := exceptionSize
		switch read[1] {
		case request[1]:
			size = answerSize(request)
		case request[1] | exceptional:
		default:
			continue
		}
		if len(read) < size || !answers(read[:size], request) {
			continue
		}
		if _, err := r.Decode(read[:size]); err == nil {
			return read[:size]
		}
	}
	return nil
}

// answerSize returns how long the answer to a request is that is no exception.
func answerSize(request []byte) int {
	quantity := int(binary.BigEndian.Uint16(request[4:]))
	switch request[1] {
	case modbus.FuncCodeReadCoils:
		return 3 + (quantity+7)/8 + sumSize
	case modbus.FuncCodeReadHoldingRegisters:
		return 3 + 2*quantity + sumSize
	}
	return echoSize
}

// answers tells whether a frame says what an answer to the request must say.
func answers(frame, request []byte) bool {
	switch {
	case frame[1] != request[1]:
		return true // an exception
	case len(frame) == echoSize && request[1] >= writeCoil:
		return bytes.Equal(frame[:echoSize-sumSize], request[:echoSize-sumSize])
	}
	return int(frame[2]) == len(frame)-3-sumSize
}
