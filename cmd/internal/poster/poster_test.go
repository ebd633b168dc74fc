package poster_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/cmd/internal/poster"
	"butlr-gateway/gateway"
)

// events returns n events of a building.
func events(t testing.TB, n int) []gateway.Event {
	t.Helper()
	now := time.Date(2026, time.March, 10, 11, 0, 0, 0, time.UTC)
	b, err := building.New(building.Options{Start: now})
	if err != nil {
		t.Fatal(err)
	}
	return b.Count(nil, n, now)
}

func one(chunk []gateway.Event) iter.Seq[[]gateway.Event] {
	return slices.Values([][]gateway.Event{chunk})
}

// received collects what arrives at a server.
type received struct {
	mu     sync.Mutex
	sizes  []int
	ids    map[string]int
	header http.Header
}

func (r *received) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	events, _ := webhook.Decode(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sizes = append(r.sizes, len(events))
	for _, e := range events {
		r.ids[e.ID]++
	}
	r.header = request.Header
}

func TestEveryEventIsSentOnce(t *testing.T) {
	for _, test := range []struct{ events, batch, want int }{{10, 0, 10}, {10, 1, 10}, {10, 4, 3}, {2500, 1000, 3}} {
		t.Run(fmt.Sprintf("%d by %d", test.events, test.batch), func(t *testing.T) {
			got := &received{ids: make(map[string]int)}
			server := httptest.NewServer(got)
			defer server.Close()
			p := newPoster(t, poster.Options{
				URL: server.URL + "/hook", Batch: test.batch,
				HeaderName: "x-api-key", HeaderValue: "secret", Username: "u", Password: "p",
			})
			p.Run(t.Context(), one(events(t, test.events)))
			if len(got.ids) != test.events || len(got.sizes) != test.want {
				t.Errorf("%d events in %d requests, want %d in %d", len(got.ids), len(got.sizes), test.events, test.want)
			}
			for id, n := range got.ids {
				if n != 1 {
					t.Errorf("%s was sent %d times", id, n)
				}
			}
			if got.header.Get("X-Api-Key") != "secret" || got.header.Get("Authorization") != "Basic dTpw" {
				t.Errorf("sent without the secrets: %v", got.header)
			}
			if r := p.Report(); r.Accepted != test.events || r.Lost != 0 || r.Codes[200] != test.want || r.P50 == 0 || r.P99 < r.P50 {
				t.Errorf("reported %+v", r)
			}
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(&received{ids: make(map[string]int)})
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	p := newPoster(t, poster.Options{URL: server.URL, Connections: 3})
	p.Run(t.Context(), one(events(t, 200)))
	if n := opened.Load(); n < 1 || n > 3 {
		t.Errorf("%d connections were opened, want at most 3", n)
	}
}

func newPoster(t *testing.T, o poster.Options) *poster.Poster {
	t.Helper()
	p, err := poster.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRate sends 40 events at 100 a second, alone and by four.
func TestRate(t *testing.T) {
	server := httptest.NewServer(&received{ids: make(map[string]int)})
	defer server.Close()
	for _, batch := range []int{1, 4} {
		p := newPoster(t, poster.Options{URL: server.URL, Rate: 100, Batch: batch})
		start := time.Now()
		p.Run(t.Context(), one(events(t, 40)))
		// The last request is due when those before it have had their time.
		if took, want := time.Since(start), time.Duration(40-batch)*10*time.Millisecond; took < want || took > want+2*time.Second {
			t.Errorf("by %d it took %v, want %v", batch, took, want)
		}
	}
}

func TestARequestIsTriedAgain(t *testing.T) {
	for _, test := range []struct {
		name         string
		codes        []int
		retries      int
		wantAccepted int
		wantRequests int
	}{
		{"busy once", []int{503, 204}, 3, 1, 2},
		{"too many guesses", []int{429, 204}, 1, 1, 2},
		{"refused for good", []int{400, 204}, 3, 0, 1},
		{"wrong secret", []int{401, 204}, 3, 0, 1},
		{"busy for good", []int{503, 503, 204}, 1, 0, 2},
		{"no retries", []int{503, 204}, 0, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // each waits for a second
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.codes[requests.Add(1)-1])
			}))
			defer server.Close()
			p := newPoster(t, poster.Options{URL: server.URL, Retries: test.retries})
			p.Run(t.Context(), one(events(t, 1)))
			r := p.Report()
			if r.Accepted != test.wantAccepted || r.Lost != 1-test.wantAccepted || requests.Load() != int64(test.wantRequests) {
				t.Errorf("%d requests, reported %+v", requests.Load(), r)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	p := newPoster(t, poster.Options{URL: server.URL})
	p.Run(t.Context(), one(events(t, 3)))
	if r := p.Report(); r.Failures != 3 || r.Lost != 3 || r.LastErr == nil {
		t.Errorf("reported %+v", r)
	}
}

// TestStop ends an endless stream: what is on its way is answered, nothing more is sent.
func TestStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer server.Close()
	p := newPoster(t, poster.Options{URL: server.URL, Connections: 2, Retries: 3})
	ended := make(chan struct{})
	chunk := events(t, 10)
	go func() {
		defer close(ended)
		p.Run(ctx, func(yield func([]gateway.Event) bool) {
			for yield(chunk) {
			}
		})
	}()
	<-arrived
	<-arrived
	stop()
	close(release)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it did not end")
	}
	if r := p.Report(); r.Lost != 0 || r.Accepted < 2 || r.Accepted > 6 {
		t.Errorf("reported %+v", r)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []poster.Options{
		{}, {URL: "localhost:8443"}, {URL: "ftp://x/"}, {URL: "http://"}, {URL: "http://x y/"},
		{URL: "http://x/", Batch: 1001}, {URL: "http://x/", Rate: -1}, {URL: "http://x/", Connections: -1},
	} {
		if _, err := poster.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// accept is an Ingester that keeps nothing.
type accept struct{}

func (accept) Ingest(context.Context, []gateway.Event) error { return nil }

// BenchmarkPost measures sender and webhook together, without what comes after it.
func BenchmarkPost(b *testing.B) {
	for _, batch := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("by %d", batch), func(b *testing.B) {
			server, err := webhook.NewServer(webhook.Options{
				Listen: "127.0.0.1:0", Path: "/", Ingest: accept{}, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := server.Listen(); err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- server.Run(ctx) }()
			p, err := poster.New(poster.Options{URL: "http://" + server.Addr().String() + "/", Connections: 8, Batch: batch})
			if err != nil {
				b.Fatal(err)
			}
			chunk := events(b, 1000)
			b.ResetTimer()
			p.Run(ctx, func(yield func([]gateway.Event) bool) {
				for left := b.N; left > 0; left -= len(chunk) {
					if !yield(chunk[:min(left, len(chunk))]) {
						return
					}
				}
			})
			b.StopTimer()
			stop()
			<-ended
			if r := p.Report(); r.Accepted != b.N {
				b.Fatalf("%+v of %d", r, b.N)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
