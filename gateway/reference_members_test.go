package gateway

import (
	"fmt"
	"slices"
	"testing"
)

// What sites, buildings, floors and groups make of their members.

// tellAggregate tells the outputs, the quality, the coverage in 0.1 %, and people.
func tellAggregate(s refSnapshot) string {
	text := ""
	for o := range Output(OutputCount) {
		text += tellValue(s.Readings[o.Measure()])
	}
	return fmt.Sprintf("%s %s %d, %s", text, s.Quality, s.Coverage, telling(People)(s))
}

// referenceRooms are counts of rooms of one moment: of room_1, room_2, and so on.
func referenceRooms(sensed string, people ...int) (events []Event) {
	for i, n := range people {
		events = append(events, refPeople(AssetID(fmt.Sprint("room_", i+1)), n, sensed))
	}
	return events
}

func TestReferenceFloor(t *testing.T) {
	// Of five rooms, all empty but the last, the first ones are dead.
	five := func(dead, people int) []Event {
		events := referenceRooms("09:00:00", 0, 0, 0, 0, people)
		for i := range dead {
			events[i].At = referenceClock("08:30:00")
		}
		return events
	}
	checkReference(t, tellAggregate, []referenceCase{
		{
			name: "is the sum and the any of its rooms", asset: "space_1",
			events: five(0, 3),
			then:   map[string]string{"09:00:10": "111 good 1000, 3 good"},
		},
		{
			name: "does without one dead room in five", asset: "space_1",
			events: five(1, 0),
			then:   map[string]string{"09:00:10": "000 uncertain 800, 0 uncertain"},
		},
		{
			name: "takes the policies of two dead rooms in five", asset: "space_1",
			events: five(2, 0),
			then:   map[string]string{"09:00:10": "111 substituted 600, 0 substituted"},
		},
		{
			name: "does without as many as it was told to", asset: "space_1",
			settings: func(s *Settings) { s.MinCoverage = 60 },
			events:   five(2, 0),
			then:     map[string]string{"09:00:10": "000 uncertain 600, 0 uncertain"},
		},
		{
			name: "counts what is held, always", asset: "space_1",
			events: append(five(0, 0)[1:], refPeople("room_1", 4, "08:50:00")),
			then:   map[string]string{"09:00:10": "111 uncertain 800, 4 uncertain"},
		},
		{
			name: "is held where all that is missing is held", asset: "space_1",
			events: []Event{refPeople("room_1", 0, "09:00:00"), refPeople("room_2", 2, "08:52:00")},
			then:   map[string]string{"09:00:10": "111 held 500, 2 held"},
		},
		{
			name: "is uncertain where a room is", asset: "space_1",
			events: []Event{refPeople("room_1", 0, "09:00:00"), refPassed("sensor_1", "room_2", 2, 1, "08:52:00")},
			then:   map[string]string{"09:00:10": "000 uncertain 1000, 1 uncertain"},
		},
		{
			name: "misses a room that nobody spoke of", asset: "space_1",
			events: []Event{refPeople("room_1", 0, "09:00:00"), refZone("zone_1", "room_2", 5, "09:00:00")},
			then:   map[string]string{"09:00:10": "111 substituted 500, 0 uncertain"},
		},
		{
			name: "takes it for vacant outside hours", asset: "space_1",
			hours:  [2]string{"10:00:00", "12:00:00"},
			events: []Event{refPeople("room_1", 0, "09:00:00"), refZone("zone_1", "room_2", 5, "09:00:00")},
			then:   map[string]string{"09:00:10": "000 substituted 500, 0 uncertain"},
		},
		{
			name: "of such rooms alone is never", asset: "space_1",
			events: []Event{refZone("zone_1", "room_2", 5, "09:00:00")},
			then:   map[string]string{"09:00:10": "??? never 0, ? never"},
		},
		{
			name: "counts zones of the open floor, not those in rooms", asset: "space_1",
			events: []Event{refPeople("room_1", 2, "09:00:00"), refZone("zone_1", "room_1", 2, "09:00:00"), refZone("zone_2", "", 3, "09:00:00")},
			then:   map[string]string{"09:00:10": "111 good 1000, 5 good"},
		},
		{
			name: "believes its own count while that is not dead", asset: "space_1",
			events: slices.Concat([]Event{refFloor(7, "08:50:00")}, refEveryMinute("08:50:00", "09:10:00", func(at string) Event { return refPeople("room_1", 2, at) })),
			then: map[string]string{
				"08:54:00": "111 good 1000, 7 good",
				"08:56:00": "111 held 500, 7 held",
				"09:04:59": "111 held 500, 7 held",
				"09:05:00": "111 substituted 500, 2 good",
			},
		},
		{
			name: "is occupied by its own count too", asset: "space_1",
			events: []Event{refFloor(1, "09:00:00"), refPeople("room_1", 0, "09:00:00")},
			then:   map[string]string{"09:00:10": "111 good 1000, 1 good"},
		},
		{
			name: "without rooms counts itself", asset: "space_1",
			events: []Event{refFloor(4, "09:00:00")},
			then:   map[string]string{"09:00:10": "111 good 1000, 4 good", "09:15:00": "111 substituted 0, 4 substituted"},
		},
		{
			name: "without rooms is a member of its building", asset: "building_1",
			events: []Event{refFloor(4, "09:00:00")},
			then:   map[string]string{"09:00:10": "111 good 1000, 4 good"},
		},
		{
			name: "with rooms is none", asset: "building_1",
			events: []Event{refFloor(4, "09:00:00"), refPeople("room_1", 0, "09:00:00")},
			then:   map[string]string{"09:00:10": "000 good 1000, 0 good"},
		},
	})
}

