package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// forcedRoom is a room that is forced, with everything that can be said of it.
func forcedRoom() *gateway.Explanation {
	ago := func(d time.Duration) gateway.Timestamp { return noon.Add(-d) }
	var window []gateway.Entry
	for n := range 7 {
		window = append(window, gateway.Entry{At: ago(time.Duration(6-n) * time.Minute), ID: gateway.EventIDOf("event_3nprwZCAqYdJzGI97efWqGm0pXn"), Value: int32(n)})
	}
	return &gateway.Explanation{
		Asset: &gateway.Asset{
			ID: "room_1", Kind: gateway.Room, Number: 3, Name: "Boardroom", Given: "Board\x1b[2J <room>", CustomID: "MH-3.12",
			Parent: "space_3", Path: []string{"Campus", "Level\u202e3"}, Capacity: 12, Site: "site_1",
			Facts: &gateway.Facts{At: 1773129600000, Capacity: 10, Tags: []string{"lab", "quiet\u202e"}, Entrance: true, Clock: time.UTC},
		},
		Quality: gateway.OutOfService, Number: 3, Heard: true, Age: 75 * time.Second, OffDelay: 90 * time.Second,
		Traffic: &gateway.TrafficExplanation{
			In: 40, Out: 38, At: noon, Net: 2, Since: ago(12 * time.Hour), More: 1,
			Sensors: []gateway.SensorExplanation{{ID: "sensor_1", Name: "Door\x1b", In: 40, Out: 38, At: noon}},
		},
		Settings: []gateway.SettingExplanation{
			{Key: "evidence", Value: "either", From: "default"}, {Key: "on_count", Value: "3", From: "[assets.room_1]"},
			{Key: "hvac_off_delay", Value: "20m", From: "[state]"}, {Key: "off_count", Value: "2", From: "[assets.room_1]"}, {Key: "feed", Value: "minute", From: "default"},
		},
		Points: []gateway.PointExplanation{
			{Measure: gateway.Occupied, Reading: gateway.Reading{Value: 1, At: noon, Known: true, Quality: gateway.Forced}, Reason: "forced by operator until 13:00: fire drill", Code: gateway.ReasonForced},
			{Measure: gateway.People, Reading: gateway.Reading{Value: 6, At: noon, Known: true, Quality: gateway.OutOfService}, Reason: "people 6 at 12:00:00", Code: gateway.ReasonPeople, Doubt: "the clock is not trusted"},
			{Measure: gateway.Motion, Reading: gateway.Reading{}, Reason: "nothing known"},
			{Measure: gateway.TrafficIn, Reading: gateway.Reading{Value: 40, At: noon, Known: true, Quality: gateway.Good}},
			{Measure: gateway.TrafficOut, Reading: gateway.Reading{Value: 38, At: noon, Known: true, Quality: gateway.Good}},
			{Measure: gateway.Utilisation, Reading: gateway.Reading{Value: 667, At: noon, Known: true, Quality: gateway.Good}},
		},
		Feeds: []gateway.FeedExplanation{
			{Feed: gateway.PeopleFeed, Counts: true, Chosen: true, Life: "live", Rule: "minute", Freshness: "its own silence", Newest: noon, StaleAt: noon.Add(5 * time.Minute), DeadAt: noon.Add(15 * time.Minute),
				History: gateway.History{Window: window, Before: gateway.Before{
					LastPositive: ago(40 * time.Minute), FirstClear: ago(39 * time.Minute), Newest: ago(31 * time.Minute), Day: ago(12 * time.Hour), Peak: 6, Minutes: 31,
				}}},
			{Feed: gateway.PeopleMinuteFeed, Life: "never", Rule: "minute"},
			{Feed: gateway.MotionFeed, Counts: true, Life: "dead", Rule: "change", Newest: ago(24 * time.Hour), History: gateway.History{
				Window: []gateway.Entry{{At: ago(24 * time.Hour), ID: gateway.EventIDOf("old"), Value: 1}},
			}},
			{Feed: gateway.TrafficFeed, Life: "live", Rule: "change", Newest: noon, History: gateway.History{
				Window: []gateway.Entry{{At: ago(time.Minute), Value: 2}, {At: noon, Value: -1}},
			}},
		},
		Overrides: []gateway.Override{
			{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromOperator, Author: "anna", Reason: "fire\tdrill", Since: noon, Until: noon.Add(time.Hour)},
			{Target: gateway.TargetPeople, Value: 4, Source: gateway.FromController, Since: noon, Until: noon.Add(time.Hour)},
		},
		Site: gateway.SiteExplanation{
			ID: "site_1", Newest: noon, MinuteFeeds: 4, Heartbeat: true, Silence: gateway.Silence{From: ago(3 * time.Hour), To: ago(2 * time.Hour)},
			Hours: "Mon-Fri 06:00-20:00", InUse: true, Timezone: "Europe/Amsterdam",
		},
	}
}

