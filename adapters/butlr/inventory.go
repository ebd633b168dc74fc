package butlr

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"butlr-gateway/gateway"
)

// Inventory is what Butlr knows of the buildings, in the order in which people walk them: a site, its buildings,
// their floors, the rooms on each, the zones and the sensors in each, by their names. What lies in nothing that is
// known comes last. Test devices are left out.
type Inventory struct {
	Places []Place
	// Notes say in words what could not be taken.
	Notes []string
}

// Place is a site, building, floor, room, zone or sensor.
type Place struct {
	ID       gateway.AssetID
	Kind     gateway.Kind
	Name     string
	CustomID string
	Parent   gateway.AssetID // what it lies in, "" if that is not known
	Capacity int             // people; 0 is not known
	Timezone string          // of a site or a floor, "" is not known
	Tags     []string        // names, in order
	Mode     string          // of a sensor, in lower case: "traffic" or "presence"
	MAC      string          // of a sensor, lower case with dashes
	Entrance bool            // of a sensor: who passes it enters or leaves the building
}

// listing is how one kind of thing is asked for. Ids are asked for in snake_case: the resolvers of camelCase fail.
type listing struct {
	kind    gateway.Kind
	name    string
	fields  string
	parents []string // of which the first that is there counts
}

var listings = []listing{
	{gateway.Site, "sites", "id name timezone customID", nil},
	{gateway.Building, "buildings", "id name site_id customID capacity { max }", []string{"site_id"}},
	{gateway.Floor, "floors", "id name building_id timezone customID capacity { max }", []string{"building_id"}},
	{gateway.Room, "rooms", "id name floor_id customID capacity { max } tags { id name }", []string{"floor_id"}},
	{gateway.Zone, "zones", "id name floor_id room_id customID capacity { max }", []string{"room_id", "floor_id"}},
	{gateway.Sensor, "sensors", "id name mac_address mode floor_id room_id hive_serial is_entrance", []string{"room_id", "floor_id"}},
}

// Stock is an inventory as Butlr answers it, which may be kept in a file and read again.
type Stock map[string]json.RawMessage

// Stock asks for the inventory. With a [*Refused] that is partial, some of it is missing.
func (c *Client) Stock(ctx context.Context) (Stock, error) {
	stock := Stock{}
	var missing error
	for _, l := range listings {
		var data map[string]json.RawMessage
		err := c.ask(ctx, question{text: "query { " + l.name + " { data { " + l.fields + " } } }"}, &data)
		if refused, ok := errors.AsType[*Refused](err); ok && refused.Partial {
			missing = errors.Join(missing, fmt.Errorf("listing the %s: %w", l.name, err))
		} else if err != nil {
			return nil, fmt.Errorf("listing the %s: %w", l.name, err)
		}
		stock[l.name] = data[l.name]
	}
	return stock, missing
}

// ReadStock reads a stock from a file that was written with [Stock.Marshal].
func ReadStock(text []byte) (Stock, error) {
	var stock Stock
	if err := json.Unmarshal(text, &stock); err != nil {
		return nil, errors.New("it is not JSON: take the file that --save wrote")
	}
	if _, ok := stock["sites"]; !ok {
		return nil, errors.New("it has no sites: take the file that --save wrote")
	}
	return stock, nil
}

// Marshal writes a stock for a file: equal stocks give equal bytes.
func (s Stock) Marshal() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return out.Bytes(), err
}

// Inventory reads a stock. Butlr's rows are somebody else's: what cannot be an asset is left out, and noted.
func (s Stock) Inventory() *Inventory {
	r := stockReader{seen: map[gateway.AssetID]bool{}}
	for _, l := range listings {
		var list rows
		if text := s[l.name]; len(text) > 0 && json.Unmarshal(text, &list) != nil {
			r.note("the %s are no list, and are left out", l.name)
			continue
		}
		for _, row := range list {
			r.take(&l, fieldsOf(row))
		}
	}
	if r.tests > 0 {
		r.note("%d test %s left out", r.tests, verb(r.tests, "device is", "devices are"))
	}
	if r.broken > 0 {
		r.note("%d %s no id that an asset can have, and %s left out", r.broken, verb(r.broken, "row has", "rows have"), verb(r.broken, "is", "are"))
	}
	return &Inventory{Places: walk(r.places), Notes: r.notes}
}

