package pointlist

import (
	"fmt"
	"io"
	"iter"
	"slices"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/adapters/internal/workbook"
	"butlr-gateway/adapters/modbus"
)

// sheetRows is how many rows of a list a sheet takes: one below the first can have 1 048 576.
const sheetRows = 1_000_000

// longestCell is in bytes, less than a cell can hold; what is longer would be cut. Only a mark can be.
const longestCell = 32_000

// widths are those of the columns, in characters.
var widths = map[string]float64{
	"asset": 34, "kind": 9, "name": 26, "custom_id": 14, "path": 40, "measure": 24, "unit_id": 8, "table": 9, "address": 9,
	"reference": 10, "type": 7, "word_order": 11, "scale": 7, "unit": 8, "access": 11, "description": 70,
}

// sheetName names the sheets of a list, the first is number 1.
func sheetName(number int) string {
	if number == 1 {
		return "points"
	}
	return fmt.Sprint("points ", number)
}

// writeXLSX writes a workbook. Nothing of a list is kept in memory: a sheet goes straight into the zip.
func writeXLSX(w io.Writer, rows iter.Seq[modbus.Row], perSheet int) error {
	columns := modbus.Columns()
	inOrder := make([]float64, len(columns))
	for k, column := range columns {
		inOrder[k] = widths[column]
	}
	book, err := workbook.NewWriter(w, inOrder)
	if err != nil {
		return err
	}
	sheets, left := 0, 0
	begin := func() error {
		sheets, left = sheets+1, perSheet
		return book.Begin(sheetName(sheets), columns)
	}
	if err := begin(); err != nil {
		return err
	}
	for row := range rows {
		if left == 0 {
			if err := begin(); err != nil {
				return err
			}
		}
		left--
		if err := book.Add(cells(&row)); err != nil {
			return err
		}
	}
	return book.Close()
}

// cells returns a row's values: numbers as numbers, and all else as text, which no spreadsheet works out.
func cells(r *modbus.Row) []workbook.Cell {
	record := r.Record()
	values := make([]workbook.Cell, len(record))
	for k, text := range record {
		values[k] = workbook.Text(celltext.OneLine(text))
	}
	values[slices.Index(modbus.Columns(), "unit_id")] = workbook.Number(float64(r.UnitID))
	values[slices.Index(modbus.Columns(), "address")] = workbook.Number(float64(r.Address))
	values[slices.Index(modbus.Columns(), "scale")] = workbook.Number(r.Scale)
	return values
}
