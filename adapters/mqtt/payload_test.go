package mqtt

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// at returns a time of 23 November 2026, UTC, as a person would write it.
func at(clock string) gateway.Timestamp {
	t, err := time.Parse(time.RFC3339, "2026-11-23T"+clock+"Z")
	if err != nil {
		panic(err)
	}
	return gateway.TimestampOf(t)
}

// known sets readings that are known.
func known(s *gateway.Snapshot, values map[gateway.Measure]int64) {
	for m, v := range values {
		s.Has |= gateway.MeasuresOf(m)
		s.Readings[m] = gateway.Reading{Value: v, Known: true, Quality: gateway.Good}
	}
}

func meetingRoom() gateway.Snapshot {
	s := gateway.Snapshot{
		Asset: &gateway.Asset{
			ID: "room_3jsO3M1KzCEuPDimYj0iZrqyaiW", Kind: gateway.Room, Number: 3, Name: "Meeting Room 3.12",
			CustomID: "MH-3.12", Path: []string{"Rotterdam Campus", "Maas House", "Level 3"},
		},
		Has: gateway.MeasuresOf(gateway.Motion), Quality: gateway.Good, Coverage: -1, At: at("08:15:02.120"),
		Reason: gateway.Reason{Code: gateway.ReasonPeople, People: 4, At: at("08:15:02.120")},
	}
	known(&s, map[gateway.Measure]int64{
		gateway.Occupied: 1, gateway.People: 4, gateway.Lighting: 1, gateway.HVAC: 1, gateway.Ventilation: 0,
		gateway.TrafficIn: 1204, gateway.TrafficOut: 1198, gateway.Utilisation: 667,
		gateway.PeakToday: 6, gateway.OccupiedMinutesToday: 212,
	})
	return s
}

// snapshots are those whose payloads are kept as golden files.
func snapshots() map[string]gateway.Snapshot {
	full := meetingRoom()
	full.OffDelayEnds = at("08:30:02")

	unknown := meetingRoom()
	unknown.Readings = [gateway.MeasureCount]gateway.Reading{}
	unknown.Quality, unknown.At, unknown.Reason = gateway.Never, 0, gateway.Reason{}
	unknown.Asset = &gateway.Asset{ID: "room_new", Kind: gateway.Room}

	sensor := gateway.Snapshot{
		Asset:   &gateway.Asset{ID: "sensor_34Skp", Kind: gateway.Sensor, MAC: "00-17-0d-00-00-6f-d2-72", Name: "Entrance"},
		Quality: gateway.Good, Coverage: -1, At: at("08:15:00"),
	}
	known(&sensor, map[gateway.Measure]int64{gateway.TrafficIn: 4294967296, gateway.TrafficOut: 0})

	// Nothing says whether anybody is there, but traffic how many may be.
	entrance := gateway.Snapshot{
		Asset:   &gateway.Asset{ID: "sensor_37Hdq", Kind: gateway.Sensor, Name: "Entrance"},
		Quality: gateway.Uncertain, Coverage: -1, Estimate: true, At: at("08:15:00"),
		Reason: gateway.Reason{Code: gateway.ReasonTrafficEstimate, People: 7, At: at("08:15:00")},
	}
	known(&entrance, map[gateway.Measure]int64{
		gateway.People: 7, gateway.TrafficIn: 40, gateway.TrafficOut: 33, gateway.TrafficEstimate: 7,
	})

	floor := gateway.Snapshot{
		Asset:   &gateway.Asset{ID: "space_34Skp", Kind: gateway.Floor, Name: "Level 3", Path: []string{"Rotterdam Campus", "Maas House"}},
		Quality: gateway.Uncertain, Coverage: 875, At: at("08:15:00"),
		Reason: gateway.Reason{Code: gateway.ReasonMembers, Few: 5, Of: 8},
	}
	known(&floor, map[gateway.Measure]int64{gateway.Occupied: 1, gateway.People: 87, gateway.Utilisation: 1000})

	// Two of three members count: the coverage has a tenth. Its people are an estimate of today's traffic.
	hall := gateway.Snapshot{
		Asset:   &gateway.Asset{ID: "space_hall", Kind: gateway.Floor, Name: "Hall", Path: []string{"Rotterdam Campus"}},
		Has:     gateway.MeasuresOf(gateway.Utilisation, gateway.OccupiedMinutesToday),
		Quality: gateway.Uncertain, Coverage: 667, Estimate: true, At: at("08:15:00"),
		Reason: gateway.Reason{Code: gateway.ReasonPeople, People: 7, At: at("08:15:00")},
	}
	known(&hall, map[gateway.Measure]int64{
		gateway.Occupied: 1, gateway.People: 7, gateway.Lighting: 1, gateway.HVAC: 1, gateway.Ventilation: 1,
		gateway.TrafficIn: 40, gateway.TrafficOut: 33, gateway.TrafficEstimate: 7, gateway.PeakToday: 19,
	})

	// Two overrides are in force together, neither of all outputs: both are told.
	forced := meetingRoom()
	forced.Overrides = []gateway.Override{
		{Target: gateway.TargetLighting, Source: gateway.FromController, Since: at("08:00:00"), Until: at("09:00:00")},
		{Target: gateway.TargetPeople, Value: 4, Source: gateway.FromOperator, Author: "anna", Reason: "a \"drill\"", Since: at("08:00:00"), Until: at("10:00:00.500")},
	}

	hostile := room(1, 0)
	hostile.Asset = &gateway.Asset{
		ID: "room_x", Kind: gateway.Room, Name: "R&D \"<b>\"\n\x00\xff\u202egnp.exe", CustomID: `C:\rooms`, Path: []string{""},
	}
	return map[string]gateway.Snapshot{
		"full": full, "unknown": unknown, "sensor": sensor, "entrance": entrance, "floor": floor, "hall": hall, "hostile": hostile, "forced": forced,
	}
}

