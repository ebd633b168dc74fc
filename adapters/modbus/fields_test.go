package modbus

import (
	"testing"

	"butlr-gateway/gateway"
)

func TestFieldsLieInOrderAndDoNotOverlap(t *testing.T) {
	check := func(what string, end int, fields []*field) {
		next := 0
		for _, f := range fields {
			if f.offset < next || f.offset+f.words() > end {
				t.Errorf("%s: %s lies at %d, the one before it ends at %d and all of them at %d", what, f.name, f.offset, next, end)
			}
			next = f.offset + f.words()
		}
	}
	var header, block []*field
	for k := range headerFields {
		header = append(header, &headerFields[k].field)
	}
	for k := range blockFields {
		f := &blockFields[k]
		block = append(block, &f.field)
		if aged := f.offset == ageOffset || f.offset == offDelayOffset; aged != (f.of == nil) {
			t.Errorf("%s comes from a snapshot or from the clock, one of them", f.name)
		}
	}
	check("header", headerLength, header)
	check("block", blockLength, block)
}

func TestTheLastBlockLiesWithinTheAddresses(t *testing.T) {
	if end := headerLength + blockLength*unitAssets; end > maxAddress || end+blockLength <= maxAddress {
		t.Errorf("the blocks of a unit end at %d", end)
	}
}

func TestEveryAlarmHasABitOfItsOwn(t *testing.T) {
	if gateway.AlarmCount > 16 {
		t.Errorf("%d alarms do not fit a register", gateway.AlarmCount)
	}
}

// A master that reads only bits must be able to rely on exactly one of them telling the quality, and
// never see an output on that the registers deny.
func TestStatusBitsAgreeWithTheRegisters(t *testing.T) {
	ofQuality := map[gateway.Quality]uint32{
		gateway.Good: 1 << 0, gateway.Held: 1 << 1, gateway.Substituted: 1 << 2, gateway.Forced: 1 << 3,
		gateway.Never: 1 << 5, gateway.OutOfService: 1 << 8, gateway.Uncertain: 1 << 14,
	}
	const telling = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<5 | 1<<8 | 1<<14
	for q := range gateway.Quality(gateway.QualityCount) {
		for v := range int64(2) {
			s := room(0)
			s.Quality, s.Lost = q, [gateway.OutputCount]bool{gateway.LightingOutput: true, gateway.VentilationOutput: true}
			s = with(with(s, occupied(v)), map[gateway.Measure]int64{gateway.Motion: v, gateway.People: v})
			bits := status(&s)
			if bits&telling != ofQuality[q] {
				t.Errorf("%v: bits %016b", q, bits)
			}
			outputs, moving := uint32(v)*0xF, uint32(v)
			switch q {
			case gateway.Never:
				outputs, moving = 0b1010, 0 // ventilation and lighting: the policies
			case gateway.OutOfService:
				outputs, moving = 0, 0
			}
			if bits>>9&0xF != outputs || bits>>13&1 != moving {
				t.Errorf("%v with outputs %d: bits %016b", q, v, bits)
			}
			if (bits>>15&1 == 0) != (q == gateway.Good) {
				t.Errorf("%v: bits %016b about people", q, bits)
			}
		}
	}
}

// Of three policies every choice shows, and occupied is always the HVAC output.
func TestWithoutDataTheBitsOfOutputsCarryTheirPolicies(t *testing.T) {
	for policies := range uint32(1 << gateway.OutputCount) {
		s := room(0)
		for o := range s.Lost {
			s.Lost[o] = policies>>o&1 != 0
		}
		bits := status(&s)
		for o, bit := range map[gateway.Output]int{gateway.LightingOutput: 10, gateway.HVACOutput: 11, gateway.VentilationOutput: 12} {
			if got := bits>>bit&1 != 0; got != s.Lost[o] {
				t.Errorf("%v with policies %v: bit %d is %v", o, s.Lost, bit, got)
			}
		}
		if bits>>9&1 != bits>>11&1 {
			t.Errorf("policies %v: occupied differs from HVAC in %016b", s.Lost, bits)
		}
		if s.Quality = gateway.OutOfService; status(&s)>>9&0xF != 0 {
			t.Errorf("policies %v: out of service %016b", s.Lost, status(&s))
		}
	}
}

