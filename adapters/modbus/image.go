package modbus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"butlr-gateway/gateway"
)

// ImageOptions are what an image needs.
type ImageOptions struct {
	Clock  gateway.Clock   // must not be nil
	Alarms *gateway.Alarms // must not be nil; shown in the header, and MapFull is raised here
	Start  gateway.Instant // when the program started
	Boot   uint16          // how many times it has started

	// Covers tells whether the checksum covers an asset: whether it had its number when the checksum
	// was fixed. It must always answer the same for one number. Nil covers every asset, so that every
	// new one changes the checksum: right until it is fixed, which takes storage that is not ours.
	Covers func(gateway.Number) bool
}

// Image holds the registers of every asset. It is a [gateway.Sink], and may be read by any number of
// goroutines while it is published to. Its memory grows with the highest number on each unit.
type Image struct {
	options  ImageOptions
	watchdog watchdog

	mu      sync.RWMutex // held while registers are copied, never during I/O
	units   [maxUnits]*unit
	sites   sites
	ledger  ledger
	epoch   gateway.Timestamp // what the state takes for the time at Mono 0
	summary gateway.Summary
	full    bool // an asset did not fit
}

var _ gateway.Sink = (*Image)(nil)

// unit is the assets of one unit; it exists from its first asset on.
type unit struct {
	blocks []block // by the asset's number on this unit; there may be gaps
	assets int
}

// block is one asset. The zero block stands for a number without an asset.
type block struct {
	asset        *gateway.Asset
	site         *site // whose age it follows, nil if it has a rhythm of its own
	oldest       gateway.Timestamp
	offDelayEnds gateway.Timestamp
	registers    [2 * blockLength]byte // big-endian, the high word first; without what ages
}

// NewImage returns an image without assets.
func NewImage(o ImageOptions) (*Image, error) {
	if o.Clock == nil || o.Alarms == nil {
		return nil, errors.New("making a register image: it needs a clock and alarms")
	}
	return &Image{options: o, watchdog: newWatchdog(), ledger: newLedger(), sites: newSites()}, nil
}

// Publish takes over what changed. Whoever reads sees all of the update or nothing of it.
func (i *Image) Publish(u *gateway.Update) {
	if misfit := i.take(u); misfit != nil {
		i.options.Alarms.Raise(gateway.MapFull, fmt.Sprintf(
			"%s has number %d: the registers end with number %d, it has none", misfit.ID, misfit.Number, Capacity-1))
	}
}

// take returns the first asset ever that did not fit, once.
func (i *Image) take(u *gateway.Update) (misfit *gateway.Asset) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for k := range u.Changed {
		s := &u.Changed[k]
		if s.Asset.Kind == gateway.Site {
			i.sites.meet(s.Asset, s.Quality)
		}
		switch b := i.claim(s.Asset); {
		case b != nil:
			i.write(b, s)
		case s.Asset.Number != gateway.NoNumber && !i.full:
			i.full, misfit = true, s.Asset
		}
	}
	for _, heard := range u.Heard {
		i.sites.hear(heard)
	}
	i.sites.settle()
	i.ledger.settle(i)
	i.epoch, i.summary = u.Epoch, u.Summary
	return misfit
}

// time returns what the state takes for the time: ages are measured by it, not by a clock on the wall
// that may be wrong, or jump.
func (i *Image) time(now gateway.Instant) gateway.Timestamp { return i.epoch.Add(now.Mono) }

// claim returns an asset's block, made if need be; nil if the map ends before it.
func (i *Image) claim(a *gateway.Asset) *block {
	if a.Number >= Capacity {
		return nil
	}
	at, n := a.Number/unitAssets, int(a.Number%unitAssets)
	u := i.units[at]
	if u == nil {
		u = new(unit)
		i.units[at] = u
	}
	if missing := n + 1 - len(u.blocks); missing > 0 {
		gap := len(u.blocks)
		u.blocks = append(u.blocks, make([]block, missing)...)
		for k := gap; k < n; k++ {
			u.blocks[k] = vacancy
		}
	}
	b := &u.blocks[n]
	switch {
	case b.asset == nil:
		u.assets++
		i.ledger.enter(a, i.options.Covers)
	case b.asset != a && b.asset.ID != a.ID:
		i.ledger.broken = true
	}
	b.asset = a
	return b
}

