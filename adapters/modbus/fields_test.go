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
		if (f.of == nil) == (f.aged == nil) {
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
			s.Quality = q
			s = with(with(s, occupied(v)), map[gateway.Measure]int64{gateway.Motion: v, gateway.People: v})
			bits := status(&s)
			if bits&telling != ofQuality[q] {
				t.Errorf("%v: bits %016b", q, bits)
			}
			outputs, moving := uint32(v)*0xF, uint32(v)
			switch q {
			case gateway.Never:
				outputs, moving = 0xF, 0
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

func TestAnOutputThatNobodyCanTellIsOnIfTheAssetHasIt(t *testing.T) {
	s := room(0)
	s.Quality = gateway.Good
	if status(&s)>>9&0xF != 0 {
		t.Error("an asset without outputs has none on")
	}
	s.Has = gateway.MeasuresOf(gateway.HVAC)
	if status(&s)>>9&0xF != 0b0101 {
		t.Errorf("bits %016b", status(&s))
	}
}
