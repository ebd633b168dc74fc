package modbus

import (
	"hash/crc32"
	"strconv"

	"butlr-gateway/gateway"
)

// ledger keeps the map checksum: the CRC-32 (IEEE 802.3, as in zip and PNG) of a text. The text's first
// line is "BGW1 1", the magic and the version of the schema; then follows one line for each asset that
// the checksum covers and the map holds, in the order of their numbers: the number in decimal, a space,
// the asset's id. Every line ends with a line feed.
//
//	BGW1 1
//	0 site_3jjxDZeswABHTuukIaBLbQURjaX
//	1 building_3jjxEEWJUvPXKMOLQSRSWZtZOjs
type ledger struct {
	sum      uint32
	next     gateway.Number // behind the highest covered one: an asset from there on is added to the sum
	broken   bool           // the sum must be worked out from the first line again
	appended int            // assets not covered
	line     []byte
}

func newLedger() ledger {
	var l ledger
	l.restart()
	return l
}

func (l *ledger) restart() {
	l.line = append(append(append(l.line[:0], magic...), ' '), strconv.Itoa(schemaVersion)...)
	l.sum = crc32.ChecksumIEEE(append(l.line, '\n'))
	l.next, l.broken = 0, false
}

// enter adds an asset that is new on the map.
func (l *ledger) enter(a *gateway.Asset, covers func(gateway.Number) bool) {
	switch {
	case covers != nil && !covers(a.Number):
		l.appended++
	case a.Number < l.next:
		l.broken = true
	default:
		l.add(a)
	}
}

func (l *ledger) add(a *gateway.Asset) {
	l.line = append(strconv.AppendUint(l.line[:0], uint64(a.Number), 10), ' ')
	l.line = append(append(l.line, a.ID...), '\n')
	l.sum = crc32.Update(l.sum, crc32.IEEETable, l.line)
	l.next = a.Number + 1
}

// settle works the sum out again if an asset came out of order, which a new asset below a pinned one
// does and nothing else.
func (l *ledger) settle(i *Image) {
	if !l.broken {
		return
	}
	l.restart()
	for _, u := range i.units {
		if u == nil {
			continue
		}
		for k := range u.blocks {
			a := u.blocks[k].asset
			if a != nil && (i.options.Covers == nil || i.options.Covers(a.Number)) {
				l.add(a)
			}
		}
	}
}
