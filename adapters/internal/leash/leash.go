// Package leash keeps a reader of hostile files from taking a whole file for one item of it.
package leash

import (
	"errors"
	"io"
)

// ErrTooLong is returned by a [Reader] that would yield more than it may.
var ErrTooLong = errors.New("it goes on for longer than any item may")

// Reader yields so many bytes at the most between two calls of Loosen, with what those above it read ahead.
type Reader struct {
	from io.Reader
	most int
	left int
}

// New returns a reader from which most bytes can be read before it has to be loosened.
func New(from io.Reader, most int) *Reader { return &Reader{from: from, most: most, left: most} }

// Loosen begins the next item.
func (r *Reader) Loosen() { r.left = r.most }

func (r *Reader) Read(into []byte) (int, error) {
	if r.left <= 0 {
		return 0, ErrTooLong
	}
	n, err := r.from.Read(into[:min(len(into), r.left)])
	r.left -= n
	return n, err
}
