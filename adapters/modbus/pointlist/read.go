package pointlist

import (
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
	open, ok := map[string]func(*os.File) (source, error){
		".csv": fromCSV, ".json": fromJSON, ".xlsx": fromXLSX,
	}[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return nil, &Fault{File: path, What: "it is not clear what is in it", Remedy: "name a file that ends with .csv, .json or .xlsx"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	locator, err := modbus.NewLocator(o)
	if err != nil {
		return nil, err
	}
	rows, err := open(file)
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
		f.File = path
		return nil, f
	}
	return nil, fmt.Errorf("reading %s: %w", path, err)
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
