package relay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// openQueue opens the queue in a directory, of at most limit bytes. The end of its last segment is cut behind
// the last whole record: a program that is killed, or a power cut, may leave half of one.
func openQueue(dir *os.Root, limit int64) (*queue, error) {
	q := &queue{dir: dir, limit: limit, size: min(max(limit/segments, smallestOfThem), largestOfThem), out: nowhere}
	if err := q.find(); err != nil {
		return nil, err
	}
	if err := q.openCursor(); err != nil {
		return nil, err
	}
	if err := q.cutTail(); err != nil {
		return nil, errors.Join(err, q.close())
	}
	if err := q.makeRoom(0); err != nil {
		return nil, errors.Join(err, q.close())
	}
	q.measure()
	return q, nil
}

// close closes the files. What is held in memory is lost, and counted.
func (q *queue) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopReading()
	var errs []error
	if q.writing != nil {
		errs = append(errs, q.finishWriting())
	}
	if q.noted != nil {
		errs = append(errs, q.noted.Close())
	}
	q.dropped.Add(uint64(len(q.held.records)))
	q.held = held{}
	return errors.Join(append(errs, q.dir.Close())...)
}

const (
	segmentSuffix = ".queue"
	cursorName    = "cursor"
	cursorSize    = 12 // a position, and its CRC-32C
)

// segmentName returns the name of the segment that begins at a position. Names sort as positions do.
func segmentName(start int64) string { return fmt.Sprintf("%019d%s", start, segmentSuffix) }

// find lists the segments that there are. Files of other names are not touched.
func (q *queue) find() error {
	files, err := fs.ReadDir(q.dir.FS(), ".")
	if err != nil {
		return fmt.Errorf("looking for the queue: %w", err)
	}
	for _, f := range files {
		digits, ok := strings.CutSuffix(f.Name(), segmentSuffix)
		start, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || segmentName(start) != f.Name() {
			continue
		}
		about, err := f.Info()
		if err != nil {
			return fmt.Errorf("looking for the queue: %w", err)
		}
		s := segment{start, about.Size()}
		if s.end() < start {
			continue // no position is so large
		}
		q.segments = append(q.segments, s)
		q.total, q.end = q.total+s.size, max(q.end, s.end())
	}
	slices.SortFunc(q.segments, func(a, b segment) int { return int(min(max(a.start-b.start, -1), 1)) })
	return nil
}

// openCursor finds out what is done with. Without a cursor that can be believed nothing is, of what is still there.
func (q *queue) openCursor() error {
	file, err := q.dir.OpenFile(cursorName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the queue's cursor: %w", err)
	}
	q.noted = file
	if len(q.segments) > 0 {
		q.cursor = q.segments[0].start
	}
	var text [cursorSize]byte
	if _, err := file.ReadAt(text[:], 0); err == nil {
		if at := int64(binary.LittleEndian.Uint64(text[:])); crc32.Checksum(text[:8], castagnoli) == binary.LittleEndian.Uint32(text[8:]) {
			q.cursor = max(q.cursor, at)
		}
	} else if err != io.EOF {
		return errors.Join(fmt.Errorf("reading the queue's cursor: %w", err), file.Close())
	}
	q.end = max(q.end, q.cursor)
	return nil
}

// note writes the cursor. It is not synced: after a power cut an older one counts, and bodies come again.
func (q *queue) note() error {
	var text [cursorSize]byte
	binary.LittleEndian.PutUint64(text[:], uint64(q.cursor))
	binary.LittleEndian.PutUint32(text[8:], crc32.Checksum(text[:8], castagnoli))
	if _, err := q.noted.WriteAt(text[:], 0); err != nil {
		return fmt.Errorf("writing the queue's cursor: %w", err)
	}
	return nil
}

// cutTail cuts the last segment behind its last whole record.
func (q *queue) cutTail() error {
	if len(q.segments) == 0 {
		return nil
	}
	last := len(q.segments) - 1
	s := &q.segments[last]
	name := segmentName(s.start)
	text, err := q.dir.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading the queue: %w", err)
	}
	end := s.start
	for {
		r, ok := findRecord(text[end-s.start:], end)
		if !ok {
			break
		}
		end = r.end()
	}
	if end == s.end() {
		return nil
	}
	file, err := q.dir.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening the queue: %w", err)
	}
	if err := errors.Join(file.Truncate(end-s.start), file.Close()); err != nil {
		return fmt.Errorf("cutting the queue's end: %w", err)
	}
	q.total -= s.end() - end
	s.size = end - s.start
	return nil
}
