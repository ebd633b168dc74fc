package butlr_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
)

const (
	testID     = "client-of-the-tests"
	testSecret = "secret-of-the-tests"
)

// virtual runs a test in which time is virtual, with an API and a client of it.
func virtual(t *testing.T, test func(*testing.T, *butlrtest.API, *butlr.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api := butlrtest.New(testID, testSecret)
		test(t, api, clientOf(t, api.Direct(), 1000, new(bytes.Buffer)))
	})
}

func clientOf(t *testing.T, way http.RoundTripper, perMinute int, log *bytes.Buffer) *butlr.Client {
	t.Helper()
	c, err := butlr.New(butlr.Options{
		URL: "https://api.butlr.io", ClientID: butlr.NewSecret(testID), ClientSecret: butlr.NewSecret(testSecret),
		PerMinute: perMinute, Transport: way, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Reset forgets what was written.
func (j *journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Reset()
}

func (j *journal) lines() int { return strings.Count(j.String(), "\n") }

// wayFunc is a way to an API that is none.
type wayFunc func(*http.Request) (*http.Response, error)

func (f wayFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// took measures virtual time.
func took(do func()) time.Duration {
	begin := time.Now()
	do()
	return time.Since(begin)
}

func count(api *butlrtest.API, path string) (n int) {
	for _, r := range api.Requests() {
		if r.Path == path {
			n++
		}
	}
	return n
}
