package modbus

import (
	"sync"
	"sync/atomic"
)

// tally counts what one client asks, by class. Each connection has its own, so that two that ask at the
// same time never wait for each other's counter; who wants to know adds them up.
type tally [functionClassCount]atomic.Uint64

func (t *tally) count(function byte) { t[classOf(function)].Add(1) }

// tallies are those of one listener.
type tallies struct {
	mu   sync.Mutex
	open map[*tally]struct{}
	past [functionClassCount]uint64 // of clients that are gone
}

func newTallies() *tallies { return &tallies{open: make(map[*tally]struct{})} }

func (t *tallies) join(c *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open[c] = struct{}{}
}

func (t *tallies) leave(c *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, c)
	for class := range c {
		t.past[class] += c[class].Load()
	}
}

// of returns how many requests of a class there were.
func (t *tallies) of(class functionClass) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum(class)
}

// all returns how many requests there were.
func (t *tallies) all() (n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for class := range functionClass(functionClassCount) {
		n += t.sum(class)
	}
	return n
}

func (t *tallies) sum(class functionClass) uint64 {
	n := t.past[class]
	for c := range t.open {
		n += c[class].Load()
	}
	return n
}
