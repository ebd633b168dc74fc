package gateway

import (
	"testing"

	"pgregory.net/rapid"
)

// An event may lack the room of its zone or sensor, as Butlr says. That undoes nothing: only another room does, in
// whatever order they come. So it is with every level of the path.
//
// Seen to break it: the newest event alone says where a place lies; a room believed only if it is told newer than a
// floor was.
func TestAPlaceThatIsNotNamedIsWhereItWas(t *testing.T) {
	whole := refZone("zone_1", "room_a", 3, "09:00:00")
	without := func(sensed string, drop func(*Path)) Event {
		e := refZone("zone_1", "room_a", 3, sensed)
		drop(&e.Path)
		return e
	}
	noRoom := func(p *Path) { p.Room = Place{} }
	for name, c := range map[string]struct {
		events []Event
		lies   map[AssetID]AssetID
	}{
		"no room": {
			[]Event{whole, without("09:01:00", noRoom)},
			map[AssetID]AssetID{"zone_1": "room_a", "room_a": "space_1"},
		},
		"no room at first": {
			[]Event{without("08:59:00", noRoom), whole},
			map[AssetID]AssetID{"zone_1": "room_a", "room_a": "space_1"},
		},
		"neither room nor floor": {
			[]Event{whole, without("09:01:00", func(p *Path) { p.Room, p.Floor = Place{}, Place{} })},
			map[AssetID]AssetID{"zone_1": "room_a", "room_a": "space_1", "space_1": "building_1"},
		},
		"no floor": {
			[]Event{whole, without("09:01:00", func(p *Path) { p.Floor = Place{} })},
			map[AssetID]AssetID{"zone_1": "room_a", "room_a": "space_1"},
		},
		"no building": {
			[]Event{whole, without("09:01:00", func(p *Path) { p.Building = Place{} })},
			map[AssetID]AssetID{"space_1": "building_1", "building_1": "site_1"},
		},
		"nothing but itself": {
			[]Event{whole, without("09:01:00", func(p *Path) { *p = Path{Zone: p.Zone} })},
			map[AssetID]AssetID{"zone_1": "room_a"},
		},
		"another room, and then none": {
			[]Event{whole, refZone("zone_1", "room_b", 3, "09:01:00"), without("09:02:00", noRoom)},
			map[AssetID]AssetID{"zone_1": "room_b"},
		},
		"another floor, without a room": {
			[]Event{whole, without("09:01:00", func(p *Path) { p.Floor, p.Room = Place{ID: "space_2"}, Place{} })},
			map[AssetID]AssetID{"zone_1": "room_a", "room_a": "space_1", "space_2": "building_1"},
		},
		"a sensor without its room": {
			[]Event{refPassed("sensor_1", "room_a", 1, 0, "09:00:00"), refPassed("sensor_1", "", 1, 0, "09:01:00")},
			map[AssetID]AssetID{"sensor_1": "room_a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := begin(t, DefaultRules(), newDisk(), referenceClock("08:00:00"))
				model := newReference(DefaultRules(), 0, 0)
				for _, e := range rapid.Permutation(c.events).Draw(t, "order") {
					p.take(t, referenceClock("09:03:00"), e)
					model.apply(e.At, e)
				}
				restarted := begin(t, DefaultRules(), p.disk, referenceClock("09:03:30"))
				for id, want := range c.lies {
					for what, s := range map[string]*State{"running": p.State, "restarted": restarted.State} {
						if got := s.byID[id].about.Parent; got != want || s.byID[id].parent.about.ID != want {
							t.Errorf("%s, %s lies in %s, want %s", what, id, got, want)
						}
					}
					if got := model.look().assets[id].parent; got != want {
						t.Errorf("in the model %s lies in %s, want %s", id, got, want)
					}
				}
			})
		})
	}
}

// Nobody is counted twice on a floor because an event did not say in which room its zone lies.
func TestAZoneThatDoesNotNameItsRoomCountsOnce(t *testing.T) {
	p := begin(t, DefaultRules(), newDisk(), referenceClock("08:00:00"))
	now := referenceClock("09:00:10")
	p.take(t, now, refPeople("room_a", 3, "09:00:00"), refZone("zone_1", "room_a", 3, "09:00:00"), refZone("zone_1", "", 3, "09:00:05"))
	if got := p.shows(now)["space_1"].Readings[People].Value; got != 3 {
		t.Errorf("people on the floor: got %d, want 3", got)
	}
}
