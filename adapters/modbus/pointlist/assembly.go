package pointlist

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// assembly puts a list together. It keeps what is known of each asset, and no row.
type assembly struct {
	locator *modbus.Locator
	options modbus.MapOptions
	rows    int
	gateway string
	mark    *Mark
	header  map[[2]string]bool // table and measure of the gateway's own points that came
	byID    map[gateway.AssetID]*listed
	numbers map[gateway.Number]*listed
	assets  []*listed // as they came
	notes   []string
	order   bool // that the word order is another one was noted
}

// listed is what the rows so far say of one asset.
type listed struct {
	gateway.Asset
	kind  string
	path  string
	place string   // of its first row
	seen  []uint64 // which of its points came
}

func newAssembly(l *modbus.Locator, o modbus.MapOptions) *assembly {
	return &assembly{
		locator: l, options: o, header: make(map[[2]string]bool), byID: make(map[gateway.AssetID]*listed), numbers: make(map[gateway.Number]*listed),
	}
}

// take takes up one row.
func (a *assembly) take(r *modbus.Row, place string) *Fault {
	a.rows++
	if r.WordOrder != "" && r.WordOrder != a.options.WordOrder.String() && !a.order {
		a.order = true
		a.notes = append(a.notes, fmt.Sprintf("the file was exported with the word order %s, and this gateway serves %s: controllers that read 32-bit values read them wrong unless word_order of [modbus] is what it was",
			r.WordOrder, a.options.WordOrder))
	}
	if r.Kind == modbus.GatewayKind {
		return a.takeHeader(r)
	}
	n, point, err := a.locator.Locate(r)
	if err != nil {
		return misplaced(r, err)
	}
	known := a.byID[r.Asset]
	if known == nil {
		if holder := a.numbers[n]; holder != nil {
			return &Fault{Column: "address", Value: valueOf(r, "address"), Remedy: asExported,
				What: fmt.Sprintf("is a place of asset number %d, which %s gives to %s", n, holder.place, holder.ID)}
		}
		known = a.enter(r, n, place)
	}
	if fault := known.agrees(r, n); fault != nil {
		return fault
	}
	if known.seen[point/64]>>(point%64)&1 == 1 {
		return &Fault{Column: "measure", Value: r.Measure, What: fmt.Sprintf("of %s in the table %s is in the list twice", r.Asset, r.Table), Remedy: asExported}
	}
	known.seen[point/64] |= 1 << (point % 64)
	return nil
}

// misplaced makes a fault of what a locator says.
func misplaced(r *modbus.Row, err error) *Fault {
	m, ok := errors.AsType[*modbus.Misplaced](err)
	if !ok {
		return &Fault{What: err.Error(), Remedy: asExported}
	}
	f := &Fault{Column: m.Column, Value: valueOf(r, m.Column), What: m.What, Remedy: asExported}
	if m.Column == "unit_id" {
		f.Remedy = "write the unit_id of [modbus] that the exporting gateway had, or the addresses are others"
	}
	return f
}

// enter notes an asset that comes for the first time.
func (a *assembly) enter(r *modbus.Row, n gateway.Number, place string) *listed {
	known := &listed{
		Asset: gateway.Asset{
			ID: r.Asset, Kind: gateway.ParseKind(r.Kind), Number: n, Given: r.Name, CustomID: r.CustomID, Retired: r.Access == Retired,
		},
		kind: r.Kind, path: r.Path, place: place, seen: make([]uint64, (a.locator.Points()+63)/64),
	}
	a.byID[r.Asset], a.numbers[n] = known, known
	a.assets = append(a.assets, known)
	return known
}

// agrees compares a row with what the rows before it say of the asset.
func (l *listed) agrees(r *modbus.Row, n gateway.Number) *Fault {
	differs := func(column, before string) *Fault {
		return &Fault{Column: column, Value: valueOf(r, column), What: fmt.Sprintf("is not what %s has for %s, which is %q", l.place, r.Asset, before), Remedy: asExported}
	}
	switch {
	case n != l.Number:
		return &Fault{Column: "address", Value: valueOf(r, "address"), Remedy: asExported,
			What: fmt.Sprintf("is a place of asset number %d, and %s gives %s number %d", n, l.place, r.Asset, l.Number)}
	case r.Kind != l.kind:
		return differs("kind", l.kind)
	case r.Name != l.Given:
		return differs("name", l.Given)
	case r.CustomID != l.CustomID:
		return differs("custom_id", l.CustomID)
	case r.Path != l.path:
		return differs("path", l.path)
	case (r.Access == Retired) != l.Retired:
		return &Fault{Column: "access", Value: r.Access, What: fmt.Sprintf("is not of a kind with %s: either all rows of an asset say %q, or none", l.place, Retired), Remedy: asExported}
	}
	return nil
}

// gatewayForm is what a gateway's id looks like.
var gatewayForm = regexp.MustCompile(`^[0-9a-f]{8}$`)

