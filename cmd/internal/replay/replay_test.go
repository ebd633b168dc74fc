package replay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/cmd/internal/poster"
)

// play returns what of a recording is posted, and when.
func play(t *testing.T, o Options, recording string) (bodies []poster.Body, at []time.Time, err error) {
	t.Helper()
	for b := range Play(t.Context(), o, Read("a.jsonl", strings.NewReader(recording)), &err) {
		bodies, at = append(bodies, b), append(at, time.Now())
	}
	return bodies, at, err
}

const (
	firstID  = "event_3nprwZCAqYdJzGI97efWqGm0pXn"
	secondID = "event_3nprwZCAqYdJzGI97efWqGm0pXo"
)

// A recording of three bodies, of which the second came a minute after the first, with the event of a minute before
// and one of its own; the third repeats the first.
var recorded = fmt.Sprintf(`{"arrived":1773151500000,"body":{"id":%q,"timestamp":1773151499000.0,"x":{"id":"a","timestamp":1}}}
{"arrived":1773151560000,"body":[{"timestamp":1773151499000,"id":%q},{"timestamp":1773151560000}]}
{"arrived":1773151560500,"body":{"id":%q,"timestamp":1773151499000.0}}
`, firstID, secondID, firstID)

// Times are as far apart as they were, divided by the speed; all else stays to the byte.
//
// Seen to break it: timestamps shifted and not shrunk; a key of a deeper object taken for the event's.
func TestTimesAreShifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		bodies, at, err := play(t, Options{Start: start, Speed: 60}, recorded)
		if err != nil || len(bodies) != 3 {
			t.Fatalf("%d bodies, %v", len(bodies), err)
		}
		ms := start.UnixMilli()
		for i, want := range []struct {
			text   string
			events int
			after  time.Duration
		}{
			{fmt.Sprintf(`{"id":%q,"timestamp":%d,"x":{"id":"a","timestamp":1}}`, firstID, ms-17), 1, 0},
			{fmt.Sprintf(`[{"timestamp":%d,"id":%q},{"timestamp":%d}]`, ms-17, secondID, ms+1000), 2, time.Second},
			{fmt.Sprintf(`{"id":%q,"timestamp":%d}`, firstID, ms-17), 1, 60500 * time.Millisecond / 60},
		} {
			if got := string(bodies[i].Text); got != want.text || bodies[i].Events != want.events {
				t.Errorf("body %d is %s with %d events, want %s with %d", i, got, bodies[i].Events, want.text, want.events)
			}
			if after := at[i].Sub(start); after.Round(time.Millisecond) != want.after.Round(time.Millisecond) {
				t.Errorf("body %d is posted after %v, want %v", i, after, want.after)
			}
		}
	})
}

// With its times kept, and its ids, a recording is posted as it was.
//
// Seen to break it: timestamps moved all the same.
func TestNothingElseIsChanged(t *testing.T) {
	files, err := filepath.Glob("../../../adapters/webhook/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bodies: %v", err)
	}
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := webhook.Decode(body); err != nil {
			continue
		}
		c := newChange(Options{Start: time.Now(), Speed: 60, KeepTimes: true}, time.Now())
		if got, err := c.body(body); err != nil || string(got.Text) != string(body) {
			t.Errorf("%s is posted as %s, %v", path, got.Text, err)
		}
	}
}

// New ids are others, of the same form, the same where they were the same, and others in each replay.
//
// Seen to break it: made anew for each event; the same in each replay.
func TestNewIDs(t *testing.T) {
	id := regexp.MustCompile(`"id":"(event_[0-9A-Za-z]{27})"`)
	made := map[string]bool{}
	for range 2 {
		bodies, _, err := play(t, Options{Start: time.Now(), Speed: 1e6, NewIDs: true}, recorded)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, b := range bodies {
			m := id.FindSubmatch(b.Text)
			if m == nil {
				t.Fatalf("no id is in %s", b.Text)
			}
			ids = append(ids, string(m[1]))
		}
		if ids[0] == firstID || ids[0] != ids[2] || ids[0] == ids[1] || made[ids[0]] {
			t.Errorf("the ids are %v", ids)
		}
		made[ids[0]] = true
		at, ok := madeAt(ids[0])
		if !ok || time.Since(at).Abs() > time.Hour {
			t.Errorf("an id of %v, which is not about now", at)
		}
	}
}

// A line that was cut off is left out, one that is no line of a recording is told with its place.
//
// Seen to break it: half a line as an error.
func TestWhatIsNoRecording(t *testing.T) {
	first, _, _ := strings.Cut(recorded, "\n")
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{first + "\n" + first[:20], ""},
		{first[:20] + "\n" + first + "\n", "reading a.jsonl, line 1: unexpected EOF; it must be a recording of \"capture on\""},
		{first + "\n{}\n", "reading a.jsonl, line 2: arrived or body is missing; it must be a recording of \"capture on\""},
		{first + "\n" + strings.Repeat("x", longestLine+1) + "\n", "reading a.jsonl, line 2: it is longer than 1048576 bytes"},
	} {
		_, _, err := play(t, Options{Start: time.Now(), Speed: 1e6}, test.text)
		if got := fmt.Sprint(err); test.want == "" && err != nil || test.want != "" && got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// A replay that is interrupted posts nothing more.
func TestAReplayIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		var err error
		n := 0
		for range Play(ctx, Options{Start: time.Now(), Speed: 1}, Read("a.jsonl", strings.NewReader(recorded)), &err) {
			n++
		}
		if n != 1 || err != nil {
			t.Errorf("%d bodies were posted, %v", n, err)
		}
	})
}
