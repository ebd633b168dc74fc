package webhook_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"butlr-gateway/adapters/webhook"
)

// TestACertificateThatSomebodyElseKeeps has the certificate come from outside, none at first: handshakes fail until there
// is one, and a visitor who comes for a proof gets that and nothing more.
//
// Seen to break it: the protocol of proofs not offered; HTTP beyond loopback with neither files nor a keeper.
func TestACertificateThatSomebodyElseKeeps(t *testing.T) {
	files := secure(t)
	pair(t, files, 7)
	kept, err := tls.LoadX509KeyPair(files.TLSCert, files.TLSKey)
	if err != nil {
		t.Fatal(err)
	}
	var current atomic.Pointer[tls.Certificate]
	o := options()
	o.Certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c := current.Load(); c != nil {
			return c, nil
		}
		return nil, errors.New("none yet")
	}
	s, address := start(t, o)
	dial := func(protocol string) (*tls.Conn, error) {
		return tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
	}
	if c, err := dial("http/1.1"); err == nil {
		c.Close()
		t.Error("there was a handshake without a certificate")
	}
	current.Store(&kept)
	if got := shown(t, address); got != 7 {
		t.Errorf("certificate %d is shown", got)
	}
	c, err := dial("acme-tls/1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := c.ConnectionState().NegotiatedProtocol; p != "acme-tls/1" {
		t.Errorf("the protocol is %q", p)
	}
	if _, err := c.Write([]byte("POST /webhooks/butlr HTTP/1.1\r\nHost: a\r\n\r\n")); err == nil {
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Error("who comes for a proof is answered")
		}
	}
	if !s.CertificateExpiry().IsZero() {
		t.Error("the webhook tells when somebody else's certificate ends")
	}
	o.TLSCert, o.TLSKey, o.Metrics = files.TLSCert, files.TLSKey, options().Metrics
	if _, err := webhook.NewServer(o); err == nil || !strings.Contains(err.Error(), "give one of them") {
		t.Errorf("two certificates are taken: %v", err)
	}
	o.TLSCert, o.TLSKey, o.Metrics, o.Listen = "", "", options().Metrics, ":0"
	if _, err := webhook.NewServer(o); err != nil {
		t.Errorf("beyond loopback, with a keeper: %v", err)
	}
	o.Certificate, o.Metrics = nil, options().Metrics
	if _, err := webhook.NewServer(o); err == nil || !strings.Contains(err.Error(), "on a loopback address only") {
		t.Errorf("beyond loopback, with neither files nor a keeper: %v", err)
	}
}
