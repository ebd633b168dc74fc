package modbus

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// peer is who asks over one connection, or on the serial line, and what it has asked so far.
type peer struct {
	name    string     // for people: the address, and the role of its certificate
	address netip.Addr // not valid on the serial line
	role    role
	serial  bool // on a line, where nobody is told apart

	now atomic.Int64 // when what is answered was received, on the server's own clock

	tally tally // by class, for the metrics

	mu     sync.Mutex
	record record
}

// record is what a client asked.
type record struct {
	requests, exceptions, writes uint64
	units                        [4]uint64 // a bit for each unit id
	seen                         time.Duration
	polls                        []poll
	last                         int // the poll that was asked last
}

// pollsKept is how many different reads of one client are remembered: of more, those that were asked
// longest ago are forgotten.
const pollsKept = 32

// poll is one range that a client reads, and how often.
type poll struct {
	unit           byte
	table          Table
	address, count int
	requests       uint64
	last           time.Duration
	interval       time.Duration // between requests, the newer ones weigh more; 0 before the second
}

// introduce takes note of the role in the client's certificate.
func (p *peer) introduce(has role) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.role = has; has != "" {
		p.name += " (" + string(has) + ")"
	}
}

// asked notes a request and how it was answered.
func (p *peer) asked(unit byte, refused exception) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &p.record
	r.requests++
	r.seen = time.Duration(p.now.Load())
	r.units[unit/64] |= 1 << (unit % 64)
	if refused != 0 {
		r.exceptions++
	}
}

// wrote notes that something was written.
func (p *peer) wrote() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record.writes++
}

// read notes that a range is read.
func (p *peer) read(unit byte, table Table, address, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &p.record
	at := r.find(unit, table, address, count)
	r.last = at
	r.polls[at].ask(time.Duration(p.now.Load()))
}

// find returns the place of a poll, made if need be.
func (r *record) find(unit byte, table Table, address, count int) int {
	for k := range r.polls {
		at := (r.last + 1 + k) % len(r.polls) // who polls asks for one range after the other
		if p := &r.polls[at]; p.address == address && p.count == count && p.table == table && p.unit == unit {
			return at
		}
	}
	unheard := poll{unit: unit, table: table, address: address, count: count}
	if len(r.polls) < pollsKept {
		r.polls = append(r.polls, unheard)
		return len(r.polls) - 1
	}
	at := r.oldest()
	r.polls[at] = unheard
	return at
}

func (r *record) oldest() int {
	oldest := 0
	for k := range r.polls {
		if r.polls[k].last < r.polls[oldest].last {
			oldest = k
		}
	}
	return oldest
}

// clone returns a copy that goes on for itself.
func (r *record) clone() *record {
	c := *r
	c.polls = slices.Clone(r.polls)
	return &c
}

// ask notes one more request. The interval follows the last eight or so.
func (p *poll) ask(now time.Duration) {
	switch passed := now - p.last; {
	case p.requests == 0:
	case p.requests == 1:
		p.interval = passed
	default:
		p.interval += (passed - p.interval) / 8
	}
	p.requests++
	p.last = now
}

// merge adds what another connection of the same client asked.
func (r *record) merge(other *record) {
	r.requests += other.requests
	r.exceptions += other.exceptions
	r.writes += other.writes
	r.seen = max(r.seen, other.seen)
	for k := range r.units {
		r.units[k] |= other.units[k]
	}
	for k := range other.polls {
		o := &other.polls[k]
		p := &r.polls[r.find(o.unit, o.table, o.address, o.count)]
		p.interval = together(p, o)
		p.requests += o.requests
		p.last = max(p.last, o.last)
	}
}

// together returns the interval of two that poll the same: both rates added, if both go on.
func together(a, b *poll) time.Duration {
	newer, older := a, b
	if b.last > a.last {
		newer, older = b, a
	}
	const forgotten = 10 // intervals after which the older one has ended
	if older.interval == 0 || newer.interval == 0 || newer.last-older.last > forgotten*older.interval {
		return newer.interval
	}
	return time.Duration(1 / (1/float64(a.interval) + 1/float64(b.interval)))
}
