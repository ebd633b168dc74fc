package webhook

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Guesses at the secret that an address has: ten at once, ten in a minute.
const (
	guessBurst = 10
	guessEvery = time.Minute / 10
)

// guesses counts the wrong secrets of each address. Its size is fixed: addresses with equal hashes
// share their guesses, which a sender with the right secret never notices.
type guesses struct {
	seed maphash.Seed
	mu   sync.Mutex
	of   [4096]*rate.Limiter
}

func newGuesses() *guesses { return &guesses{seed: maphash.MakeSeed()} }

// another takes one guess of the address, and tells whether it had one left.
func (g *guesses) another(sender netip.Addr) bool {
	slot := maphash.Comparable(g.seed, network(sender)) % uint64(len(g.of))
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of[slot] == nil {
		g.of[slot] = rate.NewLimiter(rate.Every(guessEvery), guessBurst)
	}
	return g.of[slot].Allow()
}

// proxies are believed when they say whom they speak for.
type proxies []netip.Prefix

// sender returns the address that r comes from: the peer, or if that is a proxy the last address in
// X-Forwarded-For that is none. What stands before it anybody may have written.
func (p proxies) sender(r *http.Request) netip.Addr {
	sender := address(r.RemoteAddr)
	if !p.contain(sender) {
		return sender
	}
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for _, hop := range slices.Backward(strings.Split(line, ",")) {
			next, ok := parseHop(strings.TrimSpace(hop))
			if !ok {
				return sender
			}
			if sender = next; !p.contain(sender) {
				return sender
			}
		}
	}
	return sender
}

func (p proxies) contain(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// parseHop reads an address, with a port or without.
func parseHop(text string) (netip.Addr, bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		return plain(address), true
	}
	with, err := netip.ParseAddrPort(text)
	return plain(with.Addr()), err == nil
}

// address returns the address of a peer, the zero one if it has none.
func address(peer string) netip.Addr {
	with, _ := netip.ParseAddrPort(peer)
	return plain(with.Addr())
}

// network returns what one sender has: who owns an IPv6 address usually owns 2^64 of them.
func network(address netip.Addr) netip.Addr {
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().Addr()
	}
	return address
}

// plain returns one spelling of an address: without a zone, IPv4 as IPv4.
func plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }
