package config

import (
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"butlr-gateway/gateway"
)

func (d *document) checkWebhook(c *Config) {
	w := &c.Webhook
	beyond := w.Listen != "" && !w.Listen.Loopback()
	switch {
	case w.Listen == "" && c.Butlr.Polls() && c.Butlr.PublicURL == "": // nothing need arrive
	case w.Listen == "":
		d.wrong("webhook.listen", "must be set: without it nothing arrives",
			`write listen = "127.0.0.1:8443" behind a proxy, or ":8443" with acme_domain, or with tls_cert and tls_key`)
	case beyond && w.TLSCert == "" && w.TLSKey == "" && w.ACMEDomain == "":
		d.wrong("webhook.listen", "would take events from other machines without encryption",
			`set tls_cert and tls_key, or acme_domain, or listen on "127.0.0.1:8443" behind a proxy that has a certificate`, "webhook.tls_cert", "webhook.tls_key", "webhook.acme_domain")
	}
	d.needs("webhook.tls_cert", w.TLSCert != "", "tls_key", w.TLSKey != "")
	d.needs("webhook.tls_key", w.TLSKey != "", "tls_cert", w.TLSCert != "")
	d.checkSecrets(w, beyond)

	if p := path.Clean(w.Path); !plainPath.MatchString(w.Path) || w.Path != p && w.Path != p+"/" {
		d.wrong("webhook.path", "is not the path of a URL",
			`begin with a slash and use letters, digits, ".", "-", "_" and "~", as in "/webhooks/butlr"`)
	}
	d.checkIDs("webhook.organisations", w.Organisations, "org_")
	d.checkIDs("webhook.sites", w.Sites, "site_")
	d.checkIDs("webhook.buildings", w.Buildings, "building_")
	d.between("webhook.max_unknown_assets", w.MaxUnknownAssets, 0, 10_000_000)
	d.between("webhook.max_connections", w.MaxConnections, 1, 10_000)
	d.warnOfEverybody("webhook.trusted_proxies", w.TrustedProxies, "lets everybody choose the address that is held against them")
	if w.MaxUnknownAssets == 0 && len(w.Organisations)+len(w.Sites)+len(w.Buildings) == 0 {
		d.warn("webhook.max_unknown_assets", "sets no limit, and events of every organisation are taken",
			"name yours in organisations, so that no stranger can fill the memory")
	}
}

var (
	plainPath   = regexp.MustCompile(`^/[A-Za-z0-9._~/-]*$`)
	headerToken = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 9110, section 5.6.2
)

// checkSecrets demands that whoever posts from another machine proves to be Butlr.
func (d *document) checkSecrets(w *Webhook, beyond bool) {
	const value, next, password = "webhook.header_value", "webhook.header_value_next", "webhook.password"
	d.needs("webhook.header_name", w.HeaderName != "", "header_value", w.HeaderValue.IsSet())
	d.needs(value, w.HeaderValue.IsSet(), "header_name", w.HeaderName != "")
	d.needs(next, w.HeaderValueNext.IsSet(), "header_value", w.HeaderValue.IsSet())
	d.needs("webhook.username", w.Username != "", "password", w.Password.IsSet())
	d.needs(password, w.Password.IsSet(), "username", w.Username != "")
	for key, secret := range map[string]Secret{value: w.HeaderValue, next: w.HeaderValueNext, password: w.Password} {
		if !secret.IsSet() {
			continue
		}
		if bad := weakness(secret); bad != nil {
			d.wrong(key, bad.message, bad.hint)
		}
		if text := secret.Reveal(); strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text {
			d.wrong(key, "begins, ends or is broken by white space, which a header cannot carry", secretHint)
		}
	}
	if w.HeaderValueNext.IsSet() && w.HeaderValueNext.Reveal() == w.HeaderValue.Reveal() {
		d.wrong(next, "is the same as header_value", "make a new one: the two are valid together until you remove the old")
	}
	if w.HeaderName != "" && !headerToken.MatchString(w.HeaderName) {
		d.wrong("webhook.header_name", "is not the name of an HTTP header", `use letters, digits and "-", as in "X-Api-Key"`)
	}
	if strings.EqualFold(w.HeaderName, "Authorization") && w.Username != "" {
		d.wrong("webhook.header_name", "is the header that username and password use", "choose another name, or remove them")
	}
	if strings.Contains(w.Username, ":") {
		d.wrong("webhook.username", "holds a colon, which HTTP Basic cannot carry", "choose another name") // RFC 7617, section 2
	}
	d.checkAnySecret(w, beyond)
}

func (d *document) checkAnySecret(w *Webhook, beyond bool) {
	keys := []string{"webhook.header_value", "webhook.header_value_next", "webhook.password"}
	switch {
	case w.Listen == "" || w.HeaderValue.IsSet() || w.Password.IsSet():
	case beyond:
		d.wrong("webhook.listen", "would take events from anybody, because there is no secret",
			"set header_name and header_value, and the same in Butlr; "+secretHint, keys...)
	default:
		d.warn("webhook.listen", "takes events from every program of this machine, because there is no secret",
			"set header_name and header_value, and the same in Butlr; "+secretHint)
	}
}

// checkIDs demands that each id of a list begins as Butlr's ids of that kind do, and is listed once.
func (d *document) checkIDs(key string, ids []gateway.AssetID, prefix string) {
	seen := map[gateway.AssetID]bool{}
	for _, id := range ids {
		value := strconv.Quote(string(id))
		switch rest, ok := strings.CutPrefix(string(id), prefix); {
		case !ok || !idLetters.MatchString(rest) || len(id) > maxID:
			d.refuse(split(key), fault{value: value, message: "is not such an id", hint: "copy it from Butlr: it begins with " + prefix})
		case seen[id]:
			d.refuse(split(key), fault{value: value, message: "is listed twice", hint: "remove one"})
		}
		seen[id] = true
	}
}
