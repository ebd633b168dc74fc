package push

import (
	"math"
	"testing"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// TestImages has readings, and what is written for them.
func TestImages(t *testing.T) {
	occupied := map[string]int64{"vacant": 10, "occupied": 11, "unknown": -1}
	known := func(v int64) gateway.Reading { return gateway.Reading{Value: v, Known: true} }
	for _, test := range []struct {
		name    string
		measure string
		typ     Type
		order   modbus.WordOrder
		factor  float64
		offset  float64
		values  map[string]int64
		reading gateway.Reading
		want    [2]uint16
		why     string
	}{
		{"a count", "people", U16, 0, 1, 0, nil, known(7), [2]uint16{7}, ""},
		{"the largest", "people", U16, 0, 1, 0, nil, known(65535), [2]uint16{65535}, ""},
		{"one more", "people", U16, 0, 1, 0, nil, known(65536), [2]uint16{}, "the value 65536 does not fit into u16"},
		{"below zero", "people", S16, 0, 1, -10, nil, known(7), [2]uint16{0xFFFD}, ""},
		{"too far below", "people", S16, 0, 1, -32769, nil, known(0), [2]uint16{}, "the value -32769 does not fit into s16"},
		{"percent", "utilisation", U16, 0, 0.1, 0, nil, known(875), [2]uint16{88}, ""},
		{"percent without rounding", "utilisation", F32, 0, 0.1, 0, nil, known(875), [2]uint16{0x42AF, 0}, ""},
		{"a total", "traffic_in", U32, modbus.HighWordFirst, 1, 0, nil, known(0x12345678), [2]uint16{0x1234, 0x5678}, ""},
		{"the low word first", "traffic_in", U32, modbus.LowWordFirst, 1, 0, nil, known(0x12345678), [2]uint16{0x5678, 0x1234}, ""},
		{"the largest of 32 bits", "traffic_in", U32, 0, 1, 0, nil, known(math.MaxUint32), [2]uint16{0xFFFF, 0xFFFF}, ""},
		{"a total that is too large", "traffic_in", U32, 0, 1, 0, nil, known(math.MaxUint32 + 1), [2]uint16{}, "the value 4.294967296e+09 does not fit into u32"},
		{"below zero in 32 bits", "people", S32, 0, -1, 0, nil, known(2), [2]uint16{0xFFFF, 0xFFFE}, ""},
		{"a state", "occupied", U16, 0, 5, 5, occupied, known(1), [2]uint16{11}, ""},
		{"another state", "occupied", U16, 0, 5, 5, occupied, known(0), [2]uint16{10}, ""},
		{"unknown", "occupied", S16, 0, 1, 0, occupied, gateway.Reading{}, [2]uint16{0xFFFF}, ""},
		{"unknown that does not fit", "occupied", U16, 0, 1, 0, occupied, gateway.Reading{}, [2]uint16{}, "the value -1 does not fit into u16"},
		{"unknown without a number", "people", U16, 0, 1, 0, nil, gateway.Reading{}, [2]uint16{}, "nobody can tell the value, and values has no entry for unknown"},
		{"a state without a number is one", "occupied", U16, 0, 1, 0, map[string]int64{"occupied": 9}, known(0), [2]uint16{0}, ""},
		{"motion", "motion", U16, 0, 1, 0, map[string]int64{"off": 3, "on": 4}, known(1), [2]uint16{4}, ""},
		{"a quality", "quality", U16, 0, 1, 0, nil, known(int64(gateway.Substituted)), [2]uint16{4}, ""},
		{"a quality's number", "quality", U16, 0, 1, 0, map[string]int64{"held": 30}, known(int64(gateway.Held)), [2]uint16{30}, ""},
		{"a coil", "hvac", Bool, 0, 1, 0, nil, known(1), [2]uint16{1}, ""},
		{"a coil the other way round", "hvac", Bool, 0, 1, 0, map[string]int64{"vacant": 1, "occupied": 0}, known(1), [2]uint16{0}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := newScale(&Point{
				Measure: test.measure, Type: test.typ, WordOrder: test.order, Scale: test.factor, Offset: test.offset, Values: test.values,
			})
			if err != nil {
				t.Fatal(err)
			}
			im, why := s.image(test.reading)
			if im.words != test.want || why.text != test.why {
				t.Errorf("got %04x %q, want %04x %q", im.words, why.text, test.want, test.why)
			}
			if known := test.reading.Known || s.unknown != nil; why.text != "" && why.fault != known {
				t.Errorf("%q: fault is %v", why.text, why.fault)
			}
		})
	}
}

// TestOptionsThatCannotBe has what no configuration gives: each is refused, and nothing of it panics later.
func TestOptionsThatCannotBe(t *testing.T) {
	for want, spoil := range map[string]func(*Target){
		`setting up push: target x: point people-a: function 5 does not write u16 to table holding`:    func(t *Target) { t.Points[0].Function = 5 },
		`setting up push: target x: point people-a: function 3 does not write`:                         func(t *Target) { t.Points[0].Function = 3 },
		`setting up push: target x: point people-a: function 6 writes one register, and f32 takes two`: func(t *Target) { t.Points[0].Type = F32 },
		`setting up push: target x: point people-a: address 65535: the last one is 65535`:              func(t *Target) { t.Points[0] = wideAt65535() },
		`setting up push: target x: point people-a: there is no measure "peple"`:                       func(t *Target) { t.Points[0].Measure = "peple" },
		`setting up push: target x: point people-a: people is never "occupied"`:                        func(t *Target) { t.Points[0].Values = map[string]int64{"occupied": 1} },
		`setting up push: target x: unit id 0: a serial line has 1 to 247`:                             func(t *Target) { t.Line.Transport, t.Unit = Serial, 0 },
		`setting up push: target x: refresh and timeout must be more than nothing`:                     func(t *Target) { t.Timeout = 0 },
		`setting up push: target : the name and the address must be given`:                             func(t *Target) { t.Name = "" },
	} {
		target := unit("x", "d", 5, peopleOf("a", 1))
		spoil(&target)
		if _, err := New(testOptions(target)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := New(testOptions(unit("x", "d", 5), unit("x", "d", 6))); err == nil {
		t.Error("two targets of one name are accepted")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("options without a clock are accepted")
	}
}

func wideAt65535() Point {
	p := peopleOf("a", 65535)
	p.Type, p.Function = U32, writeRegisters
	return p
}
