package modbus

import (
	"encoding/binary"
	"sync/atomic"

	"butlr-gateway/gateway"
)

// readRegisters appends count registers of a unit to out, as they are at this moment. It returns false
// if some of them are not on the map and that is to be an exception.
func (i *Image) readRegisters(out []byte, unit, address, count int, o MapOptions) ([]byte, bool) {
	return i.atOneMoment(func() ([]byte, bool) { return i.copyRegisters(out, unit, address, address+count, o) })
}

// readBits appends count discrete inputs of a unit to out, the first in the lowest bit of the first
// byte. It returns false as readRegisters does.
func (i *Image) readBits(out []byte, unit, address, count int, o MapOptions) ([]byte, bool) {
	return i.atOneMoment(func() ([]byte, bool) { return i.copyBits(out, unit, address, address+count, o) })
}

// atOneMoment returns what was read while nothing changed.
func (i *Image) atOneMoment(read func() ([]byte, bool)) ([]byte, bool) {
	if before := i.version.Load(); before%2 == 0 {
		answer, ok := read()
		if i.version.Load() == before {
			return answer, ok
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return read()
}

func (i *Image) copyRegisters(out []byte, index, from, to int, o MapOptions) ([]byte, bool) {
	u := i.unit(index)
	for at := from; at < to; {
		r := registersAt(index, u, at)
		end := min(to, r.end)
		switch r.kind {
		case inHeader:
			out = i.appendHeader(out, index, at, end, o.WordOrder)
		case inBlocks:
			out = u.appendBlocks(out, at-headerLength, end-headerLength, i.time(), o.WordOrder)
		case inColumn:
			out = i.appendColumn(out, u, &columns[r.column], at, end)
		default:
			if o.Unmapped == UnmappedException {
				return out, false
			}
			out = append(out, nothing[:2*(end-at)]...)
		}
		at = end
	}
	return out, true
}

// nothing is what unmapped addresses read for a master that cannot bear an exception.
var nothing [2 * maxRegisters]byte

// region is a range of addresses that are answered alike.
type region struct {
	kind   regionKind
	end    int // behind the last address
	column int // which of columns or bitColumns
}

type regionKind uint8

const (
	unmapped regionKind = iota
	inHeader
	inBlocks
	inColumn
)

// registersAt returns the region of a register on a unit, from its address on.
func registersAt(index int, u *unit, address int) region {
	if index < maxUnits || address < headerLength || u == nil {
		return blocksAt(u, address)
	}
	for k := range columns {
		if c := &columns[k]; address < c.end() {
			return columnAt(address, c.offset, c.end(), k)
		}
	}
	return region{end: maxAddress}
}

// bitsAt returns the region of a discrete input on a unit, from its address on.
func bitsAt(index int, u *unit, address int) region {
	if index < maxUnits || address < headerLength || u == nil {
		return blocksAt(u, address)
	}
	for k := range bitColumns {
		if c := &bitColumns[k]; address < c.end() {
			return columnAt(address, c.address, c.end(), k)
		}
	}
	return region{end: maxAddress}
}

// blocksAt returns the region on a block unit, where bits lie as registers do.
func blocksAt(u *unit, address int) region {
	if address < headerLength {
		return region{inHeader, headerLength, 0}
	}
	if u != nil {
		if end := headerLength + blockLength*int(u.end.Load()); address < end {
			return region{inBlocks, end, 0}
		}
	}
	return region{end: maxAddress}
}

// columnAt returns the region of an address that lies in a column, or between it and the one before.
func columnAt(address, begin, end, column int) region {
	if address < begin {
		return region{end: begin}
	}
	return region{inColumn, end, column}
}

func (i *Image) appendHeader(out []byte, index, from, to int, order WordOrder) []byte {
	var registers [2 * headerLength]byte
	h := header{i, index, i.options.Clock()}
	for k := range headerFields {
		f := &headerFields[k]
		if f.offset >= to {
			break
		}
		f.put(registers[:], f.of(h))
		f.reorder(registers[:], order)
	}
	return append(out, registers[2*from:2*to]...)
}

// appendBlocks appends registers of blocks, counted from the unit's first one.
func (u *unit) appendBlocks(out []byte, from, to int, now gateway.Timestamp, order WordOrder) []byte {
	for at := from; at < to; {
		n, offset := at/blockLength, at%blockLength
		end := min(blockLength, offset+to-at)
		registers := u.bank(n/bankAssets).block(n%bankAssets, now, order)
		out = append(out, registers[2*offset:2*end]...)
		at += end - offset
	}
	return out
}

// appendColumn appends registers of a column.
func (i *Image) appendColumn(out []byte, u *unit, c *column, from, to int) []byte {
	from, to = from-c.offset, to-c.offset
	if c.stored < 0 {
		return u.appendAges(out, from, to, i.time())
	}
	length := bankAssets * c.words()
	for at := from; at < to; {
		begin := at % length
		end := min(length, begin+to-at)
		out = appendWords(out, u.bank(at / length).columns[c.stored:], begin, end)
		at += end - begin
	}
	return out
}

// appendAges appends the ages of the assets at some of the unit's places.
func (u *unit) appendAges(out []byte, from, to int, now gateway.Timestamp) []byte {
	for at := from; at < to; {
		b := u.bank(at / bankAssets)
		for n := at % bankAssets; n < bankAssets && at < to; n++ {
			out = binary.BigEndian.AppendUint16(out, uint16(age(b, n, now)))
			at++
		}
	}
	return out
}

// appendWords appends registers out of words.
func appendWords(out []byte, words []atomic.Uint64, from, to int) []byte {
	for from < to {
		k, first := from/wordRegisters, from%wordRegisters
		word := words[k].Load()
		if first == 0 && to-from >= wordRegisters {
			out = binary.BigEndian.AppendUint64(out, word)
			from += wordRegisters
			continue
		}
		out = binary.BigEndian.AppendUint16(out, uint16(word>>(48-16*first)))
		from++
	}
	return out
}
