package push

import (
	"fmt"
	"math"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// Type is how a number lies in registers.
type Type uint8

// The types.
const (
	U16 Type = iota
	S16
	U32
	S32
	F32
	Bool // of a coil
)

var types = [...]struct {
	name      string
	registers int
	low, high float64
}{
	U16:  {"u16", 1, 0, math.MaxUint16},
	S16:  {"s16", 1, math.MinInt16, math.MaxInt16},
	U32:  {"u32", 2, 0, math.MaxUint32},
	S32:  {"s32", 2, math.MinInt32, math.MaxInt32},
	F32:  {"f32", 2, -math.MaxFloat32, math.MaxFloat32},
	Bool: {"bool", 1, 0, 1},
}

// String returns the type's name, as the configuration has it.
func (t Type) String() string { return types[t].name }

// ParseType is the reverse of String.
func ParseType(name string) (Type, bool) {
	for t := range types {
		if types[t].name == name {
			return Type(t), true
		}
	}
	return 0, false
}

// registers is how many registers, or coils, a value takes.
func (t Type) registers() int { return types[t].registers }

// image is what is written: the registers in their order, or one word that is 0 or 1 for a coil. Images
// of one point are equal when the controller would be told the same.
type image struct {
	number float64
	words  [2]uint16
}

// unknownState is what a value map calls a reading that nobody can tell.
const unknownState = "unknown"

// scale turns readings of one point into images.
type scale struct {
	measure gateway.Measure
	quality bool // the point shows the asset's quality instead of a measure
	typ     Type
	order   modbus.WordOrder
	factor  float64
	offset  float64
	mapped  map[int64]int64 // by value
	unknown *int64
}

func newScale(p *Point) (*scale, error) {
	s := &scale{
		quality: p.Measure == "quality", typ: p.Type, order: p.WordOrder, factor: p.Scale, offset: p.Offset,
		mapped: make(map[int64]int64),
	}
	if !s.quality {
		measure, ok := gateway.ParseMeasure(p.Measure)
		if !ok {
			return nil, fmt.Errorf("there is no measure %q", p.Measure)
		}
		s.measure = measure
	}
	for name, number := range p.Values {
		if name == unknownState {
			s.unknown = &number
			continue
		}
		state, ok := s.state(name)
		if !ok {
			return nil, fmt.Errorf("%s is never %q", p.Measure, name)
		}
		s.mapped[state] = number
	}
	return s, nil
}

// state returns the value that people call by that name.
func (s *scale) state(name string) (int64, bool) {
	if s.quality {
		q, ok := gateway.ParseQuality(name)
		return int64(q), ok
	}
	no, yes := s.measure.States()
	switch {
	case no == "":
	case name == no:
		return 0, true
	case name == yes:
		return 1, true
	}
	return 0, false
}

// read returns what the point shows of an asset.
func (s *scale) read(n *news) gateway.Reading {
	if s.quality {
		return gateway.Reading{Value: int64(n.quality), Known: true}
	}
	return n.readings[s.measure]
}

// image returns what to write for a reading. It is not ok where nothing is to be written: why then says
// so, and whether that is a fault.
func (s *scale) image(r gateway.Reading) (im image, why reason) {
	if !r.Known {
		if s.unknown == nil {
			return image{}, reason{text: "nobody can tell the value, and values has no entry for unknown"}
		}
		return s.encode(float64(*s.unknown))
	}
	if number, ok := s.mapped[r.Value]; ok {
		return s.encode(float64(number))
	}
	number := float64(r.Value)*s.factor + s.offset
	if s.typ != F32 {
		number = math.Round(number)
	}
	return s.encode(number)
}

func (s *scale) encode(number float64) (im image, why reason) {
	t := &types[s.typ]
	if number < t.low || number > t.high || math.IsNaN(number) {
		return image{}, reason{text: fmt.Sprintf("the value %v does not fit into %s", number, t.name), fault: true}
	}
	im = image{number: number}
	raw := uint32(int64(number))
	if s.typ == F32 {
		raw = math.Float32bits(float32(number))
	}
	switch {
	case t.registers == 1:
		im.words[0] = uint16(raw)
	case s.order == modbus.LowWordFirst:
		im.words = [2]uint16{uint16(raw), uint16(raw >> 16)}
	default:
		im.words = [2]uint16{uint16(raw >> 16), uint16(raw)}
	}
	return im, reason{}
}

// bytes returns the words as they travel.
func (im *image) bytes(registers int) []byte {
	out := make([]byte, 0, 4)
	for _, w := range im.words[:registers] {
		out = append(out, byte(w>>8), byte(w))
	}
	return out
}

// reason is why a point is not written, or not as it should be; the zero value is that it is.
type reason struct {
	text  string
	fault bool // somebody has to do something about it
}