func TestState(t *testing.T) {
	for name, s := range snapshots() {
		t.Run(name, func(t *testing.T) {
			got := appendState(nil, &s, amsterdam)
			golden(t, "state_"+name+".json", got)
			mustBeJSON(t, got)
		})
	}
}

func TestGatewayPayload(t *testing.T) {
	o := testOptions()
	o.Alarms.Raise(gateway.FeedLost, `nothing from site "HQ" since 08:00`)
	o.Alarms.Raise(gateway.JournalFailing, "disk full")
	sum := gateway.Summary{Assets: 3, Accepted: 1204, Refused: 2, Unhandled: 7}
	sum.Qualities[gateway.Good], sum.Qualities[gateway.Held] = 2, 1
	got := appendGateway(nil, &o, o.Clock(), &sum)
	golden(t, "gateway.json", got)
	mustBeJSON(t, got)
}

func TestGatewayPayloadTellsHowTheControllersAre(t *testing.T) {
	o := testOptions()
	o.Push = func(yield func(name, state string) bool) { _ = yield("ahu-3", "well") && yield("boiler", "failing") }
	got := appendGateway(nil, &o, o.Clock(), &gateway.Summary{})
	if want := `,"push":{"ahu-3":"well","boiler":"failing"}}`; !bytes.HasSuffix(got, []byte(want)) {
		t.Errorf("%s does not end with %s", got, want)
	}
	mustBeJSON(t, got)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *updateGolden {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.TrimSuffix(want, []byte("\n"))), string(got)); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
}

func mustBeJSON(t *testing.T, payload []byte) {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(payload, &object); err != nil || !utf8.Valid(payload) {
		t.Errorf("%s is no JSON: %v", payload, err)
	}
}