func TestReferenceGroup(t *testing.T) {
	members := func(names ...string) func(*Rules) {
		return func(r *Rules) {
			r.Groups = map[string]GroupRule{"wing": {Members: names}, "inner": {Members: []string{"room_1", "group:wing"}}}
		}
	}
	building := slices.Concat(
		referenceRooms("09:00:00", 1, 2, 4),
		[]Event{refZone("zone_1", "", 8, "09:00:00"), refFloor(100, "09:00:00")})
	for i := range building {
		if building[i].Path.Room.ID == "room_3" {
			building[i].Path.Room.CustomID = "3.03"
		}
	}
	checkReference(t, tellAggregate, []referenceCase{
		{
			name: "counts each member once", asset: "group:wing",
			rules:  members("room_1", "room_1", "custom:3.03", "group:inner"),
			events: building,
			then:   map[string]string{"09:00:10": "111 good 1000, 5 good"},
		},
		{
			name: "takes the rooms of a floor, and not the floor's own count", asset: "group:wing",
			rules:  members("space_1"),
			events: building,
			then:   map[string]string{"09:00:10": "111 good 1000, 15 good"},
		},
		{
			name: "misses what no asset is", asset: "group:wing",
			rules:  members("room_1", "room_9", "custom:9.99", "room_8"),
			events: building,
			then:   map[string]string{"09:00:10": "111 substituted 250, 1 uncertain"},
		},
		{
			name: "of nothing that there is is never", asset: "group:wing",
			rules:  members("room_9"),
			events: building,
			then:   map[string]string{"09:00:10": "??? never 0, ? never"},
		},
		{
			name: "has a coverage in thousandths, rounded down", asset: "group:wing",
			rules:  members("room_1", "room_2", "room_9"),
			events: building,
			then:   map[string]string{"09:00:10": "111 substituted 666, 3 uncertain"},
		},
	})
	checkReference(t, telling(TrafficIn, TrafficOut, TrafficEstimate), []referenceCase{{
		name: "sums the traffic of its members", asset: "group:wing",
		rules:  members("room_1", "room_2"),
		events: []Event{refPassed("sensor_1", "room_1", 3, 1, "09:00:00"), refPassed("sensor_2", "room_2", 2, 0, "09:00:00"), refPassed("sensor_3", "", 9, 9, "09:00:00")},
		then:   map[string]string{"09:00:10": "5 good, 1 good, 4 uncertain"},
	}})
	checkReference(t, telling(Utilisation), []referenceCase{{
		name: "is used by the sum of the capacities that are known", asset: "group:wing",
		rules: func(r *Rules) {
			members("room_1", "room_2")(r)
			r.Assets = map[AssetID]AssetRule{"room_1": {Capacity: 4}, "room_2": {Capacity: 5}}
		},
		events: building,
		then:   map[string]string{"09:00:10": "333 good"},
	}})
	checkReference(t, telling(Motion), []referenceCase{{
		name: "moves where a member moves", asset: "group:wing",
		rules:  members("room_1", "room_2", "room_3"),
		events: append(building[:len(building):len(building)], refMotion("room_1", "09:00:00"), refNoMotion("room_2", "09:00:00")),
		then:   map[string]string{"09:00:10": "1 good"},
	}})
}

func TestReferenceForcedMember(t *testing.T) {
	now := referenceClock("09:00:10")
	r := newReference(DefaultRules(), 0, 0)
	for _, e := range append(referenceRooms("09:00:00", 0), refPeople("room_2", 0, "08:00:00")) {
		r.apply(e.At, e)
	}
	r.force("room_2", Override{Target: TargetOutputs, Value: 1, Until: now + 1})
	if got, want := tellAggregate(r.show(now, "space_1")), "111 good 1000, 0 substituted"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
