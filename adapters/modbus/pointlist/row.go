package pointlist

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// Fault is why a list is refused.
type Fault struct {
	File   string // as it was named
	Place  string // "row 17", "sheet points 2, row 17", "entry 16"; "" if it is about all of it
	Column string // "" if it is about the whole row
	Value  string // as it is there, "" if it tells nothing
	What   string // goes on with the sentence that the value begins
	Remedy string // what to do
}

func (f *Fault) Error() string {
	where := f.File
	if f.Place != "" {
		where += ", " + f.Place
	}
	if f.Column != "" {
		where += ", column " + f.Column
	}
	value := ""
	if f.Value != "" {
		value = strconv.QuoteToASCII(f.Value) + " "
	}
	return fmt.Sprintf("%s: %s%s; %s", where, value, f.What, f.Remedy)
}

// asExported is the remedy for what no export of ours looks like.
const asExported = "take the file as it was exported, nothing in it changed by hand or by a spreadsheet"

const (
	longestID   = 256  // bytes, as events may have them
	longestText = 4096 // bytes of another cell: a path has names of up to 256 in it
	longestMark = 1 << 20
)

// rowOf reads the cells of one row. The fault lacks the file and the place.
func rowOf(record []string) (row modbus.Row, fault *Fault) {
	columns := modbus.Columns()
	cell := func(column string) string { return record[slices.Index(columns, column)] }
	for k, text := range record {
		switch {
		case len(text) > longestText && (columns[k] != "description" || len(text) > longestMark):
			return row, &Fault{Column: columns[k], What: fmt.Sprintf("is longer than %d bytes", longestText), Remedy: asExported}
		case !utf8.ValidString(text):
			return row, &Fault{Column: columns[k], Value: text, What: "is not UTF-8", Remedy: "save the file as UTF-8"}
		}
	}
	row = modbus.Row{
		Asset: gateway.AssetID(cell("asset")), Kind: cell("kind"), Name: cell("name"), CustomID: cell("custom_id"), Path: cell("path"),
		Measure: cell("measure"), Table: cell("table"), Reference: cell("reference"), Type: cell("type"), WordOrder: cell("word_order"),
		Unit: cell("unit"), Access: cell("access"), Description: cell("description"),
	}
	unit, isUnit := whole(cell("unit_id"), math.MaxUint8)
	address, isAddress := whole(cell("address"), math.MaxUint16)
	scale, err := strconv.ParseFloat(cell("scale"), 64)
	switch {
	case row.Asset == "" || len(row.Asset) > longestID:
		return row, &Fault{Column: "asset", Value: string(row.Asset), What: "is no id of an asset", Remedy: asExported}
	case gateway.ParseKind(row.Kind) == gateway.NoKind && row.Kind != modbus.GatewayKind:
		return row, &Fault{Column: "kind", Value: row.Kind, What: "is none: it is site, building, floor, room, zone, sensor, group or gateway", Remedy: asExported}
	case !isUnit:
		return row, &Fault{Column: "unit_id", Value: cell("unit_id"), What: "is no whole number from 0 to 255", Remedy: asExported}
	case !isAddress:
		return row, &Fault{Column: "address", Value: cell("address"), What: "is no whole number from 0 to 65535", Remedy: asExported}
	case err != nil:
		return row, &Fault{Column: "scale", Value: cell("scale"), What: "is no number", Remedy: asExported}
	}
	row.UnitID, row.Address, row.Scale = uint8(unit), uint16(address), scale
	return row, nil
}

// whole reads a whole number that is written as we write it.
func whole(text string, most uint64) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && n <= most && strconv.FormatUint(n, 10) == text
}

// valueOf returns a column of a row for a fault.
func valueOf(r *modbus.Row, column string) string {
	if k := slices.Index(modbus.Columns(), column); k >= 0 {
		return r.Record()[k]
	}
	return ""
}

// checkHeader compares the names of the columns with those that a list has.
func checkHeader(record []string) *Fault {
	columns := modbus.Columns()
	if len(record) == 1 && len(record[0]) > len(columns[0]) {
		return &Fault{What: "the first row is one column only", Remedy: "separate the columns by commas, and not by semicolons or tabs"}
	}
	for k, column := range columns {
		if k >= len(record) || record[k] != column {
			found := ""
			if k < len(record) {
				found = record[k]
			}
			return &Fault{Column: column, Value: found, What: "is not there: a list of points has the columns asset, kind, name … description in that order", Remedy: asExported}
		}
	}
	if len(record) > len(columns) {
		return &Fault{Column: record[len(columns)], What: "is one column too many", Remedy: asExported}
	}
	return nil
}
