package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/gateway"
)

// Ingester makes the building believe events.
type Ingester interface {
	// Ingest returns nil when what the events changed is kept for good; it refers to them no longer then. It must
	// return within [gateway.IngestPatience], and soon after the context's end. An error says that the sender should
	// send them again.
	Ingest(ctx context.Context, events []gateway.Event) error
}

// Forwarder is told of each body with events that is about to be answered 204, before it is, so that bodies that a
// sender sends one after the other come in that order. It must return at once, and copy what it keeps: both are used
// again.
type Forwarder func(body []byte, events []gateway.Event)

// Options is what a server needs.
type Options struct {
	Listen string // host:port; port 0 takes a free one
	Path   string // the one path that is served, exactly

	// Files in PEM form: HTTPS, version 1.2 at least. They are read again when they change. Without
	// them it is HTTP, and Listen must be a loopback address: a proxy on this machine speaks TLS.
	TLSCert, TLSKey string

	// Instead of these files, what shows a certificate that somebody else keeps, and answers whom an authority
	// sends to look at it (RFC 8737): HTTPS as well.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	// What a sender must know: a header, a user name and password (HTTP Basic), or both where both are
	// set. Without either, Listen must be a loopback address.
	HeaderName      string
	HeaderValue     string
	HeaderValueNext string // as good as HeaderValue, while the sender changes from one to the other
	Username        string
	Password        string

	MaxConnections int            // 256 if 0
	TrustedProxies []netip.Prefix // whose X-Forwarded-For tells the sender's address

	Ingest  Ingester              // must not be nil
	Forward Forwarder             // nil if nobody else wants to know
	Log     *slog.Logger          // must not be nil
	Metrics prometheus.Registerer // must not be nil
}

const defaultConnections = 256

func (o *Options) check() error {
	if o.Ingest == nil || o.Log == nil || o.Metrics == nil {
		return errors.New("ingest, log and metrics must be given")
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("listen %q: %w", o.Listen, err)
	}
	if !strings.HasPrefix(o.Path, "/") || strings.ContainsFunc(o.Path, needsEscape) {
		return fmt.Errorf("path %q: must begin with / and consist of letters, digits and /-._~", o.Path)
	}
	if o.MaxConnections < 0 {
		return fmt.Errorf("max_connections %d: must not be negative", o.MaxConnections)
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return errors.New("tls_cert and tls_key belong together: give both, or neither")
	}
	if o.TLSCert != "" && o.Certificate != nil {
		return errors.New("tls_cert and a certificate from elsewhere: give one of them")
	}
	if err := o.checkSecrets(); err != nil {
		return err
	}
	if loopback(host) {
		return nil
	}
	if o.TLSCert == "" && o.Certificate == nil {
		return fmt.Errorf("listen %q: HTTP without TLS is served on a loopback address only; give tls_cert and tls_key", o.Listen)
	}
	if o.HeaderValue == "" && o.Password == "" {
		return fmt.Errorf("listen %q: without a secret only a loopback address is served; give header_name and header_value", o.Listen)
	}
	return nil
}

func (o *Options) checkSecrets() error {
	switch {
	case (o.HeaderName == "") != (o.HeaderValue == ""):
		return errors.New("header_name and header_value belong together: give both, or neither")
	case o.HeaderValueNext != "" && o.HeaderValue == "":
		return errors.New("header_value_next is a second value: give header_value as well")
	case strings.ContainsFunc(o.HeaderName, noTokenCharacter):
		return fmt.Errorf("header_name %q: is no name of an HTTP header", o.HeaderName)
	case strings.EqualFold(o.HeaderName, "Host"):
		return errors.New("header_name Host is taken: choose another, like X-Api-Key")
	case (o.Username == "") != (o.Password == ""):
		return errors.New("username and password belong together: give both, or neither")
	case strings.Contains(o.Username, ":"):
		return errors.New("username must not contain a colon") // RFC 7617, section 2
	case o.Username != "" && strings.EqualFold(o.HeaderName, "Authorization"):
		return errors.New("header_name Authorization is what username and password are sent in: give one of them")
	}
	return nil
}

// needsEscape tells whether a character of a path could be written in two ways.
func needsEscape(c rune) bool { return !alphanumeric(c) && !strings.ContainsRune("/-._~", c) }

// noTokenCharacter tells whether a header's name cannot have this character: RFC 9110, section 5.6.2.
func noTokenCharacter(c rune) bool {
	return !alphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

func alphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