// group is an aggregate of which not everything counts.
func group() *gateway.Explanation {
	return &gateway.Explanation{
		Asset: &gateway.Asset{ID: "group:ahu-3", Kind: gateway.Group, Number: 1}, Number: 1, Quality: gateway.Uncertain,
		Members: &gateway.MembersExplanation{
			Total: 5, Itself: true, Qualities: [gateway.QualityCount]int{gateway.Good: 3, gateway.Held: 1}, Coverage: 667, Missing: []string{"custom:MH-3.99"},
			Members: []gateway.MemberExplanation{
				{ID: "group:ahu-3", Itself: true, Occupied: gateway.Reading{Known: true}, Quality: gateway.Good, Reason: "people 0 at 12:00:00"},
				{ID: "room_1", Name: "Board\x1broom", Occupied: gateway.Reading{Value: 1, Known: true}, People: gateway.Reading{Value: 3, Known: true}, Quality: gateway.Good, Reason: "people 3 at 12:00:00"},
				{ID: "room_2", Name: "room_2", Quality: gateway.Held, Reason: "no event since noon"},
			},
			More: 1,
		},
	}
}

// campus is a site after hours, of which nothing was heard.
func campus() *gateway.Explanation {
	return &gateway.Explanation{
		Asset: &gateway.Asset{ID: "site_1", Kind: gateway.Site, Site: "site_1"},
		Site:  gateway.SiteExplanation{ID: "site_1", Hours: "Mon 08:00-12:00", Timezone: "Nowhere/Land", Minutes: "00ff", Starts: [2]gateway.Timestamp{noon}, MinuteFeeds: 1, Silence: gateway.Silence{From: noon, To: noon + 1}},
	}
}

func dumped(t *testing.T, explained map[gateway.AssetID]*gateway.Explanation, args ...string) string {
	t.Helper()
	s := newStandIn(t)
	s.explained, s.remembered = explained, 2
	code, out, complaints := typed(t.Context(), s.config, append([]string{"state", "dump"}, args...)...)
	if code != 0 || complaints != "" {
		t.Fatalf("exit code %d: %s", code, complaints)
	}
	return out
}

func estate() map[gateway.AssetID]*gateway.Explanation {
	return map[gateway.AssetID]*gateway.Explanation{"room_1": forcedRoom(), "group:ahu-3": group(), "site_1": campus()}
}

