package modbus

import (
	"hash/crc32"
	"iter"
	"strconv"

	"butlr-gateway/gateway"
)

// ledger keeps the map checksum: the CRC-32 (IEEE 802.3, as in zip and PNG) of a text. The text's first
// line is "BGW1 1", the magic and the version of the schema; then follows one line for each asset that
// the checksum covers and the map holds, in the order of their numbers: the number in decimal, a space,
// the asset's id. It covers what is neither appended nor retired. Every line ends with a line feed.
//
//	BGW1 1
//	0 site_3jjxDZeswABHTuukIaBLbQURjaX
//	1 building_3jjxEEWJUvPXKMOLQSRSWZtZOjs
type ledger struct {
	sum      uint32
	next     gateway.Number // behind the highest one in the text: an asset from there on is added to the sum
	broken   bool           // everything must be worked out from the first line again
	appended int            // assets not covered
	line     []byte
}

func (l *ledger) restart() {
	l.line = append(append(append(l.line[:0], magic...), ' '), strconv.Itoa(SchemaVersion)...)
	l.sum = crc32.ChecksumIEEE(append(l.line, '\n'))
	l.next, l.broken, l.appended = 0, false, 0
}

// enter adds an asset that is new on the map.
func (l *ledger) enter(a *gateway.Asset) {
	switch {
	case a.Retired:
	case a.Appended:
		l.appended++
	case a.Number < l.next:
		l.broken = true
	default:
		l.line = append(strconv.AppendUint(l.line[:0], uint64(a.Number), 10), ' ')
		l.line = append(append(l.line, a.ID...), '\n')
		l.sum = crc32.Update(l.sum, crc32.IEEETable, l.line)
		l.next = a.Number + 1
	}
}

// Checksum returns the map checksum of assets in the order of their numbers, and how many of them it does
// not cover because they were appended.
func Checksum(assets iter.Seq[*gateway.Asset]) (sum uint32, appended int) {
	var l ledger
	l.restart()
	for a := range assets {
		if a.Number < Capacity {
			l.enter(a)
		}
	}
	return l.sum, l.appended
}

// settle works everything out again if the text has another line than the last one, or one less: when an
// asset came out of order, as one below a pinned one does, moved or was retired, or the ledger was settled.
func (l *ledger) settle(i *Image) {
	if !l.broken {
		return
	}
	l.restart()
	for at := range i.units {
		u := i.units[at].Load()
		if u == nil {
			continue
		}
		for k := range u.banks {
			b := u.banks[k].Load()
			if b == nil {
				continue
			}
			for _, a := range b.assets {
				if a != nil {
					l.enter(a)
				}
			}
		}
	}
}