// stockReader reads one stock.
type stockReader struct {
	places        []Place
	seen          map[gateway.AssetID]bool
	notes         []string
	tests, broken int
}

func (r *stockReader) note(format string, a ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, a...))
}

const (
	longestName     = 256   // bytes, as of the names in events
	highestCapacity = 65534 // people, as in the configuration
	sensorPrefix    = "sensor_"
)

// take takes up one row.
func (r *stockReader) take(l *listing, row map[string]json.RawMessage) {
	id := wordOf(row["id"])
	if l.kind == gateway.Sensor && id != "" && !strings.HasPrefix(id, sensorPrefix) {
		id = sensorPrefix + id
	}
	switch {
	case isTestDevice(row):
		r.tests++
		return
	case !isID(id) || gateway.AssetID(id).Kind() != l.kind:
		r.broken++
		return
	case r.seen[gateway.AssetID(id)]:
		r.note("%s is there twice, and counts once", id)
		return
	}
	p := Place{
		ID: gateway.AssetID(id), Kind: l.kind, Name: shortened(wordOf(row["name"])), CustomID: shortened(wordOf(row["customID"])),
		Capacity: capacityOf(row["capacity"]), Timezone: wordOf(row["timezone"]), Tags: tagsOf(row["tags"]), Mode: strings.ToLower(wordOf(row["mode"])),
	}
	_ = json.Unmarshal(row["is_entrance"], &p.Entrance)
	if l.kind == gateway.Sensor {
		p.MAC = macOf(row["mac_address"])
	}
	for _, name := range l.parents {
		if parent := wordOf(row[name]); isID(parent) {
			p.Parent = gateway.AssetID(parent)
			break
		}
	}
	r.seen[p.ID] = true
	r.places = append(r.places, p)
}

// isTestDevice tells whether a sensor is one of Butlr's own tests.
func isTestDevice(row map[string]json.RawMessage) bool {
	mac := strings.ToLower(wordOf(row["mac_address"]))
	return strings.HasPrefix(mac, "mi-rr-or") || strings.HasPrefix(mac, "fa-ke") || strings.HasPrefix(strings.ToLower(wordOf(row["hive_serial"])), "fake")
}

// isID tells whether a text can be one of Butlr's ids.
func isID(text string) bool {
	return text != "" && len(text) <= longestName && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	})
}

// shortened returns a text of at most as many bytes as names in events may have.
func shortened(text string) string {
	if len(text) > longestName {
		text = strings.ToValidUTF8(text[:longestName], "")
	}
	return text
}

// capacityOf reads how many people a place is made for; 0 means that nobody said.
func capacityOf(text json.RawMessage) int {
	var most float64
	if json.Unmarshal(fieldsOf(text)["max"], &most) != nil || !(most >= 1 && most <= highestCapacity) {
		return 0
	}
	return int(most)
}

func tagsOf(text json.RawMessage) (names []string) {
	var list rows
	if len(text) == 0 || json.Unmarshal(text, &list) != nil {
		return nil
	}
	for _, row := range list {
		if name := shortened(wordOf(fieldsOf(row)["name"])); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// walk puts places in the order in which people walk them.
func walk(places []Place) []Place {
	inside := map[gateway.AssetID][]Place{}
	known := map[gateway.AssetID]bool{}
	for i := range places {
		known[places[i].ID] = true
	}
	for _, p := range places {
		around := p.Parent
		if !known[around] || around.Kind() >= p.Kind { // a place lies in a larger one, or the walk would not end
			around = ""
		}
		inside[around] = append(inside[around], p)
	}
	ordered := make([]Place, 0, len(places))
	var enter func(gateway.AssetID)
	enter = func(around gateway.AssetID) {
		list := inside[around]
		slices.SortFunc(list, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
		})
		for _, p := range list {
			ordered = append(ordered, p)
			enter(p.ID)
		}
	}
	enter("")
	return ordered
}
