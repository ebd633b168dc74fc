package modbus

import (
	"encoding/binary"
	"math"

	"butlr-gateway/gateway"
)

// format says how a field's registers are to be read.
type format uint8

const (
	number16 format = iota // one register
	number32               // two registers, in the word order of the listener
	bits16                 // one register of 16 bits, bit 0 the lowest
	text                   // characters, two to a register, the first in the high byte
)

var formatNames = [...]string{"u16", "u32", "bits", "text"}

func (f format) String() string { return formatNames[f] }

const (
	unknown16 = math.MaxUint16     // a 16-bit value that nobody can tell
	highest16 = math.MaxUint16 - 1 // a 16-bit value that is known is cut here
	magic     = "BGW1"
	noUnit    = ""
	tenth     = 0.1 // of what is counted in 0.1 %

	statusOffset = 2 // of the status register in a block
	unitPeople   = "people"
	unitSecond   = "s"
	unitMinute   = "min"
)

// field is one named value of the header or of a block: the whole promise made to controllers about it.
type field struct {
	offset      int // registers from the beginning of the header or of the block
	name        string
	format      format
	unit        string
	unknown     string // what 65535 says, "unknown" or "never"; "" where 65535 is a value
	description string
}

// words returns how many registers the field takes.
func (f *field) words() int {
	if f.format == number32 || f.format == text {
		return 2
	}
	return 1
}

// scale is what a raw value is multiplied by to get the unit.
func (f *field) scale() float64 {
	if f.unit == "%" {
		return tenth
	}
	return 1
}

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

// blockField is a field of an asset's block and where its value comes from: from a snapshot when it is
// published, or, where it ages, from the block when it is read.
type blockField struct {
	field
	of   func(*gateway.Snapshot) uint32
	aged func(*block, gateway.Timestamp) uint32
}

// blockFields are an asset's 16 registers, in order. A register that no field names reads 0.
var blockFields = [...]blockField{
	{field{0, "occupied", number16, noUnit, "unknown", "0 vacant, 1 occupied: the HVAC output, after delay, policy and override"},
		known(gateway.HVAC), nil},
	{field{1, "people", number16, unitPeople, "unknown", "people now"},
		known(gateway.People), nil},
	{field{statusOffset, "status", bits16, noUnit, "", "status bits; each is a discrete input and coil too"},
		status, nil},
	{field{3, "quality", number16, noUnit, "", "0 never, 1 good, 2 uncertain, 3 held, 4 substituted, 5 forced, 6 out of service"},
		quality, nil},
	{field{4, "age", number16, unitSecond, "unknown", "since the newest event of the oldest feed behind the answer; stops at 65534"},
		nil, age},
	{field{5, "off_delay_remaining", number16, unitSecond, "", "until the HVAC output turns off; 0 while no off-delay runs"},
		nil, offDelay},
	{field{6, "motion", number16, noUnit, "unknown", "0 no motion, 1 motion"},
		known(gateway.Motion), nil},
	{field{7, "utilisation", number16, "%", "unknown", "people by capacity"},
		known(gateway.Utilisation), nil},
	{field{8, "traffic_in", number32, unitPeople, "", "people who went in, running total"},
		total(gateway.TrafficIn), nil},
	{field{10, "traffic_out", number32, unitPeople, "", "people who went out, running total"},
		total(gateway.TrafficOut), nil},
	{field{12, "peak_today", number16, unitPeople, "unknown", "most people at once since midnight"},
		known(gateway.PeakToday), nil},
	{field{13, "occupied_minutes_today", number16, unitMinute, "unknown", "minutes with somebody there since midnight"},
		known(gateway.OccupiedMinutesToday), nil},
	{field{14, "reason", number16, noUnit, "", "why it is occupied or not: " + everyReason()},
		reason, nil},
	{field{15, "command", number16, noUnit, "", "override in force by Modbus: 0 automatic, 1 vacant, 2 occupied"},
		command, nil},
}

// known returns a measure, 65535 while nobody can tell it.
func known(m gateway.Measure) func(*gateway.Snapshot) uint32 {
	return func(s *gateway.Snapshot) uint32 {
		r := s.Reading(m)
		if !r.Known {
			return unknown16
		}
		return uint32(min(max(r.Value, 0), highest16))
	}
}

// total returns a running total modulo 2³², 0 before anything was counted.
func total(m gateway.Measure) func(*gateway.Snapshot) uint32 {
	return func(s *gateway.Snapshot) uint32 {
		r := s.Reading(m)
		if !r.Known {
			return 0
		}
		return uint32(r.Value)
	}
}

