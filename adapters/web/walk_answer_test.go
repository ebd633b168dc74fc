package web

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web/access"
)

// Seen to break it: Harmless or Visible left out of WriteCSV.
func TestAWalkAsCSVIsHarmless(t *testing.T) {
	for _, hostile := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a\"b,c\nd", "x\u202eexe", "nul\x00"} {
		b := NewBoard()
		say(b, place(1, hostile, 1))
		w := openWalks(t, newPocket(), b)
		walk, err := w.Start(t.Context(), hostile, hostile)
		must(err)
		_, err = w.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_1", Expected: "occupied", Note: hostile, Initials: hostile})
		must(err)
		var text strings.Builder
		walk, err = w.Get(t.Context(), walk.ID)
		must(err)
		must(walk.WriteCSV(&text, time.UTC))
		lines, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
		if err != nil || len(lines) != 2 {
			t.Fatalf("%q: %v in\n%s", hostile, err, text.String())
		}
		for k, cell := range lines[1] {
			if strings.ContainsAny(cell, "\n\r\t\x00\u202e") || cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("%q: column %s is %q", hostile, lines[0][k], cell)
			}
		}
	}
}

func TestAWalkAsCSVHasEverything(t *testing.T) {
	w := openWalks(t, newPocket(), boardOf(8))
	walk, err := w.Start(t.Context(), "", "anna")
	must(err)
	people := 3
	_, err = w.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_3", Expected: "occupied", People: &people, Initials: "AB", Note: "ok"})
	must(err)
	var text strings.Builder
	walk, err = w.Get(t.Context(), walk.ID)
	must(err)
	must(walk.WriteCSV(&text, time.UTC))
	const want = "time,asset,number,name,path,expected,expected_people,seen,seen_people,quality,reason,unit_id,address,input,holding,words,topic,initials,verdict,note\n" +
		"2026-03-10 12:00:00 UTC,room_3,3,Room 3.0003,Campus / Maas House / Level 3,occupied,3,occupied,3,good,people 3 at 11:59:00,1,148,30149,40149,0001 0000 0007 0000 BEEF 0001,butlr/room/room_3,AB,agrees,ok\n"
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("csv (-want +got):\n%s", diff)
	}
}

// What somebody reads stays as it is, whatever others do meanwhile.
// Seen to break it: the check that is taken back deleted in place; the list of checks not clipped.
func TestWhatSomebodyReadsStays(t *testing.T) {
	w := openWalks(t, newPocket(), boardOf(3))
	walk, err := w.Start(t.Context(), "", "anna")
	must(err)
	check := func(room string) {
		_, err := w.Check(t.Context(), walk.ID, CheckOrder{Asset: room, Expected: "vacant"})
		must(err)
	}
	for range 3 {
		check("room_0")
		check("room_1")
		check("room_2")
	}
	read, err := w.Get(t.Context(), walk.ID)
	must(err)
	before := slices.Clone(read.Checks)
	check("room_2")
	_ = append(read.Checks, Check{Asset: "room_99"})
	again, err := w.Get(t.Context(), walk.ID)
	must(err)
	if last := again.Checks[len(again.Checks)-1].Asset; last != "room_2" {
		t.Errorf("a reader made the last check one of %s", last)
	}
	must(w.Undo(t.Context(), walk.ID, "room_0"))
	check("room_2")
	if diff := cmp.Diff(before, read.Checks); diff != "" {
		t.Errorf("what was read (-before +after):\n%s", diff)
	}
}

// largest is a writer that knows how much came at once.
type largest struct {
	*httptest.ResponseRecorder
	atOnce int
}

func (l *largest) Write(some []byte) (int, error) {
	l.atOnce = max(l.atOnce, len(some))
	return l.ResponseRecorder.Write(some)
}

