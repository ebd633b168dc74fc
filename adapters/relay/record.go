package relay

import (
	"encoding/binary"
	"hash/crc32"
)

// A queue's file is records, one after the other. All numbers are little-endian.
//
//	bytes 0–3    length of the body
//	bytes 4–11   when it arrived, in Unix milliseconds
//	bytes 12–15  CRC-32C of the body
//	bytes 16–19  CRC-32C of the record's position in the queue (8 bytes) and of bytes 0–15
//	bytes 20–    the body
//
// The position is not in the file: it is the position of the file, which is its name, and the place in it. A
// record that was moved or copied is therefore none, and behind a damaged place the next record can be found.
const (
	headSize = 20
	maxBody  = 1 << 20 // bytes; the webhook takes less
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is one body in a queue.
type record struct {
	at      int64 // its position: bytes in the queue before it, since the queue began
	arrived int64 // Unix milliseconds
	body    []byte
}

// end returns the position behind the record.
func (r *record) end() int64 { return r.at + headSize + int64(len(r.body)) }

// appendRecord appends a record to dst and returns the extended buffer.
func appendRecord(dst []byte, r *record) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.body)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.arrived))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(r.body, castagnoli))
	dst = binary.LittleEndian.AppendUint32(dst, headSum(dst[start:], r.at))
	return append(dst, r.body...)
}

// headSum returns the checksum of a head's first 16 bytes at a position.
func headSum(head []byte, at int64) uint32 {
	var position [8]byte
	binary.LittleEndian.PutUint64(position[:], uint64(at))
	return crc32.Update(crc32.Checksum(position[:], castagnoli), castagnoli, head[:16])
}

// bodyLength returns the length of the body that a head at a position announces, false if that is no head. No body
// is empty: after a power cut files may hold zeroes, and what has only one checksum might be taken for a record there.
func bodyLength(head []byte, at int64) (int64, bool) {
	length := binary.LittleEndian.Uint32(head)
	if length == 0 || length > maxBody || headSum(head, at) != binary.LittleEndian.Uint32(head[16:]) {
		return 0, false
	}
	return int64(length), true
}

// parseRecord reads the record with which text begins, which lies at a position; false if there is no whole one.
// The body is part of text.
func parseRecord(text []byte, at int64) (record, bool) {
	if len(text) < headSize {
		return record{}, false
	}
	length, ok := bodyLength(text, at)
	if !ok || length > int64(len(text)-headSize) {
		return record{}, false
	}
	body := text[headSize : headSize+length : headSize+length]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(text[12:]) {
		return record{}, false
	}
	return record{at, int64(binary.LittleEndian.Uint64(text[4:])), body}, true
}

// findRecord returns the first whole record in text, which begins at a position; false if there is none.
func findRecord(text []byte, at int64) (record, bool) {
	for ; len(text) >= headSize; text, at = text[1:], at+1 {
		if r, ok := parseRecord(text, at); ok {
			return r, true
		}
	}
	return record{}, false
}