// write renders what does not age.
func (i *Image) write(b *block, s *gateway.Snapshot) {
	b.oldest, b.offDelayEnds, b.site = s.Oldest, s.OffDelayEnds, nil
	if s.FollowsSite {
		b.site = i.sites.named(s.Asset.Site)
	}
	for k := range blockFields {
		if f := &blockFields[k]; f.of != nil {
			f.put(b.registers[:], f.of(s))
		}
	}
}

// vacancy is the block of a number that no asset has: everything unknown, and no status bit set.
var vacancy = func() (b block) {
	for k := range blockFields {
		if f := &blockFields[k]; f.unknown != "" {
			f.put(b.registers[:], unknown16)
		}
	}
	return b
}()

// has tells whether a unit exists, counted from the base unit, which always does.
func (i *Image) has(unit int) bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return unit == 0 || i.units[unit] != nil
}

// readRegisters appends count registers of a unit to out, as they are at this moment. It returns false
// if some of them lie behind the unit's last asset and that is to be an exception.
func (i *Image) readRegisters(out []byte, unit, address, count int, o MapOptions) ([]byte, bool) {
	now := i.options.Clock()
	i.mu.RLock()
	defer i.mu.RUnlock()
	blocks := i.blocks(unit)
	if o.Unmapped == UnmappedException && address+count > headerLength+blockLength*len(blocks) {
		return out, false
	}
	end := address + count
	if address < headerLength {
		var registers [2 * headerLength]byte
		i.readHeader(registers[:], unit, now, o.WordOrder)
		upTo := min(end, headerLength)
		out = append(out, registers[2*address:2*upTo]...)
		address = upTo
	}
	for address < end {
		var registers [2 * blockLength]byte
		n, from := (address-headerLength)/blockLength, (address-headerLength)%blockLength
		if n < len(blocks) {
			blocks[n].read(registers[:], i.time(now), o.WordOrder)
		}
		upTo := min(from+end-address, blockLength)
		out = append(out, registers[2*from:2*upTo]...)
		address += upTo - from
	}
	return out, true
}

func (i *Image) blocks(unit int) []block {
	if u := i.units[unit]; u != nil {
		return u.blocks
	}
	return nil
}

func (i *Image) readHeader(registers []byte, unit int, now gateway.Instant, order WordOrder) {
	for k := range headerFields {
		f := &headerFields[k]
		f.put(registers, f.of(header{i, unit, now}))
		f.reorder(registers, order)
	}
}

// read renders the block as it is at one moment.
func (b *block) read(registers []byte, now gateway.Timestamp, order WordOrder) {
	copy(registers, b.registers[:])
	for k := range blockFields {
		f := &blockFields[k]
		if f.aged != nil {
			f.put(registers, f.aged(b, now))
		}
		f.reorder(registers, order)
	}
}

// readBits appends count discrete inputs of a unit to out, the first in the lowest bit of the first
// byte. It returns false as readRegisters does.
func (i *Image) readBits(out []byte, unit, address, count int, o MapOptions) ([]byte, bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	blocks := i.blocks(unit)
	if o.Unmapped == UnmappedException && address+count > headerLength+blockLength*len(blocks) {
		return out, false
	}
	alarms := i.options.Alarms.Bits() & (1<<gateway.AlarmCount - 1)
	var packed byte
	for k := range count {
		at := address + k
		var word uint32
		bit := at
		if at < headerLength {
			word = alarms
		} else {
			n := (at - headerLength) / blockLength
			bit = (at - headerLength) % blockLength
			if n < len(blocks) {
				word = blocks[n].status()
			}
		}
		packed |= byte(word>>bit&1) << (k % 8)
		if k%8 == 7 || k == count-1 {
			out, packed = append(out, packed), 0
		}
	}
	return out, true
}

// status returns the status register; its bits are the discrete inputs.
func (b *block) status() uint32 {
	return uint32(binary.BigEndian.Uint16(b.registers[2*statusOffset:]))
}
