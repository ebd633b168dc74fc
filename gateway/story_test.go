package gateway_test

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// TestStories tells every story of testdata/stories. Each is a text about a building that a controls
// engineer can read and check against the rules of state; the README there says how one is written.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("finding stories: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := readStory(string(text))
			if err != nil {
				t.Fatalf("%s:%v", file, err)
			}
			newBuilding(t, file, s).tell()
		})
	}
}

// story is a text about a building, read.
type story struct {
	rules    gateway.Rules
	place    *time.Location
	lies     map[gateway.AssetID]gateway.AssetID // what lies elsewhere than usual, and where
	asleep   bool                                // the gateway does not run from the beginning
	episodes []episode                           // in the order in which they happen
}

// episode is what one line says of one moment: something that happens, or something that must be so.
type episode struct {
	line  int
	text  string
	at    gateway.Timestamp
	until gateway.Timestamp // of what must be so for longer: the last moment

	happen func(*building) error
	assets []gateway.AssetID // of which something must be so; none is the gateway as a whole
	claims []claim
}

// order puts the episodes into the order of time. At one moment things happen before anything is expected.
func (s *story) order() {
	rank := func(x *episode) int {
		if x.happen != nil {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(s.episodes, func(a, b episode) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(rank(&a), rank(&b)))
	})
}

// path returns the way to a place, from the organisation inwards.
func (s *story) path(id gateway.AssetID) gateway.Path {
	p := gateway.Path{Organisation: gateway.Place{ID: "org_1"}}
	places := map[gateway.Kind]*gateway.Place{
		gateway.Site: &p.Site, gateway.Building: &p.Building, gateway.Floor: &p.Floor,
		gateway.Room: &p.Room, gateway.Zone: &p.Zone, gateway.Sensor: &p.Sensor,
	}
	for id != "" {
		places[id.Kind()].ID = id
		id = s.around(id)
	}
	return p
}

// around returns where a place lies: unless the story says otherwise on the only floor of the only building.
func (s *story) around(id gateway.AssetID) gateway.AssetID {
	if place, ok := s.lies[id]; ok {
		return place
	}
	switch id.Kind() {
	case gateway.Site:
		return ""
	case gateway.Building:
		return "site_1"
	case gateway.Floor:
		return "building_1"
	}
	return "space_1"
}

// A line that means nothing must not pass for one that holds.
func TestAStoryMustMakeSense(t *testing.T) {
	for _, text := range []string{
		"", "evidence everything", "lighting_off_delay ten", "lightning_off_delay 10m", "hours always", "group lab room_a",
		"09:00 room_a peple 3", "09:00 room_a people", "09:00 room_a people many", "09:00 room_a motion 3", "25:00 room_a motion",
		"09:00..09:10 room_a motion", "09:10..09:00 room_a motion every minute", "09:00 room_a motion every minute",
		"09:00 sensor_1 traffic in 2", "09:00 force room_a empty", "09:00 force room_a vacant for long", "09:00 clock jumps far",
		"09:00 room_a: lightning on", "09:00 room_a: fine", "09:00 room_a: people 3 fine", "09:00 room_a: reason unknown",
		"09:00 room_a: off-delay ends soon", "09:00 room_a: lighting on good twice", "09:00 gateway: alarm everything",
	} {
		if _, err := readStory(text); err == nil || !strings.HasPrefix(err.Error(), "1: ") {
			t.Errorf("%q: got %v, want an error that names line 1", text, err)
		}
	}
}
