package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/door"
	"butlr-gateway/gateway"
)

// socket is a control socket that a test talks to.
type socket struct {
	t      *testing.T
	client *http.Client
}

func serveControl(t *testing.T, desk *web.Desk, more ...func(*web.Options)) socket {
	t.Helper()
	dir, err := os.MkdirTemp("", "web") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "control.sock")
	o := web.Options{Listen: path, Reporter: reporter(hub{}, gateway.NewAlarms(nil)), Desk: desk, Log: slog.New(slog.DiscardHandler)}
	for _, change := range more {
		change(&o)
	}
	run(t, web.NewControl(o))
	client := &http.Client{Transport: door.To(path)}
	t.Cleanup(client.CloseIdleConnections)
	return socket{t, client}
}

// ask returns the status and the body of an answer; err is what cut it off.
func (s socket) ask(method, target, kind, body string) (int, string, error) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, "http://gateway"+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

const asJSON = "application/json"

func TestOrdersOverTheSocket(t *testing.T) {
	var done []string
	desk, _ := newDesk(overrider{
		force: func(id gateway.AssetID, o gateway.Override) (gateway.Override, error) {
			done = append(done, fmt.Sprintf("force %s %s %d", id, o.Target, o.Value))
			o.Since, o.Until = gateway.TimestampOf(morning), gateway.TimestampOf(morning)+3_600_000
			return o, nil
		},
		release: func(id gateway.AssetID, target gateway.Target, all bool, _ gateway.Source, _ string) ([]gateway.Override, error) {
			done = append(done, fmt.Sprintf("release %s %s %v", id, target, all))
			return []gateway.Override{{Target: gateway.TargetPeople, Value: 4}}, nil
		},
		reset: func(id gateway.AssetID) error {
			done = append(done, fmt.Sprintf("reset %s", id))
			return nil
		},
	})
	s := serveControl(t, desk)
	const ended = `{"asset":"room_1","ended":[{"author":"","reason":"","since":null,"source":"controller","target":"people","until":null,"value":4}],` +
		`"still":[{"author":"anna","reason":"fire drill","since":"2026-03-10T09:00:00.000Z","source":"operator","target":"occupied","until":"2026-03-10T10:00:00.000Z","value":1}]}`
	for _, c := range []struct{ path, body, want string }{
		{"force", `{"asset":"room_1","target":"occupied","value":1,"for":"2h","reason":"fire drill","author":"anna"}`,
			`{"asset":"room_1","override":{"author":"anna","reason":"fire drill","since":"2026-03-10T09:00:00.000Z","source":"operator","target":"occupied","until":"2026-03-10T10:00:00.000Z","value":1},"beside":[]}`},
		{"release", `{"asset":"room_1","target":"hvac"}`, ended},
		{"release", `{"asset":"room_1"}`, ended},
		{"reset-estimate", `{"asset":"custom:MH-3.12"}`, `{"asset":"room_1"}`},
	} {
		code, got, err := s.ask(http.MethodPost, "/api/v1/"+c.path, asJSON, c.body)
		if err != nil || code != http.StatusOK || strings.TrimSpace(got) != c.want {
			t.Errorf("%s: %d %s, %v; want %s", c.path, code, got, err, c.want)
		}
	}
	want := []string{"force room_1 occupied 1", "release room_1 hvac false", "release room_1 occupied true", "reset room_1"}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
}

// Of an order that is not understood in every word nothing is done: this hub panics when it is asked. What is said
// of it knows nothing of Go, and has nothing that a terminal would obey.
//
// Seen to break it: celltext.Visible left out of refuse; the errors of the JSON library said as they are; null taken
// for an order of nothing.
func TestOrdersAreReadStrictly(t *testing.T) {
	desk, _ := newDesk(overrider{})
	s := serveControl(t, desk)
	const good = `{"asset":"room_1","target":"occupied","value":1}`
	for _, c := range []struct {
		name, path, kind, body string
		want                   int
		say                    string
	}{
		{"an unknown key", "force", asJSON, `{"asset":"room_1","target":"occupied","value":1,"until":"noon"}`, 400, `the key "until" is not known: docs/api.md`},
		{"a key in capitals", "force", asJSON, `{"Asset":"room_1","target":"occupied","value":1}`, 400, `the key "Asset" is not known`},
		{"a key twice", "release", asJSON, `{"asset":"room_1","asset":"room_2"}`, 400, "duplicate"},
		{"a wrong type", "force", asJSON, `{"asset":"room_1","target":"occupied","value":"1"}`, 400, "a value of the kind string is not possible at /value"},
		{"a fraction", "force", asJSON, `{"asset":"room_1","target":"people","value":1.5}`, 400, "/value"},
		{"more behind it", "force", asJSON, good + good, 400, "after top-level value"},
		{"nothing", "force", asJSON, "", 400, "EOF"},
		{"null", "reset-estimate", asJSON, "null", 400, "it is no object: write its keys in braces"},
		{"a list", "reset-estimate", asJSON, `["room_1"]`, 400, "it is no object: write its keys in braces"},
		{"half", "force", asJSON, good[:20], 400, "EOF"},
		{"no UTF-8", "release", asJSON, "{\"asset\":\"\xff\"}", 400, "UTF-8"},
		{"too long", "force", asJSON, `{"asset":"` + strings.Repeat("x", 17<<10) + `"}`, 413, "the order is too long: 16 KiB are possible"},
		{"not JSON", "force", "application/x-www-form-urlencoded", "asset=room_1", 415, "application/json"},
		{"without a type", "force", "", good, 415, "application/json"},
		{"no value", "force", asJSON, `{"asset":"room_1","target":"occupied"}`, 400, "value is missing"},
		{"no asset", "release", asJSON, `{}`, 400, "asset is missing"},
		{"another asset", "release", asJSON, `{"asset":"room_9"}`, 404, "room_9"},
		{"what cannot be seen", "release", asJSON, `{"asset":"\u001b[31m\u202e\u0000\n"}`, 404, `\x1b[31m\u202e\x00\n`},
	} {
		code, got, err := s.ask(http.MethodPost, "/api/v1/"+c.path, c.kind, c.body)
		if err != nil || code != c.want || !strings.Contains(got, c.say) || strings.Contains(got, "Go ") {
			t.Errorf("%s: %d %s, %v; want %d and %q in it", c.name, code, got, err, c.want, c.say)
		}
	}
	for _, path := range []string{"force", "release", "reset-estimate"} {
		if code, _, _ := s.ask(http.MethodGet, "/api/v1/"+path, "", ""); code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, code)
		}
	}
	for _, query := range []string{"", "?asset=", "?asset=room_1&asset=space_3", "?asset=room_1&at=noon", "?a=room_1", "?asset=%zz"} {
		if code, got, _ := s.ask(http.MethodGet, "/api/v1/explain"+query, "", ""); code != http.StatusBadRequest {
			t.Errorf("explain%s: %d %s", query, code, got)
		}
	}
	if code, _, _ := s.ask(http.MethodGet, "/api/v1/dump?asset=room_1", "", ""); code != http.StatusBadRequest {
		t.Errorf("a dump with a query: %d", code)
	}
}

