package web_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

var update = flag.Bool("update", false, "write the golden files anew")

// refusing is a hub that was sent an event without a time, one of an unknown type and a good one.
type refusing struct{}

func (refusing) View(_ context.Context, look func(*gateway.State)) error {
	s, err := gateway.NewState(gateway.DefaultRules(), &gateway.Saved{}, clock())
	if err != nil {
		return err
	}
	path := gateway.Path{Site: gateway.Place{ID: "site_1"}, Room: gateway.Place{ID: "room_1"}}
	err = s.Apply(clock(), []gateway.Event{
		{Type: gateway.Occupancy, Subject: gateway.Room, Path: path, Raw: []byte(`{"name": "<script>"}`)},
		{Type: gateway.UnknownType},
		{Type: gateway.Occupancy, Subject: gateway.Room, Path: path, At: gateway.TimestampOf(morning), People: 3},
	})
	if err != nil {
		return err
	}
	s.Batch()
	s.Settle(clock())
	look(s)
	return nil
}

func TestTheStatusInWriting(t *testing.T) {
	alarms := gateway.NewAlarms(nil)
	alarms.Raise(gateway.JournalFailing, "disk full")
	b := web.NewBoard()
	forced := room(0, "Boardroom")
	forced.Overrides = []gateway.Override{{Target: gateway.TargetOutputs}, {Target: gateway.TargetPeople}}
	b.Publish(&gateway.Update{Changed: []gateway.Snapshot{forced}, Summary: gateway.Summary{
		Assets: 3, Qualities: [gateway.QualityCount]int{gateway.Good: 1, gateway.Never: 1, gateway.Forced: 1}, Accepted: 1, Refused: 1, Unhandled: 1,
		Duplicates: 3, Superseded: 2, Late: 1,
		SitesLost: 2, SiteLost: "Rotterdam <Campus>", ClockDoubt: "it shows 1970, and this program is younger",
	}})
	response, got := get(t, serve(t, b, reporter(refusing{}, alarms)), "", "/api/v1/status")
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "application/json" {
		t.Errorf("%d, %s", response.StatusCode, kind)
	}
	const golden = "testdata/status.json"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("status\n%s, want\n%s", got, want)
	}
}

// sent is a hub that refused an event because of its count.
type sent string

func (raw sent) View(_ context.Context, look func(*gateway.State)) error {
	s, err := gateway.NewState(gateway.DefaultRules(), &gateway.Saved{}, clock())
	if err != nil {
		return err
	}
	if err := s.Apply(clock(), []gateway.Event{{Type: gateway.Occupancy, Defect: gateway.CountNotANumber, Raw: []byte(raw)}}); err != nil {
		return err
	}
	s.Batch()
	s.Settle(clock())
	look(s)
	return nil
}

// Of a count that is none, what was sent is shown.
func TestAValueThatIsNoneIsShownAsItWasSent(t *testing.T) {
	for content, want := range map[string]string{
		`{"data": "six"}`: `data "six"`, `{"data": -3}`: "data -3", `{"data": ` + strings.Repeat("9", 200) + `}`: "data " + strings.Repeat("9", 80),
		`{"data": 7, cut o`: "", `{}`: "",
	} {
		status, err := reporter(sent(content), gateway.NewAlarms(nil)).Status(t.Context())
		if err != nil || len(status.Newest) != 1 || status.Newest[0].Value != want {
			t.Errorf("%s: %+v, want %q", content, status, want)
		}
	}
}

func TestEveryAnswerForbidsWhatIsNotOurs(t *testing.T) {
	address := serve(t, web.NewBoard(), reporter(hub{}, gateway.NewAlarms(nil)))
	for _, path := range []string{"/", "/page.css", "/metrics", "/api/v1/status", "/healthz", "/nowhere"} {
		response, _ := get(t, address, "", path)
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "no-store",

			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security":    "", // there is no TLS
		} {
			if got := response.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", path, header, got, want)
			}
		}
	}
}

// Without a password nobody may change anything.
func TestNothingIsWritten(t *testing.T) {
	address := serve(t, web.NewBoard(), reporter(hub{}, gateway.NewAlarms(nil)))
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		for _, path := range []string{"/", "/metrics", "/api/v1/status", "/healthz"} {
			request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s: %d", method, path, response.StatusCode)
			}
		}
	}
}

func TestLoopbackIsAcceptedInEveryNotation(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "127.0.0.2:0", "localhost:0", "[::1]:0"} {
		o := options(web.NewBoard(), reporter(hub{}, gateway.NewAlarms(nil)))
		o.Listen = listen
		if _, err := web.NewServer(o); err != nil {
			t.Error(err)
		}
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	o := options(web.NewBoard(), reporter(hub{}, gateway.NewAlarms(nil)))
	o.Listen = serve(t, web.NewBoard(), o.Reporter)
	s, err := web.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err == nil || !strings.HasPrefix(err.Error(), "binding "+o.Listen+" for the page: ") {
		t.Errorf("Listen: %v", err)
	}
}
