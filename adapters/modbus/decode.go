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
	Asset   gateway.Number // NoNumber outside blocks
	Name    string         // "" where the map has nothing
	Text    string         // decoded, with its unit; "" where the map has nothing
}

// Decode names and decodes registers that were read from a unit, beginning at address. A 32-bit value
// of which only one register was read is shown raw, and its name says so.
func Decode(o MapOptions, unit uint8, address uint16, words []uint16) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for at := 0; at < len(words) && int(address)+at < maxAddress; {
			v := Value{Address: address + uint16(at), Asset: o.number(unit, int(address)+at)}
			f, offset := fieldAt(int(v.Address))
			v.Words = words[at : at+1]
			switch {
			case f == nil:
			case offset > 0 || at+f.words() > len(words):
				v.Name, v.Text = f.name+" (one register of two)", strconv.Itoa(int(words[at]))
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
			v := Value{Address: address + uint16(at), Asset: o.number(unit, int(address)+at), Words: []uint16{0}}
			if set {
				v.Words[0] = 1
			}
			if v.Name = bitAt(int(v.Address)); v.Name != "" {
				v.Text = strconv.FormatBool(set)
			}
			if !yield(v) {
				return
			}
		}
	}
}

// fieldAt returns the field that covers a register, and which of its registers that is; nil where
// there is none.
func fieldAt(address int) (f *field, offset int) {
	if address < headerLength {
		for k := range headerFields {
			if f := &headerFields[k].field; f.covers(address) {
				return f, address - f.offset
			}
		}
		return nil, 0
	}
	within := (address - headerLength) % blockLength
	if (address-headerLength)/blockLength < unitAssets {
		for k := range blockFields {
			if f := &blockFields[k].field; f.covers(within) {
				return f, within - f.offset
			}
		}
	}
	return nil, 0
}

func (f *field) covers(offset int) bool { return offset >= f.offset && offset < f.offset+f.words() }

// bitAt returns the name of a discrete input, "" where there is none.
func bitAt(address int) string {
	switch {
	case address < gateway.AlarmCount:
		return gateway.Alarm(address).String()
	case address < headerLength || (address-headerLength)/blockLength >= unitAssets:
		return ""
	}
	return statusBits[(address-headerLength)%blockLength].name
}

// read returns a field's value as people read it.
func (f *field) read(words []uint16, order WordOrder) string {
	raw := uint32(words[0])
	if len(words) == 2 {
		if order == LowWordFirst && f.format == number32 {
			words = []uint16{words[1], words[0]}
		}
		raw = uint32(words[0])<<16 | uint32(words[1])
	}
	switch {
	case f.unknown != "" && raw == unknown16:
		return f.unknown
	case f.format == text:
		return printable(binary.BigEndian.AppendUint32(nil, raw))
	case f.format == bits16:
		return f.bits(raw)
	}
	switch f.name {
	case "quality":
		return gateway.Quality(min(raw, 255)).String()
	case "reason":
		return reasonInWords(raw)
	case "unix_time":
		return time.Unix(int64(raw), 0).UTC().Format(time.RFC3339)
	}
	number := strconv.FormatUint(uint64(raw), 10)
	if f.scale() == tenth {
		number = strconv.FormatFloat(float64(raw)*f.scale(), 'f', 1, 64)
	}
	return strings.TrimSpace(number + " " + f.unit)
}

// printable returns ASCII with a question mark for everything else: another device may answer anything.
func printable(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, string(text))
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
