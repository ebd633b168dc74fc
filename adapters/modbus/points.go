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
	Type        string          `json:"type"`       // u16, u32, bits or bool
	WordOrder   string          `json:"word_order"` // of u32, else ""
	Scale       float64         `json:"scale"`      // value = raw × scale
	Unit        string          `json:"unit"`
	Access      string          `json:"access"`
	Description string          `json:"description"`
}

const readOnly = "read"

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
	return func(yield func(Row) bool) {
		for a := range assets {
			if place, ok := o.Locate(a.Number); ok && !yieldRows(a, place, o, yield) {
				return
			}
		}
	}
}

func yieldRows(a *gateway.Asset, place Place, o MapOptions, yield func(Row) bool) bool {
	row := Row{
		Asset: a.ID, Kind: a.Kind.String(), Name: a.Name, CustomID: a.CustomID,
		Path: strings.Join(a.Path, " / "), UnitID: place.Unit, Access: readOnly,
	}
	at := func(t Table, offset int) Row {
		row.Table, row.Address = t.String(), place.Address+uint16(offset)
		row.Reference = t.Reference(row.Address)
		return row
	}
	for _, t := range []Table{Input, Holding} {
		for k := range blockFields {
			f := &blockFields[k].field
			row.Measure, row.Type, row.Unit, row.Scale, row.Description = f.name, f.format.String(), f.unit, f.scale(), f.explained()
			row.WordOrder = ""
			if f.format == number32 {
				row.WordOrder = o.WordOrder.String()
			}
			if !yield(at(t, f.offset)) {
				return false
			}
		}
	}
	row.Type, row.Unit, row.Scale = "bool", "", 1
	for _, t := range []Table{Discrete, Coil} {
		for k := range statusBits {
			row.Measure, row.Description = statusBits[k].name, statusBits[k].description
			if !yield(at(t, k)) {
				return false
			}
		}
	}
	return true
}
