package relay

import (
	"sync"
	"time"
)

// How much may wait for the disk. It is there within milliseconds; what comes when this is full is dropped.
const (
	bufferBodies = 2048
	bufferBytes  = 8 << 20
)

// arrival is a body that was accepted.
type arrival struct {
	body   []byte
	at     time.Time
	secret bool // it must not be stored
}

// buffer hands bodies over from the webhook to the disk. Neither side waits for the other.
type buffer struct {
	more chan struct{} // has something when something is in it

	mu     sync.Mutex
	full   []arrival
	empty  []arrival
	bytes  int
	closed bool
}

func newBuffer() *buffer {
	return &buffer{more: make(chan struct{}, 1), full: make([]arrival, 0, bufferBodies), empty: make([]arrival, 0, bufferBodies)}
}

// put hands a body over; false if there is no room for it.
func (b *buffer) put(a arrival) bool {
	b.mu.Lock()
	if b.closed || len(b.full) == cap(b.full) || b.bytes+cap(a.body) > bufferBytes {
		b.mu.Unlock()
		return false
	}
	b.full = append(b.full, a) // within its capacity
	b.bytes += cap(a.body)
	b.mu.Unlock()
	ring(b.more)
	return true
}

// take returns everything that was handed over. It is valid until the next call.
func (b *buffer) take() []arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.full
	clear(b.empty[:cap(b.empty)]) // no body is kept alive
	b.full, b.empty, b.bytes = b.empty[:0], taken, 0
	return taken
}

// close has nothing more handed over.
func (b *buffer) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
}

// ring lets whoever waits at a bell know, once for all that happened since it last looked.
func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}
