package web

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// Seen to break it: the role of any one route lowered; route without its comparison.
func TestWhoMayDoWhat(t *testing.T) {
	s, h := routesOf(t, testOptions(boardOf(3)))
	for _, r := range s.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		changes := method != http.MethodGet
		for _, c := range []struct {
			who  access.Role
			want int // 0 for neither 401 nor 403
		}{{access.Stranger, 401}, {access.Viewer, map[bool]int{true: 403}[changes]}, {access.Operator, 0}} {
			if c.want == 0 && (strings.HasSuffix(path, "/live") || strings.HasSuffix(path, "/status")) {
				continue // which are answered in their time
			}
			code := visit(t, h, access.Visitor{Role: c.who}, method, path, "").Code
			if refused := code == 401 || code == 403; refused != (c.want != 0) || refused && code != c.want {
				t.Errorf("%s as %s: %d, want %d", r.pattern, c.who, code, c.want)
			}
		}
	}
}

// building is a board with something of everything.
func building() *Board {
	b := NewBoard()
	site := place(0, "Campus", 0)
	site.Asset = &gateway.Asset{ID: "site_1", Kind: gateway.Site, Number: 0, Name: "Campus", Site: "site_1"}
	site.Coverage = 750
	kitchen, old, never := place(1, "Kitchen", 2), place(2, "archive", 0), place(3, "Boardroom", 9)
	kitchen.Oldest = noon.Add(-90 * time.Second)
	kitchen.FollowsSite, kitchen.OffDelayEnds, kitchen.Simulated = true, noon.Add(90*time.Second+1), true
	kitchen.Overrides = []gateway.Override{{Target: gateway.TargetHVAC, Value: 1, Source: gateway.FromOperator, Author: "anna", Since: noon, Until: noon.Add(time.Hour)}}
	old.Quality, old.Oldest = gateway.Held, noon.Add(-time.Hour)
	never.Quality, never.Oldest, never.Readings[gateway.People].Known = gateway.Never, 0, false
	sensor := place(7, "Door", 0)
	sensor.Asset = &gateway.Asset{ID: "sensor_7", Kind: gateway.Sensor, Number: 7, Name: "Door", Parent: "room_1", Path: []string{"Campus", "Kitchen"}, Site: "site_1"}
	sensor.Has, sensor.Reason = gateway.MeasuresOf(gateway.TrafficIn), gateway.Reason{}
	say(b, site, kitchen, old, never, sensor)
	b.Publish(&gateway.Update{Epoch: noon, Heard: []gateway.SiteFeed{{Site: 0, Newest: noon.Add(-2 * time.Minute)}}})
	return b
}

func TestTheListOfAssets(t *testing.T) {
	_, h := routesOf(t, testOptions(building()))
	for query, want := range map[string]string{
		"": "0 1 2 3 7 of 5", "?q=KITCHEN": "1 7 of 2", "?q=room_3": "3 of 1", "?q=mh-2": "2 of 1", "?q=nowhere": " of 0",
		"?kind=site,sensor": "0 7 of 2", "?quality=held,never": "2 3 of 2", "?quality=good&kind=room": "1 of 1",
		"?from=1&limit=2": "1 2 of 5", "?from=9": " of 5", "?limit=0": " of 5", "?from=4&limit=99": "7 of 5",
		"?sort=name": "2 3 0 7 1 of 5", "?sort=-name": "1 7 0 3 2 of 5", "?sort=age": "0 7 1 2 3 of 5", "?sort=people&kind=room": "3 2 1 of 3",
		"?sort=quality": "3 0 1 7 2 of 5", "?sort=kind": "0 1 2 3 7 of 5", "?sort=-number": "7 3 2 1 0 of 5", "?sort=place": "0 7 2 3 1 of 5",
	} {
		list := read[Assets](t, visit(t, h, guest, http.MethodGet, "/api/v1/assets"+query, ""))
		var numbers []string
		for _, r := range list.Assets {
			numbers = append(numbers, fmt.Sprint(r.Number))
		}
		if got := fmt.Sprintf("%s of %d", strings.Join(numbers, " "), list.Total); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		if list.Now != Moment(noon) || list.Heard["site_1"] != Moment(noon.Add(-2*time.Minute)) || list.Cursor == "" || list.Assets == nil {
			t.Errorf("%s: %v %v %q", query, list.Now, list.Heard, list.Cursor)
		}
	}
	for query, say := range map[string]string{
		"?kind=attic": "attic", "?quality=bad": "bad", "?sort=colour": "colour", "?from=-1": "from", "?limit=x": "limit", "?search=x": "search", "?q=a&q=b": "twice", "?q=%zz": "query",
	} {
		if answer := visit(t, h, guest, http.MethodGet, "/api/v1/assets"+query, ""); answer.Code != 400 || !strings.Contains(answer.Body.String(), say) {
			t.Errorf("%s: %d %s", query, answer.Code, answer.Body)
		}
	}
}

