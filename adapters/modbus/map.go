package modbus

import (
	"fmt"

	"butlr-gateway/gateway"
)

// The map: where everything lies. These numbers are promised to controllers and never change within
// one schema version.
const (
	SchemaVersion = 1
	headerLength  = 100  // registers 0–99 of every unit
	blockLength   = 16   // registers of one asset, and its status bits
	unitAssets    = 4089 // assets on one unit: the last block ends at register 65 523
	maxUnits      = 100  // block units
	columnUnits   = 100  // a block unit's column unit lies so far above it
	allUnits      = columnUnits + maxUnits
	maxUnitID     = 48 // of the base unit: the last column unit is then 247, the last there is
)

// Capacity is how many assets the map holds.
const Capacity = maxUnits * unitAssets

// MapOptions say how the map looks from outside.
type MapOptions struct {
	UnitID    uint8 // of the base unit, which holds the first assets and always exists; 1–48
	WordOrder WordOrder
	Unmapped  Unmapped
}

func (o MapOptions) check() error {
	if o.UnitID < 1 || o.UnitID > maxUnitID {
		return fmt.Errorf("checking unit id %d: the base unit is one of 1 to %d, so that every other unit fits above it", o.UnitID, maxUnitID)
	}
	if o.WordOrder > LowWordFirst {
		return fmt.Errorf("checking word order %d: it is ABCD or CDAB", o.WordOrder)
	}
	if o.Unmapped > UnmappedZero {
		return fmt.Errorf("checking unmapped %d: it is exception or zero", o.Unmapped)
	}
	return nil
}

// WordOrder says in which order a 32-bit value's two registers come. Text is never reordered.
type WordOrder uint8

// The word orders.
const (
	HighWordFirst WordOrder = iota // ABCD
	LowWordFirst                   // CDAB
)

// String returns "ABCD" or "CDAB".
func (w WordOrder) String() string {
	if w == LowWordFirst {
		return "CDAB"
	}
	return "ABCD"
}

// ParseWordOrder is the reverse of String.
func ParseWordOrder(text string) (WordOrder, error) {
	switch text {
	case "ABCD":
		return HighWordFirst, nil
	case "CDAB":
		return LowWordFirst, nil
	}
	return 0, fmt.Errorf("parsing word order %q: it is ABCD or CDAB", text)
}

// Unmapped says what addresses behind a unit's last asset answer.
type Unmapped uint8

// The answers.
const (
	UnmappedException Unmapped = iota // exception 2
	UnmappedZero                      // zero, for masters that give up a device after an exception
)

// String returns "exception" or "zero".
func (u Unmapped) String() string {
	if u == UnmappedZero {
		return "zero"
	}
	return "exception"
}

// ParseUnmapped is the reverse of String.
func ParseUnmapped(text string) (Unmapped, error) {
	switch text {
	case "exception":
		return UnmappedException, nil
	case "zero":
		return UnmappedZero, nil
	}
	return 0, fmt.Errorf("parsing unmapped %q: it is exception or zero", text)
}

// Place is where an asset's block begins: registers in the tables Input and Holding, status bits in
// Discrete and Coil, at the same address.
type Place struct {
	Unit    uint8
	Address uint16 // 0-based, as in the protocol
}

// Locate returns the place of the asset with that number, false if the map ends before it.
func (o MapOptions) Locate(n gateway.Number) (Place, bool) {
	if n >= Capacity {
		return Place{}, false
	}
	return Place{
		Unit:    o.UnitID + uint8(n/unitAssets),
		Address: uint16(headerLength + blockLength*(n%unitAssets)),
	}, true
}

// block returns which unit, counted from the base unit, a unit id means: up to 99 a block unit, from 100
// on a column unit. On TCP 0 and 255 mean the device itself (MODBUS Messaging on TCP/IP Implementation
// Guide 1.0b, 4.4.2.1): the base unit.
func (o MapOptions) block(unit uint8) (int, bool) {
	if unit == 0 || unit == 255 {
		return 0, true
	}
	i := int(unit) - int(o.UnitID)
	return i, i >= 0 && i < allUnits
}

// number returns the number of the asset whose block covers an address, NoNumber if none can.
func (o MapOptions) number(unit uint8, address int) gateway.Number {
	i, ok := o.block(unit)
	n := (address - headerLength) / blockLength
	if !ok || i >= maxUnits || address < headerLength || n >= unitAssets {
		return gateway.NoNumber
	}
	return gateway.Number(i*unitAssets + n)
}

// Table is one of the four tables of the Modbus data model.
type Table uint8

// The tables. Holding shows what Input shows, and Coil what Discrete shows.
const (
	Input    Table = iota // input registers, function code 4
	Holding               // holding registers, function code 3
	Discrete              // discrete inputs, function code 2
	Coil                  // coils, function code 1
)

var tables = [...]struct {
	name  string
	digit int // begins a reference
}{{"input", 3}, {"holding", 4}, {"discrete", 1}, {"coil", 0}}

// String returns the table's name, as exports use it.
func (t Table) String() string {
	if int(t) < len(tables) {
		return tables[t].name
	}
	return fmt.Sprintf("table(%d)", uint8(t))
}

// ParseTable returns the table of that name.
func ParseTable(name string) (Table, error) {
	for i, t := range tables {
		if t.name == name {
			return Table(i), nil
		}
	}
	return 0, fmt.Errorf("parsing table %q: it is input, holding, discrete or coil", name)
}

// Bits tells whether the table holds bits, not registers.
func (t Table) Bits() bool { return t == Discrete || t == Coil }

// Reference returns a 0-based address as engineering tools count, from 1 and with the table in front:
// 30001 is input register 0. Beyond address 9998 it has six digits, 310000.
func (t Table) Reference(address uint16) string {
	if int(t) >= len(tables) {
		return ""
	}
	return fmt.Sprintf("%d%04d", tables[t].digit, int(address)+1)
}

// Together returns how many registers or bits from an address on belong together: the rest of the header, a
// block, or 16 assets of a column.
func (o MapOptions) Together(unit uint8, t Table, address uint16) int {
	at, words := int(address), 1
	if at < headerLength {
		return headerLength - at
	}
	if f, _, _ := o.registerAt(unit, at); !t.Bits() && f != nil && f.format == longText {
		words = f.words()
	}
	return min(blockLength*words, maxAddress-at)
}
