package peers

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// openingTime is what a connection has to say something before it may be dismissed: enough for a TLS
// handshake across an ocean. A crowd from one address does not have it.
const openingTime = 250 * time.Millisecond

// crowdShare is the part of all connections that makes a crowd, if one address has more silent ones.
const crowdShare = 4 // a quarter

// Connections is a listener that bounds how many connections are open at once. At the limit a silent
// one gives way: of those that never completed a request's header, the oldest from the address that has
// most of them; if there are none, the one that has waited longest between two requests, which has
// had an answer before. So one who opens connections and says nothing keeps nobody out who has
// something to say. Only while every connection is at work do new ones wait. A visit of the program's own
// takes no place.
type Connections struct {
	net.Listener
	limit  int
	visits *Visits

	mu      sync.Mutex
	changed sync.Cond // a connection fell silent or ended, or the listener was closed
	open    map[net.Conn]*connection
	leaving int // of open: closed, and not yet forgotten
	closed  bool
}

// connection is what is known of one.
type connection struct {
	from    netip.Addr // as Network tells it
	state   http.ConnState
	since   time.Time // of its state
	leaving bool
}

// NewConnections returns l with room for limit connections beside visits.
func NewConnections(l net.Listener, limit int, visits *Visits) *Connections {
	c := &Connections{Listener: l, limit: limit, visits: visits, open: make(map[net.Conn]*connection)}
	c.changed.L = &c.mu
	return c
}

// Accept waits for a connection and for its place.
func (c *Connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if c.visits.Of(conn.RemoteAddr()) != nil {
		return visiting{conn}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && len(c.open)-c.leaving >= c.limit {
		c.makeRoom()
	}
	if c.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	c.open[conn] = &connection{from: Network(Address(conn.RemoteAddr().String())), state: http.StateNew, since: time.Now()}
	return conn, nil
}

// makeRoom closes the silent connection that is to give way, or waits for a change.
func (c *Connections) makeRoom() {
	silent := make(map[netip.Addr]int) // connections that never said anything
	for _, conn := range c.open {
		if conn.state == http.StateNew && !conn.leaving {
			silent[conn.from]++
		}
	}
	var first *connection
	var socket net.Conn
	for s, conn := range c.open {
		if conn.leaving || conn.state == http.StateActive {
			continue
		}
		if first == nil || before(conn, first, silent) {
			first, socket = conn, s
		}
	}
	if first == nil {
		c.changed.Wait()
		return
	}
	wait := openingTime - time.Since(first.since)
	if crowd := silent[first.from] > c.limit/crowdShare; wait > 0 && !crowd {
		defer time.AfterFunc(wait, c.changed.Broadcast).Stop()
		c.changed.Wait()
		return
	}
	c.dismiss(socket, first)
}

// before tells whether a should give way before b.
func before(a, b *connection, silent map[netip.Addr]int) bool {
	switch {
	case a.state != b.state:
		return a.state == http.StateNew
	case a.state == http.StateNew && silent[a.from] != silent[b.from]:
		return silent[a.from] > silent[b.from]
	}
	return a.since.Before(b.since)
}

func (c *Connections) dismiss(socket net.Conn, conn *connection) {
	conn.leaving = true
	c.leaving++
	socket.Close()
}

// Note is the server's [http.Server.ConnState].
func (c *Connections) Note(conn net.Conn, state http.ConnState) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.open[conn]
	if known != nil && known.state == http.StateActive && state != http.StateActive {
		c.visits.answered.Add(1)
	}
	switch {
	case known == nil:
		return
	case state == http.StateClosed:
		if known.leaving {
			c.leaving--
		}
		delete(c.open, conn)
	default:
		known.state, known.since = state, time.Now()
	}
	if state != http.StateActive {
		c.changed.Broadcast()
	}
}

// DismissNew closes every connection that has not completed a request's header yet.
func (c *Connections) DismissNew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for socket, conn := range c.open {
		if conn.state == http.StateNew && !conn.leaving {
			c.dismiss(socket, conn)
		}
	}
}

// Close closes the listener, and releases Accept.
func (c *Connections) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.changed.Broadcast()
	return c.Listener.Close()
}

// Wait returns when every connection has ended.
func (c *Connections) Wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) > 0 {
		c.changed.Wait()
	}
}