// Seen to break it: any key of a row filled with another's; a measure that the asset lacks shown as unknown.
func TestARowSaysEverything(t *testing.T) {
	_, h := routesOf(t, testOptions(building()))
	var list struct{ Assets []json.RawMessage }
	must(json.Unmarshal(visit(t, h, guest, http.MethodGet, "/api/v1/assets", "").Body.Bytes(), &list))
	for i, want := range map[int]string{
		0: `{"asset":"site_1","number":0,"kind":"site","name":"Campus","custom_id":"","parent":"","site":"site_1","path":[],"retired":false,"simulated":false,` +
			`"readings":{"hvac":0,"lighting":0,"motion":null,"occupied":0,"occupied_minutes_today":0,"peak_today":0,"people":0,"ventilation":0},` +
			`"quality":"good","reason":"people 0 at 11:59:00","reason_code":1,"oldest":"2026-03-10T11:59:00.000Z","follows_site":false,"age_seconds":60,` +
			`"off_delay_ends":null,"off_delay_seconds":0,"overrides":[],"coverage":75,"register":{"unit_id":1,"address":100,"input":"30101","holding":"40101"},"topic":"butlr/room/site_1"}`,
		1: `{"asset":"room_1","number":1,"kind":"room","name":"Kitchen","custom_id":"MH-1","parent":"space_3","site":"site_1","path":["Campus","Maas House","Level 3"],"retired":false,"simulated":true,` +
			`"readings":{"hvac":1,"lighting":1,"motion":null,"occupied":1,"occupied_minutes_today":1,"peak_today":1,"people":2,"ventilation":1},` +
			`"quality":"good","reason":"people 2 at 11:59:00","reason_code":1,"oldest":"2026-03-10T11:58:30.000Z","follows_site":true,"age_seconds":120,` +
			`"off_delay_ends":"2026-03-10T12:01:30.000Z","off_delay_seconds":90,` +
			`"overrides":[{"author":"anna","reason":"","since":"2026-03-10T12:00:00.000Z","source":"operator","target":"hvac","until":"2026-03-10T13:00:00.000Z","value":1}],` +
			`"coverage":null,"register":{"unit_id":1,"address":116,"input":"30117","holding":"40117"},"topic":"butlr/room/room_1"}`,
		4: `{"asset":"sensor_7","number":7,"kind":"sensor","name":"Door","custom_id":"","parent":"room_1","site":"site_1","path":["Campus","Kitchen"],"retired":false,"simulated":false,` +
			`"readings":{"traffic_in":null},"quality":"good","reason":"","reason_code":0,"oldest":"2026-03-10T11:59:00.000Z","follows_site":false,"age_seconds":60,` +
			`"off_delay_ends":null,"off_delay_seconds":0,"overrides":[],"coverage":null,"register":{"unit_id":1,"address":212,"input":"30213","holding":"40213"},"topic":"butlr/room/sensor_7"}`,
	} {
		if diff := cmp.Diff(want, string(list.Assets[i])); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

// Several pages of numbers are looked at one after the other; gaps are left out.
// Seen to break it: findSome ending a number too early.
func TestALongListIsWhole(t *testing.T) {
	b := NewBoard()
	var all []gateway.Snapshot
	for n := gateway.Number(0); n < 3*numbersAtOnce; n += 2 {
		all = append(all, place(n, "Room", 1))
	}
	say(b, all...)
	_, h := routesOf(t, testOptions(b))
	list := read[Assets](t, visit(t, h, guest, http.MethodGet, "/api/v1/assets", ""))
	for i, r := range list.Assets {
		if int(r.Number) != 2*i {
			t.Fatalf("row %d is number %d", i, r.Number)
		}
	}
	if len(list.Assets) != len(all) || list.Total != len(all) {
		t.Errorf("%d rows of %d, want %d", len(list.Assets), list.Total, len(all))
	}
}

// Seen to break it: the end of the packed list left out; q=0 not looked at, or not that it can have zeros behind a dot.
func TestALongListIsPackedForWhoeverUnpacksIt(t *testing.T) {
	_, h := routesOf(t, testOptions(boardOf(500)))
	plain := visit(t, h, guest, http.MethodGet, "/api/v1/assets", "").Body.String()
	for offer, packed := range map[string]bool{"gzip, deflate, br": true, "br;q=1, gzip;q=0.8": true, "gzip;q=0": false, "br, gzip; q=0.000": false, "GZIP;q=0.001": true, "br": false, "": false, "xgzip": false} {
		request := httptest.NewRequestWithContext(access.With(t.Context(), guest), http.MethodGet, "/api/v1/assets", http.NoBody)
		request.Header.Set("Accept-Encoding", offer)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, request)
		if got := answer.Header().Get("Content-Encoding") == "gzip"; got != packed || answer.Header().Get("Vary") == "" {
			t.Errorf("%q: packed %v", offer, got)
			continue
		}
		text := answer.Body.String()
		if packed {
			from, err := gzip.NewReader(answer.Body)
			must(err)
			whole, err := io.ReadAll(from)
			if err != nil {
				t.Errorf("%q: %v", offer, err)
			}
			if text = string(whole); answer.Body.Len() > 0 {
				t.Errorf("%q: %d bytes behind it", offer, answer.Body.Len())
			}
		}
		if text != plain {
			t.Errorf("%q: another list", offer)
		}
	}
}

func TestOneAsset(t *testing.T) {
	o := testOptions(building())
	o.Sources = Sources{
		Registers: func(a *gateway.Asset) []RegisterValue {
			return []RegisterValue{{Name: "people", Words: []uint16{2}, Value: "2 people"}}
		},
		Topics: func(a *gateway.Asset) []string { return []string{"butlr/" + string(a.ID)} },
		Events: func(_ context.Context, id gateway.AssetID) ([]SeenEvent, error) {
			if id == "room_2" {
				return nil, errors.New("disk gone")
			}
			return []SeenEvent{{ID: "event_1", Verdict: "accepted"}}, nil
		},
	}
	_, h := routesOf(t, o)
	for _, name := range []string{"room_1", "custom:MH-1", "custom%3AMH-1"} {
		got := read[AssetDetail](t, visit(t, h, guest, http.MethodGet, "/api/v1/assets/"+name, ""))
		if got.Row.Asset != "room_1" || got.Explanation.Asset != "room_1" || got.Registers[0].Value != "2 people" || got.Topics[0] != "butlr/room_1" || got.Events[0].ID != "event_1" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, want := range map[string]int{"nowhere": 404, "custom:MH%2F1": 404, "room_2": 500} {
		if answer := visit(t, h, guest, http.MethodGet, "/api/v1/assets/"+name, ""); answer.Code != want {
			t.Errorf("%s: %d %s, want %d", name, answer.Code, answer.Body, want)
		}
	}
	_, h = routesOf(t, testOptions(building())) // that knows nothing of others
	if got := visit(t, h, guest, http.MethodGet, "/api/v1/assets/room_1", "").Body.String(); !strings.HasSuffix(got, `"registers":[],"topics":[],"events":[]}`+"\n") {
		t.Errorf("without sources: %s", got)
	}
}

// Seen to break it: from and until exchanged; longestHistory not looked at.
func TestHistoryOfATime(t *testing.T) {
	o := testOptions(building())
	asked := ""
	o.Sources.History = func(_ context.Context, id gateway.AssetID, from, until gateway.Timestamp) (*History, error) {
		asked = fmt.Sprint(id, " ", from.Time().Format(time.RFC3339), " ", until.Time().Format(time.RFC3339))
		return &History{Samples: []HistorySample{}, Runs: []HistoryRun{}}, nil
	}
	_, h := routesOf(t, o)
	for query, want := range map[string]string{
		"":                                  "room_1 2026-03-09T12:00:00Z 2026-03-10T12:00:00Z",
		"?until=2026-03-08T12:00:00Z":       "room_1 2026-03-07T12:00:00Z 2026-03-08T12:00:00Z",
		"?from=2026-02-07T12:00:00Z":        "room_1 2026-02-07T12:00:00Z 2026-03-10T12:00:00Z",
		"?from=2026-03-10T12:00:00%2B01:00": "room_1 2026-03-10T11:00:00Z 2026-03-10T12:00:00Z",
	} {
		read[History](t, visit(t, h, guest, http.MethodGet, "/api/v1/assets/custom:MH-1/history"+query, ""))
		if asked != want {
			t.Errorf("%s asked for %s, want %s", query, asked, want)
		}
	}
	for _, query := range []string{"?from=2026-02-07T11:59:59Z", "?from=2026-03-10T12:00:00Z", "?from=noon", "?until=1", "?to=x"} {
		if answer := visit(t, h, guest, http.MethodGet, "/api/v1/assets/room_1/history"+query, ""); answer.Code != 400 {
			t.Errorf("%s: %d %s", query, answer.Code, answer.Body)
		}
	}
	if answer := visit(t, h, guest, http.MethodGet, "/api/v1/assets/nowhere/history", ""); answer.Code != 404 {
		t.Errorf("of nobody: %d", answer.Code)
	}
	_, h = routesOf(t, testOptions(building()))
	if answer := visit(t, h, guest, http.MethodGet, "/api/v1/assets/room_1/history", ""); answer.Code != 404 || !strings.Contains(answer.Body.String(), "no history") {
		t.Errorf("without a history: %d %s", answer.Code, answer.Body)
	}
}

// orders notes what it is to do.
type orders struct{ done []string }

func (o *orders) Force(_ context.Context, id gateway.AssetID, v gateway.Override) (gateway.Override, error) {
	o.done = append(o.done, fmt.Sprintf("force %s by %q", id, v.Author))
	return v, nil
}

func (o *orders) Release(_ context.Context, id gateway.AssetID, _ gateway.Target, _ bool, _ gateway.Source, author string) ([]gateway.Override, error) {
	o.done = append(o.done, fmt.Sprintf("release %s by %q", id, author))
	return nil, nil
}

func (o *orders) ResetEstimate(_ context.Context, id gateway.AssetID, author string) error {
	o.done = append(o.done, fmt.Sprintf("reset %s by %q", id, author))
	return nil
}

// Seen to break it: signed without its refusal; the name of the visitor not set.
func TestAnOrderIsInTheNameOfWhoeverAsks(t *testing.T) {
	o := testOptions(building())
	done := new(orders)
	o.Desk.Overrider = done
	_, h := routesOf(t, o)
	nobody := access.Visitor{Role: access.Operator}
	for _, c := range []struct {
		who        access.Visitor
		path, body string
		code       int
		want       string
	}{
		{anna, "force", `{"asset":"room_1","target":"hvac","value":1}`, 200, `force room_1 by "anna"`},
		{anna, "force", `{"asset":"room_1","target":"hvac","value":1,"author":"anna"}`, 200, `force room_1 by "anna"`},
		{anna, "force", `{"asset":"room_1","target":"hvac","value":1,"author":"bert"}`, 400, ""},
		{anna, "release", `{"asset":"room_1"}`, 200, `release room_1 by "anna"`},
		{anna, "release", `{"asset":"room_1","author":"bert"}`, 400, ""},
		{anna, "reset-estimate", `{"asset":"room_1"}`, 200, `reset room_1 by "anna"`},
		{nobody, "force", `{"asset":"room_1","target":"hvac","value":1,"author":"bert"}`, 200, `force room_1 by "bert"`},
		{guest, "force", `{"asset":"room_1","target":"hvac","value":1}`, 403, ""},
	} {
		done.done = nil
		answer := visit(t, h, c.who, http.MethodPost, "/api/v1/"+c.path, c.body)
		if got := strings.Join(done.done, ", "); answer.Code != c.code || got != c.want {
			t.Errorf("%s %s as %q: %d %s did %s, want %d %s", c.path, c.body, c.who.Name, answer.Code, answer.Body, got, c.code, c.want)
		}
	}
}

// listOfPoints is a list whose content says what it was asked for.
type listOfPoints struct{ fails error }

func (l listOfPoints) Export(_ context.Context, w io.Writer, format string, columns bool) error {
	if l.fails == nil || format == "json" {
		_, _ = fmt.Fprint(w, format, columns)
	}
	return l.fails
}

func (l listOfPoints) Propose(_ context.Context, file []byte) (*Proposal, error) {
	return &Proposal{Changes: []LedgerChange{}, Conflicts: []string{}, Notes: []string{string(file)}}, l.fails
}

func (l listOfPoints) Import(_ context.Context, file []byte, moves bool, author string) (*Rearranged, error) {
	return &Rearranged{Changes: []LedgerChange{}, Told: []LedgerTelling{}, Notes: []string{fmt.Sprint(string(file), moves, author)}}, l.fails
}

func TestTheListOfPointsComesAndGoes(t *testing.T) {
	o := testOptions(building())
	o.Sources.Points = listOfPoints{}
	_, h := routesOf(t, o)
	for query, want := range map[string][3]string{
		"":                          {"csvfalse", "text/csv; charset=utf-8", "butlr-points-0123abcd-2026-03-10.csv"},
		"?format=xlsx&columns=true": {"xlsxtrue", pointTypes["xlsx"], "butlr-points-0123abcd-columns-2026-03-10.xlsx"},
		"?format=json":              {"jsonfalse", "application/json", "butlr-points-0123abcd-2026-03-10.json"},
	} {
		answer := visit(t, h, guest, http.MethodGet, "/api/v1/points"+query, "")
		got := [3]string{answer.Body.String(), answer.Header().Get("Content-Type"), answer.Header().Get("Content-Disposition")}
		if want[2] = fmt.Sprintf("attachment; filename=%q", want[2]); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"?format=pdf", "?columns=perhaps", "?sheet=1"} {
		if answer := visit(t, h, guest, http.MethodGet, "/api/v1/points"+query, ""); answer.Code != 400 {
			t.Errorf("%s: %d", query, answer.Code)
		}
	}
	if got := read[Proposal](t, visit(t, h, anna, http.MethodPost, "/api/v1/points/plan", "list")); got.Notes[0] != "list" {
		t.Errorf("plan %+v", got)
	}
	for query, want := range map[string]string{"": "listfalseanna", "?allow_moves=true": "listtrueanna"} {
		if got := read[Rearranged](t, visit(t, h, anna, http.MethodPost, "/api/v1/points/import"+query, "list")); got.Notes[0] != want {
			t.Errorf("import%s did %s, want %s", query, got.Notes[0], want)
		}
	}
	for body, want := range map[string]int{"": 400, strings.Repeat("x", longestPoints+1): 413} {
		if answer := visit(t, h, anna, http.MethodPost, "/api/v1/points/plan", body); answer.Code != want {
			t.Errorf("a file of %d bytes: %d, want %d", len(body), answer.Code, want)
		}
	}
	if answer := visit(t, h, anna, http.MethodPost, "/api/v1/points/import?allow_moves=x", "list"); answer.Code != 400 {
		t.Errorf("allow_moves=x: %d", answer.Code)
	}
}

// Seen to break it: cutOff that answers although something was written.
func TestAListOfPointsThatFails(t *testing.T) {
	o := testOptions(building())
	o.Sources.Points = listOfPoints{fails: BadOrder("row 3 is wrong")}
	_, h := routesOf(t, o)
	for target, body := range map[string]string{"/api/v1/points/plan": "x", "/api/v1/points/import": "x", "/api/v1/points?format=csv": ""} {
		method := http.MethodPost
		if body == "" {
			method = http.MethodGet
		}
		if answer := visit(t, h, anna, method, target, body); answer.Code != 400 || !strings.Contains(answer.Body.String(), "row 3 is wrong") || answer.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %s", target, answer.Code, answer.Body)
		}
	}
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("half of a list was taken for the whole")
			}
		}()
		visit(t, h, anna, http.MethodGet, "/api/v1/points?format=json", "")
	}()
	_, h = routesOf(t, testOptions(building()))
	for _, r := range []string{"GET /api/v1/points", "POST /api/v1/points/plan", "POST /api/v1/points/import"} {
		method, path, _ := strings.Cut(r, " ")
		if answer := visit(t, h, anna, method, path, "x"); answer.Code != 404 {
			t.Errorf("%s without points: %d", r, answer.Code)
		}
	}
}

