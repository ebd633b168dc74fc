package webhook_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"butlr-gateway/gateway"
)

// nobody is a sender that does not look at the answer.
type nobody struct{ header http.Header }

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) Write(b []byte) (int, error) { return len(b), nil }
func (n nobody) WriteHeader(int)             {}

// again returns what has a server take one body as often as it is called.
func again(t testing.TB) func() {
	o := options()
	o.Ingest = ingester(func(context.Context, []gateway.Event) error { return nil })
	o.Forward = func([]byte, []gateway.Event) {}
	s := newServer(t, o)
	text := []byte(roomEvent(nil))
	r := httptest.NewRequest(http.MethodPost, o.Path, nil)
	r.Header.Set("X-Api-Key", secret)
	r.ContentLength = int64(len(text))
	body := bytes.NewReader(text)
	r.Body = io.NopCloser(body)
	w := nobody{http.Header{}}
	return func() {
		body.Reset(text)
		s.ServeHTTP(w, r)
	}
}

// A body is read into room that an earlier one had, and so are its events.
//
// Seen to break it: deliveries that are not given back; a limit of time made for each request.
func TestABodyThatIsTakenLeavesItsRoom(t *testing.T) {
	take := again(t)
	if n := testing.AllocsPerRun(1000, take); n > takeAllocates {
		t.Errorf("%v allocations for each body", n)
	}
}

// BenchmarkTake is what a request costs beside net/http and beside what its events change.
func BenchmarkTake(b *testing.B) {
	take := again(b)
	b.ReportAllocs()
	for b.Loop() {
		take()
	}
}
