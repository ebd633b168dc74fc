package modbus

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"butlr-gateway/gateway"
)

// format says how a field's registers are to be read.
type format uint8

const (
	number16 format = iota // one register
	number32               // two registers, in the word order of the listener
	bits16                 // one register of 16 bits, bit 0 the lowest
	text                   // characters, two to a register, the first in the high byte
	longText               // the same, 16 characters
)

var formats = [...]struct {
	name  string
	words int // registers
}{{"u16", 1}, {"u32", 2}, {"bits", 1}, {"text", 2}, {"text", 8}}

func (f format) String() string { return formats[f].name }

const (
	unknown16 = math.MaxUint16     // a 16-bit value that nobody can tell
	highest16 = math.MaxUint16 - 1 // a 16-bit value that is known is cut here
	magic     = "BGW1"
	noUnit    = ""
	tenth     = 0.1 // of what is counted in 0.1 %

	unitPeople  = "people"
	unitSecond  = "s"
	unitMinute  = "min"
	unitPercent = "%"
)

// field is one named value of the header, of a block or of a column: the whole promise made to
// controllers about it.
type field struct {
	offset      int // registers from the beginning of the header or of the block; of a column, the address of its first
	name        string
	format      format
	unit        string
	unknown     string // what 65535 says, "unknown" or "never"; "" where 65535 is a value
	description string
}

// words returns how many registers the field takes.
func (f *field) words() int { return formats[f.format].words }

// scale is what a raw value is multiplied by to get the unit.
func (f *field) scale() float64 {
	if f.unit == unitPercent {
		return tenth
	}
	return 1
}

// meanings are what the field's numbers stand for, from 0 on; nil where a number is just that.
func (f *field) meanings() []string {
	switch f.name {
	case "occupied":
		return []string{"vacant", "occupied"}
	case "motion":
		return []string{"no motion", "motion"}
	case "quality":
		return qualityWords[:]
	case "reason":
		return reasonWords[:]
	case "command":
		return commandWords[:]
	}
	return nil
}

// explained returns the description with what the numbers stand for, and what 65535 says.
func (f *field) explained() string {
	text := f.description
	if meanings := f.meanings(); meanings != nil {
		text += ": " + enumerate(meanings)
	}
	if f.unknown != "" {
		text += "; 65535 " + f.unknown
	}
	return text
}

// enumerate lists words with their numbers.
func enumerate(words []string) string {
	list := make([]string, len(words))
	for n, word := range words {
		list[n] = strconv.Itoa(n) + " " + word
	}
	return strings.Join(list, ", ")
}

// qualityWords are the qualities as people read them.
var qualityWords = func() (words [gateway.QualityCount]string) {
	for q := range words {
		words[q] = strings.ReplaceAll(gateway.Quality(q).String(), "_", " ")
	}
	return words
}()

// put writes a value at the field's place among big-endian registers, the high word first.
func (f *field) put(registers []byte, value uint32) {
	at := registers[2*f.offset:]
	if f.words() == 2 {
		binary.BigEndian.PutUint32(at, value)
		return
	}
	binary.BigEndian.PutUint16(at, uint16(value))
}

// reorder exchanges the words of a 32-bit value for masters that want the low word first.
func (f *field) reorder(registers []byte, order WordOrder) {
	if order == LowWordFirst && f.format == number32 {
		at := registers[2*f.offset:]
		at[0], at[1], at[2], at[3] = at[2], at[3], at[0], at[1]
	}
}
