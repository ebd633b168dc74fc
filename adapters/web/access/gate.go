package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/internal/peers"
)

// Options is what a gate needs.
type Options struct {
	Listen string   // HOST:PORT, as the server listens on it
	Hosts  []string // more names by which browsers may call the gateway
	TLS    bool     // whether visitors come over HTTPS

	// A password makes an operator of whoever knows it, a viewer's password a viewer. Each is the password
	// itself, or its hash as [Hash.String] has it; "" is none. Without both, everybody is a viewer.
	Password       string
	ViewerPassword string
	Open           bool // everybody is an operator named "demo", whatever the passwords

	Metrics prometheus.Registerer // may be nil
	Log     *slog.Logger          // must not be nil
}

// Gate stands before the pages.
type Gate struct {
	options Options
	hosts   *hosts
	keys    atomic.Pointer[keys]
	origins *http.CrossOriginProtection
}

// New returns a gate. Its error is a [BadPassword] where a password cannot be used.
func New(o Options) (*Gate, error) {
	hosts, err := newHosts(o.Listen, o.Hosts)
	if err != nil {
		return nil, err
	}
	passwords, err := newPasswords(o.Password, o.ViewerPassword)
	if err != nil {
		return nil, err
	}
	o.Password, o.ViewerPassword = "", "" // nothing needs them any more
	doors, err := newDoors(passwords, o.Log, o.Metrics)
	if err != nil {
		return nil, err
	}
	g := &Gate{options: o, hosts: hosts, origins: http.NewCrossOriginProtection()}
	g.keys.Store(newKeys(passwords, doors))
	return g, nil
}

// Guard lets through to next whoever may go there: everybody where public says so, and else viewers, who may
// look (GET and HEAD), and operators. What next serves may ask for more, see [Require].
//
// The others are answered 421 under a name that is none of the gateway's, 403 where a page from elsewhere
// had a browser send the request or where an operator is asked for, 401 or a way to the login page where it
// must be known who asks, 429 after too many wrong passwords, and 503 while too many log in. What
// takes long ends with the visitor's session: the request's context does.
func (g *Gate) Guard(next http.Handler, public func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.setHeaders(w.Header())
		if !g.hosts.know(r) {
			http.Error(w, "the gateway is not known by the name in the address: use its own, or have the name added to [web] hosts", http.StatusMisdirectedRequest)
			return
		}
		if err := g.origins.Check(r); err != nil {
			http.Error(w, "another site had the browser send this: open the gateway's own page, and do it there", http.StatusForbidden)
			return
		}
		visitor, lasts, err := g.identify(r)
		everybody := public(r)
		if err != nil && !everybody {
			g.refuse(w, r, err)
			return
		}
		ctx, cancel := context.WithCancel(With(context.WithValue(r.Context(), gateKey{}, g), visitor))
		defer cancel()
		defer context.AfterFunc(lasts, cancel)()
		r = r.WithContext(ctx)
		needed := Viewer
		switch {
		case everybody:
			needed = Stranger
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			needed = Operator
		}
		if visitor.Role < needed {
			turnAway(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// setHeaders tells browsers to load nothing from anywhere else, to show the pages in no other, and to keep
// nothing of them. What never changes may say otherwise.
func (g *Gate) setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if g.options.TLS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// identify finds out who asks, and for how long they may go on. A session comes before a password, so that who is logged in is never held up
// by the wrong passwords of others at the same address.
func (g *Gate) identify(r *http.Request) (Visitor, context.Context, error) {
	ever, keys := r.Context(), g.keys.Load()
	switch {
	case g.options.Open:
		return Visitor{Role: Operator, Name: "demo"}, ever, nil
	case !keys.passwords.any():
		return Visitor{Role: Viewer}, keys.lasts, nil
	}
	for _, c := range r.CookiesNamed(g.cookieName()) {
		if v, lasts, ok := keys.sessions.find(c.Value); ok {
			return v, lasts, nil
		}
	}
	name, password, ok := r.BasicAuth()
	if !ok || !forPrograms(r) {
		return Visitor{}, ever, nil
	}
	role, err := keys.doors.try(remote(r), password)
	return Visitor{Role: role, Name: auditName(name)}, keys.lasts, err
}

// maxName is how long the name of a visitor is in the audit at the most, in bytes.
const maxName = 64

// auditName returns what is kept of a name.
func auditName(name string) string {
	name = strings.TrimSpace(strings.ToValidUTF8(name, ""))
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return strings.TrimSpace(name)
}

// forPrograms tells whether r asks for something that programs read, not people.
func forPrograms(r *http.Request) bool {
	return r.URL.Path == "/metrics" || strings.HasPrefix(r.URL.Path, "/api/")
}

// Require lets only visitors through who have the role, or one that may do more.
func Require(role Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Of(r.Context()).Role < role {
			turnAway(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Operators lets only those through who may change something.
func Operators(next http.Handler) http.Handler { return Require(Operator, next) }

// turnAway answers a visitor who may not do what they asked for: strangers are shown the way in, others are
// told what is missing.
func turnAway(w http.ResponseWriter, r *http.Request) {
	g, _ := r.Context().Value(gateKey{}).(*Gate)
	switch {
	case Of(r.Context()).Role > Stranger && (g == nil || g.keys.Load().passwords.operates()):
		http.Error(w, "only operators may do this: log in with the operators' password", http.StatusForbidden)
	case Of(r.Context()).Role > Stranger:
		http.Error(w, "nobody may change anything here, because there is no password for operators: set [web] password in the configuration, and log in with it", http.StatusForbidden)
	case forPrograms(r):
		challenge(w, r)
		http.Error(w, "say who asks: log in, or send the password with HTTP Basic", http.StatusUnauthorized)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		http.Redirect(w, r, "/login?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	}
}

// challenge tells a program how to say who asks. A script of our own pages, whose session has ended, is told
// of another way than a browser knows: else the browser would ask for a password, over the page.
func challenge(w http.ResponseWriter, r *http.Request) {
	scheme := "Basic"
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		scheme = "Session"
	}
	w.Header().Set("WWW-Authenticate", scheme+` realm="butlr-gateway", charset="UTF-8"`)
}

// refuse answers a password that was not accepted.
func (g *Gate) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := codeOf(err)
	switch code {
	case http.StatusUnauthorized:
		challenge(w, r)
	default:
		w.Header().Set("Retry-After", retryAfter)
	}
	http.Error(w, err.Error(), code)
}

// retryAfter is when to try again, in seconds: when another guess is free, or the crowd at the door is gone.
var retryAfter = fmt.Sprint(int(peers.GuessEvery.Seconds()))

func codeOf(err error) int {
	switch {
	case errors.Is(err, errLockedOut):
		return http.StatusTooManyRequests
	case errors.Is(err, errBusy):
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}

// remote returns the address that is held against whoever asks.
func remote(r *http.Request) netip.Addr { return peers.Address(r.RemoteAddr) }
