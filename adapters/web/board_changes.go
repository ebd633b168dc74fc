package web

import (
	"crypto/rand"
	"strconv"
	"strings"

	"butlr-gateway/gateway"
)

// changes remembers when each number of a board was last changed, and, while somebody watches, which of them
// wait to be told. The board's lock guards it. A number waits once, however often it changes: what is told of
// it is the newest.
type changes struct {
	run     string // of this board: cursors of another one mean nothing
	at      uint64 // updates so far
	marks   []mark // by number
	waiting []change
	first   int // of waiting that was not taken yet
	watched bool
	ready   chan struct{} // holds one token after an update while watched
}

type mark struct {
	at    uint64 // the update that changed it last, 0 for none
	waits bool
}

// change is a number that waits, since that update.
type change struct {
	number gateway.Number
	since  uint64
}

func newChanges() changes {
	return changes{run: strings.ToLower(rand.Text()[:8]), ready: make(chan struct{}, 1)}
}

func (c *changes) begin() { c.at++ }

// grow makes room for the numbers below n, and for all of them to wait.
func (c *changes) grow(n int) {
	c.marks = append(c.marks, make([]mark, n-len(c.marks))...)
	c.reserve()
}

func (c *changes) reserve() {
	if c.watched && cap(c.waiting) < 2*len(c.marks) {
		c.waiting = append(make([]change, 0, 2*cap(c.marks)), c.waiting[c.first:]...)
		c.first = 0
	}
}

func (c *changes) mark(n int) {
	m := &c.marks[n]
	m.at = c.at
	if c.watched && !m.waits {
		m.waits = true
		c.waiting = append(c.waiting, change{gateway.Number(n), c.at})
	}
}

func (c *changes) signal() {
	if !c.watched {
		return
	}
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// watch begins or ends that changes wait to be told.
func (b *Board) watch(watched bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &b.changes
	for _, w := range c.waiting[c.first:] {
		c.marks[w.number].waits = false
	}
	c.watched, c.waiting, c.first = watched, nil, 0
	c.reserve()
}

// news is what changed on a board: assets as they are now, and numbers that nobody has any more.
type news struct {
	now     gateway.Timestamp
	changed []Entry
	left    []gateway.Number
	cursor  string // of whoever knows this and everything before
	more    bool   // there is more that waits
}

// take moves up to limit of the changes that wait into n, those that wait longest first.
func (b *Board) take(now gateway.Instant, limit int, n *news) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n.now, n.changed, n.left = b.epoch.Add(now.Mono), n.changed[:0], n.left[:0]
	c := &b.changes
	end := min(len(c.waiting), c.first+limit)
	for _, w := range c.waiting[c.first:end] {
		c.marks[w.number].waits = false
		b.tell(w.number, n)
	}
	c.first = end
	n.more = end < len(c.waiting)
	if n.more {
		n.cursor = c.cursor(c.waiting[end].since - 1) // what waits after that has changed since then at the earliest
	} else {
		n.cursor = c.cursor(c.at)
	}
	if c.first > len(c.waiting)/2 { // so that there is always room for as many as there are
		c.waiting = c.waiting[:copy(c.waiting, c.waiting[c.first:])]
		c.first = 0
	}
}

// tell adds what is there now under a number.
func (b *Board) tell(number gateway.Number, n *news) {
	if e, ok := b.entryAt(n.now, number); ok {
		n.changed = append(n.changed, e)
	} else {
		n.left = append(n.left, number)
	}
}

// since adds to n what changed after a moment among the numbers from one on, up to limit of them, and returns the
// number to go on from; 0 when there are no more.
func (b *Board) since(now gateway.Instant, after uint64, from, limit int, n *news) (next int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n.now, n.changed, n.left = b.epoch.Add(now.Mono), n.changed[:0], n.left[:0]
	for k := from; k < len(b.changes.marks); k++ {
		if len(n.changed)+len(n.left) == limit {
			return k
		}
		if b.changes.marks[k].at > after {
			b.tell(gateway.Number(k), n)
		}
	}
	return 0
}

// cursor names the moment after an update.
func (c *changes) cursor(at uint64) string { return c.run + "-" + strconv.FormatUint(at, 10) }

// Cursor names this moment: what changes after it is what a stream from it tells.
func (b *Board) Cursor() string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.changes.cursor(b.changes.at)
}

// moment returns the moment that a cursor names; ok is false if it is none of this board's.
func (b *Board) moment(cursor string) (at uint64, ok bool) {
	run, number, found := strings.Cut(cursor, "-")
	at, err := strconv.ParseUint(number, 10, 64)
	b.mu.RLock()
	defer b.mu.RUnlock()
	return at, found && err == nil && run == b.changes.run && at <= b.changes.at
}

// remind has what still waits taken.
func (b *Board) remind() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes.signal()
}
