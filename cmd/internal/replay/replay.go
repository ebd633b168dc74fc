// Package replay has what a gateway recorded happen again: the bodies of a recording, with their times, as they
// are to be posted.
package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"butlr-gateway/cmd/internal/poster"
)

// longestLine is longer than a line of a recording can be.
const longestLine = 1 << 20

// Line is a body of a recording.
type Line struct {
	Arrived time.Time
	Body    []byte
}

// Read returns the lines of a recording; name is what errors call it. An end that was cut off, as a gateway that is
// killed leaves it, is left out.
func Read(name string, from io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		lines := bufio.NewReaderSize(from, 64<<10)
		for number := 1; ; number++ {
			text, err := readLine(lines)
			switch {
			case errors.Is(err, io.EOF): // what came before it is half a line
				return
			case err != nil:
				yield(Line{}, fmt.Errorf("reading %s, line %d: %w", name, number, err))
				return
			}
			line, err := parse(text)
			if err != nil {
				err = fmt.Errorf("reading %s, line %d: %w; it must be a recording of \"capture on\"", name, number, err)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// readLine returns a line with its end.
func readLine(from *bufio.Reader) (line []byte, err error) {
	for {
		part, err := from.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > longestLine {
			return nil, fmt.Errorf("it is longer than %d bytes", longestLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func parse(text []byte) (Line, error) {
	var line struct {
		Arrived *int64          `json:"arrived"`
		Body    json.RawMessage `json:"body"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return Line{}, err
	}
	if line.Arrived == nil || len(line.Body) == 0 {
		return Line{}, errors.New("arrived or body is missing")
	}
	return Line{time.UnixMilli(*line.Arrived), line.Body}, nil
}

// Options is how a recording happens again.
type Options struct {
	Start     time.Time // when the first body is posted
	Speed     float64   // how many times as fast as it was
	KeepTimes bool      // the events say that they were sensed when they were; else as long before or after Start
	NewIDs    bool      // each id becomes another, the same one each time
}

// Play yields the bodies of a recording when they are due, until ctx ends. An error ends it, and is put into failed.
//
// Times shrink with the speed: at 60, what was a minute after the beginning is a second after Start, both when it is
// posted and in its timestamp. So no event is in the future that was not, and their order stays.
func Play(ctx context.Context, o Options, lines iter.Seq2[Line, error], failed *error) iter.Seq[poster.Body] {
	return func(yield func(poster.Body) bool) {
		var c *change
		for line, err := range lines {
			if err != nil {
				*failed = err
				return
			}
			if c == nil {
				c = newChange(o, line.Arrived)
			}
			body, err := c.body(line.Body)
			if err != nil {
				*failed = err
				return
			}
			if !poster.Sleep(ctx, time.Until(c.moved(line.Arrived))) || !yield(body) {
				return
			}
		}
	}
}
