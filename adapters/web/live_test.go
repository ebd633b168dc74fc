package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
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

// Whatever happens, and however often a page loses its connection, its copy is what the list is. Several updates
// may come before anything is told, more than a frame holds.
//
// Seen to break it: the cursor of a frame that leaves something waiting being that of the board; the marks of a
// number that was left not set; since without the updates after the cursor alone, "at >= after" excepted, which
// only tells more; a number that waits not told again after it was taken; watch not clearing who waits.
func TestACopyOfTheBoardIsTheBoard(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			b := NewBoard()
			s := newStage(t, b)
			defer s.stop()
			f := new(follower)
			f.load(s.list())
			hang := s.listen(f.cursor, f.take)
			listening, numbers := true, rapid.SampledFrom([]int{4, 300}).Draw(rt, "numbers")
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				switch rapid.IntRange(0, 5).Draw(rt, "step") {
				default:
					b.Publish(drawUpdate(rt, numbers))
				case 3: // let some of it be told
					time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(rt, "wait")) * time.Millisecond)
				case 4:
					if listening {
						hang()
						listening = false
						synctest.Wait()
					}
				case 5:
					if !listening {
						hang, listening = s.listen(f.cursor, f.take), true
					}
				}
			}
			if !listening {
				hang = s.listen(f.cursor, f.take)
			}
			wait(time.Minute)
			want := new(follower)
			want.load(s.list())
			if diff := cmp.Diff(timeless(want.rows), timeless(f.rows)); diff != "" || f.reset {
				rt.Errorf("reset %v, copy (-list +copy):\n%s", f.reset, diff)
			}
			hang()
		})
	})
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

// Seen to break it: pass waiting before it takes; leastPause at a second.
func TestAChangeIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardOf(3)
		s := newStage(t, b)
		var page ear
		hang := s.listen(b.Cursor(), page.take)
		synctest.Wait()
		page.heard()
		say(b, place(1, "Kitchen", 5))
		synctest.Wait() // no time passes
		if _, names := page.heard(); !slices.Equal(names, []string{"assets"}) {
			t.Errorf("heard %v", names)
		}
		for people := range 100 { // all of them while the first is told
			say(b, place(1, "Kitchen", int64(people)))
		}
		wait(20 * time.Millisecond)
		if events, _ := page.heard(); len(events) != 1 || !strings.Contains(events[0].data, `"people":99`) {
			t.Errorf("of a hundred changes heard %v, want the newest alone", events)
		}
		hang()
		s.stop()
	})
}

// Seen to break it: the summary told whenever it is asked for; summaryLeast not looked at; Now compared.
func TestTheSummaryComesWhenItIsNewAndAsAHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardOf(3)
		s := newStage(t, b)
		var page ear
		hang := s.listen("", page.take)
		wait(1100 * time.Millisecond) // at the beginning, and once for all
		page.heard()
		for i := range uint64(50) {
			b.Publish(&gateway.Update{Epoch: noon, Summary: gateway.Summary{Accepted: i}, Heard: []gateway.SiteFeed{{Site: 0, Newest: noon}}})
			wait(10 * time.Millisecond)
		}
		if _, names := page.heard(); len(names) > 1 {
			t.Errorf("in half a second heard %v", names)
		}
		wait(2 * time.Second)
		page.heard()
		wait(30 * time.Second)
		if _, names := page.heard(); !slices.Equal(names, []string{"summary", "summary"}) {
			t.Errorf("in 30 quiet seconds heard %v", names)
		}
		hang()
		s.stop()
	})
}

// A cursor that nobody knows means that the list has to be loaded anew.
// Seen to break it: moment without the run, or without its bound.
func TestACursorOfAnotherRunIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardOf(3)
		s := newStage(t, b)
		run, _, _ := strings.Cut(b.Cursor(), "-")
		for _, cursor := range []string{NewBoard().Cursor(), run + "-99", run + "-x", run, "1"} {
			var page ear
			hang := s.listen(cursor, page.take)
			synctest.Wait()
			if events, _ := page.heard(); !slices.Equal(events, []told{{"reset", "", "{}"}}) {
				t.Errorf("%s: heard %v", cursor, events)
			}
			hang()
		}
		s.stop()
	})
}

// A listener that takes nothing costs nobody anything, and not much memory: after a while it must begin anew.
// Seen to break it: frames never refused; a listener that is lost not removed.
func TestAListenerThatTakesNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardOf(5000)
		s := newStage(t, b)
		stuck := s.pipes.ask(t, "/api/v1/live") // whose pipe nobody reads
		f := new(follower)
		f.load(s.list())
		hang := s.listen(f.cursor, f.take)
		synctest.Wait()
		before := heap()
		for i := range 100_000 {
			p := place(gateway.Number(i%5000), "busy", int64(i/5000))
			p.Asset = b.shown[i%5000].asset
			say(b, p)
			if i%500 == 0 {
				time.Sleep(50 * time.Millisecond)
			}
		}
		if grown := int64(heap()) - int64(before); grown > 16<<20 {
			t.Errorf("the memory grew by %d MB", grown>>20)
		}
		s.server.live.mu.Lock()
		if listeners := len(s.server.live.listeners); listeners != 1 {
			t.Errorf("%d listeners, want the one that reads", listeners)
		}
		s.server.live.mu.Unlock()
		wait(streamPatience)
		if got := f.rows[4999].Readings["people"]; f.reset || got == nil || *got != 19 {
			t.Errorf("who reads has people %v, reset %v", got, f.reset)
		}
		if _, err := io.Copy(io.Discard, stuck); err != nil {
			t.Errorf("the connection of the other is not closed: %v", err)
		}
		hang()
		s.stop()
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// One that falls behind and then reads again is told so, after what it had taken.
// Seen to break it: reset left out of follow.
func TestAListenerThatFellBehindBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardOf(3)
		s := newStage(t, b)
		slow := s.pipes.ask(t, "/api/v1/live")
		synctest.Wait()
		for i := range 2 * framesBehind {
			say(b, place(1, "busy", int64(i)))
			time.Sleep(20 * time.Millisecond)
		}
		response, err := http.ReadResponse(bufio.NewReader(slow), nil)
		must(err)
		var names []string
		readStream(response.Body, func(e told) { names = append(names, e.name) })
		if len(names) == 0 || names[len(names)-1] != "reset" {
			t.Errorf("heard %v, want a reset at the end", names)
		}
		s.stop()
	})
}

