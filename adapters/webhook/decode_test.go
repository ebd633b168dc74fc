package webhook_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/gateway"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// ignoreRaw compares events by what they say, and not by how they were written.
var ignoreRaw = cmp.Options{cmpopts.IgnoreFields(gateway.Event{}, "Raw"), cmpopts.EquateEmpty()}

// TestDecodeGolden holds what is made of each body that Butlr documents.
func TestDecodeGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d bodies in testdata, want at least 11: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			events, err := webhook.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			got := dump(events)
			golden := strings.TrimSuffix(file, ".json") + ".events"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, e := range events {
				if again := decodeOne(t, string(webhook.Encode(nil, &e))); !cmp.Equal(e, again, ignoreRaw) {
					t.Errorf("encoding and decoding again gave a different event:\n%s", cmp.Diff(e, again, ignoreRaw))
				}
			}
		})
	}
}

// dump writes events one field a line, without what is empty.
func dump(events []gateway.Event) []byte {
	var b bytes.Buffer
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s %q\n", e.Type, e.Subject, e.ID)
		fmt.Fprintf(&b, "  at %s\n", e.At.Time().Format("2006-01-02T15:04:05.000Z"))
		p := e.Path
		for _, place := range []struct {
			what string
			gateway.Place
		}{
			{"organisation", p.Organisation},
			{"site", p.Site},
			{"building", p.Building},
			{"floor", p.Floor},
			{"room", p.Room},
			{"zone", p.Zone},
			{"sensor", p.Sensor},
		} {
			if place.Place != (gateway.Place{}) {
				fmt.Fprintf(&b, "  %s %s name %q custom %q mac %q\n", place.what, place.ID, place.Name, place.CustomID, place.MAC)
			}
		}
		fmt.Fprintf(&b, "  people %d in %d out %d\n", e.People, e.In, e.Out)
		for _, f := range e.Found {
			fmt.Fprintf(&b, "  found %+v\n", f)
		}
		fmt.Fprintf(&b, "  %s\n", e.Defect)
	}
	return b.Bytes()
}

func decodeOne(t *testing.T, body string) gateway.Event {
	t.Helper()
	events, err := webhook.Decode([]byte(body))
	if err != nil {
		t.Fatalf("decoding %.200s: %v", body, err)
	}
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	return events[0]
}

