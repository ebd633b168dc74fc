package modbus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// certificates are files in a folder of their own: NAME.pem and NAME.key of each.
type certificates struct {
	t      *testing.T
	dir    string
	serial int64
	issuer map[string]*signer
}

type signer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newCertificates makes two authorities, one certificate for the server, and one for an operator.
func newCertificates(t *testing.T) *certificates {
	c := &certificates{t: t, dir: t.TempDir(), issuer: make(map[string]*signer)}
	c.make("server-ca", "", nil)
	c.make("client-ca", "", nil)
	c.make("server", "server-ca", nil)
	c.make("operator", "client-ca", []pkix.Extension{roleExtension("operator")})
	return c
}

func (c *certificates) options() *TLSOptions {
	return &TLSOptions{Listen: "127.0.0.1:0", Cert: c.path("server.pem"), Key: c.path("server.key"), ClientCA: c.path("client-ca.pem")}
}

// roleExtension holds a role as the specification wants it.
func roleExtension(name string) pkix.Extension {
	value, err := asn1.MarshalWithParams(name, "utf8")
	if err != nil {
		panic(err)
	}
	return pkix.Extension{Id: roleOID, Value: value}
}

// make writes a certificate and its key; one without an issuer is an authority.
func (c *certificates) make(name, issuer string, extensions []pkix.Extension) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	c.serial++
	about := &x509.Certificate{
		SerialNumber: big.NewInt(c.serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, ExtraExtensions: extensions,
	}
	by := &signer{about, key}
	if issuer == "" {
		about.IsCA, about.BasicConstraintsValid, about.KeyUsage, about.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	} else {
		by = c.issuer[issuer]
	}
	der, err := x509.CreateCertificate(rand.Reader, about, by.certificate, key.Public(), by.key)
	if err != nil {
		c.t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		c.t.Fatal(err)
	}
	c.issuer[name] = &signer{parsed, key}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(c.path(file), pem.EncodeToMemory(block), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
}

// client returns the settings of a client that shows a certificate, none if name is "".
func (c *certificates) client(name string) *tls.Config {
	c.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(c.issuer["server-ca"].certificate)
	o := &tls.Config{RootCAs: pool}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(c.path(name+".pem"), c.path(name+".key"))
		if err != nil {
			c.t.Fatal(err)
		}
		o.Certificates = []tls.Certificate{pair}
	}
	return o
}

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// readsMagic tells whether a client is answered over TLS.
func readsMagic(t *testing.T, address net.Addr, o *tls.Config) bool {
	t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", address.String(), o)
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write(tcp(1, 1, request(readInputRegisters, 0, 2))); err != nil {
		return false
	}
	answer := make([]byte, 13)
	_, err = io.ReadFull(conn, answer)
	return err == nil && string(answer[9:]) == magic
}

func TestWhoIsAnsweredOverTLS(t *testing.T) {
	files := newCertificates(t)
	files.make("stranger", "server-ca", nil)
	files.make("no-role", "client-ca", nil)
	files.make("printable", "client-ca", []pkix.Extension{{Id: roleOID, Value: []byte{asn1.TagPrintableString, 1, 'a'}}})
	files.make("trailing", "client-ca", []pkix.Extension{{Id: roleOID, Value: []byte{asn1.TagUTF8String, 1, 'a', 0}}})
	files.make("broken", "client-ca", []pkix.Extension{{Id: roleOID, Value: []byte{asn1.TagUTF8String, 1, 0xFF}}})
	i := &installation{t: t, metrics: prometheus.NewRegistry()}
	s := serve(t, furnished(t), func(o *ServerOptions) { o.Listen, o.TLS, o.Metrics = "", files.options(), i.metrics })
	for _, row := range []struct {
		certificate string
		answered    bool
	}{
		{"operator", true}, {"no-role", true}, {"", false}, {"stranger", false}, {"printable", false},
		{"trailing", false}, {"broken", false},
	} {
		if got := readsMagic(t, s.TLSAddr(), files.client(row.certificate)); got != row.answered {
			t.Errorf("certificate %q: answered %v", row.certificate, got)
		}
	}
	old := files.client("operator")
	old.MaxVersion = tls.VersionTLS11
	if old.MinVersion = tls.VersionTLS10; readsMagic(t, s.TLSAddr(), old) {
		t.Error("TLS 1.1 was answered")
	}
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if !readsMagic(t, s.TLSAddr(), old) {
		t.Error("TLS 1.2 was refused")
	}
	if n := i.metric("panics_total", ""); n != 0 {
		t.Errorf("%v panics", n)
	}
	clients := s.Clients()
	if len(clients) != 2 || clients[0].Transport != "tls" || clients[0].Role+clients[1].Role != "operator" {
		t.Errorf("clients: %+v", clients)
	}
}

// Over TLS the role decides, beside the address, and who commands is told with it.
func TestARoleCommandsOverTLS(t *testing.T) {
	files := newCertificates(t)
	files.make("guest", "client-ca", []pkix.Extension{roleExtension("guest")})
	files.make("no-role", "client-ca", nil)
	c, writable := commanded(t)
	s := serve(t, c.building, writable, func(o *ServerOptions) { o.TLS, o.Write.Roles = files.options(), []string{"operator"} })
	for _, row := range []struct{ certificate, want string }{
		{"guest", "01:86 01"}, {"no-role", "01:86 01"}, {"operator", "01:06 0083 0002"},
	} {
		conn, err := tls.Dial("tcp", s.TLSAddr().String(), files.client(row.certificate))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		t.Run(row.certificate, func(t *testing.T) {
			dialogue{mbapProtocol, conn}.ask(t, &edge{send: "01:06 0083 0002"}, "", row.want)
		})
	}
	plain, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	dialogue{mbapProtocol, plain}.ask(t, &edge{send: "01:06 0083 0002"}, "", "01:86 01") // no certificate, no role
	if len(c.forced) != 1 || c.forced[0].Author != "127.0.0.1 (operator)" {
		t.Errorf("forced: %+v", c.forced)
	}
	if left := time.Until(s.CertificateExpiry()); left < 50*time.Minute || left > time.Hour {
		t.Errorf("the certificate ends in %v", left)
	}
}

// What is given a new authority counts for the next who connects; what cannot be used changes nothing.
func TestTheFilesOfTLSAreReadAgain(t *testing.T) {
	files := newCertificates(t)
	s := serve(t, furnished(t), func(o *ServerOptions) { o.TLS = files.options() })
	before := files.client("operator")
	files.make("client-ca", "", nil)
	s.listeners[1].files.Refresh()
	if readsMagic(t, s.TLSAddr(), before) {
		t.Error("a client of the authority before was answered")
	}
	files.make("operator", "client-ca", nil)
	if !readsMagic(t, s.TLSAddr(), files.client("operator")) {
		t.Error("a client of the new authority was refused")
	}
	for _, name := range []string{"client-ca.pem", "server.key"} {
		if err := os.WriteFile(files.path(name), []byte("rubbish"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.listeners[1].files.Refresh()
		if !readsMagic(t, s.TLSAddr(), files.client("operator")) {
			t.Errorf("with a broken %s nobody is answered any more", name)
		}
	}
}
