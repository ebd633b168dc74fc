package modbus

import (
	"net/netip"
	"sync"
	"time"
)

// gate decides who may be connected. When all places are taken, a newcomer gets that of the connection
// that has been idle for the longest; one that never asked anything goes before one that did, so that
// whoever only connects cannot push out whoever polls. A client that has used up the places of its
// address takes from its own only.
type gate struct {
	limit      int // connections
	perAddress int // connections of one address

	mu     sync.Mutex
	seated map[*session]struct{}
	of     map[netip.Addr]int
}

func newGate(limit, perAddress int) *gate {
	return &gate{limit: limit, perAddress: perAddress, seated: make(map[*session]struct{}), of: make(map[netip.Addr]int)}
}

// enter gives a session a place. The session returned beside it, if any, has lost its own and must be
// closed. Without a place the reason is told.
func (g *gate) enter(s *session) (evicted *session, why refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.of[s.address] >= g.perAddress:
		if evicted = g.idlest(s.address); evicted == nil {
			return nil, tooManyOfAddress
		}
	case len(g.seated) >= g.limit:
		if evicted = g.idlest(netip.Addr{}); evicted == nil {
			return nil, tooMany
		}
	}
	if evicted != nil {
		g.release(evicted)
	}
	g.seated[s] = struct{}{}
	g.of[s.address]++
	return evicted, welcome
}

// leave frees a session's place, if it still has one.
func (g *gate) leave(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release(s)
}

func (g *gate) release(s *session) {
	if _, seated := g.seated[s]; !seated {
		return
	}
	delete(g.seated, s)
	if g.of[s.address]--; g.of[s.address] == 0 {
		delete(g.of, s.address)
	}
}

// idlest returns the session to evict, of one address if it is valid; nil if none is idle.
func (g *gate) idlest(of netip.Addr) *session {
	var worst *session
	var since idleness
	for s := range g.seated {
		if of.IsValid() && s.address != of {
			continue
		}
		if idle, ok := s.idle(); ok && (worst == nil || idle.before(since)) {
			worst, since = s, idle
		}
	}
	return worst
}

// each calls f for every session.
func (g *gate) each(f func(*session)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.seated {
		f(s)
	}
}

// idleness is since when a session has not been asking, and whether it ever did.
type idleness struct {
	asked bool
	since time.Duration // on the server's own clock
}

func (i idleness) before(other idleness) bool {
	if i.asked != other.asked {
		return !i.asked
	}
	return i.since < other.since
}
