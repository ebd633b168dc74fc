package config_test

import (
	"strings"
	"testing"

	"butlr-gateway/config"
)

const acmeBase = "[webhook]\nlisten = \":8443\"\nheader_name = \"a\"\nheader_value = \"env:BUTLR_WEBHOOK_KEY\"\n"

// TestWhatACMENeedsArrives reads every key of ACME, which [TestEveryKeyArrives] cannot have beside a certificate of its own.
func TestWhatACMENeedsArrives(t *testing.T) {
	c := parse(t, acmeBase+`acme_domain = "bms.example.org"
acme_http = ":80"
acme_email = "operator@example.org"
acme_directory = "https://ca.example.org/acme"
acme_ca_file = "/etc/ca.crt"
`)
	w := &c.Webhook
	got := []string{w.ACMEDomain, string(w.ACMEHTTP), w.ACMEEmail, string(w.ACMEDirectory), string(w.ACMECAFile)}
	if want := "bms.example.org :80 operator@example.org https://ca.example.org/acme /etc/ca.crt"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %s", got, want)
	}
	if d := parse(t, acmeBase+"acme_domain = \"bms.example.org\"\n").Webhook.ACMEDirectory; d != config.LetsEncrypt {
		t.Errorf("by default the certificate is ordered from %q", d)
	}
}

// TestNamesThatACertificateCanBeFor has names that no public authority can prove among those that it can.
//
// Seen to break it: addresses taken; names without a dot taken; capitals refused.
func TestNamesThatACertificateCanBeFor(t *testing.T) {
	for name, good := range map[string]bool{
		"bms.example.org": true, "BMS.Example.org": true, "a-1.b.example.museum": true, "xn--gebude-bua.example.xn--p1ai": true,
		"gateway": false, "localhost": false, "203.0.113.4": false, "2001:db8::4": false, "*.example.org": false, "https://bms.example.org": false,
		"bms.example.org:443": false, "bms.example.org.": false, "-a.example.org": false, "a..example.org": false, "gebäude.example.org": false,
		"a b.example.org": false, "bms.example.1": false, strings.Repeat("abcdefg.", 32) + "org": false,
	} {
		_, err := config.Parse("gateway.toml", []byte(acmeBase+"acme_domain = \""+name+"\"\n"), aMachine())
		if (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "gateway.toml:5: webhook.acme_domain: ") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
