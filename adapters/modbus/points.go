package modbus

import (
	"iter"
	"strconv"
	"strings"

	"butlr-gateway/gateway"
)

// Row says where one value of one asset is read: what an engineer types into a controller. Names are
// as Butlr sent them, so whoever writes a row into a spreadsheet's file must quote formulas.
type Row struct {
	Asset       gateway.AssetID `json:"asset"`
	Kind        string          `json:"kind"`
	Name        string          `json:"name"`
	CustomID    string          `json:"custom_id"`
	Path        string          `json:"path"`    // names of the places around it, from the site inwards, with " / " between
	Measure     string          `json:"measure"` // or what else the value tells: quality, age
	UnitID      uint8           `json:"unit_id"`
	Table       string          `json:"table"`   // input, holding, discrete or coil
	Address     uint16          `json:"address"` // 0-based
	Reference   string          `json:"reference"`
	Type        string          `json:"type"`       // u16, u32, bits, text or bool
	WordOrder   string          `json:"word_order"` // of u32, else ""
	Scale       float64         `json:"scale"`      // value = raw × scale
	Unit        string          `json:"unit"`
	Access      string          `json:"access"`
	Description string          `json:"description"`
}

// What a row says of access. Where writing is allowed is for the configuration to say.
const (
	readOnly  = "read"
	readWrite = "read/write"
)

// Columns are the names of a row's columns, in order.
func Columns() []string {
	return []string{
		"asset", "kind", "name", "custom_id", "path", "measure", "unit_id", "table", "address", "reference",
		"type", "word_order", "scale", "unit", "access", "description",
	}
}

// Record returns the row's columns as text, in the order of [Columns].
func (r *Row) Record() []string {
	return []string{
		string(r.Asset), r.Kind, r.Name, r.CustomID, r.Path, r.Measure, strconv.Itoa(int(r.UnitID)), r.Table,
		strconv.Itoa(int(r.Address)), r.Reference, r.Type, r.WordOrder, strconv.FormatFloat(r.Scale, 'g', -1, 64),
		r.Unit, r.Access, r.Description,
	}
}

// Points yields every value of the assets and where it is read, in the assets' order. Each asset gives
// one row for each field of its block in the tables input and holding, and one for each status bit in
// discrete and coil. All assets give the same rows, whatever they measure today: a row says where a
// value is, and stays true when a room gets another sensor. Assets that the map does not hold give none.
func Points(assets iter.Seq[*gateway.Asset], o MapOptions) iter.Seq[Row] {
	return rowsOf(assets, o, yieldBlock)
}

// ColumnPoints yields where the values of the assets are read that columns have, in the same way.
func ColumnPoints(assets iter.Seq[*gateway.Asset], o MapOptions) iter.Seq[Row] {
	return rowsOf(assets, o, yieldColumns)
}

func rowsOf(assets iter.Seq[*gateway.Asset], o MapOptions, of func(Row, *gateway.Asset, MapOptions, func(Row) bool) bool) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for a := range assets {
			row := Row{
				Asset: a.ID, Kind: a.Kind.String(), Name: a.Name, CustomID: a.CustomID,
				Path: strings.Join(a.Path, " / "), Access: readOnly,
			}
			if a.Number < Capacity && !of(row, a, o, yield) {
				return
			}
		}
	}
}

func yieldBlock(row Row, a *gateway.Asset, o MapOptions, yield func(Row) bool) bool {
	place, _ := o.Locate(a.Number)
	row.UnitID = place.Unit
	for _, t := range []Table{Input, Holding} {
		for k := range blockFields {
			f := &blockFields[k].field
			point := row.of(f, o.WordOrder).at(t, int(place.Address)+f.offset)
			if t == Holding && f.offset == commandOffset {
				point.Access = readWrite
			}
			if !yield(point) {
				return false
			}
		}
	}
	for _, t := range []Table{Discrete, Coil} {
		for k := range statusBits {
			if !yield(row.ofBit(k).at(t, int(place.Address)+k)) {
				return false
			}
		}
	}
	return true
}

func yieldColumns(row Row, a *gateway.Asset, o MapOptions, yield func(Row) bool) bool {
	n := int(a.Number % unitAssets)
	row.UnitID = o.UnitID + columnUnits + uint8(a.Number/unitAssets)
	for _, t := range []Table{Input, Holding} {
		for k := range columns {
			c := &columns[k]
			if !yield(row.of(&c.field, o.WordOrder).at(t, c.offset+n*c.words())) {
				return false
			}
		}
	}
	for _, t := range []Table{Discrete, Coil} {
		for _, c := range bitColumns {
			if !yield(row.ofBit(c.bit).at(t, c.address+n)) {
				return false
			}
		}
	}
	return true
}

// of returns the row with what there is to say about a field.
func (r Row) of(f *field, order WordOrder) Row {
	r.Measure, r.Type, r.Unit, r.Scale, r.Description = f.name, f.format.String(), f.unit, f.scale(), f.explained()
	if f.format == number32 {
		r.WordOrder = order.String()
	}
	return r
}

// ofBit returns the row with what there is to say about a status bit.
func (r Row) ofBit(bit int) Row {
	r.Measure, r.Type, r.Scale, r.Description = statusBits[bit].name, "bool", 1, statusBits[bit].description
	return r
}

// at returns the row with a place.
func (r Row) at(t Table, address int) Row {
	r.Table, r.Address = t.String(), uint16(address)
	r.Reference = t.Reference(r.Address)
	return r
}
