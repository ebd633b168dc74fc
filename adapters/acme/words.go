package acme

import (
	"cmp"
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// attemptTime is how long an order may take: what was told within this time before the newest problem belongs to it.
const attemptTime = 10 * time.Minute

// inWords says what went wrong last, and what a person can do about it; "" if nothing did. Of the two proofs, that of
// port 80 is tried only where it was opened.
func (a *authority) inWords(domain string, port80 bool) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away != nil {
		return a.awayInWords()
	}
	var newest time.Time
	for _, p := range a.problems {
		if p.at.After(newest) {
			newest = p.at
		}
	}
	var words []string
	for _, proof := range slices.Sorted(maps.Keys(a.problems)) {
		p := a.problems[proof]
		afterwards := proof == "" && len(a.problems) > 1 && p.Type == problemPrefix+"malformed" // such as of tidying up
		if newest.Sub(p.at) < attemptTime && !afterwards {
			words = append(words, a.problemInWords(domain, proof, &p.problem))
		}
	}
	if len(words) > 0 {
		if port80 && len(words) > 1 {
			words = append(words, "one of the two ports is enough")
		}
		return strings.Join(slices.Compact(words), "; ")
	}
	if a.other != nil {
		return a.host + ": " + short(a.other.Error())
	}
	return ""
}

func (a *authority) awayInWords() string {
	words := a.host + " cannot be reached: " + short(a.away.Error())
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](a.away); unknown {
		return words + "; a private authority's own certificate belongs into acme_ca_file"
	}
	return words + "; outgoing connections to it must be allowed, and this machine needs DNS and a clock that is right"
}

// problemInWords explains a problem (RFC 8555, section 6.7) to who runs the gateway and its router.
func (a *authority) problemInWords(domain, proof string, p *problem) string {
	var words string
	switch strings.TrimPrefix(p.Type, problemPrefix) {
	case "dns":
		words = "DNS has no address for " + domain + " that " + a.host + " can find: make an A record with the public address of this site"
	case "connection", "tls", "unauthorized", "incorrectResponse":
		if proof == "http-01" {
			words = a.host + " did not find this gateway on port 80 of " + domain + ": have the router pass that port on to acme_http"
		} else {
			words = a.host + " did not find this gateway on port 443 of " + domain + ": have the router pass that port on to the webhook's"
		}
	case "caa":
		words = "DNS forbids " + a.host + " to issue for " + domain + ": change its CAA record"
	case "rateLimited":
		words = a.host + " wants no more orders for now; it is asked again when it allows"
	case "rejectedIdentifier":
		words = a.host + " issues nothing for " + domain + ": use a name that the internet knows"
	case "externalAccountRequired":
		words = a.host + " wants an account that is made by hand, which the gateway cannot use"
	case "invalidContact", "unsupportedContact":
		words = a.host + " cannot use acme_email: correct it, or remove it"
	case "serverInternal":
		words = a.host + " fails by itself, and is asked again"
	default:
		words = a.host + " refuses the order"
	}
	return words + " (it says " + short(cmp.Or(p.Detail, p.Type)) + ")"
}

// shortLimit is how much of a foreign text is shown, in bytes.
const shortLimit = 300

// short returns a foreign text as it may stand in a log, on a page and in a terminal.
func short(text string) string {
	clean := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, text)
	if len(clean) > shortLimit {
		clean = strings.ToValidUTF8(clean[:shortLimit], "") + "…"
	}
	return clean
}
