package workbook

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Sheets returns the names of the sheets, in their order.
func (b *Book) Sheets() []string {
	names := make([]string, len(b.sheets))
	for k, s := range b.sheets {
		names[k] = s.name
	}
	return names
}

// Rows are those of a sheet in which something is written, one after the other.
type Rows struct {
	scanner *scanner
	shared  *texts
	number  int
	value   []byte // of the cell that is being read
}

// Rows begins to read a sheet, the first is number 0. The rows must be closed.
func (b *Book) Rows(sheet int) (*Rows, error) {
	s, err := b.scan(b.sheets[sheet].part, largestWorkbook)
	if err != nil {
		return nil, err
	}
	return &Rows{scanner: s, shared: b.shared}, nil
}

// Close ends the reading.
func (r *Rows) Close() error { return r.scanner.in.Close() }

// How many elements are open where something is: worksheet, sheetData, row, c.
const (
	inSheet = iota + 1
	inData
	inRow
	inCell
)

// Next returns the number of the next row, the first of a sheet is 1, and its cells up to the last with something in
// it: texts and what numbers, dates, truth and errors are written as. It returns [io.EOF] behind the last row.
func (r *Rows) Next() (number int, cells []string, err error) {
	for {
		token, err := r.scanner.next()
		if err != nil {
			return r.number + 1, nil, err
		}
		if end, ok := token.(xml.EndElement); ok && end.Name.Local == "sheetData" && len(r.scanner.path) == inSheet {
			return r.number + 1, nil, io.EOF
		}
		start, ok := token.(xml.StartElement)
		if !ok || len(r.scanner.path) != inRow || start.Name.Local != "row" || r.scanner.path[inSheet] != "sheetData" {
			continue
		}
		number := r.number + 1
		if stated := attribute(&start, "r"); stated != "" {
			n, err := strconv.ParseUint(stated, 10, 32)
			if err != nil || n < uint64(number) || n > mostRows {
				return number, nil, fmt.Errorf("a row with the number %q comes after row %d", stated, r.number)
			}
			number = int(n)
		}
		r.number = number
		if cells, err = r.row(); len(cells) > 0 || err != nil {
			return number, cells, err
		}
	}
}

func attribute(start *xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// row reads the cells of a row.
func (r *Rows) row() (cells []string, err error) {
	column := -1
	for {
		token, err := r.scanner.next()
		if err != nil {
			return cells, err
		}
		switch token := token.(type) {
		case xml.EndElement:
			if len(r.scanner.path) == inData {
				r.scanner.leash.Loosen()
				return cells, nil
			}
		case xml.StartElement:
			if len(r.scanner.path) != inCell || token.Name.Local != "c" {
				continue
			}
			before := column
			column++
			if reference := attribute(&token, "r"); reference != "" {
				if column, err = columnOf(reference); err != nil {
					return cells, err
				}
			}
			if column == mostColumns {
				return cells, fmt.Errorf("it has more than %d columns", mostColumns)
			}
			if column <= before {
				return cells, fmt.Errorf("its column %s comes after %s", columnName(column), columnName(before))
			}
			text, err := r.cell(attribute(&token, "t"))
			if err != nil {
				return cells, err
			}
			if text != "" {
				cells = append(append(cells, make([]string, column-len(cells))...), text)
			}
		}
	}
}

// cell reads a cell of a kind.
func (r *Rows) cell(kind string) (string, error) {
	r.value = r.value[:0]
	for len(r.scanner.path) >= inCell {
		token, err := r.scanner.next()
		if err != nil {
			return "", err
		}
		if text, ok := token.(xml.CharData); ok && len(r.scanner.path) > inCell && r.isValue() {
			r.value = append(r.value, text...)
		}
	}
	switch kind {
	case "inlineStr", "str":
		return unescape(r.value), nil
	case "s":
		number := bytes.TrimSpace(r.value)
		if len(number) == 0 {
			return "", nil
		}
		k, err := strconv.ParseUint(string(number), 10, 32)
		if err != nil || k >= uint64(len(r.shared.ends)) {
			return "", fmt.Errorf("a cell has the text number %s of the workbook, which has %d", strconv.QuoteToASCII(string(number)), len(r.shared.ends))
		}
		return unescape(r.shared.at(int(k))), nil
	}
	return string(bytes.TrimSpace(r.value)), nil
}

// isValue tells whether what comes next is of the value of a cell, or of the text in the place of one.
func (r *Rows) isValue() bool {
	below := r.scanner.path[inCell:]
	return slices.Equal(below, []string{"v"}) || below[0] == "is" && r.scanner.inText(inCell+1)
}
