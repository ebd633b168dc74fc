package access

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// newTestGate is a gate with both passwords, which are quick to compare, unless the options are of one without.
func newTestGate(t *testing.T, o Options) *Gate {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:8080"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func locked(t *testing.T, o Options) *Gate {
	t.Helper()
	g := newTestGate(t, o)
	g.keys.Load().passwords = quick(new(atomic.Int64))
	g.keys.Load().doors.passwords = g.keys.Load().passwords
	return g
}

// handler serves pages that say who asks, behind the gate: /open to everybody, /changed to operators only.
func handler(g *Gate) http.Handler {
	who := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := Of(r.Context())
		_, _ = io.WriteString(w, v.Role.String()+" "+v.Name)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/login", g.ServeLogin)
	mux.HandleFunc("POST /logout", g.ServeLogout)
	mux.Handle("/open", who)
	mux.Handle("/changed", Operators(who))
	mux.Handle("/", who)
	return g.Guard(mux, func(r *http.Request) bool {
		return r.URL.Path == "/open" || r.URL.Path == "/login" || r.URL.Path == "/logout"
	})
}

// request is one as a browser on this machine sends it.
func request(method, target string, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "192.0.2.1:4711"
	for _, c := range change {
		c(r)
	}
	return r
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func basic(name, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(name, password) }
}

func cookies(list ...*http.Cookie) func(*http.Request) {
	return func(r *http.Request) {
		for _, c := range list {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// login posts the form of the login page.
func login(h http.Handler, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(form.Encode()))
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "192.0.2.1:4711"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	return answer(h, r)
}

// loggedIn logs in and returns the cookie.
func loggedIn(t *testing.T, h http.Handler, password, name string) *http.Cookie {
	t.Helper()
	w := login(h, url.Values{"password": {password}, "name": {name}})
	if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) != 1 {
		t.Fatalf("logging in: %d %s", w.Code, w.Body)
	}
	return w.Result().Cookies()[0]
}

// TestThreat10WhoMayDoWhat has every visitor, method and kind of page.
//
// Seen to break it: POST for viewers; HEAD for operators only; Operators asking for a viewer; HTTP Basic taken for
// pages, or nothing else for programs; a cookie's visitor taken without its role.
func TestThreat10WhoMayDoWhat(t *testing.T) {
	g := locked(t, Options{})
	h := handler(g)
	open, none := handler(newTestGate(t, Options{Open: true})), handler(newTestGate(t, Options{}))
	operator, viewer := loggedIn(t, h, operators, "Anna"), loggedIn(t, h, viewers, "Ben")
	visitors := []struct {
		name    string
		handler http.Handler
		change  []func(*http.Request)
		page    Role // what they are to pages
		program Role // and below /api/
	}{
		{"nobody", h, nil, Stranger, Stranger},
		{"a cookie of nobody's", h, []func(*http.Request){cookies(&http.Cookie{Name: "butlr", Value: strings.Repeat("A", 43)})}, Stranger, Stranger},
		{"a cookie of another name", h, []func(*http.Request){cookies(&http.Cookie{Name: "__Host-butlr", Value: operator.Value})}, Stranger, Stranger},
		{"a viewer", h, []func(*http.Request){cookies(viewer)}, Viewer, Viewer},
		{"an operator", h, []func(*http.Request){cookies(operator)}, Operator, Operator},
		{"an operator with a second cookie", h, []func(*http.Request){cookies(&http.Cookie{Name: "butlr", Value: "x"}, operator)}, Operator, Operator},
		{"a viewer's program", h, []func(*http.Request){basic("ben", viewers)}, Stranger, Viewer},
		{"an operator's program", h, []func(*http.Request){basic("anna", operators)}, Stranger, Operator},
		{"a viewer with a wrong password", h, []func(*http.Request){cookies(viewer), basic("ben", "wrong")}, Viewer, Viewer},
		{"somebody in a demo", open, nil, Operator, Operator},
		{"somebody where there is no password", none, nil, Viewer, Viewer},
		{"a password where there is none", none, []func(*http.Request){basic("ben", "wrong")}, Viewer, Viewer},
	}
	for _, v := range visitors {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB"} {
			for _, path := range []string{"/", "/rooms/1?q=x", "/api/v1/assets", "/metrics", "/open", "/changed", "/api", "/metrics/"} {
				role := v.page
				if forPrograms := path == "/metrics" || strings.HasPrefix(path, "/api/"); forPrograms {
					role = v.program
				}
				reading := method == "GET" || method == "HEAD"
				want := http.StatusOK
				switch {
				case path == "/open":
				case role == Stranger && (path == "/metrics" || path == "/api/v1/assets"):
					want = http.StatusUnauthorized
				case role == Stranger:
					want = http.StatusSeeOther
				case role == Viewer && (!reading || path == "/changed"):
					want = http.StatusForbidden
				}
				if w := answer(v.handler, request(method, path, v.change...)); w.Code != want {
					t.Errorf("%s: %s %s: %d, want %d", v.name, method, path, w.Code, want)
				}
			}
		}
	}
}

