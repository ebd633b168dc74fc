package modbus

import "butlr-gateway/gateway"

// leave takes away the numbers that assets have moved away from; readers see nothing of it yet.
func (i *Image) leave(left []gateway.Number) {
	for _, number := range left {
		delete(i.beyond, number)
		if u, b, n := i.seat(number); b != nil && b.assets[n] != nil {
			b.assets[n] = nil
			b.outOfService &^= 1 << n
			b.renamed &^= 1 << n
			u.claimed--
			i.ledger.broken = true
		}
	}
}

// vacate shows that nobody has the numbers that were left, unless somebody has taken them since. A unit ends
// with its last asset again, as it will after a restart.
func (i *Image) vacate(left []gateway.Number) {
	for _, number := range left {
		i.sites.leave(number)
		u, b, n := i.seat(number)
		if b == nil {
			continue
		}
		if b.assets[n] == nil {
			b.vacate(n)
		}
		u.assets.Store(u.claimed)
		u.end.Store(u.last())
	}
}

// seat returns where an asset of that number has its registers; the bank is nil where none ever had.
func (i *Image) seat(number gateway.Number) (*unit, *bank, int) {
	if number >= Capacity {
		return nil, nil, 0
	}
	u, at := i.units[number/unitAssets].Load(), int(number%unitAssets)
	if u == nil {
		return nil, nil, 0
	}
	return u, u.banks[at/bankAssets].Load(), at % bankAssets
}

// last is behind the highest place that an asset has whose registers have been written.
func (u *unit) last() int32 {
	for at := u.end.Load(); at > 0; at-- {
		k, n := int(at-1)/bankAssets, int(at-1)%bankAssets
		if b := u.banks[k].Load(); b != nil && b.assets[n] != nil {
			return at
		}
	}
	return 0
}

// vacate makes an asset's registers those of a number that none has.
func (b *bank) vacate(n int) {
	b.oldest[n].Store(0)
	b.offDelayEnds[n].Store(0)
	b.follows[n].Store(nil)
	for k := range blockWords {
		store(&b.blocks[n*blockWords+k], vacancy[k])
	}
	for k := range columns {
		if c := &columns[k]; c.of != nil {
			b.writeRegister(c, n, c.vacant)
		}
	}
	for k := range bitColumns {
		store(&b.bits[k], b.bits[k].Load()&^(1<<n))
	}
	const words = nameLength / 8
	for k := range words {
		word := &b.columns[columnWords-words*(bankAssets-n)+k]
		store(word, vacantBank.columns[columnWords-words*bankAssets].Load())
	}
}
