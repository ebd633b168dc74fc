package access

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestNamesOfTheGateway has every way to listen, and what a browser may call it then.
//
// Seen to break it: every IP address taken for ours; a name that ends like one of ours; case; hosts left out over TLS.
func TestNamesOfTheGateway(t *testing.T) {
	card := "192.0.2.77"
	if all, err := net.InterfaceAddrs(); err == nil {
		for _, a := range all {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
				card = n.IP.String()
			}
		}
	}
	for _, test := range []struct {
		listen       string
		known, other []string
	}{
		{"127.0.0.1:8080", nil, []string{card, "10.20.0.4"}},
		{"localhost:8080", nil, []string{card}},
		{"10.20.0.4:8443", []string{"10.20.0.4", "10.20.0.4:8443", "[::ffff:10.20.0.4]:8443"}, []string{"10.20.0.5"}},
		{"[2001:db8::4]:8443", []string{"[2001:db8::4]:8443", "[2001:DB8:0::4]", "[2001:db8::4]"}, []string{"[2001:db8::5]"}},
		{":8443", []string{"198.51.100.9:8443"}, []string{"198.51.100.10"}},
		{"0.0.0.0:8443", []string{"198.51.100.9"}, []string{"198.51.100.10"}},
		{"[::]:8443", []string{"198.51.100.9"}, []string{"198.51.100.10"}},
	} {
		for _, secure := range []bool{false, true} {
			h := handler(newTestGate(t, Options{Listen: test.listen, Hosts: []string{"gateway.example.org", "10.9.9.9", "Mixed.Example.org"}, TLS: secure}))
			ask := func(host string) int {
				// Whoever asks came to this address of the machine's.
				r := request("GET", "/open", func(r *http.Request) { r.Host = host })
				local := &net.TCPAddr{IP: net.ParseIP("198.51.100.9"), Port: 8443}
				return answer(h, r.WithContext(withLocal(r, local))).Code
			}
			for _, host := range append(test.known, "localhost", "LocalHost:1", "localhost.", "127.0.0.1", "127.9.9.9:80", "[::1]:8080", "[::1]",
				"gateway.example.org", "GATEWAY.example.org:8443", "gateway.example.org.", "10.9.9.9", "mixed.example.org") {
				if code := ask(host); code != 200 {
					t.Errorf("%s, TLS %v: %q is answered %d", test.listen, secure, host, code)
				}
			}
			for _, host := range append(test.other, "", "evil.example", "localhost.evil.example", "evil-localhost", "127.0.0.1.evil.example",
				"gateway.example.org.evil.example", "xgateway.example.org", "8.8.8.8", "[2001:db8::99]", "localhost:80:80", "0.0.0.0", "gateway.example.org@evil.example") {
				if code := ask(host); code != 421 {
					t.Errorf("%s, TLS %v: %q is answered %d, want 421", test.listen, secure, host, code)
				}
			}
			if wide := strings.HasPrefix(test.listen, ":") || strings.Contains(test.listen, "0.0.0.0") || strings.Contains(test.listen, "[::]"); wide && card != "192.0.2.77" {
				if code := ask(card); code != 200 {
					t.Errorf("%s: an address of this machine, %s, is answered %d", test.listen, card, code)
				}
			}
		}
	}
	w := answer(handler(newTestGate(t, Options{})), request("GET", "/", func(r *http.Request) { r.Host = "evil.example" }))
	if !strings.Contains(w.Body.String(), "[web] hosts") || strings.Contains(w.Body.String(), "evil") {
		t.Errorf("421 says %q", w.Body)
	}
}
