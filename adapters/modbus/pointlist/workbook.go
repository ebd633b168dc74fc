package pointlist

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/xuri/excelize/v2"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/adapters/modbus"
)

// sheetRows is how many rows of a list a sheet takes: one below the first can have 1 048 576.
const sheetRows = 1_000_000

// longestCell is less than a cell can hold; what is longer would be cut.
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

// workbook is one that is being written, sheet by sheet.
type workbook struct {
	file   *excelize.File
	bold   int
	stream *excelize.StreamWriter // of the sheet in progress
	sheets int
	row    int // of the sheet, the last that was written
}

// writeXLSX writes a workbook. Nothing of a list is kept in memory: a sheet grows in a file, from which it goes
// straight into the zip.
func writeXLSX(w io.Writer, rows iter.Seq[modbus.Row], temporary string, perSheet int) (err error) {
	b := workbook{file: excelize.NewFile(excelize.Options{TmpDir: temporary})}
	defer func() {
		if closed := b.file.Close(); err == nil {
			err = closed
		}
	}()
	if b.bold, err = b.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return err
	}
	if err := b.begin(); err != nil {
		return err
	}
	for row := range rows {
		if b.row > perSheet {
			if err := b.begin(); err != nil {
				return err
			}
		}
		if err := b.add(cells(&row)); err != nil {
			return err
		}
	}
	if err := b.stream.Flush(); err != nil {
		return err
	}
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	return b.file.Write(io.Discard)
}

// begin ends the sheet in progress and begins another one, with the names of the columns in a row that stays.
func (b *workbook) begin() (err error) {
	if b.stream != nil {
		if err := b.stream.Flush(); err != nil {
			return err
		}
	}
	b.sheets++
	b.row = 0
	name := sheetName(b.sheets)
	if b.sheets == 1 {
		err = b.file.SetSheetName("Sheet1", name)
	} else {
		_, err = b.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if b.stream, err = b.file.NewStreamWriter(name); err != nil {
		return err
	}
	for k, column := range modbus.Columns() {
		if err := b.stream.SetColWidth(k+1, k+1, widths[column]); err != nil {
			return err
		}
	}
	if err := b.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	var names []any
	for _, column := range modbus.Columns() {
		names = append(names, excelize.Cell{StyleID: b.bold, Value: column})
	}
	return b.add(names)
}

func (b *workbook) add(values []any) error {
	b.row++
	for _, v := range values {
		if text, ok := v.(string); ok && len(text) > longestCell {
			return errors.New("more numbers were vacated or appended than a cell of a workbook can list: export csv or json")
		}
	}
	return b.stream.SetRow(fmt.Sprint("A", b.row), values)
}

// cells returns a row's values: numbers as numbers, and all else as text, which no spreadsheet works out.
func cells(r *modbus.Row) []any {
	record := r.Record()
	values := make([]any, len(record))
	for k, text := range record {
		values[k] = celltext.OneLine(text)
	}
	values[slices.Index(modbus.Columns(), "unit_id")] = int(r.UnitID)
	values[slices.Index(modbus.Columns(), "address")] = int(r.Address)
	values[slices.Index(modbus.Columns(), "scale")] = r.Scale
	return values
}
