package modbus

import (
	"encoding/binary"

	"butlr-gateway/gateway"
)

// Served is one value of an asset's block, as it is served at this moment.
type Served struct {
	Value
	Place       Place  // of its first register
	Description string // as in a list of points
}

// Block returns the values of an asset's block in the order of their addresses, exactly as a request for all of them
// would find them now: in the word order of o, and all of one moment. It returns nil where the map does not hold the
// asset, and before it was published.
func (i *Image) Block(n gateway.Number, o MapOptions) []Served {
	place, ok := o.Locate(n)
	if !ok {
		return nil
	}
	o.Unmapped = UnmappedException // whoever gets zeros instead gets nothing of the asset
	raw, ok := i.readRegisters(nil, int(n/unitAssets), int(place.Address), blockLength, o)
	if !ok {
		return nil
	}
	words := make([]uint16, blockLength)
	for k := range words {
		words[k] = binary.BigEndian.Uint16(raw[2*k:])
	}
	out := make([]Served, 0, len(blockFields))
	for v := range Decode(o, place.Unit, place.Address, words) {
		f, _, _ := o.registerAt(place.Unit, int(v.Address))
		out = append(out, Served{v, Place{place.Unit, v.Address}, f.explained()})
	}
	return out
}
