package rtu

import "time"

// Gap returns the silence that separates frames on a line: 3.5 characters of 11 bits, and never less than
// 1.75 ms (V1.02, section 2.5.1.1).
func Gap(baud int) time.Duration {
	const shortest, bits = 1750 * time.Microsecond, 11
	if baud <= 0 {
		return shortest
	}
	return max(shortest, 7*bits*time.Second/2/time.Duration(baud))
}

// Broadcast is the unit id that every unit obeys and none answers (V1.02, section 2.2).
const Broadcast = 0

// Request is a request to one of our units, or to all of them.
type Request struct {
	Unit byte
	PDU  []byte // valid until more is received
}

// Counts are what was seen on a line.
type Counts struct {
	Frames int // with the right checksum, of anybody
	Broken int // beginnings that led to no frame
}

// Framer finds the requests to some units among everything that is said on a line: requests to other
// units and what those answer are skipped. Take its Space, say with Received how much of it was filled,
// and ask Next until it has no more.
type Framer struct {
	Counts Counts

	mine     func(unit byte) bool
	buffer   [4 * MaxFrame]byte
	from, to int   // what is waiting
	marks    []int // before which the line was silent, behind from
	lost     bool  // what comes is no beginning until the line has been silent
}

// NewFramer returns a framer for the units that mine is true of.
func NewFramer(mine func(unit byte) bool) *Framer { return &Framer{mine: mine} }

// Space returns where to receive to: never less than two frames.
func (f *Framer) Space() []byte {
	if f.from > 0 {
		f.to = copy(f.buffer[:], f.buffer[f.from:f.to])
		for i := range f.marks {
			f.marks[i] -= f.from
		}
		f.from = 0
	}
	return f.buffer[f.to:]
}

// Received takes n bytes of the space. Silent says that the line was silent before them: they may begin a
// frame whatever was before.
func (f *Framer) Received(n int, silent bool) {
	switch {
	case n == 0:
		return
	case silent && f.to > f.from:
		f.marks = append(f.marks, f.to)
	case f.lost && !silent:
		return
	}
	f.lost = false
	f.to += n
}

// Waiting tells whether a frame has begun that is not whole.
func (f *Framer) Waiting() bool { return f.to > f.from }

// Lost tells that what is received means nothing until the line has been silent.
func (f *Framer) Lost() bool { return f.lost }

// Next returns the next request to one of our units, false if there is none yet. Paused says that nothing
// has come for a while: then what is intact as it stands is whole, whatever its function code says of its
// length. What has begun may still go on; it gives way to a whole frame behind a silence.
func (f *Framer) Next(paused bool) (Request, bool) {
	for f.to > f.from {
		n, is := f.cut(f.buffer[f.from:f.to], paused)
		if is == unfinished && !f.supersede() {
			break
		}
		switch is {
		case whole:
			frame := f.buffer[f.from : f.from+n]
			f.advance(f.from + n)
			f.Counts.Frames++
			if unit := frame[0]; unit == Broadcast || f.mine(unit) {
				return Request{unit, frame[functionAt : n-sumBytes]}, true
			}
		case nothing:
			f.resume()
		}
	}
	return Request{}, false
}

// supersede gives up a frame that has begun for a whole one that came after a silence.
func (f *Framer) supersede() bool {
	for i, at := range f.marks {
		if _, is := f.cut(f.buffer[at:f.to], false); is == whole {
			f.Counts.Broken += i + 1
			f.advance(at)
			return true
		}
	}
	return false
}

// resume goes on where the line was silent last, or waits until it is.
func (f *Framer) resume() {
	f.Counts.Broken++
	if len(f.marks) > 0 {
		f.advance(f.marks[0])
		return
	}
	f.advance(f.to)
	f.lost = true
}

// advance leaves everything before a place.
func (f *Framer) advance(to int) {
	f.from = to
	passed := 0
	for passed < len(f.marks) && f.marks[passed] <= to {
		passed++
	}
	f.marks = append(f.marks[:0], f.marks[passed:]...)
}

// verdict is what a beginning turns out to be.
type verdict uint8

const (
	unfinished verdict = iota
	whole
	nothing // no frame
)

// cut returns the length of the frame that some bytes begin with.
func (f *Framer) cut(begin []byte, paused bool) (int, verdict) {
	lengths := [2]int{RequestLength(begin), Never}
	if unit := begin[0]; unit != Broadcast && !f.mine(unit) {
		if lengths[1] = ResponseLength(begin); lengths[1] < lengths[0] {
			lengths[0], lengths[1] = lengths[1], lengths[0] // the shorter one is there first
		}
	}
	open := false
	for _, n := range lengths {
		switch {
		case n == NotYet || n > len(begin):
			open = true
		case n != Never && Intact(begin[:n]):
			return n, whole
		}
	}
	switch {
	case open && !paused:
		return 0, unfinished
	case len(begin) <= MaxFrame && Intact(begin): // its length is wrong, or nobody's business but its sender's
		return len(begin), whole
	case open:
		return 0, unfinished
	case paused:
		return shortestIntact(begin)
	case len(begin) >= MaxFrame:
		return 0, nothing
	}
	return 0, unfinished
}

// shortestIntact finds the first end that makes a frame of what is there.
func shortestIntact(begin []byte) (int, verdict) {
	sum := uint16(0xFFFF)
	for i, b := range begin[:min(len(begin), MaxFrame)] {
		if sum = step(sum, b); sum == 0 && i+1 >= MinFrame {
			return i + 1, whole
		}
	}
	return 0, nothing
}
