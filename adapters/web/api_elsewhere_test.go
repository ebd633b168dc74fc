package web

import (
	"net/http"
	"strings"
	"testing"

	"butlr-gateway/adapters/web/access"
)

// A program that asks for what there is not, or in another way, is told what there is; the pages for people are not
// asked.
// Seen to break it: the route for /api/ or that for /metrics left out; the methods not asked for.
func TestProgramsAreToldWhatThereIs(t *testing.T) {
	o := testOptions(boardOf(3))
	o.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusTeapot) })
	s, err := NewServer(o)
	must(err)
	h := s.pageRoutes()
	for _, c := range []struct {
		method, path, body string
		code               int
		allow, say         string
	}{
		{"GET", "/api/v1/nothing", "", 404, "", "there is nothing at /api/v1/nothing: /api/v1/openapi.json"},
		{"GET", "/api/v1/status/", "", 404, "", "there is nothing at /api/v1/status/"},
		{"GET", "/api/%1b%5b31m%E2%80%AE", "", 404, "", `there is nothing at /api/\x1b[31m\u202e`},
		{"POST", "/api/v1/assets", "{}", 405, "GET, HEAD", "/api/v1/assets cannot be asked for with POST: use GET or HEAD"},
		{"TRACE", "/api/v1/assets/room_1", "", 405, "GET, HEAD", "use GET or HEAD"},
		{"OPTIONS", "/api/v1/walks", "", 405, "GET, HEAD, POST", "use GET or HEAD or POST"},
		{"PUT", "/api/v1/walks/x", "{}", 405, "GET, HEAD, DELETE", "use GET or HEAD or DELETE"},
		{"GET", "/api/v1/force", "", 405, "POST", "use POST"},
		{"POST", "/metrics", "", 405, "GET, HEAD", "use GET or HEAD"},
		{"GET", "/nothing", "", 418, "", "<html>"},
	} {
		answer := visit(t, h, anna, c.method, c.path, c.body)
		if got := answer.Header().Get("Allow"); answer.Code != c.code || got != c.allow || !strings.HasPrefix(answer.Body.String(), c.say) && !strings.HasSuffix(answer.Body.String(), c.say+"\n") {
			t.Errorf("%s %s: %d, allow %q, %s; want %d, %q, %q", c.method, c.path, answer.Code, got, answer.Body, c.code, c.allow, c.say)
		}
	}
	if answer := visit(t, h, access.Visitor{}, http.MethodGet, "/api/v1/nothing", ""); answer.Code != http.StatusUnauthorized {
		t.Errorf("a stranger is told %d %s", answer.Code, answer.Body)
	}
}
