package modbus

import "butlr-gateway/gateway"

// assetField is a field that every asset has, and how its value comes from a snapshot: nil where it ages,
// and is worked out when it is read.
type assetField struct {
	field
	of func(*gateway.Snapshot) uint32
}

// Where the block has what others refer to.
const (
	occupiedOffset = 0
	peopleOffset   = 1
	statusOffset   = 2
	qualityOffset  = 3
	ageOffset      = 4
	offDelayOffset = 5
)

// blockFields are an asset's 16 registers, in order.
var blockFields = [...]assetField{
	{field{occupiedOffset, "occupied", number16, noUnit, "unknown", "the HVAC output, after delay, policy and override"},
		known(gateway.HVAC)},
	{field{peopleOffset, "people", number16, unitPeople, "unknown", "people now"},
		known(gateway.People)},
	{field{statusOffset, "status", bits16, noUnit, "", "status bits; on a block unit each is a discrete input and coil too"},
		status},
	{field{qualityOffset, "quality", number16, noUnit, "", "how far the answer can be trusted"},
		quality},
	{field{ageOffset, "age", number16, unitSecond, "unknown", "since the newest event of the oldest feed behind the answer; stops at 65534"},
		nil},
	{field{offDelayOffset, "off_delay_remaining", number16, unitSecond, "", "until the HVAC output turns off; 0 while no off-delay runs; stops at 65534"},
		nil},
	{field{6, "motion", number16, noUnit, "unknown", "motion now"},
		known(gateway.Motion)},
	{field{7, "utilisation", number16, unitPercent, "unknown", "people by capacity"},
		known(gateway.Utilisation)},
	{field{8, "traffic_in", number32, unitPeople, "", "people who went in, running total"},
		total(gateway.TrafficIn)},
	{field{10, "traffic_out", number32, unitPeople, "", "people who went out, running total"},
		total(gateway.TrafficOut)},
	{field{12, "peak_today", number16, unitPeople, "unknown", "most people at once since midnight"},
		known(gateway.PeakToday)},
	{field{13, "occupied_minutes_today", number16, unitMinute, "unknown", "minutes with somebody there since midnight"},
		known(gateway.OccupiedMinutesToday)},
	{field{14, "reason", number16, noUnit, "", "why it is occupied or not"},
		reason},
	{field{15, "command", number16, noUnit, "", "override in force by Modbus, written where [modbus.write] allows it"},
		command},
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

// commandWords are what the command register can say.
var commandWords = [...]string{commandAutomatic: "automatic", commandVacant: "vacant", commandOccupied: "occupied"}

// command returns the override of all outputs that a controller put in force. Those of people and of
// single outputs are not its doing, and show in the quality alone.
func command(s *gateway.Snapshot) uint32 {
	for i := range s.Overrides {
		o := &s.Overrides[i]
		switch {
		case o.Target != gateway.TargetOutputs || o.Source != gateway.FromController:
		case o.Value == 0:
			return commandVacant
		default:
			return commandOccupied
		}
	}
	return commandAutomatic
}

// age returns how old what stands behind an asset's answer is now.
func age(b *bank, n int, now gateway.Timestamp) uint32 {
	oldest := gateway.Timestamp(b.oldest[n].Load())
	if site := b.follows[n].Load(); site != nil {
		newest := site.heard()
		if oldest == 0 || newest < oldest {
			oldest = newest
		}
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
func offDelay(b *bank, n int, now gateway.Timestamp) uint32 {
	ends := gateway.Timestamp(b.offDelayEnds[n].Load())
	return uint32(min(max((ends-now+999)/1000, 0), highest16))
}
