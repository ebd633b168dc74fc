package webhook

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"butlr-gateway/adapters/internal/peers"
)

// proxies are believed when they say whom they speak for.
type proxies []netip.Prefix

// sender returns the address that r comes from: the peer, or if that is a proxy the last address in
// X-Forwarded-For that is none. What stands before it anybody may have written.
func (p proxies) sender(r *http.Request) netip.Addr {
	sender := peers.Address(r.RemoteAddr)
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
		return peers.Plain(address), true
	}
	with, err := netip.ParseAddrPort(text)
	return peers.Plain(with.Addr()), err == nil
}
