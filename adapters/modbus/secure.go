package modbus

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"

	"butlr-gateway/adapters/internal/tlsfiles"
)

// TLSOptions are what Modbus over TLS needs (MODBUS/TCP Security Protocol Specification v2.1): clients
// must show a certificate, and may have a role in it.
type TLSOptions struct {
	Listen    string
	Allow     []netip.Prefix // as ServerOptions.Allow
	WordOrder WordOrder
	Cert, Key string // files in PEM form, read again when they change, as is ClientCA
	ClientCA  string // the certificates that clients' must be signed by
}

func (s *Server) makeTLS() error {
	o := s.options.TLS
	if o == nil {
		return nil
	}
	if o.Cert == "" || o.Key == "" || o.ClientCA == "" {
		return errors.New("TLS needs a certificate, its key, and the certificates that clients must be signed by")
	}
	l, err := s.addListener(transportTLS, o.Listen, o.Allow, o.WordOrder)
	if err != nil {
		return err
	}
	l.files = tlsfiles.New(tlsfiles.Options{Cert: o.Cert, Key: o.Key, ClientCA: o.ClientCA, Log: s.log})
	return nil
}

// handshake returns what a TLS listener shows and asks for, as the files have it now.
func (l *listener) handshake() *tls.Config {
	now := l.files.Content()
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{*now.Certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    now.ClientCA,
		VerifyConnection: func(c tls.ConnectionState) error {
			_, err := roleOf(c.PeerCertificates[0])
			return err
		},
		SessionTicketsDisabled: true, // a certificate is looked at each time
	}
}

// CertificateExpiry returns when the certificate that clients are shown ends, the zero time without TLS.
func (s *Server) CertificateExpiry() time.Time {
	for _, l := range s.listeners {
		if l.files != nil {
			return l.files.Expiry()
		}
	}
	return time.Time{}
}

// roleOID is the extension that a client's role stands in.
var roleOID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 50316, 802, 1}

// roleOf returns the role in a certificate, "" if it has none. One that is not as the specification has it
// is no reason to guess. (The library refuses certificates with two.)
func roleOf(c *x509.Certificate) (role, error) {
	for _, e := range c.Extensions {
		if !e.Id.Equal(roleOID) {
			continue
		}
		var value asn1.RawValue
		rest, err := asn1.Unmarshal(e.Value, &value)
		if err != nil || len(rest) > 0 || value.Class != asn1.ClassUniversal || value.Tag != asn1.TagUTF8String || !utf8.Valid(value.Bytes) {
			return "", fmt.Errorf("the role in the client's certificate (%v) is not one UTF8String", roleOID)
		}
		return role(value.Bytes), nil
	}
	return "", nil
}