// Seen to break it: Basic for a script of a page; a way to the login page without the way back; a POST sent back to.
func TestStrangersAreShownTheWayIn(t *testing.T) {
	h := handler(locked(t, Options{}))
	w := answer(h, request("GET", "/rooms/1?q=a&b=%20c"))
	if got := w.Header().Get("Location"); got != "/login?to=%2Frooms%2F1%3Fq%3Da%26b%3D%2520c" {
		t.Errorf("a page sends to %q", got)
	}
	if w = answer(h, request("POST", "/rooms/1")); w.Header().Get("Location") != "/login" {
		t.Errorf("a form sends to %q", w.Header().Get("Location"))
	}
	for mode, want := range map[string]string{"": "Basic", "navigate": "Basic", "cors": "Session", "same-origin": "Session", "no-cors": "Session"} {
		for _, change := range [][]func(*http.Request){{}, {basic("x", "wrong")}} {
			if mode != "" {
				change = append(change, header("Sec-Fetch-Mode", mode))
			}
			w := answer(h, request("GET", "/api/v1/assets", change...))
			if got := w.Header().Get("WWW-Authenticate"); w.Code != 401 || got != want+` realm="butlr-gateway", charset="UTF-8"` {
				t.Errorf("Sec-Fetch-Mode %q: %d, challenged with %q", mode, w.Code, got)
			}
		}
	}
}

// Seen to break it: telling viewers to set a password that there is.
func TestWhoMayNotIsToldWhatIsMissing(t *testing.T) {
	h := handler(locked(t, Options{}))
	onlyViewers := locked(t, Options{})
	onlyViewers.keys.Load().passwords.known = onlyViewers.keys.Load().passwords.known[1:]
	for name, test := range map[string]struct {
		h      http.Handler
		change []func(*http.Request)
		want   string
	}{
		"a viewer":                  {h, []func(*http.Request){basic("", viewers)}, "log in with the operators' password"},
		"without a password":        {handler(newTestGate(t, Options{})), nil, "set [web] password"},
		"with that of viewers only": {handler(onlyViewers), []func(*http.Request){basic("", viewers)}, "set [web] password"},
	} {
		if w := answer(test.h, request("POST", "/api/v1/force", test.change...)); w.Code != 403 || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// Seen to break it: HSTS without TLS, which would be ignored, and none with it.
func TestHeaders(t *testing.T) {
	for _, secure := range []bool{false, true} {
		h := handler(locked(t, Options{TLS: secure}))
		for _, r := range []*http.Request{
			request("GET", "/open"), request("GET", "/"), request("GET", "/api/v1/x"), request("POST", "/api/v1/x"), request("GET", "/login"),
			request("GET", "/", func(r *http.Request) { r.Host = "evil.example" }), request("POST", "/login", header("Sec-Fetch-Site", "cross-site")),
		} {
			w := answer(h, r)
			want := map[string]string{
				"Content-Security-Policy":      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
				"X-Content-Type-Options":       "nosniff",
				"Referrer-Policy":              "no-referrer",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Cache-Control":                "no-store",
				"Strict-Transport-Security":    map[bool]string{true: "max-age=31536000"}[secure],
			}
			for name, text := range want {
				if got := w.Header().Get(name); got != text {
					t.Errorf("%s %s: %s is %q, want %q", r.Method, r.URL, name, got, text)
				}
			}
		}
	}
}

// Seen to break it: names cut in the middle of a letter; control characters kept at the ends.
func TestNamesForTheAudit(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "  Anna \n": "Anna", strings.Repeat(" ", 70) + "Anna": "Anna", strings.Repeat("a", 60) + strings.Repeat(" ", 9) + "b": strings.Repeat("a", 60), "\xffAnna\xc3": "Anna", strings.Repeat("a", 65): strings.Repeat("a", 64),
		strings.Repeat("a", 63) + "ä": strings.Repeat("a", 63), strings.Repeat("ä", 40): strings.Repeat("ä", 32), "<b>&": "<b>&",
	} {
		if got := auditName(given); got != want {
			t.Errorf("%q is kept as %q, want %q", given, got, want)
		}
	}
}
