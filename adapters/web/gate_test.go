package web_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"butlr-gateway/adapters/internal/tlsfiles/tlstest"
	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

const (
	operators = "the operators' password"
	viewers   = "the viewers' password"
)

// certificate writes one for 127.0.0.1 with this serial number, which is also how many days it lasts.
func certificate(t *testing.T, o *web.Options, serial int64) {
	t.Helper()
	if o.TLSCert == "" {
		folder := t.TempDir()
		o.TLSCert, o.TLSKey = filepath.Join(folder, "page.crt"), filepath.Join(folder, "page.key")
	}
	tlstest.Write(t, o.TLSCert, o.TLSKey, serial)
}

// trusting is a client that takes any certificate, and follows no one.
func trusting() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func plainOptions() web.Options {
	return options(web.NewBoard(), reporter(hub{}, gateway.NewAlarms(nil)))
}

// TestWhereThePageMayBe has every combination of where it listens, its passwords and its certificate.
//
// Seen to break it: a viewer's password not counted as one; an open page in the network; a certificate without
// a key.
func TestWhereThePageMayBe(t *testing.T) {
	hash := access.NewHash(operators).String()
	for _, listen := range []string{"127.0.0.1:0", "localhost:0", "[::1]:0", ":0", "0.0.0.0:0", "10.20.0.4:0", "[::]:0", "gateway.example:0"} {
		beyond := !strings.Contains(listen, "1]:") && !strings.HasPrefix(listen, "127.") && !strings.HasPrefix(listen, "localhost")
		for _, known := range [][2]string{{}, {hash, ""}, {"", hash}} {
			for _, secure := range []bool{false, true} {
				for _, open := range []bool{false, true} {
					o := plainOptions()
					o.Listen, o.Password, o.ViewerPassword, o.Open = listen, known[0], known[1], open
					if secure {
						o.TLSCert, o.TLSKey = "/etc/page.crt", "/etc/page.key"
					}
					want := !beyond || secure && known != [2]string{} && !open
					if _, err := web.NewServer(o); (err == nil) != want {
						t.Errorf("%s, passwords %v, TLS %v, open %v: %v", listen, known, secure, open, err)
					}
					o.TLSCert = ""
					if _, err := web.NewServer(o); secure && err == nil {
						t.Errorf("%s: a key without a certificate was taken", listen)
					}
				}
			}
		}
	}
}

// TestRoutesAndRoles asks for every route as everybody.
//
// Seen to break it: health for viewers only; metrics for everybody; a route that is in no list open to strangers.
func TestRoutesAndRoles(t *testing.T) {
	o := plainOptions()
	o.Password, o.ViewerPassword = operators, viewers
	certificate(t, &o, 100)
	s, err := web.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	if !strings.HasPrefix(s.URL(), "https://127.0.0.1:") {
		t.Errorf("it says that it is at %s", s.URL())
	}
	client := trusting()
	ask := func(method, path, password string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			r.SetBasicAuth("", password)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	}
	for _, c := range []struct {
		method, path               string
		stranger, viewer, operator int // as programs: with HTTP Basic, which pages do not take
	}{
		{"GET", "/healthz", 200, 200, 200}, {"GET", "/readyz", 200, 200, 200}, {"HEAD", "/healthz", 200, 200, 200},
		{"GET", "/login", 200, 200, 200}, {"GET", "/login.css", 200, 200, 200},
		{"GET", "/metrics", 401, 200, 200}, {"HEAD", "/metrics", 401, 200, 200}, {"POST", "/metrics", 401, 403, 405},
		{"GET", "/api/v1/status", 401, 200, 200}, {"POST", "/api/v1/status", 401, 403, 405}, {"GET", "/api/v1/nothing", 401, 404, 404},
		{"POST", "/api/v1/nothing", 401, 403, 404}, {"DELETE", "/api/v1/status", 401, 403, 405},
		{"GET", "/", 303, 303, 303}, {"GET", "/page.css", 303, 303, 303}, {"GET", "/nothing", 303, 303, 303}, {"POST", "/healthz", 303, 303, 303},
		{"GET", "//api/v1/status", 303, 303, 303}, {"GET", "/x/../api/v1/status", 303, 303, 303}, {"GET", "/healthz/../metrics", 303, 303, 303},
	} {
		for password, want := range map[string]int{"": c.stranger, viewers: c.viewer, operators: c.operator} {
			if got, body := ask(c.method, c.path, password); got != want {
				t.Errorf("%s %s with %q: %d %s, want %d", c.method, c.path, password, got, body, want)
			}
		}
	}
	if _, body := ask("GET", "/healthz", ""); body != "ok\n" {
		t.Errorf("a stranger is told %q", body)
	}
}

// With pages of its own the server keeps what is not theirs, and asks for a visitor before them.
//
// Seen to break it: Pages served without a role.
func TestPagesAreBehindTheGate(t *testing.T) {
	o := plainOptions()
	o.Password = operators
	o.Pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "page for "+access.Of(r.Context()).Role.String())
	})
	s, err := web.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	for path, want := range map[string]int{"/": 303, "/rooms/1": 303, "/healthz": 200, "/login": 200, "/metrics": 401} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
		response, err := trusting().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != want || strings.Contains(string(body), "page for") {
			t.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
	}
}

// A demo lets everybody on the machine do everything.
func TestAnOpenPage(t *testing.T) {
	o := plainOptions()
	o.Open = true
	o.Pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := access.Of(r.Context())
		_, _ = io.WriteString(w, v.Role.String()+" "+v.Name)
	})
	s, err := web.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	response, err := http.Post(s.URL()+"/force", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, _ := io.ReadAll(response.Body); string(body) != "operator demo" {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

// Seen to break it: TLS 1.1; the certificate kept that was read first; no expiry.
func TestTheCertificateOfThePage(t *testing.T) {
	o := plainOptions()
	o.ViewerPassword = viewers
	o.TLSCert, o.TLSKey = "/nowhere/page.crt", "/nowhere/page.key"
	missing, err := web.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := missing.Listen(); err == nil || !strings.Contains(err.Error(), "/nowhere/page.crt") {
		t.Errorf("a certificate that is not there: %v", err)
	}
	o.TLSCert, o.TLSKey = "", ""
	certificate(t, &o, 100)
	s, err := web.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	if !s.CertificateExpiry().IsZero() {
		t.Error("a certificate that was not read ends")
	}
	run(t, s)
	address := s.Addr().String()
	shown := func() int64 {
		c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := shown(); got != 100 {
		t.Errorf("certificate %d is shown", got)
	}
	certificate(t, &o, 7)
	s.Refresh()
	if got, left := shown(), time.Until(s.CertificateExpiry()); got != 7 || left > 7*24*time.Hour || left < 6*24*time.Hour {
		t.Errorf("certificate %d is shown, and ends in %v", got, left)
	}
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}})
		if err == nil {
			if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
				t.Errorf("it speaks %s", got)
			}
			_ = c.Close()
		}
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
	plain := plainOptions()
	if p, err := web.NewServer(plain); err != nil || !p.CertificateExpiry().IsZero() {
		t.Errorf("without TLS a certificate ends: %v", err)
	}
}