func quality(s *gateway.Snapshot) uint32 { return uint32(s.Quality) }

func reason(s *gateway.Snapshot) uint32 { return uint32(s.Reason.Code) }

// command returns the override of all outputs that a controller put in force. Those of people and of
// single outputs are not its doing, and show in the quality alone.
func command(s *gateway.Snapshot) uint32 {
	const automatic, forceVacant, forceOccupied = 0, 1, 2
	for i := range s.Overrides {
		o := &s.Overrides[i]
		switch {
		case o.Target != gateway.TargetOutputs || o.Source != gateway.FromController:
		case o.Value == 0:
			return forceVacant
		default:
			return forceOccupied
		}
	}
	return automatic
}

func age(b *block, now gateway.Timestamp) uint32 {
	oldest := b.oldest
	switch {
	case b.site == nil:
	case oldest == 0:
		oldest = b.site.newest
	default:
		oldest = min(oldest, b.site.newest)
	}
	return seconds(oldest, now)
}

// seconds returns the whole seconds between a moment and now, 65535 if the moment never was.
func seconds(since, now gateway.Timestamp) uint32 {
	if since == 0 {
		return unknown16
	}
	return uint32(min(max((now-since)/1000, 0), highest16))
}

// offDelay returns seconds, rounded up: 0 only when the delay has ended.
func offDelay(b *block, now gateway.Timestamp) uint32 {
	return uint32(min(max((b.offDelayEnds-now+999)/1000, 0), highest16))
}

// statusBit is one bit of the status register, and the discrete input and coil of the same number.
type statusBit struct {
	name        string
	description string
	of          func(*gateway.Snapshot) bool
}

// statusBits are the bits of the status register, bit 0 first. Exactly one of those that tell the
// quality is set.
var statusBits = [blockLength]statusBit{
	{"good", "quality good", is(gateway.Good)},
	{"held", "quality held: stale, the last value", is(gateway.Held)},
	{"substituted", "quality substituted: a policy's value is standing in", is(gateway.Substituted)},
	{"forced", "quality forced: an override", is(gateway.Forced)},
	{"in_off_delay", "the HVAC output is on for its off-delay only", func(s *gateway.Snapshot) bool { return s.OffDelayEnds != 0 }},
	{"never", "quality never: no data since commissioning; the outputs carry their policy for loss", is(gateway.Never)},
	{"simulated", "from a simulated building", func(s *gateway.Snapshot) bool { return s.Simulated }},
	{"estimate", "estimated from traffic", func(s *gateway.Snapshot) bool { return s.Estimate }},
	{"out_of_service", "quality out of service: removed or disabled", is(gateway.OutOfService)},
	{"occupied", "occupied, always equal to hvac", output(gateway.HVACOutput)},
	{"lighting", "lighting output", output(gateway.LightingOutput)},
	{"hvac", "HVAC output", output(gateway.HVACOutput)},
	{"ventilation", "ventilation output", output(gateway.VentilationOutput)},
	{"motion", "motion now", motion},
	{"uncertain", "quality uncertain: believed, with a reason to doubt", is(gateway.Uncertain)},
	{"people_not_good", "the number of people is unknown or not good", peopleNotGood},
}

func status(s *gateway.Snapshot) uint32 {
	var bits uint32
	for i := range statusBits {
		if statusBits[i].of(s) {
			bits |= 1 << i
		}
	}
	return bits
}

func is(q gateway.Quality) func(*gateway.Snapshot) bool {
	return func(s *gateway.Snapshot) bool { return s.Quality == q }
}

// output returns an output as a bit, which cannot say unknown. While nobody can tell it carries what the
// output's policy for loss asks for, or what somebody forces; out of service it is off, and so is an output
// that the asset lacks.
func output(o gateway.Output) func(*gateway.Snapshot) bool {
	return func(s *gateway.Snapshot) bool {
		r := s.Reading(o.Measure())
		switch {
		case s.Quality == gateway.OutOfService:
			return false
		case s.Quality == gateway.Never && r.Quality != gateway.Forced:
			return s.Lost[o]
		case !r.Known:
			return s.Has.Has(o.Measure()) && s.Lost[o]
		}
		return r.Value != 0
	}
}

func motion(s *gateway.Snapshot) bool {
	r := s.Reading(gateway.Motion)
	return r.Known && r.Value != 0 && s.Quality != gateway.Never && s.Quality != gateway.OutOfService
}

func peopleNotGood(s *gateway.Snapshot) bool {
	r := s.Reading(gateway.People)
	return !r.Known || r.Quality != gateway.Good
}
