package modbus

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	frameTimeout     = 2 * time.Second        // from a frame's first byte to its last
	writeTimeout     = 5 * time.Second        // for the answers to what was received at once
	writeSlack       = 250 * time.Millisecond // a deadline is not set anew to gain less
	handshakeTimeout = 5 * time.Second
	answersKept      = 4096 // bytes of a buffer that is kept for the next answers
)

// session is one client's connection.
type session struct {
	listener *listener
	server   *Server
	conn     net.Conn // as it was accepted
	stream   net.Conn // what the client says over it
	address  netip.Addr
	peer     peer
	core     core

	// The moment since which nothing is asked, on the server's own clock and with 1 in the lowest bit once
	// something was; busy while a frame has begun, or is being answered.
	resting atomic.Int64
	evicted atomic.Bool
	banned  atomic.Bool

	readBy, writeBy time.Time // the deadlines that are set
}

const busy = -1

func newSession(l *listener, conn net.Conn, address netip.Addr) *session {
	s := &session{listener: l, server: l.server, conn: conn, stream: conn, address: address, core: l.core}
	s.core.peer = &s.peer
	s.peer.name, s.peer.address = address.String(), address
	s.resting.Store(int64(l.server.elapsed()) &^ 1)
	return s
}

// idle tells since when the session has been idle, false while it is not.
func (s *session) idle() (idleness, bool) {
	since := s.resting.Load()
	return idleness{asked: since&1 == 1, since: time.Duration(since)}, since != busy && !s.evicted.Load()
}

// evict ends the session in favour of another.
func (s *session) evict() {
	s.evicted.Store(true)
	s.conn.Close()
}

// ban ends the session because its client may not be connected any more.
func (s *session) ban() {
	s.banned.Store(true)
	s.conn.Close()
}

// serve answers until the connection ends, and closes it.
func (s *session) serve() (why ending) {
	defer func() {
		if p := recover(); p != nil {
			s.listener.metrics.panics.Inc()
			s.server.log.Error("answering a Modbus client failed, its connection is closed; please report this",
				"addr", s.address, "panic", p, "stack", string(debug.Stack()))
			why = endedByPanic
		}
		s.stream.Close()
	}()
	switch {
	case s.secure():
		why = s.converse(s.framing())
	case s.server.stopping.Load():
		why = endedByStop
	default:
		why = endedInsecure
	}
	switch {
	case s.evicted.Load():
		return endedEvicted
	case s.banned.Load():
		return endedBanned
	}
	return why
}

// secure has the client show its certificate, where it must. What is wrong with it is told.
func (s *session) secure() bool {
	if s.listener.files == nil {
		return true
	}
	conn := tls.Server(s.conn, s.listener.handshake())
	conn.SetDeadline(time.Now().Add(handshakeTimeout))
	err := conn.Handshake()
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		if !s.server.stopping.Load() && !s.evicted.Load() && !s.banned.Load() {
			s.listener.metrics.refused[insecure].Inc()
			s.listener.tell(s.address, insecure, err)
		}
		return false
	}
	s.stream = conn
	has, _ := roleOf(conn.ConnectionState().PeerCertificates[0]) // the handshake found nothing wrong with it
	s.peer.introduce(has)
	return true
}

// converse answers what the client asks.
func (s *session) converse(f framing) ending {
	var answers []byte
	began := time.Time{} // when the frame began that is not whole yet
	asked := time.Now()  // when something was last whole
	for {
		limit := asked.Add(time.Duration(s.server.idle.Load()))
		if !began.IsZero() {
			limit = began.Add(frameTimeout)
		}
		n, err := s.receive(f, limit)
		if err != nil && !errors.Is(err, errQuiet) {
			return s.endedBy(err, !began.IsZero())
		}
		now := time.Now()
		rested := s.resting.Swap(busy)
		s.peer.now.Store(int64(now.Sub(s.server.started)))
		var used bool
		answers, used, err = f.respond(&s.core, n, answers[:0])
		if len(answers) > 0 && s.send(answers, now) != nil {
			return endedSlow
		}
		if err != nil {
			s.core.bus.errors.Add(1)
			return endedBadFrame
		}
		if used {
			asked, began = now, time.Time{}
			rested = int64(now.Sub(s.server.started)) | 1
		}
		switch {
		case !f.waiting():
			began = time.Time{}
			s.resting.Store(rested)
		case began.IsZero(): // what waits now came with this read
			began = now
		}
		if cap(answers) > answersKept {
			answers = nil
		}
	}
}

// errQuiet says that nothing came for the time after which a framing wants to look again.
var errQuiet = errors.New("nothing came for a while")

// receive reads once, until a moment at the latest. A stop that comes at any moment ends it: the flag is
// looked at after a deadline was set, and the stop sets a deadline of its own after the flag. The deadline
// that is set is often an earlier one: setting it costs more than to wake up once too often.
func (s *session) receive(f framing, limit time.Time) (int, error) {
	quiet := f.patience()
	for {
		by := limit
		if quiet > 0 {
			if soon := time.Now().Add(quiet); soon.Before(by) {
				by = soon
			}
		}
		if s.readBy.IsZero() || by.Before(s.readBy) {
			if err := s.setReadDeadline(by); err != nil {
				return 0, err
			}
		}
		n, err := s.stream.Read(f.space())
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || s.server.stopping.Load() {
			return n, err
		}
		s.readBy = time.Time{}
		switch now := time.Now(); {
		case !now.Before(limit):
			return 0, err
		case quiet > 0 && !now.Before(by):
			return 0, errQuiet
		}
	}
}

func (s *session) setReadDeadline(by time.Time) error {
	if err := s.stream.SetReadDeadline(by); err != nil {
		return err
	}
	s.readBy = by
	if s.server.stopping.Load() {
		return net.ErrClosed
	}
	return nil
}

func (s *session) send(answers []byte, now time.Time) error {
	if s.writeBy.Sub(now) < writeTimeout-writeSlack {
		s.writeBy = now.Add(writeTimeout)
		if err := s.stream.SetWriteDeadline(s.writeBy); err != nil {
			return err
		}
	}
	_, err := s.stream.Write(answers)
	return err
}

func (s *session) endedBy(err error, begun bool) ending {
	switch {
	case s.server.stopping.Load():
		return endedByStop
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return endedByClient
	case begun:
		return endedStalled
	}
	return endedIdle
}