// What somebody forces is not what the policy says, also where nothing was ever heard.
//
// Seen to break it: asking for the quality of the asset alone.
func TestAnOutputThatIsForcedShowsThatWithoutData(t *testing.T) {
	var s gateway.Snapshot
	s.Asset = &gateway.Asset{ID: "room_1", Kind: gateway.Room}
	s.Lost = [gateway.OutputCount]bool{true, true, false}
	s.Has = gateway.MeasuresOf(gateway.Lighting, gateway.Ventilation)
	s.Readings[gateway.Lighting] = gateway.Reading{Known: true, Quality: gateway.Forced}
	s.Readings[gateway.Ventilation] = gateway.Reading{Value: 1, Known: true, Quality: gateway.Forced}
	const never, occupied, hvac, ventilation, peopleNotGood = 1 << 5, 1 << 9, 1 << 11, 1 << 12, 1 << 15
	if got, want := status(&s), uint32(never|occupied|hvac|ventilation|peopleNotGood); got != want {
		t.Errorf("lighting forced off and ventilation on: %016b, want %016b", got, want)
	}
}

func TestAnOutputThatNobodyCanTellHasItsPolicyIfTheAssetHasIt(t *testing.T) {
	s := room(0)
	s.Quality, s.Lost = gateway.Good, [gateway.OutputCount]bool{true, true, true}
	if status(&s)>>9&0xF != 0 {
		t.Error("an asset without outputs has none on")
	}
	s.Has = gateway.MeasuresOf(gateway.HVAC)
	if status(&s)>>9&0xF != 0b0101 {
		t.Errorf("bits %016b", status(&s))
	}
	if s.Lost[gateway.HVACOutput] = false; status(&s)>>9&0xF != 0 {
		t.Errorf("bits %016b with the policy vacant", status(&s))
	}
}

func TestOnlyAnEstimateIsFlaggedAsOne(t *testing.T) {
	s := room(0)
	s.Reason.Code = gateway.ReasonTrafficEstimate
	if status(&s)>>7&1 != 0 {
		t.Error("the reason alone makes no estimate")
	}
	if s.Estimate = true; status(&s)>>7&1 != 1 {
		t.Error("an estimate is not flagged")
	}
}

func TestTheCommandRegisterReadsWhatAControllerForced(t *testing.T) {
	of := func(target gateway.Target, value int, source gateway.Source) gateway.Override {
		return gateway.Override{Target: target, Value: value, Source: source}
	}
	for _, c := range []struct {
		name      string
		overrides []gateway.Override
		want      uint32
	}{
		{"nothing", nil, 0},
		{"vacant", []gateway.Override{of(gateway.TargetOutputs, 0, gateway.FromController)}, 1},
		{"occupied", []gateway.Override{of(gateway.TargetOutputs, 1, gateway.FromController)}, 2},
		{"by an operator", []gateway.Override{of(gateway.TargetOutputs, 1, gateway.FromOperator)}, 0},
		{"by a message", []gateway.Override{of(gateway.TargetOutputs, 1, gateway.FromMessage)}, 0},
		{"one output", []gateway.Override{of(gateway.TargetHVAC, 1, gateway.FromController)}, 0},
		{"people", []gateway.Override{of(gateway.TargetPeople, 4, gateway.FromController)}, 0},
		{"among others", []gateway.Override{
			of(gateway.TargetPeople, 4, gateway.FromOperator), of(gateway.TargetOutputs, 0, gateway.FromController), of(gateway.TargetHVAC, 1, gateway.FromOperator),
		}, 1},
	} {
		s := room(0)
		s.Overrides = c.overrides
		if got := command(&s); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
