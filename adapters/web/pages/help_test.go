package pages

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// noon is when the tests of this package happen.
var noon = gateway.TimestampOf(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))

func atNoon() gateway.Instant { return gateway.Instant{Wall: noon.Time(), Mono: time.Hour} }

// asset is a snapshot of an asset that was heard a minute ago, with so many people.
func asset(n gateway.Number, kind gateway.Kind, id, parent gateway.AssetID, name string, people int64) gateway.Snapshot {
	at := noon.Add(-time.Minute)
	s := gateway.Snapshot{
		Asset: &gateway.Asset{ID: id, Kind: kind, Number: n, Name: name, Parent: parent, Site: "site_1", Path: []string{"Campus", "Level 3"}},
		Has:   gateway.MeasuresOf(gateway.Occupied, gateway.People, gateway.Motion, gateway.Lighting, gateway.HVAC, gateway.Ventilation), Quality: gateway.Good,
		Reason: gateway.Reason{Code: gateway.ReasonPeople, People: int(people), At: at}, At: at, Oldest: at, Coverage: -1,
	}
	for _, m := range []gateway.Measure{gateway.Occupied, gateway.People, gateway.Lighting, gateway.HVAC, gateway.Ventilation} {
		s.Readings[m] = gateway.Reading{Value: min(people, 1), At: at, Known: true, Quality: gateway.Good}
	}
	s.Readings[gateway.People].Value = people
	return s
}

func room(n gateway.Number, name string, people int64) gateway.Snapshot {
	return asset(n, gateway.Room, gateway.AssetID(fmt.Sprintf("room_%d", n)), "space_3", name, people)
}

// hostile is what somebody might call a room.
const hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202egnp\x07"

// building has a site, two floors, three rooms, a zone, a sensor and a group.
func building() []gateway.Snapshot {
	group := asset(8, gateway.Group, "group:ahu-3", "", "Air handler 3", 5)
	group.Asset.Path, group.Asset.Site = nil, ""
	zone := asset(6, gateway.Zone, "zone_6", "room_4", "Table North", 1)
	entrance := asset(7, gateway.Sensor, "sensor_7", "space_3", "Entrance", 0)
	entrance.Has, entrance.Reason = gateway.MeasuresOf(gateway.TrafficIn, gateway.TrafficOut), gateway.Reason{}
	entrance.Asset.Facts = &gateway.Facts{Entrance: true}
	hostileRoom := room(3, hostile, 3)
	hostileRoom.Asset.Facts = &gateway.Facts{Tags: []string{"lab", hostile}}
	held := room(5, "Room 9", 2)
	held.Quality = gateway.Held
	return []gateway.Snapshot{
		asset(0, gateway.Site, "site_1", "", "Campus", 8), asset(1, gateway.Floor, "space_3", "site_1", "Level 3", 5), asset(2, gateway.Floor, "space_10", "site_1", "Level 10", 3),
		hostileRoom, room(4, "Room 10", 0), held, zone, entrance, group,
	}
}

// archive explains what is on a board, and remembers what was ordered.
type archive struct {
	board  *web.Board
	orders []string
	fails  error
}

func (a *archive) Find(_ context.Context, name string) (gateway.AssetID, error) {
	for _, e := range a.board.All(atNoon()) {
		if string(e.Asset.ID) == name {
			return e.Asset.ID, nil
		}
	}
	return "", web.UnknownAsset{Err: fmt.Errorf("finding %q: there is no such asset", name)}
}

func (a *archive) Contents(context.Context) (gateway.Contents, error) {
	return gateway.Contents{}, nil
}

