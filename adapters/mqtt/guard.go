package mqtt

import (
	"bufio"
	"errors"
	"net"
)

// maxInbound bounds the packets that a broker may send: no more than a status is ever expected.
const maxInbound = 64 << 10

var errForbidden = errors.New("the broker sent what a broker must not send, or more than 64 KiB at once")

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
// may end the gateway.
type guard struct {
	net.Conn
	in     *bufio.Reader
	header int // bytes of the fixed header read so far
	kind   byte
	length int // of the packet, as far as it is read
	rest   int // bytes of the packet's body still to come
}

func newGuard(conn net.Conn) *guard { return &guard{Conn: conn, in: bufio.NewReader(conn)} }

// Read reads what the broker sent. After an error nothing more may be read.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	for seen := 0; seen < n; {
		if g.rest > 0 {
			skip := min(g.rest, n-seen)
			g.rest -= skip
			seen += skip
			continue
		}
		if !g.next(p[seen]) {
			return 0, errForbidden
		}
		seen++
	}
	return n, err
}

// next takes one byte of a fixed header, MQTT 3.1.1 section 2.2, and tells whether it is allowed.
func (g *guard) next(b byte) bool {
	if g.header == 0 {
		g.header, g.kind, g.length = 1, b, 0
		return true
	}
	g.length |= int(b&0x7f) << (7 * (g.header - 1))
	g.header++
	if b&0x80 != 0 {
		return g.header < 4 // three bytes of length are more than enough
	}
	g.header, g.rest = 0, g.length
	return g.allowed()
}

func (g *guard) allowed() bool {
	switch g.kind >> 4 {
	case connack, puback:
		return g.length == 2
	case suback:
		return g.length == 3 // we ask for one topic at a time
	case pingresp:
		return g.length == 0
	case publish:
		return g.length <= maxInbound
	}
	return false
}
