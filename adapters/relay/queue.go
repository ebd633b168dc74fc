package relay

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// queue keeps bodies in order until their target has answered: most of them on disk, those that must not or
// cannot be there in memory. What is done with it may wait for the disk, but for waits and dropped, which do not.
type queue struct {
	waits   atomic.Int64  // bytes on disk and in memory that are not answered yet
	dropped atomic.Uint64 // bodies, to keep within the limits
	damaged atomic.Uint64 // places on disk at which one body or more could not be read

	mu       sync.Mutex
	dir      *os.Root
	limit    int64 // bytes of all segments
	size     int64 // bytes of a segment, after which the next one begins
	segments []segment
	total    int64    // bytes of all segments
	writing  *os.File // the last segment; nil before it is written to
	reading  *os.File // the first segment; nil before it is read
	cursor   int64    // where the next body begins that its target has not answered
	noted    *os.File // has the cursor
	end      int64    // where the next body will be
	held     held
	out      int64 // position of the body on disk that is under way, nowhere if there is none
	buffer   []byte
}

// segment is a file of a queue: the records from a position on.
type segment struct{ start, size int64 }

func (s segment) end() int64 { return s.start + s.size }

const nowhere = -1

// A queue has about so many segments when it is full, and no segment is smaller or larger than this.
const (
	segments       = 32
	smallestOfThem = 64 << 10
	largestOfThem  = 4 << 20
)

// entry is a body on its way to its target.
type entry struct {
	record
	held bool // in memory
}

// add keeps a body on disk, or in memory if it must not be stored or the disk does not take it. An error says
// why the disk did not.
func (q *queue) add(r record, secret bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.measure()
	r.at = q.end
	if secret {
		q.hold(r)
		return nil
	}
	err := q.store(&r)
	if err != nil {
		q.hold(r)
	}
	return err
}

func (q *queue) hold(r record) { q.dropped.Add(uint64(q.held.add(r))) }

// store appends a record to the last segment.
func (q *queue) store(r *record) error {
	q.buffer = appendRecord(q.buffer[:0], r)
	n := int64(len(q.buffer))
	if err := q.makeRoom(n); err != nil {
		return err
	}
	if last := len(q.segments) - 1; q.writing != nil && q.segments[last].size+n > q.size {
		if err := q.finishWriting(); err != nil {
			return err
		}
	}
	if q.writing == nil {
		if err := q.begin(); err != nil {
			return err
		}
	}
	s := &q.segments[len(q.segments)-1]
	if _, err := q.writing.WriteAt(q.buffer, s.size); err != nil {
		err = fmt.Errorf("writing the queue: %w", err)
		if cut := q.writing.Truncate(s.size); cut != nil {
			// What stands there now is of no known length: the next segment begins behind all that it can be.
			q.end += n
			return errors.Join(err, q.finishWriting())
		}
		return err
	}
	s.size, q.total, q.end = s.size+n, q.total+n, q.end+n
	return nil
}

// begin makes a segment at the end of the queue, the one that is written from now on.
func (q *queue) begin() error {
	file, err := q.dir.OpenFile(segmentName(q.end), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("beginning a segment of the queue: %w", err)
	}
	if last := len(q.segments) - 1; last < 0 || q.segments[last].start != q.end {
		q.segments = append(q.segments, segment{start: q.end})
	}
	q.writing = file
	return nil
}

// finishWriting closes the segment that is written.
func (q *queue) finishWriting() error {
	file := q.writing
	q.writing = nil
	if err := file.Close(); err != nil {
		return fmt.Errorf("closing a segment of the queue: %w", err)
	}
	return nil
}

// makeRoom drops the oldest bodies, by whole segments, until n bytes more are within the limit.
func (q *queue) makeRoom(n int64) error {
	for q.total+n > q.limit && len(q.segments) > 0 {
		lost := q.count(q.segments[0])
		if err := q.removeFirst(); err != nil {
			return err
		}
		q.dropped.Add(lost)
	}
	return nil
}

// count returns how many bodies of the first segment wait, without the one that is under way: what becomes of
// that is not known yet.
func (q *queue) count(s segment) (bodies uint64) {
	from := max(q.cursor, s.start)
	text := q.load(s, from)
	for start := from; ; {
		r, ok := findRecord(text[min(from-start, int64(len(text))):], from)
		if !ok {
			return bodies
		}
		if r.at != q.out {
			bodies++
		}
		from = r.end()
	}
}

// removeFirst removes the first segment, with all that is in it.
func (q *queue) removeFirst() error {
	s := q.segments[0]
	q.stopReading()
	if len(q.segments) == 1 && q.writing != nil {
		if err := q.finishWriting(); err != nil {
			return err
		}
	}
	if err := q.dir.Remove(segmentName(s.start)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing a segment of the queue: %w", err)
	}
	q.segments, q.total = q.segments[1:], q.total-s.size
	_ = q.move(s.end()) // what is not noted is found out again after a restart: the file is gone
	return nil
}

// move notes that everything before a position is done with.
func (q *queue) move(to int64) error {
	if to <= q.cursor {
		return nil
	}
	q.cursor = to
	return q.note()
}

// measure makes the figures that may be asked for at any time.
func (q *queue) measure() { q.waits.Store(max(q.end-q.cursor, 0) + q.held.bytes) }
