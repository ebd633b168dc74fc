package capture

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/gateway"
)

// recording is a recorder that runs until the test ends.
func recording(t *testing.T, largest int64) (r *Recorder, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "capture")
	r = New(Options{Dir: dir, MaxFile: largest, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r, dir
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
}

// room is an event of a body, told in so many words.
func room(raw string) gateway.Event {
	return gateway.Event{Type: gateway.Occupancy, Raw: []byte(raw)}
}

// A recording has what is accepted while it goes on, with when it came, and ends by itself.
//
// Seen to break it: nothing looks at the time; what waits for the disk is forgotten at the end; begun again it ends as
// it would have.
func TestARecordingEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, dir := recording(t, 0)
		take := func(body string) { r.Take([]byte(body), []gateway.Event{room(body)}) }
		take(`{"too":"early"}`)
		if _, err := os.Stat(dir); err == nil {
			t.Error("there is a directory before anything is recorded")
		}
		if _, err := r.Begin(time.Hour); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		take("{\n \"first\" : 1.50 }")
		time.Sleep(50 * time.Minute)
		if s, err := r.Begin(time.Hour); err != nil || !s.Until.Equal(start.Add(110*time.Minute)) {
			t.Errorf("begun again until %v, %v", s.Until, err)
		}
		time.Sleep(59 * time.Minute)
		take(`[{"second":2}]`)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		take(`{"too":"late"}`)
		s := r.Status()
		if s.On || s.Bodies != 2 || s.Why != "" || s.Missed != 0 {
			t.Errorf("in the end: %+v", s)
		}
		got := lines(t, s.Path)
		want := []string{
			fmt.Sprintf(`{"arrived":%d,"body":{"first":1.50}}`, start.UnixMilli()) + "\n",
			fmt.Sprintf(`{"arrived":%d,"body":[{"second":2}]}`, start.Add(109*time.Minute).UnixMilli()),
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("recorded\n%q, want\n%q", got, want)
		}
		if _, err := r.Begin(time.Minute); err != nil {
			t.Fatal(err)
		}
		take(`{"third":3}`)
		if s := r.End(); s.On || s.Bodies != 1 || len(lines(t, s.Path)) != 1 {
			t.Errorf("ended by hand: %+v", s)
		}
		if old := lines(t, filepath.Join(dir, "capture-1.jsonl")); len(old) != 2 {
			t.Errorf("the recording before has %d lines", len(old))
		}
		for _, length := range []time.Duration{0, -time.Hour, Longest + 1} {
			if _, err := r.Begin(length); err == nil {
				t.Errorf("it lasts %v", length)
			}
		}
	})
}

// Where sensors saw people is recorded nowhere; the other events of a body are.
//
// Seen to break it: a body with other events recorded whole.
func TestDetectionsAreNotRecorded(t *testing.T) {
	r, _ := recording(t, 0)
	if _, err := r.Begin(time.Hour); err != nil {
		t.Fatal(err)
	}
	seen := gateway.Event{Type: gateway.Detected, Raw: []byte(`{"world":1}`)}
	r.Take(seen.Raw, []gateway.Event{seen})
	r.Take([]byte(`[{"world":1}, {"a":1}, {"world":1}, {"b":2}]`), []gateway.Event{seen, room(`{"a":1}`), seen, room(`{"b":2}`)})
	got := lines(t, r.End().Path)
	if len(got) != 1 || !strings.HasSuffix(got[0], `"body":[{"a":1},{"b":2}]}`) {
		t.Errorf("recorded %q", got)
	}
}

// However long it goes on, a recording has four files at most, each within its limit, with the newest bodies.
//
// Seen to break it: files that are never removed; the limit looked at after a line is written.
func TestARecordingIsBounded(t *testing.T) {
	const largest = 1000
	r, dir := recording(t, largest)
	if _, err := r.Begin(time.Hour); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		body := fmt.Sprintf(`{"number":%d}`, i)
		r.Take([]byte(body), []gateway.Event{room(body)})
	}
	s := r.End()
	if s.Bodies+s.Missed != 500 || s.Missed != 0 {
		t.Errorf("%+v", s)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != files {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	next := 499
	for age := range files {
		path := filepath.Join(dir, fileName(age))
		about, err := os.Stat(path)
		if err != nil || about.Size() > largest {
			t.Errorf("%s has %d bytes, %v", path, about.Size(), err)
		}
		of := lines(t, path)
		for i := len(of) - 1; i >= 0; i-- {
			var line struct{ Body struct{ Number int } }
			if err := json.Unmarshal([]byte(of[i]), &line); err != nil || line.Body.Number != next {
				t.Fatalf("%q is where %d should be: %v", of[i], next, err)
			}
			next--
		}
	}
}

// A disk that does not take it ends the recording, and says so.
//
// Seen to break it: the error passed over.
func TestADiskThatFailsEndsTheRecording(t *testing.T) {
	r, dir := recording(t, 100)
	if _, err := r.Begin(time.Hour); err != nil {
		t.Fatal(err)
	}
	full, err := os.Open(r.Status().Path) // which takes nothing
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	old := r.file.out
	r.file.out = full
	r.mu.Unlock()
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	r.Take([]byte(`{}`), []gateway.Event{room(`{}`)})
	if s := r.End(); s.On || s.Why == "" {
		t.Errorf("in the end: %+v", s)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := r.Begin(time.Hour); err == nil || s.On {
		t.Errorf("it began where it cannot: %+v", s)
	}
}

// While nothing is recorded, a body costs nothing.
func TestTakeDoesNotAllocate(t *testing.T) {
	r := New(Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	events := []gateway.Event{room("{}")}
	if n := testing.AllocsPerRun(100, func() { r.Take(events[0].Raw, events) }); n != 0 {
		t.Errorf("%v allocations for each body", n)
	}
}
