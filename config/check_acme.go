package config

import (
	"net/netip"
	"regexp"
	"strings"
)

// domainName is a name that the internet may know: labels of letters, digits and hyphens, the last one of letters or
// that of an international one (RFC 1123, section 2.1; RFC 5890).
var domainName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+([A-Za-z]{2,}|[Xx][Nn]--[A-Za-z0-9-]+)$`)

// LetsEncrypt is whom certificates are ordered from unless the operator says otherwise.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// checkACME demands a name that an authority can look at, and nothing that stands against it.
func (d *document) checkACME(c *Config) {
	w := &c.Webhook
	const domain = "webhook.acme_domain"
	set := w.ACMEDomain != ""
	d.needs("webhook.acme_http", w.ACMEHTTP != "", "acme_domain", set)
	d.needs("webhook.acme_email", w.ACMEEmail != "", "acme_domain", set)
	d.needs("webhook.acme_ca_file", w.ACMECAFile != "", "acme_domain", set)
	d.needs("webhook.acme_directory", w.ACMEDirectory != LetsEncrypt, "acme_domain", set)
	if !set {
		return
	}
	if _, err := netip.ParseAddr(w.ACMEDomain); err == nil || len(w.ACMEDomain) > 253 || !domainName.MatchString(w.ACMEDomain) {
		d.wrong(domain, "is not the name of a host on the internet", acmeNameHint(w.ACMEDomain))
	}
	if w.TLSCert != "" || w.TLSKey != "" {
		d.wrong(domain, "and tls_cert would be two certificates for one listener", "remove acme_domain, or tls_cert and tls_key", "webhook.tls_cert", "webhook.tls_key")
	}
	if w.Listen.Loopback() {
		d.wrong(domain, "cannot be proven, because the webhook listens on this machine only",
			`listen on ":443", or on another port that the router passes 443 on to; behind a proxy, the proxy has the certificate`, "webhook.listen")
	}
	if w.ACMEHTTP.Loopback() {
		d.wrong("webhook.acme_http", "is an address of this machine only, which no authority reaches", `write ":80", or another port that the router passes 80 on to`)
	}
	if at := strings.IndexByte(w.ACMEEmail, '@'); w.ACMEEmail != "" && (at < 1 || strings.ContainsAny(w.ACMEEmail, " ,:<>") || strings.ContainsRune(w.ACMEEmail[at+1:], '@')) {
		d.wrong("webhook.acme_email", "is not an address of mail", `write one as in "operator@example.org", or leave the line out`)
	}
	if w.ACMEDirectory.parts().Scheme != "https" {
		d.wrong("webhook.acme_directory", "does not begin with https://", "copy it from the authority, or leave the line out for Let's Encrypt")
	}
	d.checkACMEBesideButlr(c)
}

func acmeNameHint(name string) string {
	switch {
	case strings.ContainsRune(name, '*'):
		return "name one host: no wildcard can be proven over a port"
	case strings.ContainsAny(name, "/:"):
		return `write the name alone, without "https://" and without a port, as in "bms.example.org"`
	case strings.ContainsFunc(name, func(c rune) bool { return c > 0x7f }):
		return `write it as DNS does, where such a name begins with "xn--"`
	}
	return `write the name that DNS has for this site's public address, as in "bms.example.org"`
}

// checkACMEBesideButlr warns where Butlr would be shown a certificate for another name than it calls.
func (d *document) checkACMEBesideButlr(c *Config) {
	if address := c.Butlr.PublicURL; address != "" && !strings.EqualFold(address.parts().Hostname(), c.Webhook.ACMEDomain) {
		d.warn("butlr.public_url", "has another host than acme_domain, so that Butlr would be shown a certificate for another name", "write the same name in both")
	}
}
