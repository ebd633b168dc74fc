package pointlist

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// Retired is what the rows of a retired asset say of access: its registers stay, and nobody should use them.
const Retired = "retired"

// List is everything that a list of points is made of.
type List struct {
	Gateway string // whose it is
	Map     modbus.MapOptions
	Assets  []*gateway.Asset // in the order of their numbers
	Vacated []gateway.Number // see [gateway.Edition]
	Columns bool             // the places on the column units, not those of the blocks
}

// Format is how a list is written.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	JSON Format = "json"
	XLSX Format = "xlsx"
)

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case CSV, JSON, XLSX:
		return f, nil
	}
	return "", fmt.Errorf("there is no format %q: use csv, json or xlsx", name)
}

// Write writes the list row by row. A list that a workbook cannot hold is refused before anything is written.
func (l *List) Write(w io.Writer, f Format) error {
	switch f {
	case JSON:
		return writeJSON(w, l.Rows())
	case XLSX:
		if mark := l.mark(); len(mark.String()) > longestCell {
			return errors.New("more numbers were vacated or appended than a cell of a workbook can list: export csv or json")
		}
		return writeXLSX(w, l.Rows(), sheetRows)
	}
	return writeCSV(w, l.Rows())
}

// Rows yields the rows of the list, in order.
func (l *List) Rows() iter.Seq[modbus.Row] {
	return func(yield func(modbus.Row) bool) {
		mark := l.mark()
		for row := range modbus.HeaderPoints(l.Gateway, l.Map) {
			if isMarked(&row) {
				row.Description = mark.String()
			}
			if !yield(row) {
				return
			}
		}
		for _, a := range l.Assets {
			for row := range l.pointsOf(a) {
				if a.Retired {
					row.Access = Retired
				}
				if !yield(row) {
					return
				}
			}
		}
	}
}

// isMarked tells which row of the gateway's own has the mark.
func isMarked(r *modbus.Row) bool {
	return r.Measure == modbus.ChecksumMeasure && r.Table == modbus.Input.String()
}

func (l *List) pointsOf(a *gateway.Asset) iter.Seq[modbus.Row] {
	one := slices.Values([]*gateway.Asset{a})
	if l.Columns {
		return modbus.ColumnPoints(one, l.Map)
	}
	return modbus.Points(one, l.Map)
}

func (l *List) mark() Mark {
	m := Mark{Version: modbus.SchemaVersion, Vacated: l.Vacated}
	m.Checksum, _ = modbus.Checksum(slices.Values(l.Assets))
	for range modbus.HeaderPoints("", l.Map) {
		m.Rows++
	}
	points := 0
	for range l.pointsOf(&gateway.Asset{Kind: gateway.Room}) {
		points++
	}
	for _, a := range l.Assets {
		if a.Number >= modbus.Capacity {
			continue
		}
		m.Assets++
		m.Rows += points
		if a.Appended {
			m.Appended = append(m.Appended, a.Number)
		}
	}
	return m
}
