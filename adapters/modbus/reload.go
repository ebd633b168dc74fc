package modbus

import (
	"fmt"
	"net/netip"
)

// Reload checks other options, and returns what puts those in force that can be changed while clients are connected:
// from where they may connect, MaxConnections, MaxPerAddress, IdleTimeout, and Write but for its Watchdog. All else in
// the options is as it was, whatever they say; of a transport that they do not have, who may connect. What is returned
// cannot fail. It disconnects the clients that may not be connected any more, and no other, and returns their
// addresses. A limit that is lower holds for those who come; IdleTimeout from a client's next request on.
func (s *Server) Reload(o ServerOptions) (apply func() []netip.Addr, err error) {
	prepared, err := s.prepare(&o)
	if err != nil {
		return nil, fmt.Errorf("changing the Modbus server: %w", err)
	}
	return prepared, nil
}

func (s *Server) prepare(o *ServerOptions) (apply func() []netip.Addr, err error) {
	if err := o.limit(); err != nil {
		return nil, err
	}
	writes, err := newWrites(o.Write, s.options.Image)
	if err != nil {
		return nil, err
	}
	allow := make(map[*listener][]netip.Prefix)
	for _, l := range s.listeners {
		ranges, ok := o.allowOf(l.transport)
		if !ok {
			continue
		}
		if err := checkAllow(l.listen, ranges); err != nil {
			return nil, err
		}
		allow[l] = ranges
	}
	return func() []netip.Addr {
		s.writes.Store(writes)
		s.idle.Store(int64(o.IdleTimeout))
		s.gate.resize(o.MaxConnections, o.MaxPerAddress)
		for l, ranges := range allow {
			l.allow.Store(&ranges)
		}
		return s.banish()
	}, nil
}

// allowOf returns who may connect over a transport; ok is false if the options do not have it.
func (o *ServerOptions) allowOf(transport string) (allow []netip.Prefix, ok bool) {
	switch {
	case transport == transportTCP && o.Listen != "":
		return o.Allow, true
	case transport == transportTLS && o.TLS != nil:
		return o.TLS.Allow, true
	case transport == transportRTU && o.RTUOverTCP != nil:
		return o.RTUOverTCP.Allow, true
	}
	return nil, false
}

// banish ends the sessions of clients that may not be connected any more. Who connects meanwhile is looked at once more
// when he has his place: see [listener.admit].
func (s *Server) banish() (gone []netip.Addr) {
	s.gate.each(func(c *session) {
		if !c.listener.allows(c.address) {
			gone = append(gone, c.address)
			c.ban()
		}
	})
	return gone
}

// resize changes the limits. Those who are connected stay.
func (g *gate) resize(limit, perAddress int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit, g.perAddress = limit, perAddress
}
