package modbus

import (
	"fmt"
	"slices"

	"butlr-gateway/gateway"
)

// Locator finds out whose point a row of a point list is. It is the inverse of [Points], [ColumnPoints] and
// [HeaderPoints], and made from them.
type Locator struct {
	options MapOptions
	header  map[pointKey]Row
	assets  map[pointKey][]pointShape
	points  int
}

// pointKey tells the points of one asset apart, but for those that lie in a block and in a column too.
type pointKey struct{ table, measure string }

// pointShape is where one point of every asset lies.
type pointShape struct {
	index  int // among the points of an asset
	first  Row // of asset number 0
	stride int // addresses from one asset to the next
}

// NewLocator checks the options.
func NewLocator(o MapOptions) (*Locator, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	l := &Locator{options: o, header: make(map[pointKey]Row), assets: make(map[pointKey][]pointShape)}
	for row := range HeaderPoints("", o) {
		l.header[row.key()] = row
	}
	for _, points := range []func(gateway.Number) []Row{
		func(n gateway.Number) []Row { return slices.Collect(Points(one(n), o)) },
		func(n gateway.Number) []Row { return slices.Collect(ColumnPoints(one(n), o)) },
	} {
		first, second := points(0), points(1)
		for k := range first {
			key := first[k].key()
			l.assets[key] = append(l.assets[key], pointShape{l.points, first[k], int(second[k].Address) - int(first[k].Address)})
			l.points++
		}
	}
	return l, nil
}

func one(n gateway.Number) func(func(*gateway.Asset) bool) {
	return slices.Values([]*gateway.Asset{{Kind: gateway.Room, Number: n}})
}

func (r *Row) key() pointKey { return pointKey{r.Table, r.Measure} }

// Points returns how many points an asset has at most.
func (l *Locator) Points() int { return l.points }

// Misplaced says which column of a row is not as this map has it.
type Misplaced struct {
	Column string
	What   string // goes on with the sentence that the value begins
}

func (e *Misplaced) Error() string { return e.Column + " " + e.What }

// Locate returns the number of the asset whose point a row is, and which of an asset's points, counted from 0.
// Everything in the row that says where it lies must agree. An error is a [*Misplaced].
func (l *Locator) Locate(r *Row) (n gateway.Number, point int, err error) {
	table, err := ParseTable(r.Table)
	if err != nil {
		return gateway.NoNumber, 0, &Misplaced{"table", "is none: it is input, holding, discrete or coil"}
	}
	shapes := l.assets[r.key()]
	if len(shapes) == 0 {
		return gateway.NoNumber, 0, &Misplaced{"measure", "is none that an asset has in the table " + r.Table}
	}
	for k := range shapes {
		s := &shapes[k]
		unit, offset := int(r.UnitID)-int(s.first.UnitID), int(r.Address)-int(s.first.Address)
		if unit < 0 || unit >= maxUnits {
			continue
		}
		if offset < 0 || offset%s.stride != 0 || offset/s.stride >= unitAssets {
			return gateway.NoNumber, 0, &Misplaced{"address", "is no place of " + r.Measure + " in the table " + r.Table}
		}
		if err := agrees(r, &s.first, table); err != nil {
			return gateway.NoNumber, 0, err
		}
		return gateway.Number(unit*unitAssets + offset/s.stride), s.index, nil
	}
	return gateway.NoNumber, 0, &Misplaced{"unit_id", fmt.Sprintf("is none of this gateway's units, which begin at %d", l.options.UnitID)}
}

// LocateHeader tells whether a row is one of the gateway's own points. An error is a [*Misplaced].
func (l *Locator) LocateHeader(r *Row) error {
	known, ok := l.header[r.key()]
	table, err := ParseTable(r.Table)
	switch {
	case err != nil || !ok:
		return &Misplaced{"measure", "is none that a gateway has in the table " + r.Table}
	case r.UnitID != known.UnitID:
		return &Misplaced{"unit_id", fmt.Sprintf("is not the first unit of this gateway, which is %d", known.UnitID)}
	case r.Address != known.Address:
		return &Misplaced{"address", fmt.Sprintf("is not that of %s, which is %d", r.Measure, known.Address)}
	}
	return agrees(r, &known, table)
}

// agrees compares what follows from the table, the measure and the address.
func agrees(r, known *Row, table Table) error {
	switch {
	case r.Reference != table.Reference(r.Address):
		return &Misplaced{"reference", "is not that of the address, which is " + table.Reference(r.Address)}
	case r.Type != known.Type:
		return &Misplaced{"type", "is not that of " + r.Measure + ", which is " + known.Type}
	}
	return nil
}
