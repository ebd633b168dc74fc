package pointlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// Contents are what a list says.
type Contents struct {
	Gateway string // whose it is
	Mark    Mark
	Listing gateway.Listing // the assets in the order of the file
	Notes   []string        // what is worth knowing and stands in nothing's way
}

// source yields the rows of a file, and says of each where it is. It returns io.EOF behind the last.
type source interface {
	next() (record []string, place string, err error)
}

// ReadFile reads a list. The name of the file tells its format. An error is a [*Fault] unless the file cannot
// be read at all.
func ReadFile(path string, o modbus.MapOptions) (*Contents, error) {
	format, err := ParseFormat(strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), "."))
	if err != nil {
		return nil, &Fault{File: path, What: "it is not clear what is in it", Remedy: "name a file that ends with .csv, .json or .xlsx"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return readFrom(path, file, about.Size(), format, o)
}

// ReadBytes reads a list that somebody sent; what is in it tells its format. Name is what faults call it. An error is
// a [*Fault].
func ReadBytes(name string, text []byte, o modbus.MapOptions) (*Contents, error) {
	return readFrom(name, bytes.NewReader(text), int64(len(text)), formatOf(text), o)
}

// formatOf tells what is in a file: a workbook is a zip, a list in JSON an array.
func formatOf(text []byte) Format {
	switch {
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return XLSX
	case bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("[")):
		return JSON
	}
	return CSV
}

// input is a file, or what was sent instead of one.
type input interface {
	io.Reader
	io.ReaderAt
}

func readFrom(name string, from input, size int64, f Format, o modbus.MapOptions) (*Contents, error) {
	locator, err := modbus.NewLocator(o)
	if err != nil {
		return nil, err
	}
	rows, err := open(from, size, f)
	if err == nil {
		var c *Contents
		c, err = read(rows, locator, o)
		if closer, ok := rows.(io.Closer); ok {
			err = errors.Join(err, closer.Close())
		}
		if err == nil {
			return c, nil
		}
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		f.File = name
		return nil, f
	}
	return nil, fmt.Errorf("reading %s: %w", name, err)
}

func open(from input, size int64, f Format) (source, error) {
	switch f {
	case JSON:
		return newJSON(from)
	case XLSX:
		return fromXLSX(from, size)
	}
	return newCSV(from)
}

// read puts a list together from its rows.
func read(rows source, locator *modbus.Locator, o modbus.MapOptions) (*Contents, error) {
	a := newAssembly(locator, o)
	for {
		record, place, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		row, fault := rowOf(record)
		if fault == nil {
			fault = a.take(&row, place)
		}
		if fault != nil {
			fault.Place = place
			return nil, fault
		}
	}
	return a.finish()
}
