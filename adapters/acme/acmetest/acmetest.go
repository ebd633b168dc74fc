// Package acmetest has an authority that issues certificates by ACME, for tests: Pebble, with which Let's Encrypt tries
// clients. It looks at domains as a real one does, and can be away or tired of orders.
package acmetest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// Authority issues certificates.
type Authority struct {
	Directory string         // where a client begins
	CA        []byte         // PEM of what signs the authority's own address
	Roots     *x509.CertPool // of what it issues, after Open

	Orders atomic.Int64                     // that were made
	Before atomic.Pointer[http.HandlerFunc] // answers instead, if it is not nil

	t        testing.TB
	resolver string
	handler  atomic.Pointer[http.Handler]

	mu    sync.Mutex
	names map[string]net.IP
}

// New returns an authority that is not open yet: it answers 503.
func New(t testing.TB) *Authority {
	a := &Authority{t: t, names: make(map[string]net.IP)}
	server := httptest.NewUnstartedServer(a)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	a.Directory = server.URL + wfe.DirectoryPath
	a.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	a.resolver = a.serveNames()
	return a
}

// Open has the authority issue certificates that last for some seconds, to whoever answers on one of these ports.
func (a *Authority) Open(portTLS, portHTTP int, seconds uint64) {
	// Without waits, and without the proofs of earlier orders; one good nonce in twenty is refused all the same.
	for name, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"} {
		a.t.(interface{ Setenv(name, value string) }).Setenv(name, value)
	}
	quiet, store := log.New(io.Discard, "", 0), db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "of tests", ValidityPeriod: seconds}})
	looker := va.New(quiet, portHTTP, portTLS, true, a.resolver, store)
	front := wfe.New(quiet, store, looker, issuer, []string{"pebble.example"}, true, false, 1, 1)
	handler := front.Handler()
	a.Roots = x509.NewCertPool()
	a.Roots.AddCert(issuer.GetRootCert(0).Cert)
	a.handler.Store(&handler)
}

// Name gives a name of DNS an address; nil takes it away.
func (a *Authority) Name(name string, address net.IP) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if address == nil {
		delete(a.names, dns.Fqdn(name))
		return
	}
	a.names[dns.Fqdn(name)] = address
}

// ServeHTTP implements [http.Handler].
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if before := a.Before.Load(); before != nil {
		(*before)(w, r)
		return
	}
	if handler := a.handler.Load(); handler != nil {
		(*handler).ServeHTTP(&counting{w, strings.Contains(r.URL.Path, "order-plz"), &a.Orders}, r)
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// counting counts the orders that are taken, and not those that are sent again because of a nonce.
type counting struct {
	http.ResponseWriter
	order  bool
	orders *atomic.Int64
}

func (c *counting) WriteHeader(status int) {
	if c.order && status == http.StatusCreated {
		c.orders.Add(1)
	}
	c.ResponseWriter.WriteHeader(status)
}

// serveNames answers questions of DNS over TCP, as the authority asks them.
func (a *Authority) serveNames() (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(a.answer)}
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	go func() { _ = server.ActivateAndServe() }()
	<-started
	a.t.Cleanup(func() { _ = server.Shutdown() })
	return listener.Addr().String()
}

func (a *Authority) answer(w dns.ResponseWriter, question *dns.Msg) {
	a.mu.Lock()
	defer a.mu.Unlock()
	answer := new(dns.Msg).SetReply(question)
	for _, q := range question.Question {
		if address, known := a.names[q.Name]; known && q.Qtype == dns.TypeA {
			answer.Answer = append(answer.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: address})
		}
	}
	_ = w.WriteMsg(answer)
}
