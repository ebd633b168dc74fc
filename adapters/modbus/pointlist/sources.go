package pointlist

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/adapters/internal/leash"
	"butlr-gateway/adapters/modbus"
)

// longestRow is in bytes, with what the readers above a leash read ahead.
const longestRow = 2 << 20

// csvRows are the rows of a CSV file.
type csvRows struct {
	in    *csv.Reader
	leash *leash.Reader
	row   int
}

func newCSV(file io.Reader) (source, error) {
	held := leash.New(file, longestRow)
	r := &csvRows{in: csv.NewReader(withoutMark(held)), leash: held}
	r.in.FieldsPerRecord = -1
	record, place, err := r.read()
	if errors.Is(err, io.EOF) {
		return nil, &Fault{What: "there is nothing in it", Remedy: asExported}
	}
	if err != nil {
		return nil, err
	}
	if fault := checkHeader(record); fault != nil {
		fault.Place = place
		return nil, fault
	}
	return r, nil
}

// withoutMark leaves out the mark that some programs put before UTF-8.
func withoutMark(r io.Reader) io.Reader {
	var first [3]byte
	n, err := io.ReadFull(r, first[:])
	if err == nil && string(first[:]) == "\ufeff" {
		return r
	}
	return io.MultiReader(bytes.NewReader(first[:n]), r)
}

func (r *csvRows) read() (record []string, place string, err error) {
	r.leash.Loosen()
	r.row++
	place = fmt.Sprint("row ", r.row)
	record, err = r.in.Read()
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, place, &Fault{Place: place, What: "it is no CSV: " + parse.Err.Error(), Remedy: asExported}
	}
	if errors.Is(err, leash.ErrTooLong) {
		return nil, place, &Fault{Place: place, What: "it is longer than any row of a list", Remedy: asExported}
	}
	return record, place, err
}

func (r *csvRows) next() ([]string, string, error) {
	record, place, err := r.read()
	if err != nil {
		return nil, place, err
	}
	if want := len(modbus.Columns()); len(record) != want {
		return nil, place, &Fault{Place: place, What: fmt.Sprintf("it has %d columns and should have %d", len(record), want), Remedy: asExported}
	}
	for k := range record {
		record[k] = celltext.Plain(record[k])
	}
	return record, place, nil
}

// jsonRows are the objects of a JSON array.
type jsonRows struct {
	in    *jsontext.Decoder
	leash *leash.Reader
	entry int
}

func newJSON(file io.Reader) (source, error) {
	held := leash.New(file, longestRow)
	r := &jsonRows{in: jsontext.NewDecoder(held), leash: held}
	if r.in.PeekKind() != '[' {
		return nil, &Fault{What: "it is no JSON array of objects", Remedy: asExported}
	}
	if _, err := r.in.ReadToken(); err != nil {
		return nil, err
	}
	return r, nil
}

// next reads one object: all keys of a row, each of them once.
func (r *jsonRows) next() ([]string, string, error) {
	r.leash.Loosen()
	r.entry++
	place := fmt.Sprint("entry ", r.entry)
	fail := func(column, format string, args ...any) ([]string, string, error) {
		return nil, place, &Fault{Place: place, Column: column, What: fmt.Sprintf(format, args...), Remedy: asExported}
	}
	broken := func(err error) ([]string, string, error) {
		if _, isSyntax := errors.AsType[*jsontext.SyntacticError](err); isSyntax || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, leash.ErrTooLong) {
			return fail("", "it cannot be read as JSON: %v", err)
		}
		return nil, place, err
	}
	switch r.in.PeekKind() {
	case '{':
	case ']':
		return r.end()
	case 0:
		_, err := r.in.ReadToken()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return broken(err)
	default:
		return fail("", "it is no object")
	}
	if _, err := r.in.ReadToken(); err != nil {
		return broken(err)
	}
	columns := modbus.Columns()
	record, seen := make([]string, len(columns)), make([]bool, len(columns))
	for r.in.PeekKind() != '}' {
		name, err := r.in.ReadToken()
		if err != nil {
			return broken(err)
		}
		key := name.String()
		value, err := r.in.ReadToken()
		if err != nil {
			return broken(err)
		}
		k := slices.Index(columns, key)
		isNumber := key == "unit_id" || key == "address" || key == "scale"
		switch kind := value.Kind(); {
		case k < 0:
			return fail(key, "is no column of a list")
		case isNumber && kind != '0':
			return fail(key, "is no number")
		case !isNumber && kind != '"':
			return fail(key, "is no text")
		}
		record[k], seen[k] = value.String(), true
	}
	if _, err := r.in.ReadToken(); err != nil {
		return broken(err)
	}
	if k := slices.Index(seen, false); k >= 0 {
		return fail(columns[k], "is missing")
	}
	return record, place, nil
}

// end makes sure that nothing follows the array.
func (r *jsonRows) end() ([]string, string, error) {
	if _, err := r.in.ReadToken(); err != nil {
		return nil, "", err
	}
	if _, err := r.in.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, "", &Fault{What: "something follows the list", Remedy: asExported}
	}
	return nil, "", io.EOF
}
