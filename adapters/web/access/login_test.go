package access

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// withLocal says to which address of the machine's a request came.
func withLocal(r *http.Request, local net.Addr) context.Context {
	return context.WithValue(r.Context(), http.LocalAddrContextKey, local)
}

// Seen to break it: each of the cookie's attributes left out.
func TestTheCookie(t *testing.T) {
	for secure, name := range map[bool]string{false: "butlr", true: "__Host-butlr"} {
		h := handler(locked(t, Options{TLS: secure}))
		c := loggedIn(t, h, viewers, "Ben")
		if c.Name != name || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure != secure || c.MaxAge != 0 {
			t.Errorf("TLS %v: %s", secure, c.Raw)
		}
		if w := answer(h, request("GET", "/", cookies(c))); w.Code != 200 || w.Body.String() != "viewer Ben" {
			t.Errorf("TLS %v: it shows %d %s", secure, w.Code, w.Body)
		}
		w := answer(h, request("POST", "/logout", cookies(c)))
		gone := w.Result().Cookies()
		if w.Code != 303 || w.Header().Get("Location") != "/login" || len(gone) != 1 || gone[0].Name != name || gone[0].MaxAge >= 0 || gone[0].Secure != secure {
			t.Errorf("TLS %v: logging out: %d %v", secure, w.Code, gone)
		}
		if w := answer(h, request("GET", "/", cookies(c))); w.Code != 303 {
			t.Errorf("TLS %v: a session goes on after logging out: %d", secure, w.Code)
		}
	}
	if w := answer(handler(locked(t, Options{})), request("GET", "/logout")); w.Code == 303 {
		t.Error("a link logs out")
	}
}

// A session that somebody else put into the browser before is not the one that its owner logs in to.
//
// Seen to break it: going on with the session that there is; not ending it.
func TestASessionFromBeforeIsNotUsed(t *testing.T) {
	h := handler(locked(t, Options{}))
	planted := loggedIn(t, h, viewers, "Eve")
	w := login(h, url.Values{"password": {operators}}, cookies(planted, &http.Cookie{Name: "butlr", Value: "made-up"}))
	own := w.Result().Cookies()
	if w.Code != 303 || len(own) != 1 || own[0].Value == planted.Value || own[0].Value == "made-up" {
		t.Fatalf("%d %v", w.Code, own)
	}
	for _, old := range []*http.Cookie{planted, {Name: "butlr", Value: "made-up"}} {
		if w := answer(h, request("GET", "/", cookies(old))); w.Code != 303 {
			t.Errorf("what was there before logging in opens the page: %s", w.Body)
		}
	}
}

// TestTheWayBackStaysHere has ways that lead elsewhere.
//
// Seen to break it: a prefix of one slash; backslashes and tabs, which browsers mend; paths without a slash.
func TestTheWayBackStaysHere(t *testing.T) {
	h := handler(locked(t, Options{}))
	for to, want := range map[string]string{
		"": "/", "/": "/", "/rooms/1": "/rooms/1", "/rooms/1?q=a&b=%20c": "/rooms/1?q=a&b=%20c", "/a%2Fb": "/a%2Fb",
		"//evil.example": "/", "//evil.example/x": "/", "/\x7f/evil.example": "/", "///evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "https://evil.example/": "/", "evil.example": "/",
		"/\t/evil.example": "/", "/\n/evil.example": "/", "javascript:alert(1)": "/", " /x": "/", "/x\r\nSet-Cookie: a=b": "/", "http:/evil.example": "/",
		"/login": "/", "/login?to=/login": "/", "/logout": "/", "/./login": "/", "/x/../login": "/", "%2F%2Fevil.example": "/", "?q=x": "/", "/%zz": "/",
		"/.//evil.example": "/evil.example", "/x?to=https://evil.example": "/x?to=https://evil.example", "/%2F/evil.example": "/",
	} {
		w := login(h, url.Values{"password": {viewers}, "to": {to}})
		if got := w.Header().Get("Location"); w.Code != 303 || got != want {
			t.Errorf("to %q: %d to %q, want %q", to, w.Code, got, want)
		}
	}
}

// A link on another site sends no cookie: the page asks again by itself, once.
//
// Seen to break it: asking again always, which never ends for a stranger.
func TestALinkFromElsewhere(t *testing.T) {
	h := handler(locked(t, Options{}))
	if got := answer(h, request("GET", "/login?to=/rooms/1", header("Sec-Fetch-Site", "cross-site"))).Header().Get("Refresh"); got != "0; url=/rooms/1" {
		t.Errorf("from another site: Refresh %q", got)
	}
	if got := answer(h, request("GET", "/login?to=//evil.example", header("Sec-Fetch-Site", "cross-site"))).Header().Get("Refresh"); got != "0; url=/" {
		t.Errorf("from another site, to a third: Refresh %q", got)
	}
	for _, site := range []string{"", "same-origin", "none"} {
		if got := answer(h, request("GET", "/login?to=/rooms/1", header("Sec-Fetch-Site", site))).Header().Get("Refresh"); got != "" {
			t.Errorf("from %q: Refresh %q", site, got)
		}
	}
}

