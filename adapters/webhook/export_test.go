package webhook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
)

// HeaderLimit is how long a sender may take for a header. Who waits for a place that a slow one holds waits as long.
const HeaderLimit = headerLimit

// ServeOn is Run on a listener of the test's.
func (s *Server) ServeOn(ctx context.Context, l net.Listener) error { return s.serveOn(ctx, l) }

// Refresh looks at the certificate's files now.
func (s *Server) Refresh() { s.files.Refresh() }

// SenderOf returns the address that r comes from, given these proxies.
func SenderOf(trusted []netip.Prefix, r *http.Request) netip.Addr { return proxies(trusted).sender(r) }
