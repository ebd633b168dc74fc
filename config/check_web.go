package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

func (d *document) checkWeb(w *Web) {
	if w.HistoryMax < minHistory {
		d.wrong("web.history_max", "leaves no room for a day", `write at least "1MiB"`)
	}
	d.needs("web.tls_cert", w.TLSCert != "", "tls_key", w.TLSKey != "")
	d.needs("web.tls_key", w.TLSKey != "", "tls_cert", w.TLSCert != "")
	d.checkWebPasswords(w)
	d.checkHosts(w.Hosts)
	secret := w.Password.IsSet() || w.ViewerPassword.IsSet()
	if w.Listen != "" && w.Listen.Loopback() && !secret && len(w.Hosts) > 0 {
		d.warn("web.hosts", "lets browsers in that come by another name, through a proxy of this machine, and there is no password",
			"set password below [web]: without one everybody who reaches the proxy sees everything")
	}
	if w.Listen == "" || w.Listen.Loopback() {
		return
	}
	if w.TLSCert == "" && w.TLSKey == "" {
		d.wrong("web.listen", "would send passwords, and what is in the building, to other machines without encryption",
			`set tls_cert and tls_key below [web], or listen on "127.0.0.1:8080"`, "web.tls_cert", "web.tls_key")
	}
	if !secret {
		d.wrong("web.listen", "would show the page to everybody, because there is no password",
			`set password below [web], or listen on "127.0.0.1:8080"; `+passwordHint, "web.password", "web.viewer_password")
	}
}

// Passwords of people, who may have to type them into a phone: guesses are few, ten in a minute.
const (
	passwordLength = 12   // characters
	passwordLimit  = 1024 // bytes
	passwordHint   = makePassword + `, or its hash with "butlr-gateway password"`
)

// hashed is the form of a password's hash that argon2 or another program made: "$argon2id$v=19$…", "$2b$12$…".
var hashed = regexp.MustCompile(`^\$([a-z0-9-]+)\$`)

// checkWebPasswords refuses what can be guessed. Whether a hash can be used is seen when it is.
func (d *document) checkWebPasswords(w *Web) {
	for _, p := range []struct {
		key    string
		secret Secret
	}{{"web.password", w.Password}, {"web.viewer_password", w.ViewerPassword}} {
		if !p.secret.IsSet() {
			continue
		}
		text := p.secret.Reveal()
		if form := hashed.FindStringSubmatch(text); form != nil {
			if form[1] != "argon2id" {
				d.wrong(p.key, "is a hash of another kind than argon2id", `make one with "butlr-gateway password"`)
			}
		} else if bad := PasswordWeakness(text); bad != "" {
			d.wrong(p.key, bad, passwordHint)
		}
	}
	if w.ViewerPassword.IsSet() && w.ViewerPassword.Reveal() == w.Password.Reveal() {
		d.wrong("web.viewer_password", "is the same as password", "give viewers another one: the password tells who may change something", "web.password")
	}
}

// PasswordWeakness says why a password of people cannot be taken, as what it is or has; "" if it can.
func PasswordWeakness(text string) string {
	switch n := len([]rune(text)); {
	case n < passwordLength:
		return fmt.Sprintf("has %d characters, and at least %d are needed", n, passwordLength)
	case len(text) > passwordLimit:
		return fmt.Sprintf("has %d bytes, and at most %d can be given", len(text), passwordLimit)
	case strings.Count(text, string([]rune(text)[:1])) == n:
		return "is one character again and again"
	}
	return ""
}

func (d *document) checkHosts(hosts []string) {
	seen := map[string]bool{}
	for _, host := range hosts {
		bad := fault{value: strconv.Quote(host)}
		_, err := netip.ParseAddr(host)
		switch name := strings.ToLower(host); {
		case err != nil && (len(host) > 253 || !hostName.MatchString(host)):
			bad.message, bad.hint = "is no name of a host", `write it as it stands in the address between "https://" and the port, as in "gateway.example.org"`
		case seen[name]:
			bad.message, bad.hint = "is listed twice", "remove one"
		default:
			seen[name] = true
			continue
		}
		d.refuse(split("web.hosts"), bad)
	}
}
