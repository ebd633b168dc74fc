package modbus

import (
	"encoding/binary"
	"sync/atomic"
)

// The diagnostics that are known (MODBUS Application Protocol V1.1b3, section 6.8.1).
const (
	returnQueryData    = 0
	clearCounters      = 10
	returnBusMessages  = 11
	returnBusErrors    = 12
	returnExceptions   = 13
	returnServed       = 14
	returnWithoutReply = 15
)

// bus counts what passes one listener since the start, as function 8 tells it. The specification has this
// for serial lines; here it is the same over a network, where a frame that is none counts as an error.
type bus struct {
	requests *tallies      // to us
	cleared  atomic.Uint64 // of them, before the counters were cleared

	others     atomic.Uint32 // messages that are not among the requests
	foreign    atomic.Uint32 // messages to units that are not ours
	errors     atomic.Uint32 // of framing: the checksum, or the header
	exceptions atomic.Uint32 // sent
	unanswered atomic.Uint32 // to us, and answered by nothing
}

func (b *bus) messages() uint32 { return uint32(b.requests.all()-b.cleared.Load()) + b.others.Load() }

func (b *bus) refused(x exception) {
	b.exceptions.Add(1)
	if x == gatewayPathUnavailable {
		b.foreign.Add(1)
	}
}

// ignored counts a request that is not answered, which may be to us.
func (b *bus) ignored(ours bool) {
	b.others.Add(1)
	if ours {
		b.unanswered.Add(1)
	} else {
		b.foreign.Add(1)
	}
}

// overheard counts frames of others, and what was no frame.
func (b *bus) overheard(frames, broken int) {
	if frames > 0 {
		b.others.Add(uint32(frames))
		b.foreign.Add(uint32(frames))
	}
	if broken > 0 {
		b.errors.Add(uint32(broken))
	}
}

// counter returns the counter that a sub-function asks for.
func (b *bus) counter(sub uint16) (n uint32, known bool) {
	switch sub {
	case returnBusMessages:
		return b.messages(), true
	case returnBusErrors:
		return b.errors.Load(), true
	case returnExceptions:
		return b.exceptions.Load(), true
	case returnServed:
		return b.messages() - b.foreign.Load(), true
	case returnWithoutReply:
		return b.unanswered.Load(), true
	}
	return 0, false
}

func (b *bus) clear() {
	b.cleared.Store(b.requests.all())
	for _, n := range []*atomic.Uint32{&b.others, &b.foreign, &b.errors, &b.exceptions, &b.unanswered} {
		n.Store(0)
	}
}

// diagnose answers function 8. An unknown sub-function is as an unknown function.
func (b *bus) diagnose(pdu, out []byte) ([]byte, exception) {
	if len(pdu) < 3 {
		return out, illegalDataValue
	}
	sub := binary.BigEndian.Uint16(pdu[1:])
	n, counts := b.counter(sub)
	switch {
	case sub == returnQueryData:
		if len(pdu) < 5 || len(pdu)%2 == 0 {
			return out, illegalDataValue
		}
		return append(out, pdu...), 0
	case sub != clearCounters && !counts:
		return out, illegalFunction
	case len(pdu) != 5 || pdu[3] != 0 || pdu[4] != 0:
		return out, illegalDataValue
	case sub == clearCounters:
		b.clear()
		return append(out, pdu...), 0
	}
	out = append(out, pdu[:3]...)
	return binary.BigEndian.AppendUint16(out, uint16(n)), 0 // it wraps, as 16 bits do
}
