package modbus

import (
	"encoding/binary"
	"iter"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Value is one value of the map as it was read.
type Value struct {
	Address uint16         // 0-based, of its first register or of its bit
	Words   []uint16       // the raw registers; a bit is 0 or 1
	Asset   gateway.Number // whose value it is; NoNumber in the header, and where the map has nothing
	Name    string         // "" where the map has nothing
	Text    string         // decoded, with its unit; "" where the map has nothing
}

// Decode names and decodes registers that were read from a unit, beginning at address. A value of
// several registers of which not all were read is shown as it is, and its name says so.
func Decode(o MapOptions, unit uint8, address uint16, words []uint16) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for at := 0; at < len(words) && int(address)+at < maxAddress; {
			v := Value{Address: address + uint16(at)}
			f, within, asset := o.registerAt(unit, int(v.Address))
			v.Asset = asset
			switch {
			case f == nil:
				v.Words = words[at : at+1]
			case within > 0 || at+f.words() > len(words):
				v.Words = words[at:min(at+f.words()-within, len(words))]
				v.Name, v.Text = f.name+" ("+strconv.Itoa(len(v.Words))+" of "+strconv.Itoa(f.words())+" registers)", f.readPart(v.Words)
			default:
				v.Words = words[at : at+f.words()]
				v.Name, v.Text = f.name, f.read(v.Words, o.WordOrder)
			}
			at += len(v.Words)
			if !yield(v) {
				return
			}
		}
	}
}

// DecodeBits names discrete inputs or coils that were read from a unit, beginning at address.
func DecodeBits(o MapOptions, unit uint8, address uint16, bits []bool) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for at, set := range bits {
			if int(address)+at >= maxAddress {
				return
			}
			v := Value{Address: address + uint16(at), Words: []uint16{0}}
			if set {
				v.Words[0] = 1
			}
			if v.Name, v.Asset = o.bitAt(unit, int(v.Address)); v.Name != "" {
				v.Text = strconv.FormatBool(set)
			}
			if !yield(v) {
				return
			}
		}
	}
}

// registerAt returns the field that covers a register, which of its registers that is, and whose it is;
// nil where there is none.
func (o MapOptions) registerAt(unit uint8, address int) (f *field, within int, asset gateway.Number) {
	if address < headerLength {
		for k := range headerFields {
			if f := &headerFields[k].field; f.covers(address) {
				return f, address - f.offset, gateway.NoNumber
			}
		}
		return nil, 0, gateway.NoNumber
	}
	index, ok := o.block(unit)
	if ok && index >= maxUnits {
		for k := range columns {
			if c := &columns[k]; address >= c.offset && address < c.end() {
				n := (address - c.offset) / c.words()
				return &c.field, (address - c.offset) % c.words(), gateway.Number((index-columnUnits)*unitAssets + n)
			}
		}
		return nil, 0, gateway.NoNumber
	}
	if (address-headerLength)/blockLength < unitAssets {
		offset := (address - headerLength) % blockLength
		for k := range blockFields {
			if f := &blockFields[k].field; f.covers(offset) {
				return f, offset - f.offset, o.number(unit, address)
			}
		}
	}
	return nil, 0, gateway.NoNumber
}

func (f *field) covers(offset int) bool { return offset >= f.offset && offset < f.offset+f.words() }

// bitAt returns the name of a discrete input and whose it is, "" where there is none.
func (o MapOptions) bitAt(unit uint8, address int) (name string, asset gateway.Number) {
	index, ok := o.block(unit)
	switch {
	case address < gateway.AlarmCount:
		return gateway.Alarm(address).String(), gateway.NoNumber
	case address < headerLength:
		return "", gateway.NoNumber
	case ok && index >= maxUnits:
		for k := range bitColumns {
			if c := &bitColumns[k]; address >= c.address && address < c.end() {
				return statusBits[c.bit].name, gateway.Number((index-columnUnits)*unitAssets + address - c.address)
			}
		}
		return "", gateway.NoNumber
	case (address-headerLength)/blockLength < unitAssets:
		return statusBits[(address-headerLength)%blockLength].name, o.number(unit, address)
	}
	return "", gateway.NoNumber
}

// read returns a field's value as people read it.
func (f *field) read(words []uint16, order WordOrder) string {
	raw := uint32(words[0])
	if f.format == number32 {
		high, low := words[0], words[1]
		if order == LowWordFirst {
			high, low = low, high
		}
		raw = uint32(high)<<16 | uint32(low)
	}
	switch {
	case f.format == text, f.format == longText:
		return characters(words)
	case f.unknown != "" && raw == unknown16:
		return f.unknown
	case f.format == bits16:
		return f.bits(raw)
	case raw < uint32(len(f.meanings())):
		return f.meanings()[raw]
	case f.name == "unix_time":
		return time.Unix(int64(raw), 0).UTC().Format(time.RFC3339)
	}
	number := strconv.FormatUint(uint64(raw), 10)
	if f.scale() == tenth {
		number = strconv.FormatFloat(float64(raw)*f.scale(), 'f', 1, 64)
	}
	if f.unit == unitPeople && raw == 1 {
		return "1 person"
	}
	return strings.TrimSpace(number + " " + f.unit)
}

// readPart returns some of a field's registers: of a text what it says, else what one register says alone.
func (f *field) readPart(words []uint16) string {
	if f.format == text || f.format == longText {
		return characters(words)
	}
	return strconv.Itoa(int(words[0]))
}

// characters returns the text in registers, without the zeros behind it.
func characters(words []uint16) string {
	var text []byte
	vacant := true
	for _, word := range words {
		text = binary.BigEndian.AppendUint16(text, word)
		vacant = vacant && word == unknown16
	}
	if vacant {
		return noAsset
	}
	return printable(strings.TrimRight(string(text), "\x00"))
}

// noAsset is what the name of a number says that no asset has.
const noAsset = "no asset"

// printable returns ASCII with a question mark for everything else: another device may answer anything.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// bits returns the names of the bits that are set, "none" if none is.
func (f *field) bits(raw uint32) string {
	var names []string
	for k := range 16 {
		if raw>>k&1 == 0 {
			continue
		}
		name := statusBits[k].name
		if f.name == "alarms" {
			name = gateway.Alarm(k).String()
		}
		names = append(names, name)
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}
