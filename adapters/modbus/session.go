package modbus

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

const (
	frameTimeout = 2 * time.Second // from a frame's first byte to its last
	writeTimeout = 5 * time.Second // for the answers to what was received at once
	receiveSize  = 2048            // bytes taken at once: pipelined requests, at least one frame
)

// session is one client's connection.
type session struct {
	server  *Server
	conn    net.Conn
	address netip.Addr

	mu      sync.Mutex
	state   idleness
	busy    bool // a frame has begun, or is being answered
	evicted bool
}

// idle tells since when the session has been idle, false while it is not.
func (s *session) idle() (idleness, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, !s.busy && !s.evicted
}

// evict ends the session in favour of another.
func (s *session) evict() {
	s.mu.Lock()
	s.evicted = true
	s.mu.Unlock()
	s.conn.Close()
}

// serve answers until the connection ends, and closes it.
func (s *session) serve() (why ending) {
	defer s.conn.Close()
	defer func() {
		if p := recover(); p != nil {
			s.server.metrics.panics.Inc()
			s.server.log.Error("answering a Modbus client failed, its connection is closed; please report this",
				"addr", s.address, "panic", p, "stack", string(debug.Stack()))
			why = endedByPanic
		}
	}()
	why = s.converse()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.evicted {
		return endedEvicted
	}
	return why
}

func (s *session) converse() ending {
	received := make([]byte, receiveSize)
	var answers []byte
	waiting := 0 // bytes of a frame that is not whole yet
	deadline := time.Now().Add(s.server.idleTimeout)
	for {
		n, err := s.receive(received[waiting:], deadline)
		if err != nil {
			return s.endedBy(err, waiting > 0)
		}
		now := time.Now()
		s.rouse()
		var used int
		answers, used, err = s.server.core.respond("", received[:waiting+n], answers[:0])
		if len(answers) > 0 {
			if failed := s.send(answers, now); failed != nil {
				return endedSlow
			}
		}
		if err != nil {
			return endedBadFrame
		}
		began := waiting == 0 || used > 0 // what waits now came with this read
		waiting = copy(received, received[used:waiting+n])
		switch {
		case waiting == 0:
			deadline = now.Add(s.server.idleTimeout)
			s.rest()
		case began:
			deadline = now.Add(frameTimeout)
		}
	}
}

// receive reads once. A stop that comes at any moment ends it: the flag is looked at after the deadline
// was set, and the stop sets a deadline of its own after the flag.
func (s *session) receive(into []byte, deadline time.Time) (int, error) {
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	if s.server.stopping.Load() {
		return 0, net.ErrClosed
	}
	return s.conn.Read(into)
}

func (s *session) send(answers []byte, now time.Time) error {
	if err := s.conn.SetWriteDeadline(now.Add(writeTimeout)); err != nil {
		return err
	}
	_, err := s.conn.Write(answers)
	return err
}

// rouse keeps the session from being evicted until it rests.
func (s *session) rouse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = true
}

func (s *session) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.state = false, idleness{true, s.server.elapsed()}
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
