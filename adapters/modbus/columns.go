package modbus

import "butlr-gateway/gateway"

// column is one value of every asset, side by side on the column unit, for masters that poll many. Its
// field's offset is the address at which the column begins.
type column struct {
	assetField
	vacant uint16 // what its registers read where no asset is
	stored int    // its first word in a bank; -1 if it is worked out when it is read
}

const (
	coverageAddress = 24576
	nameAddress     = 28672
)

// columns are the registers of a column unit behind the header, in order.
var columns = arrange([]column{
	ofBlock(4096, occupiedOffset),
	ofBlock(8192, peopleOffset),
	ofBlock(12288, qualityOffset),
	ofBlock(16384, ageOffset),
	ofBlock(20480, statusOffset),
	{assetField: assetField{field{coverageAddress, "coverage", number16, unitPercent, "no aggregate", "members that count: good, uncertain or forced"},
		coverage}, vacant: unknown16},
	{assetField: assetField{field{nameAddress, "name", longText, noUnit, "", "16 characters, padded with zeros: custom id, else the name in ASCII, else the end of the id"},
		nil}, vacant: unknown16},
})

// ofBlock returns the column of a field that blocks have too, in the same words.
func ofBlock(address, offset int) column {
	for _, f := range blockFields {
		if f.offset == offset {
			c := column{assetField: f}
			c.offset = address
			if f.unknown != "" {
				c.vacant = unknown16
			}
			return c
		}
	}
	panic("no such field")
}

// arrange gives each column that is stored its place in a bank.
func arrange(columns []column) []column {
	next := 0
	for k := range columns {
		c := &columns[k]
		if c.stored = -1; c.of != nil || c.format == longText {
			c.stored = next
			next += bankAssets * c.words() / wordRegisters
		}
	}
	if next != columnWords {
		panic("a bank has no room for the columns")
	}
	return columns
}

// end is behind the column's last register.
func (c *column) end() int { return c.offset + c.words()*unitAssets }

// bitColumn is one status bit of every asset, side by side on the column unit.
type bitColumn struct {
	address int // of the first
	bit     int
}

// bitColumns are the discrete inputs and coils of a column unit behind the alarm bits, in order.
var bitColumns = [...]bitColumn{{4096, bitHVAC}, {8192, bitLighting}, {12288, bitVentilation}, {16384, bitMotion}, {20480, bitGood}}

// end is behind the column's last bit.
func (c *bitColumn) end() int { return c.address + unitAssets }

// coverage returns how many members of an aggregate count, 65535 where there are none to count.
func coverage(s *gateway.Snapshot) uint32 {
	if s.Coverage < 0 {
		return unknown16
	}
	return uint32(min(s.Coverage, highest16))
}
