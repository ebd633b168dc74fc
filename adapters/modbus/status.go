package modbus

import "butlr-gateway/gateway"

// statusBit is one bit of the status register, and the discrete input and coil of the same number.
type statusBit struct {
	name        string
	description string
	of          func(*gateway.Snapshot) bool
}

// The bits that others refer to.
const (
	bitGood         = 0
	bitOutOfService = 8
	bitLighting     = 10
	bitHVAC         = 11
	bitVentilation  = 12
	bitMotion       = 13
)

// statusBits are the bits of the status register, bit 0 first. Exactly one of those that tell the
// quality is set.
var statusBits = [blockLength]statusBit{
	bitGood:         {"good", "quality good", is(gateway.Good)},
	1:               {"held", "quality held: stale, the last value", is(gateway.Held)},
	2:               {"substituted", "quality substituted: a policy's value is standing in", is(gateway.Substituted)},
	3:               {"forced", "quality forced: an override", is(gateway.Forced)},
	4:               {"in_off_delay", "the HVAC output is on for its off-delay only", func(s *gateway.Snapshot) bool { return s.OffDelayEnds != 0 }},
	5:               {"never", "quality never: no data since commissioning; the outputs carry their policy for loss", is(gateway.Never)},
	6:               {"simulated", "from a simulated building", func(s *gateway.Snapshot) bool { return s.Simulated }},
	7:               {"estimate", "estimated from traffic", func(s *gateway.Snapshot) bool { return s.Estimate }},
	bitOutOfService: {"out_of_service", "quality out of service: removed or disabled", is(gateway.OutOfService)},
	9:               {"occupied", "occupied, always equal to hvac", output(gateway.HVACOutput)},
	bitLighting:     {"lighting", "lighting output", output(gateway.LightingOutput)},
	bitHVAC:         {"hvac", "HVAC output", output(gateway.HVACOutput)},
	bitVentilation:  {"ventilation", "ventilation output", output(gateway.VentilationOutput)},
	bitMotion:       {"motion", "motion now", motion},
	14:              {"uncertain", "quality uncertain: believed, with a reason to doubt", is(gateway.Uncertain)},
	15:              {"people_not_good", "the number of people is unknown or not good", peopleNotGood},
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
