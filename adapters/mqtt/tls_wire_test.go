package mqtt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority issues certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// issue makes a certificate for 127.0.0.1 and its key, as PEM.
func (a *authority) issue(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func file(t *testing.T, content []byte) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "*.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(f.Name())
}

func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, key := ours.issue(t)
	m := startMosquitto(t, "allow_anonymous true", "cafile "+file(t, ours.pem), "certfile "+file(t, cert),
		"keyfile "+file(t, key), "require_certificate true")
	good, goodKey := ours.issue(t)
	bad, badKey := theirs.issue(t)
	for name, c := range map[string]struct {
		scheme        string
		ca, cert, key []byte
		want          string
	}{
		"both sides trust each other": {"ssl://", ours.pem, good, goodKey, "<nil>"},
		"a broker of somebody else": {"ssl://", theirs.pem, good, goodKey,
			"the broker's certificate was issued by nobody we trust"},
		"a client of somebody else": {"ssl://", ours.pem, bad, badKey,
			"our certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			health := make(chan error, 100)
			o := options(c.scheme + m.addr)
			o.CA, o.Cert, o.Key = c.ca, c.cert, c.key
			o.Health = func(err error) { health <- err }
			run(t, o)
			if got := fmt.Sprint(<-health); !strings.Contains(got, c.want) {
				t.Errorf("health is %q, want %q in it", got, c.want)
			}
		})
	}
}

func TestTLSWhereThereIsNone(t *testing.T) {
	m := startMosquitto(t)
	health := make(chan error, 100)
	o := options("ssl://" + m.addr)
	o.Health = func(err error) { health <- err }
	run(t, o)
	if err := <-health; err == nil {
		t.Error("a broker without TLS counts as healthy")
	}
}

func TestWebSocket(t *testing.T) {
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	startMosquitto(t, "allow_anonymous true", "listener "+port+" lo", "protocol websockets")
	listens(t, addr)
	p, _ := run(t, options("ws://"+addr+"/mqtt"))
	p.Publish(people(1, 4))
	l := listen(t, "ws://"+addr+"/mqtt")
	eventually(t, "status is online", l.is("gateway/status", "online"))
	eventually(t, "the broker has the count", l.is("room/room_1/people", "4"))
}

// Clients of the embedded broker that ask for its authority get in with TLS; the gateway's own publisher knows
// the certificate, though it names nobody; and a new certificate is shown to whoever comes after it.
//
// Seen to break it: no comparison with the broker's own certificate, the certificate read once.
func TestEmbeddedTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, key := ours.issue(t)
	certFile, keyFile := file(t, cert), file(t, key)
	o := embedded(t.TempDir())
	o.TLSCert, o.TLSKey, o.Username, o.Password = certFile, keyFile, "building", "secret"
	e, stop := embed(t, o)
	defer stop()

	publishes := func(shows func() *x509.Certificate) error {
		health := make(chan error, 100)
		told := twice(e.URL())
		told.ClientID, told.Username, told.Password, told.Shows = rand.Text(), o.Username, o.Password, shows
		told.Health = func(err error) { health <- err }
		p, stop := run(t, told)
		defer stop()
		p.Publish(people(1, 4))
		return <-health
	}
	if err := publishes(e.Certificate); err != nil {
		t.Errorf("the gateway's own publisher: %v", err)
	}
	other, _ := theirs.issue(t)
	if err := publishes(func() *x509.Certificate { return parse(t, other) }); err == nil {
		t.Error("a broker that shows another certificate counts as ours")
	}
	if err := publishes(nil); err == nil {
		t.Error("a broker whose certificate nobody signed counts as healthy")
	}

	subscribe := func(ca []byte) string {
		return mosquittoSub(t, e.Addr().String(), "butlr/room/room_1/people", "--cafile", file(t, ca), "-u", "building", "-P", "secret")
	}
	if got := subscribe(ours.pem); got != "butlr/room/room_1/people 4" {
		t.Errorf("mosquitto_sub got %q", got)
	}
	newer, newerKey := theirs.issue(t)
	for name, text := range map[string][]byte{certFile: newer, keyFile: newerKey} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the new certificate is shown", func() bool { return e.Certificate().Equal(parse(t, newer)) })
	if got := subscribe(theirs.pem); got != "butlr/room/room_1/people 4" {
		t.Errorf("with the new certificate mosquitto_sub got %q", got)
	}
}

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
