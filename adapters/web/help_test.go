package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// noon is when the tests of this package happen.
var noon = gateway.TimestampOf(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))

func atNoon() gateway.Instant { return gateway.Instant{Wall: noon.Time(), Mono: 0} }

// place is a snapshot of a room with so many people.
func place(n gateway.Number, name string, people int64) gateway.Snapshot {
	at := noon.Add(-time.Minute)
	s := gateway.Snapshot{
		Asset: &gateway.Asset{
			ID: gateway.AssetID(fmt.Sprintf("room_%d", n)), Kind: gateway.Room, Number: n, Name: name, CustomID: fmt.Sprintf("MH-%d", n),
			Parent: "space_3", Path: []string{"Campus", "Maas House", "Level 3"}, Site: "site_1",
		},
		Has:     gateway.MeasuresOf(gateway.Occupied, gateway.People, gateway.Motion, gateway.Lighting, gateway.HVAC, gateway.Ventilation, gateway.PeakToday, gateway.OccupiedMinutesToday),
		Quality: gateway.Good, Reason: gateway.Reason{Code: gateway.ReasonPeople, People: int(people), At: at}, At: at, Oldest: at, Coverage: -1,
	}
	occupied := min(people, 1)
	for m := range gateway.Measure(gateway.MeasureCount) {
		if s.Has.Has(m) && m != gateway.Motion {
			s.Readings[m] = gateway.Reading{Value: occupied, At: at, Known: true, Quality: gateway.Good}
		}
	}
	s.Readings[gateway.People].Value = people
	return s
}

func say(b *Board, snapshots ...gateway.Snapshot) {
	b.Publish(&gateway.Update{Epoch: noon, Changed: snapshots, Summary: gateway.Summary{Assets: len(snapshots)}})
}

// testOptions are those of a server around a board.
func testOptions(b *Board) Options {
	return Options{
		Listen: "127.0.0.1:0", Board: b, Clock: atNoon, Place: time.UTC, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		PlaceOf: func(*gateway.Asset) *time.Location { return time.UTC },
		Locate: func(a *gateway.Asset) (Register, bool) {
			first := 100 + 16*int(a.Number)
			return Register{Unit: 1, Address: first, Input: fmt.Sprint(30001 + first), Holding: fmt.Sprint(40001 + first)}, true
		},
		Topic: func(a *gateway.Asset) string { return "butlr/room/" + string(a.ID) },
		Desk:  &Desk{Archive: boardArchive{b}, Now: func() gateway.Timestamp { return noon }},
		Reporter: &Reporter{
			GatewayID: "0123abcd", Board: b, Clock: atNoon, Alarms: gateway.NewAlarms(nil), Hub: new(silent),
			Listeners: func() []Listener { return []Listener{} }, Push: func() []PushTarget { return []PushTarget{} }, Clients: func() []ModbusClient { return []ModbusClient{} },
		},
	}
}

// boardArchive knows the assets of a board, by their ids.
type boardArchive struct{ board *Board }

func (a boardArchive) all() []Entry {
	entries, _ := a.board.Find(atNoon(), "", 0, 1<<20)
	return entries
}

func (a boardArchive) Find(_ context.Context, name string) (gateway.AssetID, error) {
	for _, e := range a.all() {
		if string(e.Asset.ID) == name || "custom:"+e.Asset.CustomID == name {
			return e.Asset.ID, nil
		}
	}
	return "", UnknownAsset{fmt.Errorf("finding %s: there is no such asset", name)}
}

func (a boardArchive) Contents(context.Context) (c gateway.Contents, err error) {
	for _, e := range a.all() {
		c.Assets = append(c.Assets, e.Asset.ID)
	}
	return c, nil
}

func (a boardArchive) Explain(_ context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error {
	for _, e := range a.all() {
		for _, id := range ids {
			if e.Asset.ID == id {
				show(&gateway.Explanation{Asset: e.Asset, Number: e.Asset.Number, Quality: e.Quality})
			}
		}
	}
	return nil
}

// visit asks a server's routes as somebody.
func visit(t testing.TB, h http.Handler, who access.Visitor, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(access.With(t.Context(), who), method, target, strings.NewReader(body))
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	return answer
}

var (
	anna  = access.Visitor{Role: access.Operator, Name: "anna"}
	guest = access.Visitor{Role: access.Viewer}
)

// routesOf returns what serves the routes of a server with those options.
func routesOf(t testing.TB, o Options) (*Server, http.Handler) {
	t.Helper()
	s, err := NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.register(mux)
	return s, mux
}

// read returns the JSON of an answer.
func read[T any](t testing.TB, answer *httptest.ResponseRecorder) (out T) {
	t.Helper()
	if answer.Code != http.StatusOK {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	return out
}
