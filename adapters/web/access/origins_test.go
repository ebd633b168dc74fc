package access

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Seen to break it: no check of the origin; the check only for those who are logged in.
func TestAnotherSiteChangesNothing(t *testing.T) {
	g := locked(t, Options{Hosts: []string{"gateway.example.org"}})
	h := handler(g)
	operator := loggedIn(t, h, operators, "Anna")
	for _, test := range []struct {
		name   string
		change []func(*http.Request)
		want   int
	}{
		{"a program", nil, 200},
		{"our own page", []func(*http.Request){header("Sec-Fetch-Site", "same-origin"), header("Origin", "http://127.0.0.1:8080")}, 200},
		{"typed by hand", []func(*http.Request){header("Sec-Fetch-Site", "none")}, 200},
		{"our own page, by an old browser", []func(*http.Request){header("Origin", "http://127.0.0.1:8080")}, 200},
		{"another site", []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")}, 403},
		{"another site that hides", []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "null")}, 403},
		{"a neighbour", []func(*http.Request){header("Sec-Fetch-Site", "same-site"), header("Origin", "http://other.example.org")}, 403},
		{"another site, by an old browser", []func(*http.Request){header("Origin", "https://evil.example")}, 403},
		{"another port, by an old browser", []func(*http.Request){header("Origin", "http://127.0.0.1:9090")}, 403},
		{"nowhere, by an old browser", []func(*http.Request){header("Origin", "null")}, 403},
		{"another site with our name", []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "http://127.0.0.1:8080")}, 403},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			for _, path := range []string{"/changed", "/api/v1/force"} {
				r := request(method, path, append(test.change, cookies(operator))...)
				if w := answer(h, r); w.Code != test.want {
					t.Errorf("%s: %s %s: %d, want %d", test.name, method, path, w.Code, test.want)
				}
				r = request(method, path, append(test.change, basic("anna", operators))...)
				if w := answer(h, r); path != "/changed" && w.Code != test.want {
					t.Errorf("%s with HTTP Basic: %s %s: %d, want %d", test.name, method, path, w.Code, test.want)
				}
			}
		}
		want := map[int]int{200: 303, 403: 403}[test.want]
		if w := login(h, url.Values{"password": {operators}}, test.change...); w.Code != want {
			t.Errorf("%s logs in: %d, want %d", test.name, w.Code, want)
		}
		if w := answer(h, request("POST", "/logout", test.change...)); w.Code != want {
			t.Errorf("%s logs out: %d, want %d", test.name, w.Code, want)
		}
	}
	if w := answer(h, request("GET", "/", header("Sec-Fetch-Site", "cross-site"), cookies(operator))); w.Code != 200 {
		t.Errorf("a link on another site: %d", w.Code)
	}
}

// Valid sessions and other addresses go on while an address is locked out.
//
// Seen to break it: passwords looked at before the session.
func TestALockedOutAddressKeepsItsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handler(locked(t, Options{}))
		operator := loggedIn(t, h, operators, "Anna")
		for i := range 11 {
			want := 401
			if i == 10 {
				want = 429
			}
			w := answer(h, request("GET", "/api/v1/x", basic("", "wrong")))
			if w.Code != want || (w.Header().Get("Retry-After") == "6") != (want == 429) {
				t.Errorf("guess %d: %d, Retry-After %q", i, w.Code, w.Header().Get("Retry-After"))
			}
		}
		w := login(h, url.Values{"password": {operators}})
		if w.Code != 429 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "too many wrong passwords came from this address") || !strings.Contains(w.Body.String(), "<form") {
			t.Errorf("logging in from it: %d %s", w.Code, w.Body)
		}
		if w := answer(h, request("POST", "/changed", cookies(operator))); w.Code != 200 {
			t.Errorf("a session from it: %d", w.Code)
		}
		if w := answer(h, request("POST", "/api/v1/x", cookies(operator), basic("", "wrong"))); w.Code != 200 {
			t.Errorf("a session from it, with a password: %d", w.Code)
		}
		if w := answer(h, request("GET", "/open")); w.Code != 200 {
			t.Errorf("what everybody may see: %d", w.Code)
		}
		away := func(r *http.Request) { r.RemoteAddr = "192.0.2.2:1" }
		if w := login(h, url.Values{"password": {operators}}, away); w.Code != 303 {
			t.Errorf("logging in from elsewhere: %d", w.Code)
		}
		if w := answer(h, request("GET", "/api/v1/x", basic("", viewers), away)); w.Code != 200 {
			t.Errorf("a program elsewhere: %d", w.Code)
		}
		time.Sleep(6 * time.Second)
		if w := login(h, url.Values{"password": {operators}}); w.Code != 303 {
			t.Errorf("after Retry-After: %d", w.Code)
		}
	})
}