// roomEvent is an event of a room whose members may be replaced: a member given as "" is left out.
func roomEvent(members map[string]string) string {
	all := map[string]string{
		"id": `"event_1"`, "type": `"ROOM_OCCUPANCY"`, "timestamp": `1773151530000`,
		"metadata": `{"org_id":"org_1","site_id":"site_1","building_id":"building_1","floor_id":"space_1","room_id":"room_1"}`,
		"data":     `3`,
	}
	for key, value := range members {
		all[key] = value
	}
	var parts []string
	for key, value := range all {
		if value != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", key, value))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

type m = map[string]string

func TestDecodeTypes(t *testing.T) {
	for name, want := range map[string]struct {
		eventType gateway.EventType
		subject   gateway.Kind
	}{
		"FLOOR_OCCUPANCY":       {gateway.Occupancy, gateway.Floor},
		"room_occupancy":        {gateway.Occupancy, gateway.Room},
		"Zone_Occupancy":        {gateway.Occupancy, gateway.Zone},
		"FLOOR_OCCUPANCY_1M":    {gateway.OccupancyMinute, gateway.Floor},
		"ROOM_OCCUPANCY_1MIN":   {gateway.OccupancyMinute, gateway.Room},
		"ROOM_OCCUPANCY_1M":     {gateway.OccupancyMinute, gateway.Room},
		"zone_occupancy_1m":     {gateway.OccupancyMinute, gateway.Zone},
		"ZONE_OCCUPANCY_1MIN":   {gateway.OccupancyMinute, gateway.Zone},
		"FLOOR_OCCUPANCY_1MIN":  {gateway.OccupancyMinute, gateway.Floor},
		"traffic":               {gateway.Traffic, gateway.Sensor},
		"Detections":            {gateway.Detected, gateway.Sensor},
		"PIR_MOTION":            {gateway.MotionStarted, gateway.Room},
		"pir_no_motion":         {gateway.MotionEnded, gateway.Room},
		"SENSOR_HEALTH":         {gateway.Health, gateway.Sensor},
		"hive_health":           {gateway.Health, gateway.NoKind},
		"ROOM_OCCUPANCY_5MIN":   {gateway.UnknownType, gateway.NoKind},
		"FLOOR_OCCUPANCY_1MINX": {gateway.UnknownType, gateway.NoKind},
		"ROOM_OCCUPANCY\\u0000": {gateway.UnknownType, gateway.NoKind},
	} {
		e := decodeOne(t, roomEvent(m{"type": `"` + name + `"`}))
		if e.Type != want.eventType || e.Subject != want.subject {
			t.Errorf("%s is %s of a %s, want %s of a %s", name, e.Type, e.Subject, want.eventType, want.subject)
		}
	}
}

// TestThreat06AbsurdValues holds what is well-formed and yet cannot be an event, and what only looks like that.
func TestThreat06AbsurdValues(t *testing.T) {
	long := strings.Repeat("x", 257)
	traffic := func(data string) string {
		return roomEvent(m{"type": `"TRAFFIC"`, "metadata": `{"sensor_id":"s"}`, "data": data})
	}
	detections := func(data string) string {
		return roomEvent(m{"type": `"DETECTIONS"`, "metadata": `{"sensor_id":"s"}`, "data": data})
	}
	for _, test := range []struct {
		name string
		body string
		want gateway.Refusal
	}{
		{"a good event", roomEvent(nil), gateway.Admitted},
		{"keys of the future", roomEvent(m{"x": `[{"y":null}]`, "version": `7`}), gateway.Admitted},
		{"no timestamp", roomEvent(m{"timestamp": ""}), gateway.TimestampMissing},
		{"a null timestamp", roomEvent(m{"timestamp": "null"}), gateway.TimestampMissing},
		{"a timestamp in quotes", roomEvent(m{"timestamp": `"1773151530000"`}), gateway.TimestampNotInteger},
		{"a timestamp that is an object", roomEvent(m{"timestamp": `{}`}), gateway.TimestampNotInteger},
		{"a timestamp with a fraction", roomEvent(m{"timestamp": "1773151530000.5"}), gateway.TimestampNotInteger},
		{"a timestamp with an empty fraction", roomEvent(m{"timestamp": "1773151530000.0"}), gateway.Admitted},
		{"a timestamp with an exponent", roomEvent(m{"timestamp": "1.77315153e12"}), gateway.Admitted},
		{"a timestamp in seconds", roomEvent(m{"timestamp": "1773151530"}), gateway.Admitted},
		{"a timestamp after the year 9999", roomEvent(m{"timestamp": "253402300800000"}), gateway.TimestampInFuture},
		{"a timestamp of 1e300", roomEvent(m{"timestamp": "1e300"}), gateway.TimestampInFuture},
		{"a timestamp of -1e300", roomEvent(m{"timestamp": "-1e300"}), gateway.TimestampTooOld},
		{"a timestamp of 1e400", roomEvent(m{"timestamp": "1e400"}), gateway.TimestampNotInteger},

		{"no count", roomEvent(m{"data": ""}), gateway.CountNotANumber},
		{"a null count", roomEvent(m{"data": "null"}), gateway.CountNotANumber},
		{"a count in quotes", roomEvent(m{"data": `"3"`}), gateway.CountNotANumber},
		{"a count that is an object", roomEvent(m{"data": `{"in":1,"out":1}`}), gateway.CountNotANumber},
		{"a count of 1e400", roomEvent(m{"data": "1e400"}), gateway.CountNotANumber},
		{"a count of -1", roomEvent(m{"data": "-1"}), gateway.CountNegative},
		{"a count of -0.5", roomEvent(m{"data": "-0.5"}), gateway.CountNegative},
		{"a count that rounds to zero", roomEvent(m{"data": "-0.4"}), gateway.Admitted},
		{"the largest count", roomEvent(m{"data": "65534.4"}), gateway.Admitted},
		{"a count of 65534.5", roomEvent(m{"data": "65534.5"}), gateway.CountTooLarge},
		{"a count of 1e300", roomEvent(m{"data": "1e300"}), gateway.CountTooLarge},

		{"traffic", traffic(`{"in":1,"out":0}`), gateway.Admitted},
		{"traffic without in", traffic(`{"out":1}`), gateway.CountNotANumber},
		{"traffic without out", traffic(`{"in":1}`), gateway.CountNotANumber},
		{"traffic with a null", traffic(`{"in":1,"out":null}`), gateway.CountNotANumber},
		{"traffic as a number", traffic(`1`), gateway.CountNotANumber},
		{"traffic of -1", traffic(`{"in":0,"out":-1}`), gateway.CountNegative},
		{"traffic of 70000", traffic(`{"in":70000,"out":0}`), gateway.CountTooLarge},

		{"an empty room", detections(`{"local":[],"world":[]}`), gateway.Admitted},
		{"positions without world", detections(`{"local":[]}`), gateway.WrongShape},
		{"positions of unequal number", detections(`{"local":[[1,2]],"world":[]}`), gateway.WrongShape},
		{"positions of three", detections(`{"local":[[1,2,3]],"world":[[1,2]]}`), gateway.WrongShape},
		{"positions of one", detections(`{"local":[[1]],"world":[[1,2]]}`), gateway.WrongShape},
		{"positions that are null", detections(`{"local":[[1,null]],"world":[[1,2]]}`), gateway.WrongShape},
		{"positions that are flat", detections(`{"local":[1,2],"world":[[1,2],[3,4]]}`), gateway.WrongShape},
		{"positions of 1e400", detections(`{"local":[[1,1e400]],"world":[[1,2]]}`), gateway.WrongShape},
		{"no positions", detections(``), gateway.WrongShape},

		{"no id", roomEvent(m{"id": ""}), gateway.IDMissing},
		{"an empty id", roomEvent(m{"id": `""`}), gateway.IDMissing},
		{"a long id", roomEvent(m{"id": `"` + long + `"`}), gateway.IDTooLong},
		{"the longest id", roomEvent(m{"id": `"` + long[1:] + `"`}), gateway.Admitted},
		{"an id that is a number", roomEvent(m{"id": `7`}), gateway.WrongShape},
		{"no room", roomEvent(m{"metadata": `{"floor_id":"space_1"}`}), gateway.IDMissing},
		{"an empty room id", roomEvent(m{"metadata": `{"room_id":""}`}), gateway.IDMissing},
		{"a null room id", roomEvent(m{"metadata": `{"room_id":null}`}), gateway.IDMissing},
		{"a room id that is a number", roomEvent(m{"metadata": `{"room_id":5}`}), gateway.WrongShape},
		{"a long site id", roomEvent(m{"metadata": `{"room_id":"r","site_id":"` + long + `"}`}), gateway.IDTooLong},
		{"a sensor id too long with its prefix", roomEvent(m{"metadata": `{"room_id":"r","sensor_id":"` + long[:250] + `"}`}), gateway.IDTooLong},
		{"no metadata", roomEvent(m{"metadata": ""}), gateway.IDMissing},
		{"null metadata", roomEvent(m{"metadata": "null"}), gateway.IDMissing},
		{"metadata that is an array", roomEvent(m{"metadata": "[]"}), gateway.WrongShape},
		{"a zone without its id", roomEvent(m{"type": `"ZONE_OCCUPANCY"`}), gateway.IDMissing},

		{"no type", roomEvent(m{"type": ""}), gateway.WrongShape},
		{"an empty object", "{}", gateway.WrongShape},
		{"a type that is a number", roomEvent(m{"type": "3"}), gateway.WrongShape},
		{"a long type", roomEvent(m{"type": `"` + long + `"`}), gateway.IDTooLong},
		{"a type of the future", `{"type":"CO2","timestamp":"now","metadata":[1],"id":9,"data":"x"}`, gateway.Admitted},
		{"health", `{"type":"SENSOR_HEALTH"}`, gateway.Admitted},
		{"motion needs no data", roomEvent(m{"type": `"PIR_MOTION"`, "data": ""}), gateway.Admitted},
		{"motion with data", roomEvent(m{"type": `"PIR_MOTION"`, "data": `"x"`}), gateway.Admitted},
	} {
		if got := decodeOne(t, test.body).Defect; got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestDecodeCountsAreRounded(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "-0": 0, "0.49": 0, "0.5": 1, "1.5": 2, "2.5": 3, "3e0": 3, "65534": 65534} {
		if got := decodeOne(t, roomEvent(m{"data": text})).People; got != want {
			t.Errorf("%s is %d people, want %d", text, got, want)
		}
	}
}

func TestDecodeSensors(t *testing.T) {
	sensor := func(id, mac string) gateway.Place {
		return decodeOne(t, roomEvent(m{"metadata": fmt.Sprintf(`{"room_id":"r","sensor_id":%q,"mac_address":%q}`, id, mac)})).Path.Sensor
	}
	for _, test := range []struct{ id, mac, wantID, wantMAC string }{
		{"abc", "00-17-0D-00", "sensor_abc", "00-17-0d-00"},
		{"sensor_abc", "00:17:0d:00", "sensor_abc", "00-17-0d-00"},
		{"", "00170D00", "", "00-17-0d-00"},
		{"sensor_", "0017.0d00", "sensor_", "00-17-0d-00"},
		{"x", "Mi-RR-or-1", "sensor_x", "mi-rr-or-1"},
	} {
		want := gateway.Place{ID: gateway.AssetID(test.wantID), MAC: test.wantMAC}
		if got := sensor(test.id, test.mac); got != want {
			t.Errorf("sensor %q %q is %+v, want %+v", test.id, test.mac, got, want)
		}
	}
}

func TestDecodeCutsNamesAtACharacter(t *testing.T) {
	for name, want := range map[string]int{
		strings.Repeat("a", 256):       256,
		strings.Repeat("a", 257):       256,
		"a" + strings.Repeat("é", 200): 255,
		strings.Repeat("𝄞", 100):       256,
		"ab" + strings.Repeat("𝄞", 70): 254,
	} {
		e := decodeOne(t, roomEvent(m{"metadata": fmt.Sprintf(`{"room_id":"r","room_name":%q}`, name)}))
		if got := e.Path.Room.Name; len(got) != want || !strings.HasPrefix(name, got) || e.Defect != gateway.Admitted {
			t.Errorf("a name of %d bytes was cut to %d, want %d (%s)", len(name), len(got), want, e.Defect)
		}
	}
}

func TestDecodeArray(t *testing.T) {
	one, two := roomEvent(m{"id": `"event_1"`}), roomEvent(m{"id": `"event_2"`, "data": "-1"})
	events, err := webhook.Decode([]byte(" [ " + one + " ,\n" + two + "]\t"))
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 2 || string(events[0].Raw) != one || string(events[1].Raw) != two {
		t.Fatalf("the events are not those of the body: %+v", events)
	}
	if events[0].Defect != gateway.Admitted || events[1].Defect != gateway.CountNegative {
		t.Errorf("one bad event spoilt another: %s, %s", events[0].Defect, events[1].Defect)
	}
}

// TestThreat05HostileJSON holds the bodies that are no JSON, or JSON that two parsers may read differently,
// or over a limit. Each is answered that it is wrong, and nothing of it is taken up.
//
// Seen to break it: duplicate keys allowed, no bound on the digits of a number, none on levels, and what was read before
// the fault taken up.
func TestThreat05HostileJSON(t *testing.T) {
	o := options()
	o.Ingest = ingester(func(_ context.Context, events []gateway.Event) error {
		t.Errorf("%d events were taken up", len(events))
		return nil
	})
	s := newServer(t, o)
	refused := 0
	many := func(n int) string { return "[" + strings.Repeat("{},", n-1) + "{}]" }
	for name, body := range map[string]string{
		"nothing":                       "",
		"blanks":                        " \n\t",
		"a word":                        "hello",
		"null":                          "null",
		"a string":                      `"x"`,
		"a number":                      "1",
		"an array of numbers":           "[1]",
		"an array with a null":          "[{},null]",
		"nested arrays":                 "[[{}]]",
		"a byte order mark":             "\uFEFF{}",
		"trailing data":                 "{}{}",
		"a trailing word":               "{} x",
		"a trailing brace":              "{}}",
		"a trailing comma":              `{"id":"x",}`,
		"a trailing comma in an array":  "[{},]",
		"a truncated object":            `{"id":"x"`,
		"a truncated array":             `[{}`,
		"a mismatched bracket":          `{"id":"x"]`,
		"a missing colon":               `{"id" "x"}`,
		"a name without quotes":         `{id:"x"}`,
		"a duplicate key":               `{"id":"a","id":"b"}`,
		"a duplicate in escapes":        `{"id":"a","\u0069d":"b"}`,
		"a duplicate in metadata":       `{"metadata":{"room_id":"a","room_id":"b"}}`,
		"a duplicate in traffic":        `{"type":"TRAFFIC","data":{"in":1,"in":2,"out":0}}`,
		"a duplicate in an unknown key": `{"x":{"a":1,"a":1}}`,
		"bad UTF-8":                     "{\"id\":\"\xff\"}",
		"bad UTF-8 in an unknown key":   "{\"\xc3\":1}",
		"a lone surrogate":              `{"id":"\ud800"}`,
		"surrogates in disorder":        `{"id":"\udc00\ud800"}`,
		"a raw NUL":                     "{\"id\":\"\x00\"}",
		"a NUL between":                 "{\x00}",
		"a raw line break":              "{\"id\":\"a\nb\"}",
		"a comment":                     "{/* */}",
		"NaN":                           `{"data":NaN}`,
		"Infinity":                      `{"data":Infinity}`,
		"a leading zero":                `{"data":01}`,
		"a hexadecimal number":          `{"data":0x1}`,
		"a number of a megabyte":        `{"data":` + strings.Repeat("1", 1<<20) + "}",
		"a number of 129 characters":    `{"data":` + strings.Repeat("1", 129) + "}",
		"a long number that is skipped": `{"x":[{"y":` + strings.Repeat("1", 129) + "}]}",
		"10 000 levels":                 `{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}",
		"10 000 levels of objects":      strings.Repeat(`{"x":`, 10_000) + "1" + strings.Repeat("}", 10_000),
		"10 000 levels of data":         `{"data":` + strings.Repeat("[", 10_000),
		"33 levels":                     `{"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}",
		"10 001 tokens":                 `{"x":[` + strings.Repeat("1,", 9_995) + "1]}",
		"10 001 positions":              `{"data":{"local":[` + strings.Repeat("1,", 10_000) + "1]}}",
		"1001 events":                   many(1001),
	} {
		if events, err := webhook.Decode([]byte(body)); err == nil || events != nil {
			t.Errorf("%s: %d events, want an error", name, len(events))
		}
		want := http.StatusBadRequest
		if len(body) > 256<<10 {
			want = http.StatusRequestEntityTooLarge
		}
		if got := answer(s, post(body)).Code; got != want {
			t.Errorf("%s: answered %d, want %d", name, got, want)
		}
		refused++
	}
	t.Attr("figure", fmt.Sprintf("%d hostile bodies refused", refused))
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"no events":            {"[]", 0},
		"1000 events":          {many(1000), 1000},
		"32 levels":            {`{"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + "}", 1},
		"128 characters":       {`{"data":` + strings.Repeat("1", 128) + "}", 1},
		"10 000 tokens":        {`{"x":[` + strings.Repeat("1,", 9_994) + "1]}", 1},
		"an escaped NUL":       {`{"id":"\u0000"}`, 1},
		"a number of 1e400":    {`{"data":1e400}`, 1}, // which is no count: see TestThreat06AbsurdValues
		"a pair of surrogates": {`{"id":"\ud834\udd1e"}`, 1},
	} {
		if events, err := webhook.Decode([]byte(test.body)); err != nil || len(events) != test.want {
			t.Errorf("%s: %d events, want %d: %v", name, len(events), test.want, err)
		}
	}
}

// TestDecodeKeepsNothingOfTheBody overwrites the body, as a buffer that is used again would be.
func TestDecodeKeepsNothingOfTheBody(t *testing.T) {
	body := []byte(roomEvent(m{"metadata": `{"room_id":"room_1","room_name":"Boardroom \u0045"}`}))
	want := decodeOne(t, string(body))
	events, err := webhook.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	for i := range body {
		body[i] = '#'
	}
	if diff := cmp.Diff(want, events[0], ignoreRaw); diff != "" {
		t.Errorf("the event changed with the body:\n%s", diff)
	}
}
