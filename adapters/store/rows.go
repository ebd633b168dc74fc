package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"butlr-gateway/gateway"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errChecksum = errors.New("its checksum does not fit")

// packRevisions appends the revisions of one feed as they are stored: a byte of format, the number of
// revisions, each of them as event time, value and id, and the CRC-32C of the row's asset and feed and of
// all that. Numbers are varints.
func packRevisions(b []byte, asset gateway.Number, feed gateway.Feed, revisions ...gateway.Revision) []byte {
	b = append(b, revisionFormat)
	b = binary.AppendUvarint(b, uint64(len(revisions)))
	for _, r := range revisions {
		b = binary.AppendVarint(b, int64(r.At))
		b = binary.AppendVarint(b, int64(r.Value))
		b = binary.AppendUvarint(b, uint64(len(r.ID)))
		b = append(b, r.ID...)
	}
	return binary.BigEndian.AppendUint32(b, revisionSum(asset, feed, b))
}

const revisionFormat = 1

// unpackRevisions is the inverse of packRevisions.
func unpackRevisions(b []byte, asset gateway.Number, feed gateway.Feed) ([]gateway.Revision, error) {
	if len(b) < 4 {
		return nil, errors.New("it is cut short")
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if revisionSum(asset, feed, body) != sum {
		return nil, errChecksum
	}
	r := rowReader{rest: body}
	if r.byte() != revisionFormat {
		return nil, errors.New("its format is not known")
	}
	var revisions []gateway.Revision
	for range r.uvarint() {
		revision := gateway.Revision{At: gateway.Timestamp(r.varint()), Value: int(r.varint()), ID: r.text()}
		if r.err != nil {
			return nil, r.err
		}
		revisions = append(revisions, revision)
	}
	if len(r.rest) != 0 {
		return nil, errors.New("it is too long")
	}
	return revisions, r.err
}

func revisionSum(asset gateway.Number, feed gateway.Feed, body []byte) uint32 {
	head := binary.BigEndian.AppendUint32(make([]byte, 0, 5), uint32(asset))
	return crc32.Update(crc32.Checksum(append(head, byte(feed)), castagnoli), castagnoli, body)
}

// rowReader takes fields off a row; after the first error it returns zeros.
type rowReader struct {
	rest []byte
	err  error
}

func (r *rowReader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.err = errors.New("it is cut short")
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
	if r.take(max(n, -1)) == nil || n <= 0 {
		r.err = errors.New("it is cut short")
		return 0
	}
	return v
}

func (r *rowReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *rowReader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.err = errors.New("it is cut short")
		return ""
	}
	return string(r.take(int(n)))
}

// assetSum is the CRC-32C of an asset's row.
func assetSum(a *gateway.Asset) uint32 {
	b := binary.BigEndian.AppendUint32(nil, uint32(a.Number))
	for _, text := range []string{string(a.ID), a.Kind.String(), string(a.Parent), a.Given, a.CustomID, a.MAC} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return crc32.Checksum(binary.AppendVarint(b, int64(a.Told)), castagnoli)
}

// totalSum is the CRC-32C of a row of totals.
func totalSum(t *gateway.Total) uint32 {
	var b [28]byte
	binary.BigEndian.PutUint32(b[0:], uint32(t.Asset))
	binary.BigEndian.PutUint64(b[4:], t.In)
	binary.BigEndian.PutUint64(b[12:], t.Out)
	binary.BigEndian.PutUint64(b[20:], uint64(t.At))
	return crc32.Checksum(b[:], castagnoli)
}
