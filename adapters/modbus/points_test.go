package modbus

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"butlr-gateway/gateway"
)

func boardroom() *gateway.Asset {
	return &gateway.Asset{
		ID: "room_3jsO3M1KzCEuPDimYj0iZrqyaiW", Kind: gateway.Room, Number: 3, Name: "Boardroom", CustomID: "MH-3.09",
		Path: []string{"Rotterdam Campus", "Maas House", "Level 3"},
	}
}

func TestPointsOfARoom(t *testing.T) {
	var text strings.Builder
	text.WriteString(strings.Join(Columns(), "|") + "\n")
	for row := range Points(slices.Values([]*gateway.Asset{boardroom()}), MapOptions{UnitID: 1, WordOrder: LowWordFirst}) {
		text.WriteString(strings.Join(row.Record(), "|") + "\n")
	}
	golden(t, "points.txt", text.String())
}

func TestColumnPointsOfARoomOnTheThirdUnit(t *testing.T) {
	room := boardroom()
	room.Number = 2*unitAssets + 40
	var text strings.Builder
	for row := range ColumnPoints(slices.Values([]*gateway.Asset{room}), MapOptions{UnitID: 17}) {
		text.WriteString(strings.Join(row.Record(), "|") + "\n")
	}
	golden(t, "column_points.txt", text.String())
}

func TestColumnsAreTheJSONKeys(t *testing.T) {
	var keys []string
	for field := range reflect.TypeFor[Row]().Fields() {
		keys = append(keys, field.Tag.Get("json"))
	}
	if !slices.Equal(keys, Columns()) {
		t.Errorf("keys %v, columns %v", keys, Columns())
	}
	row := Row{}
	if text, err := json.Marshal(row); err != nil || len(row.Record()) != len(keys) {
		t.Errorf("%s, %v, %d columns", text, err, len(row.Record()))
	}
}

func TestPointsLeaveOutWhatHasNoRegisters(t *testing.T) {
	beyond := boardroom()
	beyond.Number = Capacity
	for row := range Points(slices.Values([]*gateway.Asset{beyond}), MapOptions{UnitID: 1}) {
		t.Errorf("got %v", row)
	}
}

func TestPointsEndWhenNobodyListens(t *testing.T) {
	assets := 0
	many := func(yield func(*gateway.Asset) bool) {
		for yield(boardroom()) {
			assets++
		}
	}
	for range Points(many, MapOptions{UnitID: 1}) {
		break
	}
	for row := range Points(many, MapOptions{UnitID: 1}) {
		if row.Table == "coil" {
			break
		}
	}
	if assets != 0 {
		t.Errorf("%d assets more were asked for", assets)
	}
}

// What an export promises, a read must find: each row's registers read alone decode as what it is called.
func TestEveryPointIsWhereItsRowSays(t *testing.T) {
	b := newBuilding(t)
	s := snapshots()["full"]
	s.Asset, s.Coverage = boardroom(), 995
	s.Asset.Number = unitAssets + 3
	b.show(s)
	want := map[string]string{
		"occupied": "occupied", "people": "4 people", "quality": "good", "age": "30 s", "utilisation": "66.7 %",
		"traffic_in": "305419896 people", "traffic_out": "1198 people", "occupied_minutes_today": "212 min",
		"coverage": "99.5 %", "name": "MH-3.09",
	}
	words := map[string]int{"u32": 2, "text": 8}
	functions := map[string]byte{"input": readInputRegisters, "holding": readHoldingRegisters, "discrete": readDiscreteInputs, "coil": readCoils}
	assets := slices.Values([]*gateway.Asset{s.Asset})
	for _, order := range []WordOrder{HighWordFirst, LowWordFirst} {
		c := newCore(t, b.Image, func(o *MapOptions) { o.WordOrder = order })
		rows := slices.Collect(Points(assets, c.options))
		if len(rows) != 2*len(blockFields)+2*blockLength {
			t.Errorf("%d rows of a block", len(rows))
		}
		ofColumns := slices.Collect(ColumnPoints(assets, c.options))
		if len(ofColumns) != 2*len(columns)+2*len(bitColumns) {
			t.Errorf("%d rows of columns", len(ofColumns))
		}
		for _, row := range append(rows, ofColumns...) {
			count := max(words[row.Type], 1)
			answer := c.handlePDU(row.UnitID, "", request(functions[row.Table], int(row.Address), count), nil)
			var decoded []Value
			if row.Type == "bool" {
				decoded = slices.Collect(DecodeBits(c.options, row.UnitID, row.Address, []bool{answer[2] == 1}))
			} else {
				raw := make([]uint16, count)
				for k := range raw {
					raw[k] = uint16(answer[2+2*k])<<8 | uint16(answer[3+2*k])
				}
				decoded = slices.Collect(Decode(c.options, row.UnitID, row.Address, raw))
			}
			if len(decoded) != 1 || decoded[0].Name != row.Measure || decoded[0].Asset != s.Asset.Number {
				t.Errorf("%s %s of unit %d is at %v", row.Table, row.Measure, row.UnitID, decoded)
			} else if text := want[row.Measure]; text != "" && row.Type != "bool" && decoded[0].Text != text {
				t.Errorf("%s %s reads %q, want %q", row.Table, row.Measure, decoded[0].Text, text)
			}
		}
	}
}

