package mqtt

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// maxInbound is how much of a packet is passed on: the longest topic, with the lengths and the packet id, and
// more of the payload than any command may have, so that one that was shortened is not obeyed.
const maxInbound = 2 + 0xffff + 2 + maxCommand + 1

var errForbidden = errors.New("the broker sent what a broker must not send, or more than 2 MiB at once")

// The control packet types that a broker may send us, MQTT 3.1.1 section 2.2.1.
const (
	connack  = 2
	publish  = 3
	puback   = 4
	suback   = 9
	pingresp = 13
)

// guard lets only packets through that we can have asked for. paho makes room for whatever length a
// broker announces, up to 256 MB, and panics on a SUBACK with more codes than were asked for; neither
// may end the gateway. A message that is too long is shortened: whoever may publish where the gateway listens
// could otherwise end its connection, and with a retained message every connection after it.
type guard struct {
	net.Conn
	in   *bufio.Reader
	head []byte // of the packet, not handed over yet
	rest int    // bytes of the packet's body still to hand over
	skip int    // bytes of it to leave out after that
}

func newGuard(conn net.Conn) *guard { return &guard{Conn: conn, in: bufio.NewReader(conn)} }

// Read reads what the broker sent. After an error nothing more may be read.
func (g *guard) Read(p []byte) (n int, err error) {
	if len(g.head) == 0 && g.rest == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	if len(g.head) > 0 {
		n = copy(p, g.head)
		g.head = g.head[n:]
		return n, nil
	}
	n, err = g.in.Read(p[:min(len(p), g.rest)])
	g.rest -= n
	return n, err
}

// next reads the fixed header of a packet, MQTT 3.1.1 section 2.2, and works out what becomes of the packet.
func (g *guard) next() error {
	skipped, err := g.in.Discard(g.skip)
	if g.skip -= skipped; err != nil {
		return err
	}
	kind, err := g.in.ReadByte()
	if err != nil {
		return err
	}
	length, err := g.readLength()
	if err != nil {
		return err
	}
	if !allowed(kind>>4, length) {
		return errForbidden
	}
	g.rest = min(length, maxInbound)
	g.skip = length - g.rest
	g.head = binary.AppendUvarint(append(g.head[:0], kind), uint64(g.rest))
	return nil
}

// readLength reads how long the packet's body is: 7 bits in each byte, the lowest first, as [binary.AppendUvarint]
// writes them. Three bytes, 2 MiB, are more than enough: whoever announces more is not waited for.
func (g *guard) readLength() (length int, err error) {
	for shift := 0; shift < 21; shift += 7 {
		b, err := g.in.ReadByte()
		if err == io.EOF {
			return 0, io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		if length |= int(b&0x7f) << shift; b&0x80 == 0 {
			return length, nil
		}
	}
	return 0, errForbidden
}

func allowed(kind byte, length int) bool {
	switch kind {
	case connack, puback:
		return length == 2
	case suback:
		return length == 3 // we ask for one topic at a time
	case pingresp:
		return length == 0
	}
	return kind == publish
}
