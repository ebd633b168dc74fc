package store

import (
	"cmp"
	"math"
	"slices"

	"butlr-gateway/gateway"
)

// The formats of a packed feed: its first byte.
const (
	revisionFormat = 1 // see unpackRevisions
	historyFormat  = 2 // see history
)

// history packs a whole history: a byte of format, what lies before its window, the number of revisions in
// the window, and each of those as time, value and the 20 bytes of its id. Times are written as what they
// lie after the time before, values as what they add to the value before; numbers are varints.
func (p *packer) history(h *gateway.History) []byte {
	p.begin(h.Asset, byte(h.Feed))
	p.byte(historyFormat)
	p.before(&h.Before)
	p.uvarint(uint64(len(h.Window)))
	value := int64(0)
	for i := range h.Window {
		e := &h.Window[i]
		p.time(e.At)
		p.varint(int64(e.Value) - value)
		value = int64(e.Value)
		p.buffer = append(p.buffer, e.ID[:]...)
	}
	return p.seal()
}

// leastEntry is the length of the shortest revision in a window.
const leastEntry = 1 + 1 + len(gateway.EventID{})

// unpackHistory is the inverse of history.
func unpackHistory(body []byte, asset gateway.Number, feed gateway.Feed) (gateway.History, error) {
	h := gateway.History{Asset: asset, Feed: feed}
	r := rowReader{rest: body}
	if r.byte() != historyFormat {
		return h, errFormat
	}
	r.before(&h.Before)
	count := r.uvarint()
	if count > uint64(len(r.rest)/leastEntry) {
		return h, errShort
	}
	h.Window = make([]gateway.Entry, count, count/4*4+4) // with room for the next ones: they come within the minute
	value := int64(0)
	for i := range h.Window {
		e := &h.Window[i]
		e.At = r.time()
		value += r.varint()
		e.Value = int32(value)
		if int64(e.Value) != value {
			return h, errUnlike
		}
		copy(e.ID[:], r.take(len(e.ID)))
	}
	return h, r.end()
}

// What lies before a window begins with a set of bits: which times follow, which numbers follow, and which
// outputs were on. A time or a number without its bit is zero. Another number of outputs is another format.
const (
	timeCount     = 6 + gateway.OutputCount
	peakBit       = timeCount
	minutesBit    = timeCount + 1
	lastMinuteBit = timeCount + 2
	onBit         = timeCount + 3 // the first of one for each output
	sumBit        = onBit + gateway.OutputCount
	bitCount      = sumBit + 1
)

// timesOf returns the times before a window, in the order in which they are written.
func timesOf(b *gateway.Before) [timeCount]*gateway.Timestamp {
	times := [timeCount]*gateway.Timestamp{&b.Day, &b.LastPositive, &b.FirstClear, &b.LastClear, &b.Newest, &b.Output.At}
	for o := range b.Output.Since {
		times[timeCount-gateway.OutputCount+o] = &b.Output.Since[o]
	}
	return times
}

// bitsOf returns the bits of what is not zero before a window.
func bitsOf(b *gateway.Before) (bits uint64) {
	set := func(bit int, is bool) {
		if is {
			bits |= 1 << bit
		}
	}
	for i, t := range timesOf(b) {
		set(i, *t != 0)
	}
	for o, on := range b.Output.On {
		set(onBit+o, on)
	}
	set(peakBit, b.Peak != 0)
	set(minutesBit, b.Minutes != 0)
	set(lastMinuteBit, b.LastMinute != 0)
	set(sumBit, b.Sum != 0)
	return bits
}

func (p *packer) before(b *gateway.Before) {
	bits := bitsOf(b)
	p.uvarint(bits)
	for i, t := range timesOf(b) {
		if bits&(1<<i) != 0 {
			p.time(*t)
		}
	}
	if bits&(1<<peakBit) != 0 {
		p.varint(int64(b.Peak))
	}
	if bits&(1<<minutesBit) != 0 {
		p.varint(int64(b.Minutes))
	}
	if bits&(1<<lastMinuteBit) != 0 {
		p.minute(b.LastMinute)
	}
	if bits&(1<<sumBit) != 0 {
		p.varint(int64(b.Sum))
	}
}

func (r *rowReader) before(b *gateway.Before) {
	bits := r.uvarint()
	for i, t := range timesOf(b) {
		if bits&(1<<i) != 0 {
			*t = r.time()
		}
	}
	if bits&(1<<peakBit) != 0 {
		b.Peak = r.count()
	}
	if bits&(1<<minutesBit) != 0 {
		b.Minutes = r.count()
	}
	if bits&(1<<lastMinuteBit) != 0 {
		b.LastMinute = r.minute()
	}
	for o := range b.Output.On {
		b.Output.On[o] = bits&(1<<(onBit+o)) != 0
	}
	if bits&(1<<sumBit) != 0 {
		b.Sum = r.count()
	}
	if bits>>bitCount != 0 || bitsOf(b) != bits {
		r.fail(errUnlike)
	}
}

// oldRevision is a revision as the first schema had it.
type oldRevision struct {
	At    gateway.Timestamp
	Value int
	ID    string // as it was sent
}

// unpackRevisions reads a feed as the first schema had it: a byte of format, the number of revisions, and
// each of them as event time, value and id.
func unpackRevisions(body []byte) ([]oldRevision, error) {
	r := rowReader{rest: body}
	if r.byte() != revisionFormat {
		return nil, errFormat
	}
	var revisions []oldRevision
	for range r.uvarint() {
		revision := oldRevision{At: gateway.Timestamp(r.varint()), Value: r.count(), ID: string(r.bytes())}
		if r.err != nil {
			return nil, r.err
		}
		revisions = append(revisions, revision)
	}
	return revisions, r.end()
}

// historyOf returns the history that revisions of the first schema are: a window, and nothing before it.
func historyOf(asset gateway.Number, feed gateway.Feed, revisions []oldRevision) gateway.History {
	h := gateway.History{Asset: asset, Feed: feed}
	for _, r := range revisions {
		value := int32(min(max(r.Value, math.MinInt32), math.MaxInt32))
		h.Window = append(h.Window, gateway.Entry{At: r.At, ID: gateway.EventIDOf(r.ID), Value: value})
	}
	slices.SortStableFunc(h.Window, func(a, b gateway.Entry) int { return cmp.Compare(a.At, b.At) })
	return h
}
