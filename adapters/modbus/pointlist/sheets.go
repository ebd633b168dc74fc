package pointlist

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"

	"butlr-gateway/adapters/internal/workbook"
	"butlr-gateway/adapters/modbus"
)

// largestFile is how much of a workbook is looked at, in bytes. One that is exported has 64 MiB with some 15 000
// assets; what has more is imported as CSV or JSON.
const largestFile = 64 << 20

const smaller = "import the list as CSV or JSON, which can have any number of assets"

// sheetRowsOf are the rows of a workbook, sheet after sheet.
type sheetRowsOf struct {
	book   *workbook.Book
	sheets []string
	sheet  int // the number of the next one
	rows   *workbook.Rows
}

func fromXLSX(file io.ReaderAt, size int64) (source, error) {
	if size > largestFile {
		return nil, &Fault{What: fmt.Sprintf("it has more than %d MiB", largestFile>>20), Remedy: smaller}
	}
	book, err := workbook.Open(file, size)
	if err != nil {
		return nil, unreadable(err, "")
	}
	return &sheetRowsOf{book: book, sheets: book.Sheets()}, nil
}

// unreadable makes a fault of what is wrong with a workbook.
func unreadable(err error, place string) *Fault {
	if large, ok := errors.AsType[*workbook.TooLarge](err); ok {
		return &Fault{Place: place, What: large.What, Remedy: smaller}
	}
	what := "it cannot be read as a workbook: "
	if errors.Is(err, zip.ErrFormat) {
		what = "it is no workbook: "
	}
	return &Fault{Place: place, What: what + err.Error(), Remedy: asExported}
}

func (s *sheetRowsOf) next() (record []string, place string, err error) {
	for {
		if s.rows == nil {
			if err := s.open(); err != nil {
				return nil, "", err
			}
		}
		record, place, err := s.read()
		if !errors.Is(err, io.EOF) {
			return record, place, err
		}
		if err := s.Close(); err != nil {
			return nil, "", unreadable(err, s.placeOf(0))
		}
	}
}

// open begins the next sheet, which has the names of the columns first.
func (s *sheetRowsOf) open() (err error) {
	if s.sheet == len(s.sheets) {
		return io.EOF
	}
	s.sheet++
	if s.rows, err = s.book.Rows(s.sheet - 1); err != nil {
		return unreadable(err, s.placeOf(0))
	}
	record, place, err := s.cells()
	if errors.Is(err, io.EOF) {
		return &Fault{Place: s.placeOf(0), What: "there is nothing in it", Remedy: "remove the sheet, or " + asExported}
	}
	if err != nil {
		return err
	}
	if fault := checkHeader(record); fault != nil {
		fault.Place = place
		return fault
	}
	return nil
}

func (s *sheetRowsOf) read() ([]string, string, error) {
	record, place, err := s.cells()
	if err != nil {
		return nil, place, err
	}
	columns := len(modbus.Columns())
	if len(record) > columns {
		return nil, place, &Fault{Place: place, What: fmt.Sprintf("it has %d columns and should have %d", len(record), columns), Remedy: asExported}
	}
	return append(record, make([]string, columns-len(record))...), place, nil
}

func (s *sheetRowsOf) cells() ([]string, string, error) {
	row, record, err := s.rows.Next()
	place := s.placeOf(row)
	if err != nil && !errors.Is(err, io.EOF) {
		err = unreadable(err, place)
	}
	return record, place, err
}

// placeOf says where a row is, or that it is about the whole sheet if the row is 0.
func (s *sheetRowsOf) placeOf(row int) string {
	sheet := "sheet " + s.sheets[s.sheet-1]
	switch {
	case row == 0:
		return sheet
	case s.sheets[s.sheet-1] == sheetName(1):
		return fmt.Sprint("row ", row)
	}
	return fmt.Sprint(sheet, ", row ", row)
}

// Close ends the sheet in progress.
func (s *sheetRowsOf) Close() error {
	rows := s.rows
	s.rows = nil
	if rows == nil {
		return nil
	}
	return rows.Close()
}