// Seen to break it: over not looked at in follow; the deadline not set in end, which a stuck one waits for.
func TestStoppingEndsStreamsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardOf(3)
		s := newStage(t, b)
		hang := s.listen("", func(told) {})
		s.pipes.ask(t, "/api/v1/live") // whose pipe nobody reads
		synctest.Wait()
		start := time.Now()
		s.stop()
		if waited := time.Since(start); waited >= drainTimeout {
			t.Errorf("stopped after %v", waited)
		}
		hang()
	})
}

// Seen to break it: the bound left out; a listener that has gone still counted.
func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, boardOf(3))
		var hang []func()
		for range mostStreams {
			hang = append(hang, s.listen("", func(told) {}))
		}
		synctest.Wait()
		answer := visit(t, s.handler, guest, http.MethodGet, "/api/v1/live", "")
		if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "200 live streams") {
			t.Errorf("one more: %d %s", answer.Code, answer.Body)
		}
		hang[0]()
		synctest.Wait()
		var page ear
		hang[0] = s.listen("", page.take)
		synctest.Wait()
		if events, _ := page.heard(); len(events) == 0 {
			t.Error("after one has gone no other is let in")
		}
		for _, one := range hang {
			one()
		}
		s.stop()
	})
}

// Seen to break it: the timer of a stream's life left out.
func TestAStreamLastsAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, boardOf(3))
		client := s.pipes.ask(t, "/api/v1/live")
		start := time.Now()
		response, err := http.ReadResponse(bufio.NewReader(client), nil)
		must(err)
		readStream(response.Body, func(told) {})
		if lasted := time.Since(start); lasted != streamLife {
			t.Errorf("it lasted %v, want %v", lasted, streamLife)
		}
		s.stop()
	})
}

// Without a listener nothing is remembered for one, and an update allocates nothing with or without.
// Seen to break it: mark without watched; watch that leaves what waits; room not reserved.
func TestAnUpdateOnlyMarks(t *testing.T) {
	b := boardOf(300)
	u := &gateway.Update{Epoch: noon, Changed: make([]gateway.Snapshot, 300)}
	for i := range u.Changed {
		u.Changed[i] = place(gateway.Number(i), "Room", 2)
	}
	if got := testing.AllocsPerRun(100, func() { b.Publish(u) }); got != 0 {
		t.Errorf("unwatched, an update allocates %v times", got)
	}
	if len(b.changes.waiting) != 0 || len(b.changes.ready) != 0 {
		t.Errorf("unwatched, %d wait", len(b.changes.waiting))
	}
	b.watch(true)
	if got := cap(b.changes.waiting); got < 2*len(b.changes.marks) {
		t.Errorf("there is room for %d to wait", got)
	}
	n := new(news)
	b.take(atNoon(), 300, n)
	if got := testing.AllocsPerRun(100, func() {
		b.Publish(u)
		b.take(atNoon(), 70, n)
	}); got > 2 { // of the cursor
		t.Errorf("watched, an update allocates %v times", got)
	}
	b.watch(false)
	if len(b.changes.waiting) != 0 {
		t.Errorf("%d still wait", len(b.changes.waiting))
	}
	b.watch(true)
	b.Publish(u)
	if got := len(b.changes.waiting); got != 300 {
		t.Errorf("watched again, %d wait", got)
	}
}

// Names from outside cannot end an event, nor begin one.
// Seen to break it: the name written as it is.
func TestNoNameBreaksTheStream(t *testing.T) {
	const hostile = "a\n\nevent: left\ndata: [1]\n\n\r\u2028<script>\x00\u202e"
	b := NewBoard()
	say(b, place(1, hostile, 1))
	o := testOptions(b)
	n := new(news)
	b.watch(true)
	say(b, place(1, hostile, 2))
	b.take(atNoon(), 9, n)
	var heard []told
	readStream(bytes.NewReader(rowsOf(&o).frame(n)), func(e told) { heard = append(heard, e) })
	if len(heard) != 1 || heard[0].name != "assets" {
		t.Fatalf("heard %v", heard)
	}
	var rows []Row
	must(json.Unmarshal([]byte(heard[0].data), &rows))
	if rows[0].Name != hostile {
		t.Errorf("the name came as %q", rows[0].Name)
	}
	if strings.ContainsAny(heard[0].data, "\r\n<") {
		t.Error("the data has something in it that could be taken for more")
	}
}
