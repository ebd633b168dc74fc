package web_test

import (
	"log/slog"
	"net/http"
	"testing"

	"butlr-gateway/adapters/web"
)

// TestLogLevelOverTheSocket. Seen to break it: a level that does not exist taken for info, and one that is answered
// and not set.
func TestLogLevelOverTheSocket(t *testing.T) {
	level := new(slog.LevelVar)
	s := serveControl(t, &web.Desk{}, func(o *web.Options) { o.LogLevel = level })
	for _, c := range []struct {
		method, body string
		code         int
		answer       string
		level        slog.Level
	}{
		{http.MethodGet, ``, 200, "{\"level\":\"info\"}\n", slog.LevelInfo},
		{http.MethodPost, `{"level":"debug"}`, 200, "{\"level\":\"debug\"}\n", slog.LevelDebug},
		{http.MethodGet, ``, 200, "{\"level\":\"debug\"}\n", slog.LevelDebug},
		{http.MethodPost, `{"level":"loud"}`, 400, "there is no level \"loud\": use debug, info, warn or error\n", slog.LevelDebug},
		{http.MethodPost, `{"level":"error"}`, 200, "{\"level\":\"error\"}\n", slog.LevelError},
	} {
		code, answer, err := s.ask(c.method, "/api/v1/log-level", asJSON, c.body)
		if err != nil || code != c.code || answer != c.answer || level.Level() != c.level {
			t.Errorf("%s %s: %d %q, %v and the level %v; want %d %q and %v", c.method, c.body, code, answer, err, level.Level(), c.code, c.answer, c.level)
		}
	}
}
