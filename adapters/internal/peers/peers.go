// Package peers is what servers know of those who connect: the address that is held against them, how many
// connections they may keep open, how often they may guess at a secret, and how often the log tells of them.
package peers

import (
	"net/netip"
	"sync"
	"time"
)

// Address returns the address of a peer, as net/http tells it; the zero one if it has none.
func Address(peer string) netip.Addr {
	with, _ := netip.ParseAddrPort(peer)
	return Plain(with.Addr())
}

// Network returns what one peer has: who owns an IPv6 address usually owns 2^64 of them.
func Network(address netip.Addr) netip.Addr {
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().Addr()
	}
	return address
}

// Plain returns one spelling of an address: without a zone, IPv4 as IPv4.
func Plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }

// Pauses keep what anybody can provoke from filling the log: of each key it is told at most once in a
// pause. The keys must be few, and not the peers' own.
type Pauses[Key comparable] struct {
	pause time.Duration
	mu    sync.Mutex
	last  map[Key]time.Time
	more  map[Key]int
}

// NewPauses returns pauses of one length.
func NewPauses[Key comparable](pause time.Duration) *Pauses[Key] {
	return &Pauses[Key]{pause: pause, last: make(map[Key]time.Time), more: make(map[Key]int)}
}

// Tell notes that it happened, and says whether to tell of it, and then how often it had happened since
// it was last told.
func (p *Pauses[Key]) Tell(key Key, now time.Time) (more int, tell bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last, told := p.last[key]; told && now.Sub(last) < p.pause {
		p.more[key]++
		return 0, false
	}
	more = p.more[key]
	p.last[key], p.more[key] = now, 0
	return more, true
}
