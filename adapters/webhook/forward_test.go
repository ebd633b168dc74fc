package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/gateway"
)

// Who wants to know what was accepted is told of each body as it came, once, after its events are kept; of a body
// without events, or that is not answered 204, nothing is told.
//
// Seen to break it: told before the events are kept; told of what was answered 503; told of [].
func TestWhatIsAcceptedIsForwarded(t *testing.T) {
	room, err := os.ReadFile("testdata/ROOM_OCCUPANCY.json")
	if err != nil {
		t.Fatal(err)
	}
	var kept, told int
	var fail error
	var got []string
	o := options()
	o.Ingest = ingester(func(_ context.Context, events []gateway.Event) error {
		if fail == nil {
			kept += len(events)
		}
		return fail
	})
	o.Forward = func(body []byte, events []gateway.Event) {
		got = append(got, string(body))
		if told += len(events); told > kept {
			t.Error("it is told of events that are not kept yet")
		}
	}
	s := newServer(t, o)
	send := func(body, secret string) {
		r := httptest.NewRequest(http.MethodPost, o.Path, strings.NewReader(body))
		r.Header.Set("X-Api-Key", secret)
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	var want []string
	for _, accepted := range []string{string(room), "[" + string(room) + ",\n" + string(room) + "]", `{"type":"SOMETHING_NEW"}`, `{"type":"ROOM_OCCUPANCY","data":-1}`} {
		send(accepted, secret)
		want = append(want, accepted)
	}
	send("[]", secret)
	send(string(room), "another secret")
	send(string(room)+"x", secret)
	send(`"events"`, secret)
	fail = errors.New("the disk is full")
	send(string(room), secret)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("forwarded -want +got:\n%s", d)
	}
}

// BenchmarkForward is what it costs to forward: the same request with and without.
func BenchmarkForward(b *testing.B) {
	body, err := os.ReadFile("testdata/ROOM_OCCUPANCY.json")
	if err != nil {
		b.Fatal(err)
	}
	count := 0
	for _, test := range []struct {
		name    string
		forward webhook.Forwarder
	}{{"without", nil}, {"with", func(_ []byte, events []gateway.Event) {
		if !slices.ContainsFunc(events, func(e gateway.Event) bool { return e.Type == gateway.Detected }) {
			count++
		}
	}}} {
		b.Run(test.name, func(b *testing.B) {
			o := options()
			o.Forward = test.forward
			s := newServer(b, o)
			r := httptest.NewRequest(http.MethodPost, o.Path, nil)
			r.Header.Set("X-Api-Key", secret)
			r.ContentLength = int64(len(body))
			reader := strings.NewReader(string(body))
			b.ReportAllocs()
			for b.Loop() {
				reader.Reset(string(body))
				r.Body = readCloser{reader}
				s.ServeHTTP(discard{}, r)
			}
		})
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// discard is a writer of answers that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
