package modbus

import (
	"encoding/binary"

	"butlr-gateway/gateway"
)

func (i *Image) copyBits(out []byte, index, from, to int, o MapOptions) ([]byte, bool) {
	u := i.unit(index)
	p := packer{out: out}
	for at := from; at < to; {
		r := bitsAt(index, u, at)
		end := min(to, r.end)
		switch r.kind {
		case inHeader:
			p.add(uint64(i.options.Alarms.Bits()&(1<<gateway.AlarmCount-1))>>at, min(end-at, wordBits))
			p.skip(end - at - wordBits)
		case inBlocks:
			p.addStatus(u, at-headerLength, end-headerLength)
		case inColumn:
			p.addColumn(u, r.column, at-bitColumns[r.column].address, end-bitColumns[r.column].address)
		default:
			if o.Unmapped == UnmappedException {
				return out, false
			}
			p.skip(end - at)
		}
		at = end
	}
	return p.finish(), true
}

const wordBits = 64

// packer appends bits to bytes, the first in the lowest bit of the first byte (V1.1b3, 6.1).
type packer struct {
	out     []byte
	pending uint64
	filled  int // bits that are pending, fewer than a word's
}

// add appends the lowest count bits of a word.
func (p *packer) add(bits uint64, count int) {
	bits &= 1<<count - 1
	p.pending |= bits << p.filled
	p.filled += count
	if p.filled >= wordBits {
		p.out = binary.LittleEndian.AppendUint64(p.out, p.pending)
		p.filled -= wordBits
		p.pending = bits >> (count - p.filled)
	}
}

// skip appends count zeros.
func (p *packer) skip(count int) {
	for ; count > 0; count -= wordBits {
		p.add(0, min(count, wordBits))
	}
}

// finish appends what is pending, with zeros up to a whole byte.
func (p *packer) finish() []byte {
	for ; p.filled > 0; p.filled -= 8 {
		p.out = append(p.out, byte(p.pending))
		p.pending >>= 8
	}
	return p.out
}

// addStatus appends status bits, counted from the unit's first one.
func (p *packer) addStatus(u *unit, from, to int) {
	for at := from; at < to; {
		n, bit := at/blockLength, at%blockLength
		count := min(blockLength-bit, to-at)
		p.add(uint64(u.bank(n/bankAssets).register(n%bankAssets, statusOffset)>>bit), count)
		at += count
	}
}

// addColumn appends bits of a column, counted from its first one.
func (p *packer) addColumn(u *unit, column, from, to int) {
	for n := from; n < to; {
		count := min(bankAssets-n%bankAssets, to-n)
		p.add(u.bank(n / bankAssets).bits[column].Load()>>(n%bankAssets), count)
		n += count
	}
}
