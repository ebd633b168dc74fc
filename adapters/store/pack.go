package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"butlr-gateway/gateway"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errChecksum = errors.New("its checksum does not fit")
	errShort    = errors.New("it is cut short")
	errLong     = errors.New("it is too long")
	errFormat   = errors.New("its format is not known")
	errUnlike   = errors.New("it is not as a gateway writes it")
)

// packer packs one row after the other into one buffer. What it returns is valid until the next row.
//
// A row begins with what it belongs to, which its checksum covers so that nobody believes it of another;
// the table has that as its key and does not keep it twice.
type packer struct {
	buffer []byte
	last   gateway.Timestamp // the time written last
}

// keyLength is the length of what a row belongs to.
const keyLength = 5

// begin begins a row of one part of an asset: its feed, or the target of an override.
func (p *packer) begin(asset gateway.Number, part byte) {
	p.buffer = append(binary.BigEndian.AppendUint32(p.buffer[:0], uint32(asset)), part)
	p.last = 0
}

// seal ends a row with the CRC-32C of all that, and returns what the table keeps of it.
func (p *packer) seal() []byte {
	p.buffer = binary.BigEndian.AppendUint32(p.buffer, p.sum())
	return p.buffer[keyLength:]
}

// sum is the CRC-32C of the row so far.
func (p *packer) sum() uint32 { return crc32.Checksum(p.buffer, castagnoli) }

// unseal returns what is in a sealed row.
func (p *packer) unseal(row []byte, asset gateway.Number, part byte) ([]byte, error) {
	if len(row) < crc32.Size {
		return nil, errShort
	}
	body, sum := row[:len(row)-crc32.Size], binary.BigEndian.Uint32(row[len(row)-crc32.Size:])
	p.begin(asset, part)
	if crc32.Update(p.sum(), castagnoli, body) != sum {
		return nil, errChecksum
	}
	return body, nil
}

func (p *packer) byte(b byte)      { p.buffer = append(p.buffer, b) }
func (p *packer) uvarint(v uint64) { p.buffer = binary.AppendUvarint(p.buffer, v) }
func (p *packer) varint(v int64)   { p.buffer = binary.AppendVarint(p.buffer, v) }

// time appends a time as what it lies after the one before.
func (p *packer) time(t gateway.Timestamp) {
	p.varint(int64(t - p.last))
	p.last = t
}

// minute appends a minute since 1970 as what it lies after that of the time before.
func (p *packer) minute(m int64) { p.varint(m - minuteOf(p.last)) }

func (p *packer) text(s string) {
	p.uvarint(uint64(len(s)))
	p.buffer = append(p.buffer, s...)
}

func (p *packer) bytes(b []byte) {
	p.uvarint(uint64(len(b)))
	p.buffer = append(p.buffer, b...)
}

func minuteOf(t gateway.Timestamp) int64 { return int64(t) / 60_000 }

// rowReader takes fields off a row; after the first error it returns zeros. It takes nothing that a packer
// would have written otherwise.
type rowReader struct {
	rest []byte
	last gateway.Timestamp // the time read last
	err  error
}

// fail notes the first error.
func (r *rowReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// end returns the first error, or that something is left over.
func (r *rowReader) end() error {
	if len(r.rest) != 0 {
		r.fail(errLong)
	}
	return r.err
}

func (r *rowReader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.fail(errShort)
		return nil
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

func (r *rowReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *rowReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	field := r.take(max(n, -1))
	switch {
	case r.err != nil:
		return 0
	case n <= 0:
		r.fail(errShort)
		return 0
	case n > 1 && field[n-1] == 0:
		r.fail(errUnlike)
		return 0
	}
	return v
}

func (r *rowReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *rowReader) time() gateway.Timestamp {
	r.last += gateway.Timestamp(r.varint())
	return r.last
}

func (r *rowReader) minute() int64 { return minuteOf(r.last) + r.varint() }

// count takes a number that an int can hold.
func (r *rowReader) count() int {
	v := r.varint()
	if int64(int(v)) != v {
		r.fail(errUnlike)
		return 0
	}
	return int(v)
}

// bytes returns a part of the row.
func (r *rowReader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail(errShort)
		return nil
	}
	return r.take(int(n))
}
