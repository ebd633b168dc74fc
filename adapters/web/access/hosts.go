package access

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// hosts are the names by which browsers may call the gateway. A page from elsewhere can make its own name
// mean this machine (DNS rebinding) and would then be one of ours to a browser: its requests bear its name.
type hosts struct {
	names   map[string]bool // in lower case, without a dot at the end
	anyOurs bool            // every address of this machine, because all of them are listened on
}

// newHosts returns the names of the address that is listened on, HOST:PORT, and more of them.
func newHosts(listen string, more []string) (*hosts, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %q: %w", listen, err)
	}
	h := &hosts{names: map[string]bool{"localhost": true}}
	ip, err := netip.ParseAddr(host)
	h.anyOurs = host == "" || err == nil && ip.IsUnspecified()
	if h.anyOurs {
		if name, err := os.Hostname(); err == nil { // without one, fewer names are ours
			h.names[plainName(name)] = true
		}
	} else {
		h.names[plainName(host)] = true
	}
	for _, name := range more {
		h.names[plainName(name)] = true
	}
	return h, nil
}

// plainName returns one spelling of a name or an address.
func plainName(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return name
}

// know tells whether r calls the gateway by one of its names, whatever the port.
func (h *hosts) know(r *http.Request) bool {
	name := r.Host
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = plainName(name)
	if h.names[name] {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && (ip.IsLoopback() || h.anyOurs && ours(ip, r))
}

// ours tells whether an address is this machine's: the one that r came to, or that of another network card.
func ours(ip netip.Addr, r *http.Request) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && local != nil {
		if at, err := netip.ParseAddrPort(local.String()); err == nil && at.Addr().Unmap().WithZone("") == ip {
			return true
		}
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range all {
		if network, ok := a.(*net.IPNet); ok && network.IP.Equal(ip.AsSlice()) {
			return true
		}
	}
	return false
}