func TestScalar(t *testing.T) {
	for _, c := range []struct {
		measure gateway.Measure
		reading gateway.Reading
		want    string
	}{
		{gateway.People, gateway.Reading{Value: 4, Known: true}, "4"},
		{gateway.People, gateway.Reading{Value: 0, Known: true}, "0"},
		{gateway.People, gateway.Reading{Value: 4}, "unknown"},
		{gateway.Occupied, gateway.Reading{Value: 1, Known: true}, "ON"},
		{gateway.Motion, gateway.Reading{Value: 0, Known: true}, "OFF"},
		{gateway.Motion, gateway.Reading{}, "unknown"},
		{gateway.Utilisation, gateway.Reading{Value: 667, Known: true}, "66.7"},
		{gateway.Utilisation, gateway.Reading{Value: 1000, Known: true}, "100"},
		{gateway.Utilisation, gateway.Reading{Value: 5, Known: true}, "0.5"},
		{gateway.TrafficEstimate, gateway.Reading{Value: -3, Known: true}, "-3"},
	} {
		if got := string(appendScalar(nil, c.measure, c.reading)); got != c.want {
			t.Errorf("%s of %+v is %s, want %s", c.measure, c.reading, got, c.want)
		}
	}
}

func TestOverrideIsThatOfAllOutputs(t *testing.T) {
	for _, c := range []struct {
		name      string
		overrides []gateway.Override
		want      string
	}{
		{"nothing forced", nil, "automatic"},
		{"by an operator", []gateway.Override{{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromOperator}}, "occupied"},
		{"by a message", []gateway.Override{{Target: gateway.TargetOutputs, Value: 0, Source: gateway.FromMessage}}, "vacant"},
		{"by a controller", []gateway.Override{{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromController}}, "occupied"},
		{"one output only", []gateway.Override{{Target: gateway.TargetHVAC, Value: 1, Source: gateway.FromOperator}}, "automatic"},
		{"people only", []gateway.Override{{Target: gateway.TargetPeople, Value: 4, Source: gateway.FromOperator}}, "automatic"},
		{"beside people", []gateway.Override{{Target: gateway.TargetPeople, Value: 4}, {Target: gateway.TargetOutputs, Value: 0}}, "vacant"},
	} {
		s := meetingRoom()
		s.Overrides = c.overrides
		got := appendState(nil, &s, amsterdam)
		if !bytes.Contains(got, []byte(`,"override":"`+c.want+`",`)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if n := bytes.Count(got, []byte(`{"target":"`)); n != len(c.overrides) {
			t.Errorf("%s: %s tells of %d overrides, want %d", c.name, got, n, len(c.overrides))
		}
	}
}

func TestAvailability(t *testing.T) {
	for q := range gateway.Quality(gateway.QualityCount) {
		want := online
		if q == gateway.Never || q == gateway.OutOfService {
			want = offline
		}
		if got := availabilityOf(&gateway.Snapshot{Quality: q}); got != want {
			t.Errorf("%s is %s, want %s", q, got, want)
		}
	}
}

// FuzzState holds the payload of any asset to be JSON, whatever people call it.
func FuzzState(f *testing.F) {
	f.Add("Meeting Room", "MH-3.12", "Level 3", int64(667), uint32(0xffff))
	f.Add("\xff\x00\"\\", "\u2028", "</script>", int64(-1), uint32(0))
	f.Fuzz(func(t *testing.T, name, custom, level string, value int64, has uint32) {
		s := meetingRoom()
		s.Asset = &gateway.Asset{ID: "room_x", Kind: gateway.Room, Name: name, CustomID: custom, Path: []string{level, level}}
		s.Has = gateway.Measures(has)
		for m := range s.Readings {
			s.Readings[m] = gateway.Reading{Value: value, Known: m%3 != 0}
		}
		mustBeJSON(t, appendState(nil, &s, time.UTC))
	})
}

// A state is written into a buffer that was there before: only the sentence that says why is a text of its own.
//
// Seen to break it: what is quoted made a text of its own first.
func TestWritingAStateAllocatesLittle(t *testing.T) {
	s, b := meetingRoom(), make([]byte, 0, 4096)
	const most = 5
	if n := testing.AllocsPerRun(100, func() { b = appendState(b[:0], &s, time.UTC) }); n > most {
		t.Errorf("%v allocations, want at most %d", n, most)
	}
}