func TestADumpInWriting(t *testing.T) {
	for name, args := range map[string][]string{
		"dump.txt": nil, "dump.json": {"--format", "json"}, "dump_ledger.json": {"--format", "json", "--ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			got := dumped(t, estate(), args...)
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

func TestADumpOfOneAsset(t *testing.T) {
	all := dumped(t, estate(), "--format", "json")
	one := dumped(t, estate(), "--format", "json", "custom:MH-3.12")
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(one), &list); err != nil || len(list) != 1 || !strings.Contains(all, string(list[0])) {
		t.Errorf("%v:\n%s", err, one)
	}
}

func TestACanonicalDumpIsSorted(t *testing.T) {
	text := dumped(t, estate(), "--format", "json", "--ledger")
	var assets []map[string]any // marshalled with sorted keys
	if err := json.Unmarshal([]byte(text), &assets); err != nil {
		t.Fatal(err)
	}
	last := ""
	for i, line := range strings.Split(strings.Trim(text, "[]\n"), "\n") {
		sorted, err := json.Marshal(assets[i])
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(strings.TrimSpace(line), ","); got != string(sorted) {
			t.Errorf("keys are not sorted:\n%s\n%s", got, sorted)
		}
		id, isAsset := assets[i]["asset"].(string)
		if isAsset == (i == len(assets)-1) || isAsset && id <= last {
			t.Errorf("%s comes after %s", line, last)
		}
		last = id
	}
}

// What passes with time, depends on who came first, or comes from the configuration is not in it.
func TestEqualStatesGiveEqualBytes(t *testing.T) {
	want := dumped(t, estate(), "--format", "json")
	other := estate()
	room := other["room_1"]
	room.Number, room.Quality = 9, gateway.Held
	room.Asset.Number, room.Asset.Name, room.Asset.Capacity, room.Asset.Path, room.Asset.Told = 9, "Renamed", 40, []string{"Elsewhere"}, noon
	for i := range room.Points {
		room.Points[i].Reason, room.Points[i].Code, room.Points[i].Reading.Quality = "later", 8, gateway.Held
	}
	room.Points[0].Reading, room.Points[1].Reading = gateway.Reading{}, gateway.Reading{Value: 1, Known: true}
	for i := range room.Feeds {
		f := &room.Feeds[i]
		f.Counts, f.Chosen, f.Life, f.StaleAt, f.DeadAt, f.Rule = !f.Counts, !f.Chosen, "dead", 0, 0, "change"
	}
	room.Feeds = append(room.Feeds[:1], room.Feeds[2:]...) // one that was never heard
	room.Site.InUse, room.Site.Hours, room.Site.Timezone, room.Site.MinuteFeeds = false, "", "UTC", 9
	room.Heard, room.Settings, room.Traffic.Sensors, room.Traffic.More = false, nil, nil, 0
	other["group:ahu-3"].Members, other["group:ahu-3"].Number = nil, 5
	if diff := cmp.Diff(want, dumped(t, other, "--format", "json")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatesThatDifferGiveOtherBytes(t *testing.T) {
	same := dumped(t, estate(), "--format", "json")
	for name, change := range map[string]func(b map[gateway.AssetID]*gateway.Explanation){
		"a revision":      func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Feeds[0].History.Window[2].Value++ },
		"its moment":      func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Feeds[0].History.Window[2].At++ },
		"its id":          func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Feeds[0].History.Window[2].ID[5]++ },
		"a last positive": func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Feeds[0].History.Before.LastPositive++ },
		"a newest":        func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Feeds[0].History.Before.Newest++ },
		"a peak":          func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Feeds[0].History.Before.Peak++ },
		"a sum":           func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Feeds[3].History.Before.Sum++ },
		"a total in":      func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Traffic.In++ },
		"a total out":     func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Traffic.Out++ },
		"an estimate":     func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Traffic.Net++ },
		"its reset":       func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Traffic.Since++ },
		"heard minutes":   func(b map[gateway.AssetID]*gateway.Explanation) { b["site_1"].Site.Minutes = "0fff" },
		"a start":         func(b map[gateway.AssetID]*gateway.Explanation) { b["site_1"].Site.Starts[0]++ },
		"an override":     func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Overrides[1].Value++ },
		"its end":         func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Overrides[1].Until++ },
		"a given name":    func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Asset.Given = "other" },
		"a parent":        func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Asset.Parent = "space_4" },
		"a custom id":     func(b map[gateway.AssetID]*gateway.Explanation) { b["room_1"].Asset.CustomID = "" },
		"a silence":       func(b map[gateway.AssetID]*gateway.Explanation) { b["site_1"].Site.Silence.To++ },
		"a site's newest": func(b map[gateway.AssetID]*gateway.Explanation) { b["site_1"].Site.Newest++ },
		"one asset less":  func(b map[gateway.AssetID]*gateway.Explanation) { delete(b, "site_1") },
	} {
		b := estate()
		change(b)
		if dumped(t, b, "--format", "json") == same {
			t.Errorf("%s makes no difference", name)
		}
	}
	s := newStandIn(t)
	s.explained, s.remembered = estate(), 3
	if _, other, _ := typed(t.Context(), s.config, "state", "dump", "--format", "json"); other == same {
		t.Error("another traffic event that would not be counted again makes no difference")
	}
}
