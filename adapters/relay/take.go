package relay

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
)

// next returns the oldest body that waits, false if there is none. It is the same one again until [queue.done].
func (q *queue) next() (entry, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.measure()
	stored, ok := q.first()
	if !ok && q.cursor < q.end {
		_ = q.move(q.end) // past what a cut end or a failed write left out
	}
	q.out = nowhere
	if len(q.held.records) > 0 && (!ok || q.held.records[0].at <= stored.at) {
		return entry{q.held.records[0], true}, true
	}
	if ok {
		q.out = stored.at
	}
	return entry{stored, false}, ok
}

// done notes that a body is answered. An error says that it was not noted, and may come again after a restart.
func (q *queue) done(e entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.measure()
	if e.held {
		// It was perhaps dropped while it was under way.
		if len(q.held.records) > 0 && q.held.records[0].at == e.at && &q.held.records[0].body[0] == &e.body[0] {
			q.held.drop()
		}
		return nil
	}
	q.out = nowhere
	return q.move(e.end())
}

// failed notes that a body is not under way any more, and not answered either.
func (q *queue) failed(e entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !e.held && e.at < q.cursor {
		q.dropped.Add(1) // meanwhile, with its segment
	}
	q.out = nowhere
}

// first returns the first record on disk that is not done with, and goes past what cannot be read.
func (q *queue) first() (record, bool) {
	for len(q.segments) > 0 {
		s := q.segments[0]
		from := max(q.cursor, s.start)
		if from >= s.end() {
			if q.writing != nil && len(q.segments) == 1 {
				return record{}, false
			}
			if q.removeFirst() != nil { // then it stays until it can be removed
				q.segments, q.total = q.segments[1:], q.total-s.size
			}
			continue
		}
		if r, ok := q.read(s, from); ok {
			return r, true
		}
		q.damaged.Add(1)
		r, ok := findRecord(q.load(s, from), from)
		if !ok {
			_ = q.move(s.end()) // an error costs looking at it again after a restart
			continue
		}
		_ = q.move(r.at)
		return r, true
	}
	return record{}, false
}

// read reads the record at a position of the first segment; false if there is no whole one.
func (q *queue) read(s segment, at int64) (record, bool) {
	file, err := q.open(s)
	if err != nil {
		return record{}, false
	}
	var head [headSize]byte
	if _, err := file.ReadAt(head[:], at-s.start); err != nil {
		return record{}, false
	}
	length, ok := bodyLength(head[:], at)
	if !ok || at+headSize+length > s.end() {
		return record{}, false
	}
	body := make([]byte, length)
	if _, err := file.ReadAt(body, at-s.start+headSize); err != nil {
		return record{}, false
	}
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(head[12:]) {
		return record{}, false
	}
	return record{at, int64(binary.LittleEndian.Uint64(head[4:])), body}, true
}

// load returns the bytes of the first segment from a position on, as far as they can be read.
func (q *queue) load(s segment, from int64) []byte {
	file, err := q.open(s)
	if err != nil {
		return nil
	}
	text := make([]byte, s.end()-from)
	n, err := file.ReadAt(text, from-s.start)
	if err != nil && err != io.EOF {
		return nil
	}
	return text[:n]
}

// open opens the first segment for reading.
func (q *queue) open(s segment) (*os.File, error) {
	if q.reading != nil {
		return q.reading, nil
	}
	file, err := q.dir.Open(segmentName(s.start))
	if err != nil {
		return nil, err
	}
	q.reading = file
	return file, nil
}

// stopReading closes the segment that is read.
func (q *queue) stopReading() {
	if q.reading != nil {
		_ = q.reading.Close() // nothing was written to it
		q.reading = nil
	}
}
