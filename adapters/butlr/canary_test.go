package butlr_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/gateway"
)

// echo is an API, or something before it, that repeats what it was asked: the token and every secret in it.
type echo func(*http.Request, string) (*http.Response, error)

func answered(r *http.Request, status int, header, value, body string) (*http.Response, error) {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)), Request: r, Header: http.Header{header: {value}},
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func asError(said string) string {
	text, _ := json.Marshal(map[string]any{"errors": []any{map[string]any{"message": said, "extensions": map[string]any{"code": said}}}})
	return string(text)
}

var echoes = map[string]echo{
	"an error inside 200": func(r *http.Request, said string) (*http.Response, error) {
		return answered(r, 200, "", "", asError(said))
	},
	"a validation error": func(r *http.Request, said string) (*http.Response, error) {
		return answered(r, 422, "", "", asError("got invalid value "+said))
	},
	"a refusal": func(r *http.Request, said string) (*http.Response, error) {
		return answered(r, 400, "", "", asError(said))
	},
	"no JSON": func(r *http.Request, said string) (*http.Response, error) { return answered(r, 200, "", "", said) },
	"other data": func(r *http.Request, said string) (*http.Response, error) {
		return answered(r, 200, "", "", `{"data":[`+fmt.Sprintf("%q", said)+`]}`)
	},
	"strangers": func(r *http.Request, said string) (*http.Response, error) {
		text, _ := json.Marshal(map[string]any{"data": map[string]any{"room_" + said: map[string]any{"2026-03-10T14:00:00Z": map[string]any{"median": 1}}}})
		return answered(r, 200, "", "", string(text))
	},
	"a failure": func(r *http.Request, said string) (*http.Response, error) { return answered(r, 500, "", "", said) },
	"another status": func(r *http.Request, said string) (*http.Response, error) {
		answer, err := answered(r, 418, "", "", said)
		answer.Status = "418 " + said
		return answer, err
	},
	"a way elsewhere": func(r *http.Request, said string) (*http.Response, error) {
		return answered(r, 307, "Location", "https://"+strings.Fields(r.Header.Get("Authorization") + " x canary-id")[1]+".example/", "")
	},
	"no network": func(_ *http.Request, said string) (*http.Response, error) {
		return nil, errors.New("dialling: " + said)
	},
	"a broken body": func(r *http.Request, said string) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Request: r, Body: io.NopCloser(io.MultiReader(strings.NewReader("{"), broken{said}))}, nil
	},
}

type broken struct{ said string }

func (b broken) Read([]byte) (int, error) { return 0, errors.New(b.said) }

// TestNoSecretIsShown has every secret begin alike, has the API repeat all that it hears, and looks for the canary in
// every error, line of the log, alarm and plan.
//
// Seen to break it: errors of GraphQL repeated as they are; the network's error repeated as it is; secrets as JSON
// writes them passed over; the path of somebody else's address shown; the answer to the login repeated; what a report says
// of strangers repeated as it is.
func TestNoSecretIsShown(t *testing.T) {
	for name, say := range echoes {
		for _, at := range []string{login, ask, report} {
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				showAll(t, &said, say, at)
				if text := said.String(); strings.Contains(text, "canary") || strings.Contains(text, "token-") {
					t.Errorf("with %s from %s a secret is shown:\n%s", name, at, text)
				}
				if said.Len() < 1000 {
					t.Errorf("with %s nearly nothing was said:\n%s", name, said.String())
				}
			})
		}
	}
}

// showAll does everything that there is with an API that echoes at one path, and writes down all that is said.
func showAll(t *testing.T, said *bytes.Buffer, say echo, at string) {
	api := butlrtest.New("canary-id", "canary-secret")
	api.Subscribe(butlrtest.Webhook{
		Name: "app", EventTypes: []string{"TRAFFIC", "DETECTIONS"}, URL: "https://a.example/canary-path?canary", Timeout: 10,
		Key: "X-Other", Value: "canary-\"of\"-others", Username: "canary-user", Password: "canary-password", Filters: map[string]any{"site": []string{"s1"}},
	})
	api.Subscribe(butlrtest.Webhook{Name: "butlr-gateway 0badcafe", EventTypes: []string{"ROOM_OCCUPANCY"}, URL: "https://a.example/canary-old", Timeout: 10, Key: "X-Api-Key", Value: "canary-before"})
	api.Furnish(butlrtest.Inventory{Rooms: []map[string]any{{"id": "room_a"}}})
	echoing := false
	way := wayFunc(func(r *http.Request) (*http.Response, error) {
		if !echoing || r.URL.Path != at {
			return api.Direct().RoundTrip(r)
		}
		body, _ := io.ReadAll(r.Body)
		return say(r, fmt.Sprint(r.Header, " ", string(body)))
	})
	log := slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := butlr.New(butlr.Options{
		URL: "https://api.butlr.io", ClientID: butlr.NewSecret("canary-id"), ClientSecret: butlr.NewSecret("canary-secret"), PerMinute: 1000, Transport: way, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	wish := aWish()
	wish.Value, wish.Next, wish.Username, wish.Password = butlr.NewSecret("canary-value\n<&>"), butlr.NewSecret("canary-next"), "canary-name", butlr.NewSecret("canary-word")
	plan := planOf(t, c, wish, true)
	alarms := gateway.NewAlarms(log)
	watch := &butlr.Watch{Client: c, Wish: wish, Alarms: alarms, Log: log}
	lookOnce(t, watch)
	echoing = true
	if at == login {
		api.Revoke()
	}
	fmt.Fprintln(said, planned(plan), planned(wish.PlanDelete([]butlr.Subscription{{Name: "butlr-gateway 0badcafe"}})))
	for _, s := range plan.Steps {
		err := c.Apply(t.Context(), s)
		fmt.Fprintf(said, "%v\n%+v\n%#v\n", err, err, err)
		fmt.Fprintln(said, s.Before.Place(), s.After.Place(), s.After.Value, s.After.Password)
	}
	_, err = c.Subscriptions(t.Context())
	fmt.Fprintf(said, "%v\n%+v\n%#v\n", err, err, err)
	lookOnce(t, watch)
	got, err := c.Report(t.Context(), fiveMinutes(butlr.RoomPeople))
	fmt.Fprintf(said, "%v\n%+v\n%#v\n%+v\n", err, err, err, got)
	p := &butlr.Poll{
		Client: c, Memory: memory{}, Takes: func(i *butlr.Inventory) []butlr.Place { return i.Places }, Clock: time.Now,
		Every: time.Minute, Horizon: time.Hour, Alarms: alarms, Log: log,
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
	fmt.Fprintf(said, "%+v\n", p.Status())
	alarms.Each(func(_ gateway.Alarm, why string) bool {
		fmt.Fprintln(said, why)
		return true
	})
}

// lookOnce has a watch look, long enough for all its tries.
func lookOnce(t *testing.T, w *butlr.Watch) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := w.Run(ctx); err != nil {
		t.Error(err)
	}
}
