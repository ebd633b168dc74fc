package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

const (
	newest = "capture.jsonl" // the file that is written; capture-1.jsonl is the one before
	files  = 4               // that are kept
)

// file is the newest file of the recordings in a directory.
type file struct {
	dir  *os.Root
	max  int64
	out  *os.File
	size int64
}

// begin begins a new file in a directory.
func begin(path string, largest int64) (*file, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	f := &file{dir: dir, max: largest}
	if err := f.begin(); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return f, nil
}

// begin makes the files one older each, removes the oldest, and begins a new one.
func (f *file) begin() error {
	for age := files - 1; age > 0; age-- {
		err := f.dir.Rename(fileName(age-1), fileName(age))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	out, err := f.dir.OpenFile(newest, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	f.out, f.size = out, 0
	return nil
}

func fileName(age int) string {
	if age == 0 {
		return newest
	}
	return fmt.Sprintf("capture-%d.jsonl", age)
}

// write writes a line.
func (f *file) write(line []byte) error {
	if f.size > 0 && f.size+int64(len(line)) > f.max {
		if err := errors.Join(f.out.Close(), f.begin()); err != nil {
			return err
		}
	}
	n, err := f.out.Write(line)
	f.size += int64(n)
	return err
}

func (f *file) close() error { return errors.Join(f.out.Close(), f.dir.Close()) }

// appendLine appends the line of a body to dst.
func appendLine(dst []byte, a arrival) ([]byte, error) {
	dst = append(dst, `{"arrived":`...)
	dst = strconv.AppendInt(dst, a.at.UnixMilli(), 10)
	dst = append(dst, `,"body":`...)
	out := bytes.NewBuffer(dst)
	if err := json.Compact(out, a.body); err != nil { // on one line
		return nil, errNoJSON
	}
	return append(out.Bytes(), "}\n"...), nil
}
