package pointlist

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"butlr-gateway/adapters/modbus"
)

// Limits of a workbook that is read. What has more assets is imported as CSV or JSON.
const (
	largestFile     = 64 << 20 // bytes
	largestWorkbook = 1 << 30  // bytes, unpacked: some 15 000 assets
	largestPart     = 16 << 20 // bytes, of what is no sheet and no list of texts
	largestCell     = 2 << 20  // bytes, with what is around its text
)

const smaller = "import the list as CSV or JSON, which can have any number of assets"

// sheetRowsOf are the rows of a workbook, sheet after sheet.
type sheetRowsOf struct {
	file   *excelize.File
	sheets []string
	sheet  string
	rows   *excelize.Rows
	row    int
}

// fromXLSX opens a workbook. It looks first at what the zip is made of, because the library takes each part
// whole, however much comes out of it.
func fromXLSX(file io.ReaderAt, size int64) (rows source, err error) {
	defer tame(&err)
	if size > largestFile {
		return nil, &Fault{What: fmt.Sprintf("it has more than %d MiB", largestFile>>20), Remedy: smaller}
	}
	if err := inspect(file, size); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(io.NewSectionReader(file, 0, size), excelize.Options{UnzipSizeLimit: largestWorkbook, RawCellValue: true})
	if err != nil {
		return nil, &Fault{What: "it cannot be read as a workbook: " + err.Error(), Remedy: asExported}
	}
	return &sheetRowsOf{file: book, sheets: book.GetSheetList()}, nil
}

// tame makes a fault of a panic: a library that reads hostile files may have a hole.
func tame(err *error) {
	if p := recover(); p != nil {
		*err = &Fault{What: fmt.Sprintf("it cannot be read as a workbook: %v", p), Remedy: asExported}
	}
}

// inspect refuses a zip that would unpack to too much, or to a cell that is all of it.
func inspect(file io.ReaderAt, size int64) error {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return &Fault{What: "it is no workbook: " + err.Error(), Remedy: asExported}
	}
	total := uint64(0)
	for _, part := range z.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, "\\", "/"))
		total += part.UncompressedSize64
		if total > largestWorkbook || part.UncompressedSize64 > largestWorkbook {
			return &Fault{What: fmt.Sprintf("it unpacks to more than %d MiB", largestWorkbook>>20), Remedy: smaller}
		}
		var ends []byte
		switch {
		case strings.HasPrefix(name, "xl/worksheets/sheet"):
			ends = []byte("</c>")
		case name == "xl/sharedstrings.xml":
			ends = []byte("</si>")
		case part.UncompressedSize64 > largestPart:
			return &Fault{What: fmt.Sprintf("its part %q unpacks to more than %d MiB", part.Name, largestPart>>20), Remedy: asExported}
		}
		if ends != nil && part.UncompressedSize64 > largestCell {
			if err := inspectCells(part, ends); err != nil {
				return err
			}
		}
	}
	return nil
}

// inspectCells refuses a part in which one cell goes on for too long.
func inspectCells(part *zip.File, ends []byte) error {
	in, err := part.Open()
	if err != nil {
		return &Fault{What: "it cannot be unpacked: " + err.Error(), Remedy: asExported}
	}
	defer func() { _ = in.Close() }()
	buffer, kept, since := make([]byte, 256<<10), 0, 0
	for {
		n, err := in.Read(buffer[kept:])
		text := buffer[:kept+n]
		if last := bytes.LastIndex(text, ends); last >= 0 {
			since = len(text) - last
		} else {
			since += n
		}
		if since > largestCell {
			return &Fault{What: fmt.Sprintf("a cell in its part %q has more than %d MiB", part.Name, largestCell>>20), Remedy: asExported}
		}
		kept = copy(buffer, text[max(0, len(text)-len(ends)+1):])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &Fault{What: "it cannot be unpacked: " + err.Error(), Remedy: asExported}
		}
	}
}

func (s *sheetRowsOf) next() (record []string, place string, err error) {
	defer tame(&err)
	for {
		if s.rows == nil {
			if err := s.open(); err != nil {
				return nil, "", err
			}
		}
		if !s.rows.Next() {
			if err := s.rows.Close(); err != nil {
				return nil, "", &Fault{Place: "sheet " + s.sheet, What: "it cannot be read: " + err.Error(), Remedy: asExported}
			}
			s.rows = nil
			continue
		}
		return s.read()
	}
}

// open begins the next sheet, which has the names of the columns first.
func (s *sheetRowsOf) open() error {
	if len(s.sheets) == 0 {
		return io.EOF
	}
	s.sheet, s.sheets, s.row = s.sheets[0], s.sheets[1:], 0
	rows, err := s.file.Rows(s.sheet)
	if err != nil {
		return &Fault{Place: "sheet " + s.sheet, What: "it cannot be read: " + err.Error(), Remedy: asExported}
	}
	s.rows = rows
	if !rows.Next() {
		return &Fault{Place: "sheet " + s.sheet, What: "there is nothing in it", Remedy: "remove the sheet, or " + asExported}
	}
	record, place, err := s.cells()
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
	s.row++
	place := fmt.Sprint("row ", s.row)
	if s.sheet != sheetName(1) {
		place = "sheet " + s.sheet + ", " + place
	}
	record, err := s.rows.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, place, &Fault{Place: place, What: "it cannot be read: " + err.Error(), Remedy: asExported}
	}
	return record, place, nil
}

// Close removes what was unpacked.
func (s *sheetRowsOf) Close() error { return s.file.Close() }
