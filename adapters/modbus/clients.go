package modbus

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Poller is who reads, as far as it can be told apart: by its address and, with a certificate, its role.
type Poller struct {
	Transport   string        // "tcp", "tls", "rtu_over_tcp" or "serial"
	Address     string        // of a serial line, its port
	Role        string        // of its certificate; "" without one
	Connections int           // open now
	Units       []uint8       // whom it asked
	Requests    uint64        // exceptions included
	Exceptions  uint64        //
	Writes      uint64        // that were carried out
	LastSeen    time.Duration // ago
	Polls       []Poll        // by unit, table and address
}

// Poll is one range that a client reads.
type Poll struct {
	Unit     uint8
	Table    Table
	Address  uint16
	Count    int
	Requests uint64
	Interval time.Duration // between two requests of late; 0 after only one
	LastSeen time.Duration // ago
}

// clientsKept is how many clients that are no longer connected are remembered.
const clientsKept = 256

// clients remember who asked, also when they are gone. Its memory is bounded: of more clients than
// clientsKept, those seen longest ago are forgotten.
type clients struct {
	mu   sync.Mutex
	gone map[clientKey]*record
}

type clientKey struct{ transport, address, role string }

func (k clientKey) compare(other clientKey) int {
	return cmp.Or(cmp.Compare(k.transport, other.transport), cmp.Compare(k.address, other.address), cmp.Compare(k.role, other.role))
}

func keyOf(transport string, p *peer) clientKey {
	address := p.name
	if p.address.IsValid() {
		address = p.address.String()
	}
	return clientKey{transport, address, string(p.role)}
}

// part remembers what a connection asked that has ended. One that asked nothing is nobody.
func (c *clients) part(transport string, p *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.record.requests == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := keyOf(transport, p)
	if known := c.gone[key]; known != nil {
		known.merge(&p.record)
		return
	}
	if c.gone == nil {
		c.gone = make(map[clientKey]*record)
	}
	for len(c.gone) >= clientsKept {
		c.forget()
	}
	c.gone[key] = p.record.clone()
}

func (c *clients) forget() {
	var oldest clientKey
	var seen time.Duration = -1
	for key, r := range c.gone {
		if seen < 0 || r.seen < seen {
			oldest, seen = key, r.seen
		}
	}
	delete(c.gone, oldest)
}

// all returns a copy of what the clients asked that are gone.
func (c *clients) all() map[clientKey]*record {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[clientKey]*record, len(c.gone))
	for key, r := range c.gone {
		out[key] = r.clone()
	}
	return out
}

// Clients returns who has asked since the start, the one seen last first.
func (s *Server) Clients() []Poller {
	records, open := s.clients.all(), make(map[clientKey]int)
	add := func(transport string, p *peer) {
		p.mu.Lock()
		defer p.mu.Unlock()
		key := keyOf(transport, p)
		if records[key] == nil {
			records[key] = new(record)
		}
		records[key].merge(&p.record)
		open[key]++
	}
	s.gate.each(func(c *session) { add(c.listener.transport, &c.peer) })
	if s.line != nil {
		add(transportSerial, s.line.peer)
	}
	out, now := make([]Poller, 0, len(records)), s.elapsed()
	for key, r := range records {
		if r.requests > 0 {
			out = append(out, r.poller(key, open[key], now))
		}
	}
	slices.SortFunc(out, func(a, b Poller) int {
		return cmp.Or(cmp.Compare(a.LastSeen, b.LastSeen),
			clientKey{a.Transport, a.Address, a.Role}.compare(clientKey{b.Transport, b.Address, b.Role}))
	})
	return out
}

func (r *record) poller(key clientKey, connections int, now time.Duration) Poller {
	c := Poller{
		Transport: key.transport, Address: key.address, Role: key.role, Connections: connections,
		Requests: r.requests, Exceptions: r.exceptions, Writes: r.writes, LastSeen: now - r.seen,
	}
	for unit := range 256 {
		if r.units[unit/64]>>(unit%64)&1 == 1 {
			c.Units = append(c.Units, uint8(unit))
		}
	}
	for _, p := range r.polls {
		c.Polls = append(c.Polls, Poll{
			Unit: p.unit, Table: p.table, Address: uint16(p.address), Count: p.count,
			Requests: p.requests, Interval: p.interval.Round(time.Millisecond), LastSeen: now - p.last,
		})
	}
	slices.SortFunc(c.Polls, func(a, b Poll) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Count, b.Count))
	})
	return c
}