func TestWhyAnOrderWasNotCarriedOut(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{fmt.Errorf("people of a group cannot be forced"), 422},
		{fmt.Errorf("%w: disk full", gateway.ErrNotStored), 503},
		{gateway.ErrBusy, 503},
		{gateway.ErrStopped, 503},
		{context.DeadlineExceeded, 503},
	} {
		desk, _ := newDesk(overrider{reset: func(gateway.AssetID) error { return c.err }})
		code, got, _ := serveControl(t, desk).ask(http.MethodPost, "/api/v1/reset-estimate", asJSON, `{"asset":"room_1"}`)
		if code != c.want || !strings.Contains(got, c.err.Error()) {
			t.Errorf("%v: %d %s, want %d", c.err, code, got, c.want)
		}
	}
	desk, a := newDesk(overrider{})
	a.fails = gateway.ErrStopped
	for _, path := range []string{"/api/v1/explain?asset=room_1", "/api/v1/dump"} {
		if code, got, _ := serveControl(t, desk).ask(http.MethodGet, path, "", ""); code != 503 || !strings.Contains(got, "stopping") {
			t.Errorf("%s of a hub that stops: %d %s", path, code, got)
		}
	}
}

func TestAnExplanationInWriting(t *testing.T) {
	desk, _ := newDesk(overrider{})
	s := serveControl(t, desk)
	_, room, _ := s.ask(http.MethodGet, "/api/v1/explain?asset=custom:MH-3.12", "", "")
	_, floor, _ := s.ask(http.MethodGet, "/api/v1/explain?asset=space_3", "", "")
	_, dump, err := s.ask(http.MethodGet, "/api/v1/dump", "", "")
	if err != nil || dump != "["+room+","+floor+"]\n" {
		t.Errorf("the dump is not the explanations of all: %v\n%s", err, dump)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(dump), "", "  "); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/dump.json"
	if *update {
		if err := os.WriteFile(golden, indented.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), indented.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
	var back []*web.Explanation
	if err := json.Unmarshal([]byte(dump), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*web.Explanation{web.Explained(boardroom()), web.Explained(level())}, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestADumpOfNothingIsAnEmptyList(t *testing.T) {
	desk, a := newDesk(overrider{})
	clear(a.explained)
	if code, got, err := serveControl(t, desk).ask(http.MethodGet, "/api/v1/dump", "", ""); code != 200 || got != "[]\n" || err != nil {
		t.Errorf("%d %q, %v", code, got, err)
	}
}

// Nobody may take half a dump for the whole.
func TestADumpThatCannotGoOnIsCutOff(t *testing.T) {
	desk, a := newDesk(overrider{})
	for n := range 200 {
		id := gateway.AssetID(fmt.Sprintf("room_%d", n))
		a.explained[id] = func() *gateway.Explanation {
			if len(a.moments) == 3 {
				a.fails = errors.New("gone")
			}
			return &gateway.Explanation{Asset: &gateway.Asset{ID: id, Kind: gateway.Room}}
		}
	}
	code, got, err := serveControl(t, desk).ask(http.MethodGet, "/api/v1/dump", "", "")
	if err == nil {
		t.Errorf("%d and %d bytes that seem whole", code, len(got))
	}
}

// A page without a password shows, and changes nothing.
func TestTheDeskIsOnTheSocketOnly(t *testing.T) {
	o := options(web.NewBoard(), reporter(hub{}, gateway.NewAlarms(nil)))
	o.Desk, _ = newDesk(overrider{})
	server, err := web.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, server)
	for path, want := range map[string]int{
		"/api/v1/force": 403, "/api/v1/release": 403, "/api/v1/reset-estimate": 403, // of somebody who did not log in
		"/api/v1/explain?asset=room_1": 404, "/api/v1/dump": 404, "/api/v1/contents": 404, "/api/v1/ledger": 404,
	} {
		method := http.MethodGet
		if want == http.StatusForbidden {
			method = http.MethodPost
		}
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+server.Addr().String()+path, strings.NewReader(`{"asset":"room_1"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", asJSON)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s %s on the page: %d, want %d", method, path, response.StatusCode, want)
		}
	}
}