// takeHeader takes up one of the gateway's own points.
func (a *assembly) takeHeader(r *modbus.Row) *Fault {
	id, key := string(r.Asset), [2]string{r.Table, r.Measure}
	switch {
	case !gatewayForm.MatchString(id):
		return &Fault{Column: "asset", Value: id, What: "is no id of a gateway: it has eight digits from 0 to f", Remedy: asExported}
	case a.gateway != "" && id != a.gateway:
		return &Fault{Column: "asset", Value: id, What: "is another gateway than " + a.gateway + ", whose list this is", Remedy: "import the list of one gateway at a time"}
	case a.header[key]:
		return &Fault{Column: "measure", Value: r.Measure, What: fmt.Sprintf("of the gateway in the table %s is in the list twice", r.Table), Remedy: asExported}
	}
	if isMarked(r) {
		m, ok := parseMark(r.Description)
		switch {
		case !ok:
			return &Fault{Column: "description", Value: r.Description, What: "does not sum the list up", Remedy: asExported}
		case m.Version != modbus.SchemaVersion:
			return &Fault{Column: "description", What: fmt.Sprintf("is of version %d of the map, and this gateway has version %d", m.Version, modbus.SchemaVersion),
				Remedy: "import it into a gateway of the version that exported it"}
		}
		a.mark = &m
	}
	if err := a.locator.LocateHeader(r); err != nil {
		return misplaced(r, err)
	}
	a.gateway, a.header[key] = id, true
	return nil
}

// finish compares the whole with its mark.
func (a *assembly) finish() (*Contents, error) {
	const partial = "export it again: this is not the whole list"
	m := a.mark
	switch {
	case a.rows == 0:
		return nil, &Fault{What: "there is no row in it", Remedy: partial}
	case m == nil:
		return nil, &Fault{What: `the row with kind "gateway", measure "checksum" and table "input" is missing, which sums the list up`, Remedy: partial}
	case m.Rows != a.rows:
		return nil, &Fault{What: fmt.Sprintf("it has %d rows and should have %d", a.rows, m.Rows), Remedy: partial}
	case m.Assets != len(a.assets):
		return nil, &Fault{What: fmt.Sprintf("it has %d assets and should have %d", len(a.assets), m.Assets), Remedy: partial}
	}
	for _, n := range m.Vacated {
		if holder := a.numbers[n]; holder != nil {
			return nil, &Fault{What: fmt.Sprintf("number %d is said to be vacated, and %s gives it to %s", n, holder.place, holder.ID), Remedy: asExported}
		}
	}
	for _, n := range m.Appended {
		if a.numbers[n] == nil {
			return nil, &Fault{What: fmt.Sprintf("number %d is said to be appended, and no asset has it", n), Remedy: asExported}
		}
		a.numbers[n].Appended = true
	}
	a.adopt()
	c := &Contents{Gateway: a.gateway, Mark: *m, Listing: gateway.Listing{Vacated: m.Vacated}, Notes: a.notes}
	for _, l := range a.assets {
		c.Listing.Assets = append(c.Listing.Assets, l.Asset)
	}
	if sum := checksumOf(c.Listing.Assets); sum != m.Checksum {
		return nil, &Fault{What: fmt.Sprintf("its numbers have the checksum 0x%08X, and it says 0x%08X: somebody has changed them", sum, m.Checksum), Remedy: asExported}
	}
	return c, nil
}

func checksumOf(assets []gateway.Asset) uint32 {
	ordered := make([]*gateway.Asset, len(assets))
	for k := range assets {
		ordered[k] = &assets[k]
	}
	slices.SortFunc(ordered, func(a, b *gateway.Asset) int { return int(a.Number) - int(b.Number) })
	sum, _ := modbus.Checksum(slices.Values(ordered))
	return sum
}

// adopt finds the place around each asset by its name, as the paths tell: until the next event says so, that is
// all that there is. Of several of one name it is the one that came last before it, as places come top down.
func (a *assembly) adopt() {
	inside := make(map[string]*[gateway.Sensor][]*listed) // by kind, in the order of numbers
	ordered := slices.SortedFunc(slices.Values(a.assets), func(x, y *listed) int { return int(x.Number) - int(y.Number) })
	for _, l := range ordered {
		if l.Kind >= gateway.Sensor {
			continue
		}
		path := l.inside()
		if inside[path] == nil {
			inside[path] = new([gateway.Sensor][]*listed)
		}
		inside[path][l.Kind] = append(inside[path][l.Kind], l)
	}
	for _, l := range a.assets {
		if places := inside[l.path]; l.path != "" && places != nil {
			l.Parent = l.nearest(places[:min(l.Kind, gateway.Sensor)])
		}
	}
}

// nearest returns the last of the places before an asset, else the first behind it.
func (l *listed) nearest(byKind [][]*listed) (id gateway.AssetID) {
	best, before := gateway.NoNumber, false
	for _, places := range byKind {
		k, _ := slices.BinarySearchFunc(places, l.Number, func(p *listed, n gateway.Number) int { return int(p.Number) - int(n) })
		switch {
		case k > 0 && (!before || places[k-1].Number > best):
			id, best, before = places[k-1].ID, places[k-1].Number, true
		case k < len(places) && !before && places[k].Number < best:
			id, best = places[k].ID, places[k].Number
		}
	}
	return id
}

// inside is the path of what lies in a place.
func (l *listed) inside() string {
	label := (&gateway.Asset{ID: l.ID, Name: l.Given, CustomID: l.CustomID}).Label()
	if l.path == "" {
		return label
	}
	return l.path + " / " + label
}
