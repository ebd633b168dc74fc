package modbus

import (
	"encoding/binary"
	"sync/atomic"

	"butlr-gateway/gateway"
)

const (
	bankAssets    = 64 // a bank's bits of one column fill a word
	unitBanks     = (unitAssets + bankAssets - 1) / bankAssets
	wordRegisters = 4
	blockWords    = blockLength / wordRegisters
	columnWords   = 5*bankAssets/wordRegisters + bankAssets*nameLength/8
)

// unit is the assets of one block unit, and of its column unit. Its banks come with the first asset in
// them.
type unit struct {
	banks  [unitBanks]atomic.Pointer[bank]
	end    atomic.Int32 // behind the highest place that an asset has; 0 while there is none
	assets atomic.Int32

	claimed int32 // assets, also those of an update that is not shown yet; no reader looks at it
}

// bank is the registers of 64 assets of a unit: whole blocks, and once more by column. Registers are
// kept big-endian, four to a word with the first in its highest bits, so that reading is copying. Words
// are written by [Image.Publish] alone; see [Image] for how readers get them of one moment.
type bank struct {
	blocks       [bankAssets * blockWords]atomic.Uint64 // the high word of a 32-bit value first; what ages is 0
	columns      [columnWords]atomic.Uint64
	bits         [len(bitColumns)]atomic.Uint64 // the bank's first asset in the lowest bit
	oldest       [bankAssets]atomic.Int64       // gateway.Timestamp, as in a snapshot
	offDelayEnds [bankAssets]atomic.Int64       // gateway.Timestamp, as in a snapshot
	follows      [bankAssets]atomic.Pointer[site]

	// No reader looks at these.
	assets       [bankAssets]*gateway.Asset // nil where a number has none
	outOfService uint64                     // assets, as in bits
	renamed      uint64                     // assets whose name is not in the column yet, as in bits
}

// newBank returns the registers of 64 numbers that no asset has.
func newBank() *bank {
	b := new(bank)
	for k := range b.blocks {
		b.blocks[k].Store(vacancy[k%blockWords])
	}
	for k := range columns {
		c := &columns[k]
		for w := range c.words() * bankAssets / wordRegisters {
			if c.stored >= 0 {
				b.columns[c.stored+w].Store(0x0001_0001_0001_0001 * uint64(c.vacant))
			}
		}
	}
	return b
}

// vacancy is the block of a number that no asset has: everything unknown, and no status bit set.
var vacancy = func() (words [blockWords]uint64) {
	var registers [2 * blockLength]byte
	for k := range blockFields {
		if f := &blockFields[k]; f.unknown != "" && f.of != nil {
			f.put(registers[:], unknown16)
		}
	}
	for k := range words {
		words[k] = binary.BigEndian.Uint64(registers[8*k:])
	}
	return words
}()

// vacantBank is what the banks read that have not come yet.
var vacantBank = newBank()

// bank returns one of the unit's banks, to be read.
func (u *unit) bank(k int) *bank {
	if b := u.banks[k].Load(); b != nil {
		return b
	}
	return vacantBank
}

// write renders an asset's registers, without what ages.
func (b *bank) write(n int, s *gateway.Snapshot, follows *site) {
	b.oldest[n].Store(int64(s.Oldest))
	b.offDelayEnds[n].Store(int64(s.OffDelayEnds))
	if b.follows[n].Load() != follows {
		b.follows[n].Store(follows)
	}
	var registers [2 * blockLength]byte
	for k := range blockFields {
		if f := &blockFields[k]; f.of != nil {
			f.put(registers[:], f.of(s))
		}
	}
	for k := range blockWords {
		store(&b.blocks[n*blockWords+k], binary.BigEndian.Uint64(registers[8*k:]))
	}
	for k := range columns {
		if c := &columns[k]; c.of != nil {
			b.writeRegister(c, n, uint16(c.of(s)))
		}
	}
	status := uint64(binary.BigEndian.Uint16(registers[2*statusOffset:]))
	for k := range bitColumns {
		bit := status >> bitColumns[k].bit & 1 << n
		store(&b.bits[k], b.bits[k].Load()&^(1<<n)|bit)
	}
}

// writeRegister writes an asset's register of a column.
func (b *bank) writeRegister(c *column, n int, value uint16) {
	word, shift := &b.columns[c.stored+n/wordRegisters], 48-16*(n%wordRegisters)
	store(word, word.Load()&^(0xffff<<shift)|uint64(value)<<shift)
}

// writeName renders what an asset is called, if that may have changed.
func (b *bank) writeName(n int) {
	if b.renamed>>n&1 == 0 {
		return
	}
	b.renamed &^= 1 << n
	const words = nameLength / 8
	name := shortName(b.assets[n])
	for k := range words {
		store(&b.columns[columnWords-words*(bankAssets-n)+k], binary.BigEndian.Uint64(name[8*k:]))
	}
}

// store writes a word. One that stays what it is costs readers nothing.
func store(word *atomic.Uint64, value uint64) {
	if word.Load() != value {
		word.Store(value)
	}
}

// register returns one register of an asset's block, which does not age.
func (b *bank) register(n, offset int) uint16 {
	return uint16(b.blocks[n*blockWords+offset/wordRegisters].Load() >> (48 - 16*(offset%wordRegisters)))
}

// block returns an asset's block as it is at one moment.
func (b *bank) block(n int, now gateway.Timestamp, order WordOrder) (registers [2 * blockLength]byte) {
	for k := range blockWords {
		binary.BigEndian.PutUint64(registers[8*k:], b.blocks[n*blockWords+k].Load())
	}
	binary.BigEndian.PutUint16(registers[2*ageOffset:], uint16(age(b, n, now)))
	binary.BigEndian.PutUint16(registers[2*offDelayOffset:], uint16(offDelay(b, n, now)))
	if order == LowWordFirst {
		for k := range blockFields {
			blockFields[k].reorder(registers[:], order)
		}
	}
	return registers
}