func TestTheAudit(t *testing.T) {
	o := testOptions(building())
	o.Sources.Audit = func(context.Context) ([]AuditEntry, error) {
		return []AuditEntry{{At: Moment(noon), What: "forced", Author: "anna"}}, nil
	}
	_, h := routesOf(t, o)
	if got := read[Audit](t, visit(t, h, guest, http.MethodGet, "/api/v1/audit", "")); len(got.Entries) != 1 || got.Entries[0].Author != "anna" {
		t.Errorf("audit %+v", got)
	}
	o.Sources.Audit = func(context.Context) ([]AuditEntry, error) { return nil, errors.New("disk gone") }
	_, h = routesOf(t, o)
	if answer := visit(t, h, guest, http.MethodGet, "/api/v1/audit", ""); answer.Code != 500 {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	_, h = routesOf(t, testOptions(building()))
	if got := visit(t, h, guest, http.MethodGet, "/api/v1/audit", "").Body.String(); got != "{\"entries\":[]}\n" {
		t.Errorf("without an audit: %s", got)
	}
}

// A name is data in JSON, whatever is in it.
func TestHostileNamesInJSON(t *testing.T) {
	names := []string{"<script>alert(1)</script>", "\"},{\"asset\":\"x\"", "a\nb\r\t\x00", "\u2028\u202egnp", "=1+1", "\xff\xfe"}
	b := NewBoard()
	for i, name := range names {
		s := place(gateway.Number(i), name, 1)
		s.Asset.Path, s.Asset.CustomID = []string{name}, name
		s.Overrides = []gateway.Override{{Author: name, Reason: name}}
		say(b, s)
	}
	_, h := routesOf(t, testOptions(b))
	answer := visit(t, h, guest, http.MethodGet, "/api/v1/assets", "")
	if text := answer.Body.String(); strings.ContainsAny(text, "<>\x00\r\u2028") || !utf8.ValidString(text) {
		t.Error("something is in the text as it came")
	}
	for i, r := range read[Assets](t, answer).Assets {
		want := strings.ToValidUTF8(names[i], "\ufffd")
		if want = strings.ReplaceAll(want, "\ufffd", "\ufffd\ufffd"); !slices.Equal([]string{r.Name, r.CustomID, r.Path[0], r.Overrides[0].Author}, []string{want, want, want, want}) {
			t.Errorf("%q came as %q", names[i], r.Name)
		}
	}
}
