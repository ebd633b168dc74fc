package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// Whatever happens, and however often a page loses its connection, its copy is what the list is. Several updates
// may come before anything is told, more than a frame holds.
//
// Seen to break it: the cursor of a frame that leaves something waiting being that of the board; the marks of a
// number that was left not set; since leaving out the first update after the cursor; a number that was taken still
// taken for waiting; watch not clearing who waits.
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
			p.Asset = b.shown[i%5000].Asset
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

// Whoever mistypes the cursor is told so, and does not believe to have missed nothing.
// Seen to break it: the query of a stream not looked at.
func TestACursorThatIsMistypedIsRefused(t *testing.T) {
	_, h := routesOf(t, testOptions(boardOf(3)))
	for _, query := range []string{"?curser=x-1", "?cursor=x-1&cursor=x-2", "?cursor=%zz"} {
		if answer := visit(t, h, guest, http.MethodHead, "/api/v1/live"+query, ""); answer.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, answer.Code)
		}
	}
	if answer := visit(t, h, guest, http.MethodHead, "/api/v1/live?cursor=x-1", ""); answer.Code != http.StatusOK {
		t.Errorf("a cursor: %d %s", answer.Code, answer.Body)
	}
}
