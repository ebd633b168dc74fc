package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// told is one event of a stream.
type told struct{ name, id, data string }

// readStream calls take for each event of a stream until it ends.
func readStream(from io.Reader, take func(told)) {
	var e told
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); key {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			take(e)
			e = told{}
		}
	}
}

// ear keeps the events of a stream until somebody asks for them.
type ear struct {
	mu     sync.Mutex
	events []told
}

func (e *ear) take(heard told) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, heard)
}

// heard returns what came since it was asked last.
func (e *ear) heard() (events []told, names []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	events, e.events = e.events, nil
	for _, one := range events {
		names = append(names, one.name)
	}
	return events, names
}

// follower keeps a copy of the board, as a page does.
type follower struct {
	rows   map[gateway.Number]Row
	cursor string
	reset  bool
	events int
}

func (f *follower) take(e told) {
	f.events++
	if e.id != "" {
		f.cursor = e.id
	}
	switch e.name {
	case "assets":
		var rows []Row
		must(json.Unmarshal([]byte(e.data), &rows))
		for _, r := range rows {
			f.rows[r.Number] = r
		}
	case "left":
		var left []gateway.Number
		must(json.Unmarshal([]byte(e.data), &left))
		for _, n := range left {
			delete(f.rows, n)
		}
	case "reset":
		f.reset = true
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// load takes over a list.
func (f *follower) load(list Assets) {
	f.rows, f.cursor, f.reset = make(map[gateway.Number]Row), list.Cursor, false
	for _, r := range list.Assets {
		f.rows[r.Number] = r
	}
}

// stage is a server whose connections are pipes, in a bubble whose time is the test's.
type stage struct {
	t       *testing.T
	server  *Server
	handler http.Handler
	pipes   *pipes
	stop    func()
}

func newStage(t *testing.T, b *Board) *stage {
	t.Helper()
	s, h := routesOf(t, testOptions(b))
	s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(access.With(r.Context(), guest)))
	}))
	p := newPipes()
	s.listener = p
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return &stage{t, s, h, p, func() {
		stop()
		must(<-done)
	}}
}

func (s *stage) list() Assets {
	return read[Assets](s.t, visit(s.t, s.handler, guest, http.MethodGet, "/api/v1/assets", ""))
}

// listen opens a stream whose events go to take; hang ends it.
func (s *stage) listen(cursor string, take func(told)) (hang func()) {
	client := s.pipes.ask(s.t, "/api/v1/live?cursor="+cursor)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if response, err := http.ReadResponse(bufio.NewReader(client), nil); err == nil {
			readStream(response.Body, take)
		}
	}()
	return func() {
		_ = client.Close()
		<-ended
	}
}

// wait lets time pass, and what is to happen then happen.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// timeless leaves out what only the moment of a row changes.
func timeless(rows map[gateway.Number]Row) map[gateway.Number]Row {
	out := maps.Clone(rows)
	for n, r := range out {
		r.Age, r.OffDelay = nil, 0
		out[n] = r
	}
	return out
}

// drawUpdate draws assets that appear, change, get other names, and move away.
func drawUpdate(t *rapid.T, numbers int) *gateway.Update {
	u := &gateway.Update{Epoch: noon}
	anyNumber := rapid.Custom(func(t *rapid.T) gateway.Number { return gateway.Number(rapid.IntRange(0, numbers-1).Draw(t, "number")) })
	u.Left = rapid.SliceOfN(anyNumber, 0, 2).Draw(t, "left")
	if rapid.IntRange(0, 3).Draw(t, "all") == 0 {
		for n := range gateway.Number(numbers) {
			u.Changed = append(u.Changed, place(n, "all", int64(rapid.IntRange(0, 9).Draw(t, "people"))))
		}
		return u
	}
	for _, n := range rapid.SliceOfNDistinct(anyNumber, 0, 4, rapid.ID).Draw(t, "changed") {
		u.Changed = append(u.Changed, place(n, rapid.SampledFrom([]string{"Kitchen", "Küche", "<b>"}).Draw(t, "name"), int64(rapid.IntRange(0, 9).Draw(t, "people"))))
	}
	return u
}
