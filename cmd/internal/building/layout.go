package building

import (
	"fmt"
	"time"

	"butlr-gateway/gateway"
)

// counted is a floor, room or zone: its path says which.
type counted struct {
	subject  gateway.Kind
	path     gateway.Path
	people   int
	before   int        // people a minute ago
	wrong    bool       // the newest revision is not what was true
	recent   []revision // the minutes before the newest, oldest first
	reported Reported
}

// revision is what was last said about one minute.
type revision struct {
	at    time.Time
	id    string
	value int // what was true
}

func (c *counted) id() gateway.AssetID {
	switch c.subject {
	case gateway.Floor:
		return c.path.Floor.ID
	case gateway.Zone:
		return c.path.Zone.ID
	}
	return c.path.Room.ID
}

// floor has rooms, and desks in zones that lie in no room.
type floor struct {
	counted
	rooms  []*room
	desks  []*room
	doors  []*door // the entrance first
	people []person
}

// room is where people stay: a room, or a zone of desks.
type room struct {
	counted
	capacity int
	zones    []*counted // parts of it that are counted on their own
	door     *door      // nil: who passes is not counted
	pir      bool
	motion   bool
	empty    int // minutes since the last one left, while there is motion
}

// door is a traffic sensor: in is towards the inside of the room or the floor.
type door struct {
	path    gateway.Path
	in, out int // as far as it was told
}

const (
	roomsPerFloor    = 20
	roomsPerBuilding = 5 * roomsPerFloor
	peoplePerRoom    = 3 // for two rooms
)

// built is when the building's ids were made.
var built = time.Date(2025, time.March, 3, 9, 0, 0, 0, time.UTC)

func siteNames() []string {
	return []string{"Harbour Campus", "Hill Campus", "River Campus", "Park Campus", "Station Campus"}
}

func buildingNames() []string {
	return []string{"Lighthouse", "Granary", "Rope Works", "Boathouse", "Observatory", "Orchard House", "Weir House", "Foundry"}
}

func birds() []string {
	return []string{
		"Heron", "Kestrel", "Lapwing", "Plover", "Wren", "Swift", "Curlew", "Kingfisher", "Dunlin", "Siskin",
		"Avocet", "Linnet", "Goldcrest", "Nightjar", "Redstart", "Sandpiper", "Teal", "Whinchat", "Dotterel", "Merlin",
	}
}

// furnish makes the sites, and what is in them.
func (b *Building) furnish(sites, rooms int) {
	perBuilding := min(roomsPerBuilding, (rooms+sites-1)/sites)
	buildings := max(sites, (rooms+perBuilding-1)/perBuilding)
	organisation := gateway.Place{ID: b.placeID("org_"), Name: "Example Estates"}
	last := -1
	var site gateway.Place
	for i := range buildings {
		if s := i * sites / buildings; s != last {
			last = s
			site = gateway.Place{ID: b.placeID("site_"), Name: repeated(siteNames(), s)}
		}
		path := gateway.Path{Organisation: organisation, Site: site}
		path.Building = gateway.Place{ID: b.placeID("building_"), Name: repeated(buildingNames(), i)}
		share := rooms*(i+1)/buildings - rooms*i/buildings
		for level := 0; share > 0; level++ {
			n := min(share, roomsPerFloor)
			b.furnishFloor(path, i, level, n)
			share -= n
		}
	}
	for _, c := range b.counted {
		b.byID[c.id()] = c
	}
	for _, f := range b.floors {
		for _, d := range f.doors {
			b.doors[d.path.Sensor.ID] = d
		}
	}
}

// repeated returns the name of that index, numbered where the list has come round.
func repeated(names []string, index int) string {
	if index < len(names) {
		return names[index]
	}
	return fmt.Sprintf("%s %d", names[index%len(names)], index/len(names)+1)
}

func (b *Building) placeID(prefix string) gateway.AssetID {
	return gateway.AssetID(b.mint.id(prefix, built))
}

func (b *Building) furnishFloor(path gateway.Path, building, level, rooms int) {
	code := fmt.Sprintf("B%02d-L%02d", building+1, level)
	path.Floor = gateway.Place{ID: b.placeID("space_"), Name: fmt.Sprintf("Level %d", level), CustomID: code}
	f := &floor{counted: counted{subject: gateway.Floor, path: path}}
	b.floors = append(b.floors, f)
	b.counted = append(b.counted, &f.counted)
	f.doors = append(f.doors, b.newDoor(path))
	for i, name := range []string{"Open Desks North", "Open Desks South"} {
		desks := &room{counted: counted{subject: gateway.Zone, path: path}, capacity: 10 + 2*rooms}
		desks.path.Zone = gateway.Place{ID: b.placeID("zone_"), Name: name, CustomID: fmt.Sprintf("%s-Z%d", code, i+1)}
		f.desks = append(f.desks, desks)
		b.counted = append(b.counted, &desks.counted)
	}
	for i := range rooms {
		b.furnishRoom(f, i, fmt.Sprintf("%d.%02d", level, i+1), fmt.Sprintf("B%02d-%d.%02d", building+1, level, i+1))
	}
	for i := range rooms*peoplePerRoom/2 + 1 {
		f.people = append(f.people, person{home: f.desks[i%len(f.desks)], cleans: i == 0})
	}
}

// furnishRoom makes a boardroom, a project room, meeting rooms or focus rooms: the first of a floor is
// the largest.
func (b *Building) furnishRoom(f *floor, index int, number, customID string) {
	r := &room{counted: counted{subject: gateway.Room, path: f.path}}
	name := ""
	switch {
	case index == 0:
		name, r.capacity = "Boardroom "+birds()[len(b.floors)%len(birds())], 16
	case index == 1:
		name, r.capacity = "Project Room "+number, 12
	case index%3 == 2:
		name, r.capacity, r.pir = "Focus Room "+number, 2, true
	default:
		name, r.capacity, r.pir = "Meeting "+birds()[index%len(birds())], 8, index%2 == 0
	}
	r.path.Room = gateway.Place{ID: b.placeID("room_"), Name: name, CustomID: customID}
	f.rooms = append(f.rooms, r)
	b.counted = append(b.counted, &r.counted)
	if index < 2 {
		for i, part := range []string{"Table North", "Table South"} {
			zone := &counted{subject: gateway.Zone, path: r.path}
			zone.path.Zone = gateway.Place{ID: b.placeID("zone_"), Name: part, CustomID: fmt.Sprintf("%s-%d", customID, i+1)}
			r.zones = append(r.zones, zone)
			b.counted = append(b.counted, zone)
		}
	}
	if index < 2 || index%4 == 3 {
		r.door = b.newDoor(r.path)
		f.doors = append(f.doors, r.door)
	}
}

func (b *Building) newDoor(path gateway.Path) *door {
	n := b.mint.random.Uint32()
	path.Sensor = gateway.Place{
		ID:  b.placeID("sensor_"),
		MAC: fmt.Sprintf("02-00-00-00-%02x-%02x-%02x-%02x", byte(n>>24), byte(n>>16), byte(n>>8), byte(n)), // locally administered
	}
	return &door{path: path}
}