func TestDecodingWhatIsCutOrNothing(t *testing.T) {
	o := MapOptions{UnitID: 1}
	texts := func(values ...Value) (all []string) {
		for _, v := range values {
			all = append(all, v.Name+"="+v.Text)
		}
		return all
	}
	for _, row := range []struct {
		what    string
		address uint16
		words   []uint16
		want    []string
	}{
		{"the low half of traffic in", 109, []uint16{5, 0, 7}, []string{"traffic_in (1 of 2 registers)=5", "traffic_out=7 people"}},
		{"the high half at the end", 107, []uint16{65535, 3}, []string{"utilisation=unknown", "traffic_in (1 of 2 registers)=3"}},
		{"registers without a name", 30, []uint16{0, 9}, []string{"=", "="}},
		{"behind the last block", 65524, []uint16{1}, []string{"="}},
		{"more words than addresses", 65535, []uint16{1, 2}, []string{"="}},
		{"a magic of somebody else", 0, []uint16{0x1b5b, 0x41ff}, []string{"magic=?[A?"}},
		{"a quality that we do not know", 103, []uint16{300}, []string{"quality=300"}},
		{"the first alarm and the last", 11, []uint16{1<<15 | 1}, []string{"alarms=feed_lost, part_stuck"}},
	} {
		if got := texts(slices.Collect(Decode(o, 1, row.address, row.words))...); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
	}
	name := []uint16{0x4d48, 0x2d33, 0x2e30, 0x3900, 0, 0, 0, 0, 0xffff, 0xffff}
	for _, row := range []struct {
		address uint16
		words   []uint16
		want    []string
	}{
		{nameAddress, name[:8], []string{"name=MH-3.09"}},
		{nameAddress + 2, name[2:], []string{"name (6 of 8 registers)=.09", "name (2 of 8 registers)=no asset"}},
		{nameAddress, name[:3], []string{"name (3 of 8 registers)=MH-3.0"}},
		{8190, []uint16{0, 0, 4}, []string{"=", "=", "people=4 people"}},
		{coverageAddress, []uint16{65535, 800}, []string{"coverage=no aggregate", "coverage=80.0 %"}},
		{116, []uint16{1}, []string{"="}},
	} {
		if got := texts(slices.Collect(Decode(o, 101, row.address, row.words))...); !slices.Equal(got, row.want) {
			t.Errorf("of a column unit, %d: got %q, want %q", row.address, got, row.want)
		}
	}
	if got := texts(slices.Collect(DecodeBits(o, 101, 12287, []bool{false, true, false}))...); !slices.Equal(got, []string{"=", "ventilation=true", "ventilation=false"}) {
		t.Errorf("bits of a column unit: got %q", got)
	}
	bits := slices.Collect(DecodeBits(o, 0, 8, []bool{true, false, true, false, true}))
	bits = slices.AppendSeq(bits, DecodeBits(o, 0, 99, []bool{false}))
	if got := texts(bits...); !slices.Equal(got, []string{"state_restored=true", "subscription_wrong=false", "serial_down=true", "pin_unmet=false", "backup_failing=true", "="}) {
		t.Errorf("alarm bits: got %q", got)
	}
	if got := slices.Collect(DecodeBits(o, 9, 65523, []bool{true, true, false})); len(got) != 3 || got[0].Asset != 9*unitAssets-1 || got[1].Asset != gateway.NoNumber {
		t.Errorf("the last bit of a unit: got %v", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(byte(1), uint16(0), bytesOf("4247 5731 0001"), false)
	f.Add(byte(255), uint16(65530), bytesOf("ffff ffff ffff ffff ffff ffff ffff"), true)
	f.Fuzz(func(t *testing.T, unit byte, address uint16, raw []byte, low bool) {
		o := MapOptions{UnitID: 1}
		if low {
			o.WordOrder = LowWordFirst
		}
		words := make([]uint16, len(raw)/2)
		for k := range words {
			words[k] = uint16(raw[2*k])<<8 | uint16(raw[2*k+1])
		}
		next := int(address)
		for v := range Decode(o, unit, address, words) {
			if int(v.Address) != next {
				t.Fatalf("register %d after %d", v.Address, next)
			}
			next += len(v.Words)
		}
		if want := min(int(address)+len(words), maxAddress); next != want {
			t.Fatalf("decoded up to %d of %d", next, want)
		}
	})
}