// However long a walk is, and however slowly it is read, answering takes little memory.
// Seen to break it: the walk encoded as a whole; the file written to a buffer first.
func TestALongWalkIsAnsweredInPieces(t *testing.T) {
	b := boardOf(3)
	o := testOptions(b)
	o.Walks = openWalks(t, newPocket(), b)
	_, h := routesOf(t, o)
	walk, err := o.Walks.Start(t.Context(), "", "anna")
	must(err)
	for range 500 {
		_, err := o.Walks.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_1", Expected: "vacant"})
		must(err)
	}
	for _, format := range []string{"json", "csv"} {
		w := &largest{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, httptest.NewRequestWithContext(access.With(t.Context(), guest), http.MethodGet, "/api/v1/walks/"+walk.ID+"?format="+format, http.NoBody))
		if n := w.Body.Len(); n < 100_000 || w.atOnce > 64<<10 {
			t.Errorf("%s: %d bytes, %d of them at once", format, n, w.atOnce)
		}
		if format == "json" {
			if got := read[Walk](t, w.ResponseRecorder); len(got.Checks) != 500 || got.ID != walk.ID || got.Counts.Checks != 500 {
				t.Errorf("%d checks of %+v", len(got.Checks), got.Counts)
			}
		}
	}
}

// A walk over the API, from its beginning to its file.
func TestAWalkOverTheAPI(t *testing.T) {
	b := boardOf(8)
	o := testOptions(b)
	o.Walks = openWalks(t, newPocket(), b)
	_, h := routesOf(t, o)
	ask := func(who access.Visitor, method, path, body string, want int) string {
		t.Helper()
		answer := visit(t, h, who, method, "/api/v1/walks"+path, body)
		if answer.Code != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, answer.Code, answer.Body, want)
		}
		return answer.Body.String()
	}
	ask(guest, http.MethodPost, "", `{"name":"Level 3"}`, 403)
	walk := read[Walk](t, visit(t, h, anna, http.MethodPost, "/api/v1/walks", `{"name":"Level 3"}`))
	if walk.Author != "anna" {
		t.Errorf("the author is %q", walk.Author)
	}
	at := "/" + walk.ID
	ask(anna, http.MethodPost, at+"/checks", `{"asset":"custom:MH-3","expected":"occupied"}`, 200)
	ask(anna, http.MethodPost, at+"/checks", `{"asset":"room_4","expected":"vacant"}`, 200)
	ask(anna, http.MethodPost, at+"/checks", `{"asset":"room_4","expected":"vacant","seen":1}`, 400)
	ask(anna, http.MethodPost, at+"/checks", `{"asset":"room_99","expected":"vacant"}`, 404)
	ask(anna, http.MethodDelete, at+"/checks/room_4", "", 204)
	ask(anna, http.MethodDelete, at+"/checks/room_4", "", 404)
	ask(anna, http.MethodPost, at+"/end", "", 204)
	ask(anna, http.MethodPost, at+"/checks", `{"asset":"room_4","expected":"vacant"}`, 422)
	if got := read[Walk](t, visit(t, h, guest, http.MethodGet, "/api/v1/walks"+at, "")); len(got.Checks) != 1 || got.Ended == 0 {
		t.Errorf("walk %+v", got)
	}
	file := visit(t, h, guest, http.MethodGet, "/api/v1/walks"+at+"?format=csv", "")
	if got := file.Header().Get("Content-Disposition"); got != `attachment; filename="butlr-walk-2026-03-10-`+walk.ID+`.csv"` || strings.Count(file.Body.String(), "\n") != 2 {
		t.Errorf("%s:\n%s", got, file.Body)
	}
	ask(guest, http.MethodGet, at+"?format=pdf", "", 400)
	if got := read[WalkList](t, visit(t, h, guest, http.MethodGet, "/api/v1/walks", "")); len(got.Walks) != 1 || got.Walks[0].Checks != nil || got.Walks[0].Counts.Checks != 1 {
		t.Errorf("walks %+v", got)
	}
	ask(anna, http.MethodDelete, at, "", 204)
	ask(guest, http.MethodGet, at, "", 404)
	o.Walks = nil
	_, h = routesOf(t, o)
	if answer := visit(t, h, anna, http.MethodGet, "/api/v1/walks", ""); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("without a memory: %d", answer.Code)
	}
}