// Seen to break it: text/template; the password shown again; a form without a limit.
func TestTheForm(t *testing.T) {
	h := handler(locked(t, Options{}))
	page := answer(h, request("GET", "/login?to=/rooms/%22%3E%3Cscript%3E")).Body.String()
	for _, want := range []string{`<label for="password">`, `<label for="name">`, `type="password"`, `name="viewport"`, `href="/login.css"`, `lang="en"`, `autocomplete="current-password"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the login page has no %s", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(page, `"><`) && strings.Contains(page, "script>") {
		t.Errorf("the login page has what it was given as mark-up:\n%s", page)
	}
	wrong := login(h, url.Values{"password": {"canary-of-a-password"}, "name": {`"><script>alert(1)</script>`}})
	if got := wrong.Body.String(); wrong.Code != 403 || strings.Contains(got, "canary") || strings.Contains(got, "<script") || !strings.Contains(got, `role="alert"`) || len(wrong.Result().Cookies()) != 0 {
		t.Errorf("a wrong password: %d %s", wrong.Code, got)
	}
	if w := login(h, url.Values{"password": {""}}); w.Code != 400 {
		t.Errorf("no password: %d", w.Code)
	}
	if w := login(h, url.Values{"password": {operators}, "name": {strings.Repeat("x", maxForm)}}); w.Code != 400 {
		t.Errorf("a long form: %d", w.Code)
	}
	if w := answer(h, request("POST", "/login?password="+url.QueryEscape(operators))); w.Code != 400 {
		t.Errorf("a password in the address, which is logged everywhere: %d", w.Code)
	}
	if w := answer(h, request("HEAD", "/login")); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d and %d bytes", w.Code, w.Body.Len())
	}
}

// Seen to break it: a form where no password is known; logging in to a demo.
func TestNobodyLogsInWithoutAPassword(t *testing.T) {
	for want, o := range map[string]Options{"Set [web] password": {}, "This is a demo": {Open: true, Password: "correct horse battery"}} {
		h := handler(newTestGate(t, o))
		if w := answer(h, request("GET", "/login")); w.Code != 200 || strings.Contains(w.Body.String(), "<form") || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", want, w.Code, w.Body)
		}
		for _, password := range []string{"", "x", "correct horse battery"} {
			if w := login(h, url.Values{"password": {password}}); w.Code != 403 || len(w.Result().Cookies()) != 0 {
				t.Errorf("%s: %d", want, w.Code)
			}
		}
	}
}

// Seen to break it: CanLogIn for operators, and without a password.
func TestWhoIsShownTheLoginPage(t *testing.T) {
	g := locked(t, Options{})
	onlyViewers := locked(t, Options{})
	onlyViewers.keys.Load().passwords.known = onlyViewers.keys.Load().passwords.known[1:]
	for name, test := range map[string]struct {
		gate   *Gate
		change func(*http.Request)
		want   bool
	}{
		"a stranger": {g, basic("", ""), true}, "an operator": {g, cookies(loggedIn(t, handler(g), operators, "")), false},
		"a viewer": {g, cookies(loggedIn(t, handler(g), viewers, "")), true}, "a demo": {newTestGate(t, Options{Open: true}), basic("", ""), false},
		"without a password": {newTestGate(t, Options{}), basic("", ""), false}, "with that of viewers only": {onlyViewers, basic("", ""), false},
	} {
		var got bool
		h := test.gate.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = CanLogIn(r.Context()) }), func(*http.Request) bool { return true })
		if answer(h, request("GET", "/", test.change)); got != test.want {
			t.Errorf("%s can log in: %v", name, got)
		}
	}
	if CanLogIn(t.Context()) {
		t.Error("without a gate there is no login page")
	}
}

// TestNoSecretIsSaid logs in, wrongly and rightly, in every way, with real hashes, and looks for the secrets in
// everything that comes out.
//
// Seen to break it: the name of the user logged, where somebody typed the password; the form's password logged.
func TestNoSecretIsSaid(t *testing.T) {
	const right, guess = "canary-right-password", "canary-wrong-password"
	log, registry := new(bytes.Buffer), prometheus.NewRegistry()
	hash := NewHash("canary-viewer-password").String()
	g := newTestGate(t, Options{Password: right, ViewerPassword: hash, Metrics: registry, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	h := handler(g)
	var said strings.Builder
	operator := loggedIn(t, h, right, "Anna")
	for range 12 {
		said.WriteString(login(h, url.Values{"password": {guess}, "name": {"Anna"}}).Body.String())
	}
	for _, change := range []func(*http.Request){basic(guess, guess), basic("anna", right), basic("anna", guess), cookies(operator)} {
		for _, away := range []string{"192.0.2.1:1", "192.0.2.2:1"} {
			w := answer(h, request("GET", "/api/v1/x", change, func(r *http.Request) { r.RemoteAddr = away }))
			_ = w.Result().Header.Write(&said)
			said.WriteString(w.Body.String())
		}
	}
	said.WriteString(answer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), request("GET", "/metrics")).Body.String())
	said.WriteString(log.String())
	if !strings.Contains(said.String(), "login refused") || !strings.Contains(said.String(), `butlr_web_passwords_total{result="wrong"}`) {
		t.Errorf("nothing was said that could have a secret in it:\n%s", said.String())
	}
	for _, secret := range []string{"canary", operator.Value, hash[len(hash)-43:], "argon2"} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("%q is in\n%s", secret, said.String())
		}
	}
}