func (a *archive) Explain(_ context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error {
	for _, e := range a.board.All(atNoon()) {
		if e.Asset.ID != ids[0] {
			continue
		}
		at := noon.Add(-time.Minute)
		x := &gateway.Explanation{
			Asset: e.Asset, Number: e.Asset.Number, Quality: e.Quality, Heard: true, Age: time.Minute, OffDelay: 90 * time.Second, Overrides: e.Overrides,
			Settings: []gateway.SettingExplanation{{Key: "evidence", Value: "both", From: "[class.room]"}},
			Feeds: []gateway.FeedExplanation{{
				Feed: gateway.PeopleFeed, Counts: true, Chosen: true, Life: "live", Rule: "minute", Freshness: "its own silence", Newest: at,
				History: gateway.History{Window: []gateway.Entry{{At: at, Value: 3}}},
			}, {Feed: gateway.TrafficFeed, Counts: true, Life: "stale", Newest: at}},
			Traffic: &gateway.TrafficExplanation{In: 40, Out: 42, At: at, Net: -2, Since: at, Sensors: []gateway.SensorExplanation{{ID: "sensor_7", Name: hostile, In: 40, Out: 42, At: at}}},
			Members: &gateway.MembersExplanation{Total: 3, Coverage: 1000, Missing: []string{hostile}, Members: []gateway.MemberExplanation{{ID: "room_3", Name: hostile, Reason: hostile}}},
			Devices: []gateway.DeviceHealth{
				{Device: gateway.Device{ID: "sensor_9", Name: hostile, Heartbeat: at}, Missed: true, Place: hostile},
				{Device: gateway.Device{ID: "hive_1", Hive: true, Serial: hostile, Online: true}},
			},
			Site: gateway.SiteExplanation{ID: "site_1", Name: hostile, Newest: at, Heartbeat: true, MinuteFeeds: 4, Hours: "always", InUse: true, Timezone: "UTC"},
		}
		for m := range gateway.Measure(gateway.MeasureCount) {
			if e.Has.Has(m) {
				x.Points = append(x.Points, gateway.PointExplanation{Measure: m, Reading: e.Readings[m], Reason: e.Reason.Text(time.UTC), Doubt: "a reason to doubt"})
			}
		}
		show(x)
	}
	return nil
}

func (a *archive) Force(_ context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error) {
	a.orders = append(a.orders, fmt.Sprintf("force %s %s %d by %q for %s: %s", id, o.Target, o.Value, o.Author, o.Until.Sub(noon), o.Reason))
	return o, a.fails
}

func (a *archive) Release(_ context.Context, id gateway.AssetID, target gateway.Target, all bool, _ gateway.Source, author string) ([]gateway.Override, error) {
	a.orders = append(a.orders, fmt.Sprintf("release %s %s %v by %q", id, target, all, author))
	return nil, a.fails
}

func (a *archive) ResetEstimate(_ context.Context, id gateway.AssetID, author string) error {
	a.orders = append(a.orders, fmt.Sprintf("reset %s by %q", id, author))
	return a.fails
}

func (a *archive) Rearrange(context.Context, *gateway.Wish, bool, string) (*gateway.Plan, error) {
	panic("nobody asked for that")
}

// points remember what was asked of them.
type points struct {
	proposal *web.Proposal
	asked    []string
	fails    error
}

func (p *points) Export(context.Context, io.Writer, string, bool) error { panic("the API exports") }

func (p *points) Propose(_ context.Context, file []byte) (*web.Proposal, error) {
	p.asked = append(p.asked, "propose "+string(file))
	return p.proposal, p.fails
}

func (p *points) Import(_ context.Context, file []byte, moves bool, author string) (*web.Rearranged, error) {
	p.asked = append(p.asked, fmt.Sprintf("import %s moves %v by %q", file, moves, author))
	return new(web.Rearranged), p.fails
}

// hub is a Viewer that looks at a state that has refused an event, or does not answer. With health, it was told of
// devices.
type hub struct {
	err    error
	health *gateway.HealthReport
}

func (h *hub) View(_ context.Context, look func(*gateway.State)) error {
	if h.err != nil {
		return h.err
	}
	rules := gateway.DefaultRules()
	if h.health != nil {
		rules.Health = 5 * time.Minute
	}
	s, err := gateway.NewState(rules, &gateway.Saved{}, atNoon())
	if err != nil {
		return err
	}
	path := gateway.Path{Site: gateway.Place{ID: "site_1", Name: hostile}, Room: gateway.Place{ID: "room_1", Name: hostile}}
	err = s.Apply(atNoon(), []gateway.Event{
		{Type: gateway.Occupancy, Subject: gateway.Room, Path: path, Raw: []byte(`{"name": "<script>"}`)},
		{Type: gateway.Occupancy, Subject: gateway.Room, Path: path, At: noon, People: 3},
	})
	if err != nil {
		return err
	}
	s.Batch()
	s.Settle(atNoon())
	if h.health != nil && h.health.Devices != nil {
		for range 2 {
			s.Health(h.health)
			s.Settle(atNoon())
		}
	}
	look(s)
	return nil
}

// memory keeps walks for a test.
type memory map[string]string

func (m memory) Load(context.Context) (map[string]string, error) { return m, nil }
func (m memory) Write(_ context.Context, changes map[string]string) error {
	for key, value := range changes {
		if m[key] = value; value == "" {
			delete(m, key)
		}
	}
	return nil
}

// fixture are the pages of a building, with what they ask.
type fixture struct {
	*Pages
	board   *web.Board
	archive *archive
	points  *points
	hub     *hub
	alarms  *gateway.Alarms
}

func newFixture(t testing.TB, snapshots ...gateway.Snapshot) *fixture {
	t.Helper()
	f := &fixture{board: web.NewBoard(), points: new(points), hub: new(hub), alarms: gateway.NewAlarms(nil)}
	f.archive = &archive{board: f.board}
	f.board.Publish(&gateway.Update{Epoch: noon.Add(-time.Hour), Changed: snapshots, Summary: gateway.Summary{Assets: len(snapshots)}})
	place := func(*gateway.Asset) *time.Location { return time.UTC }
	locate := func(a *gateway.Asset) (web.Register, bool) {
		first := 100 + 16*int(a.Number)
		return web.Register{Unit: 1, Address: first, Input: fmt.Sprint(30001 + first), Holding: fmt.Sprint(40001 + first)}, true
	}
	topic := func(a *gateway.Asset) string { return "butlr/" + a.Kind.String() + "/" + string(a.ID) }
	desk := &web.Desk{Archive: f.archive, Overrider: f.archive, Arranger: f.archive, Now: func() gateway.Timestamp { return noon }}
	reporter := &web.Reporter{
		Name: "Maas <House>\u202e", Version: "v1", GatewayID: "0123abcd", Boots: 3, Clock: atNoon, Alarms: f.alarms, Board: f.board, Hub: f.hub,
		Listeners: func() []web.Listener { return []web.Listener{{What: "Modbus TCP", Address: "127.0.0.1:502"}} },
		Push: func() []web.PushTarget {
			return []web.PushTarget{{Name: "ahu-3", Address: "tcp://10.20.0.31:502", Unit: 5, State: "failing", Why: "the device is <busy>", Points: []web.PushPoint{
				{Name: "occupancy", Asset: "group:ahu-3", Measure: "occupied", Table: "holding", Address: 1700, Reference: "4x1701", Why: "nobody knows"},
			}}}
		},
		Clients: func() []web.ModbusClient {
			return []web.ModbusClient{{Transport: "rtu_over_tcp", Address: "10.20.0.<b>", Role: hostile, Requests: 120, Exceptions: 1, LastSeen: web.Moment(noon), Polls: []web.ModbusPoll{
				{Unit: 1, Table: "input", Address: 147, Count: 17, Requests: 100, Every: 1, LastSeen: web.Moment(noon)},
				{Unit: 255, Table: "holding", Address: 0, Count: 101, Requests: 1, LastSeen: web.Moment(noon)},
				{Unit: 1, Table: "coil", Address: 0, Count: 2000, Requests: 1, LastSeen: web.Moment(noon)},
			}}}
		},
	}
	log := slog.New(slog.DiscardHandler)
	walks, err := web.OpenWalks(t.Context(), memory{}, &web.Options{
		Board: f.board, Clock: atNoon, Place: time.UTC, PlaceOf: place, Locate: locate, Topic: topic, Desk: desk, Log: log, Sources: sources(f.points),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Pages, err = New(Options{
		Board: f.board, Desk: desk, Reporter: reporter, Sources: sources(f.points), Walks: walks, Clock: atNoon, Place: time.UTC, PlaceOf: place,
		Locate: locate, Topic: topic, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sources know something of everything, all of it hostile.
func sources(p *points) web.Sources {
	at := web.Moment(noon.Add(-time.Minute))
	return web.Sources{
		Registers: func(*gateway.Asset) []web.RegisterValue {
			return []web.RegisterValue{{Name: "people", Unit: 1, Address: 149, Input: "30150", Holding: "40150", Words: []uint16{3, 65535}, Value: "3 people"}}
		},
		Topics: func(a *gateway.Asset) []string {
			return []string{"butlr/room/" + string(a.ID) + "/state", hostile}
		},
		Events: func(context.Context, gateway.AssetID) ([]web.SeenEvent, error) {
			return []web.SeenEvent{{Arrived: at, At: at, Type: "occupancy", ID: hostile, Value: "3 people", Verdict: "superseded", Origin: "reconciled", Why: "a correction came " + hostile}}, nil
		},
		History: func(_ context.Context, _ gateway.AssetID, from, until gateway.Timestamp) (*web.History, error) {
			return &web.History{
				Runs:    []web.HistoryRun{{From: web.Moment(from), Until: web.Moment(until)}},
				Samples: []web.HistorySample{{Minute: web.Moment(until.Add(-time.Hour)), People: new(7), Quality: "good", HVAC: new(true)}},
			}, nil
		},
		Disk: func(context.Context) (*web.Disk, error) {
			return &web.Disk{Directory: "/var/lib/butlr", Free: 5 << 30, State: 1 << 20, History: 3 << 20, HistoryMax: 2 << 30, HistoryOldest: at}, nil
		},
		Brokers: func() []web.Broker {
			return []web.Broker{{Name: "plant", Address: "tcp://10.0.0.1:1883", Topic: "butlr", Why: "refused " + hostile, Since: at, Waiting: 3, Published: 1200}}
		},
		Certificates: func() []web.Certificate { return []web.Certificate{{What: "the webhook", Ends: at}} },
		Asked: func() *web.Asked {
			return &web.Asked{
				Requests:  7,
				Poll:      &web.Polling{Says: "pull mode: no motion", Until: at, Why: "it answered " + hostile, Counted: 40, Sensors: 6, Corrected: 1},
				Reconcile: &web.Reconciling{Last: at, After: "a silence of " + hostile, Counts: 12, Why: "down", Traffic: "traffic differs at " + hostile},
			}
		},
		Audit: func(context.Context) ([]web.AuditEntry, error) {
			return []web.AuditEntry{{At: at, What: "reset_estimate", Asset: "room_3", Name: hostile, Author: hostile, Text: "what " + hostile}}, nil
		},
		Points: p,
	}
}

var (
	anna  = access.Visitor{Role: access.Operator, Name: "anna", Session: true}
	guest = access.Visitor{Role: access.Viewer}
)

// visit asks as somebody; a form makes it a POST.
func (f *fixture) visit(t testing.TB, who access.Visitor, target string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	r := httptest.NewRequestWithContext(access.With(t.Context(), who), method, target, strings.NewReader(body))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer := httptest.NewRecorder()
	f.ServeHTTP(answer, r)
	return answer
}

// page returns what a page says to somebody who gets it.
func (f *fixture) page(t testing.TB, who access.Visitor, target string) string {
	t.Helper()
	answer := f.visit(t, who, target, nil)
	if answer.Code != http.StatusOK {
		t.Fatalf("%s: %d\n%s", target, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// says fails a test for each text that is not in a page.
func says(t testing.TB, page string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}
