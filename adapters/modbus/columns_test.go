package modbus

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"butlr-gateway/gateway"

	"pgregory.net/rapid"
)

// estate is one asset of every sort on a unit, in the order of their names, with gaps between them.
func estate(t testing.TB, edit ...func(*ImageOptions)) (building, map[int]gateway.Snapshot) {
	b := newBuilding(t, edit...)
	assets := map[int]gateway.Snapshot{0: campus(0)}
	all := snapshots()
	for k, name := range slices.Sorted(maps.Keys(all)) {
		s, n := all[name], 3+2*k
		about := *s.Asset
		about.ID, about.Number, about.Name = gateway.AssetID("room_"+name), gateway.Number(n), "Room "+name
		if k%3 == 0 {
			about.CustomID = "MH-3." + name
		}
		if k%3 == 1 {
			about.Name = ""
		}
		s.Asset = &about
		if name == "full" {
			s.Coverage = 667
		}
		assets[n] = s
	}
	for _, n := range slices.Sorted(maps.Keys(assets)) {
		b.show(assets[n])
	}
	b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{{Site: 0, Newest: at("11:59:58")}}})
	return b, assets
}

func TestColumnsReadAsPromised(t *testing.T) {
	b, assets := estate(t)
	c := newCore(t, b.Image)
	end := slices.Max(slices.Collect(maps.Keys(assets))) + 2 // two more than there are
	var text strings.Builder
	for k := range columns {
		text.WriteString(c.dump(t, 101, columns[k].offset, min(end*columns[k].words(), 80)))
		text.WriteByte('\n')
	}
	golden(t, "columns.txt", text.String())
}

// unitModel says what the contract promises of every address of a unit, in its own words: nothing here is
// taken from the tables that serve.
type unitModel struct {
	columns bool // it is a column unit
	assets  map[int]gateway.Snapshot
	alarms  uint32
	site    gateway.Timestamp // when the only site was heard of
	now     gateway.Timestamp
	zero    bool // unmapped = "zero"
	low     bool // word_order = "CDAB"
}

func (m *unitModel) end() int {
	end := 0
	for n := range m.assets {
		end = max(end, n+1)
	}
	return end
}

// missing is the answer to an address that is not on the map.
func (m *unitModel) missing() (uint16, bool) { return 0, m.zero }

// register returns what a register behind the header reads, false for exception 2.
func (m *unitModel) register(address int) (uint16, bool) {
	if !m.columns {
		n := (address - 100) / 16
		if n >= m.end() {
			return m.missing()
		}
		return m.block(n)[(address-100)%16], true
	}
	if address >= 28672 {
		n := (address - 28672) / 8
		if n >= 4089 {
			return m.missing()
		}
		return m.name(n)[(address-28672)%8], true
	}
	n := address % 4096
	if address < 4096 || n >= 4089 {
		return m.missing()
	}
	s, known := m.assets[n]
	block := m.block(n)
	switch address / 4096 {
	case 1:
		return block[0], true
	case 2:
		return block[1], true
	case 3:
		return block[3], true
	case 4:
		return block[4], true
	case 5:
		return block[2], true
	}
	if !known || s.Coverage < 0 {
		return 65535, true
	}
	return uint16(s.Coverage), true
}

// bit returns what a discrete input reads, false for exception 2.
func (m *unitModel) bit(address int) (uint16, bool) {
	if address < 100 {
		if address >= 16 {
			return 0, true
		}
		return uint16(m.alarms >> address & 1), true
	}
	if !m.columns {
		n := (address - 100) / 16
		if n >= m.end() {
			return m.missing()
		}
		return m.block(n)[2] >> ((address - 100) % 16) & 1, true
	}
	n := address % 4096
	bit, ok := map[int]int{1: 11, 2: 10, 3: 12, 4: 13, 5: 0}[address/4096]
	if !ok || n >= 4089 {
		return m.missing()
	}
	return m.block(n)[2] >> bit & 1, true
}

// block returns the 16 registers of an asset.
func (m *unitModel) block(n int) (r [16]uint16) {
	s, known := m.assets[n]
	if !known {
		return [16]uint16{65535, 65535, 0, 0, 65535, 0, 65535, 65535, 0, 0, 0, 0, 65535, 65535, 0, 0}
	}
	value := func(measure gateway.Measure) uint16 {
		reading := s.Reading(measure)
		switch {
		case !reading.Known:
			return 65535
		case reading.Value > 65534:
			return 65534
		}
		return uint16(reading.Value)
	}
	wide := func(at int, measure gateway.Measure) {
		total := uint32(0)
		if reading := s.Reading(measure); reading.Known {
			total = uint32(reading.Value)
		}
		r[at], r[at+1] = uint16(total>>16), uint16(total)
		if m.low {
			r[at], r[at+1] = r[at+1], r[at]
		}
	}
	r[0], r[1], r[2], r[3] = value(gateway.HVAC), value(gateway.People), m.status(&s), uint16(s.Quality)
	r[4] = 65535
	since := s.Oldest
	if s.FollowsSite && (since == 0 || m.site < since) {
		since = m.site
	}
	if since != 0 {
		r[4] = uint16(min(max((m.now-since)/1000, 0), 65534))
	}
	if s.OffDelayEnds > m.now {
		r[5] = uint16(min((s.OffDelayEnds-m.now+999)/1000, 65534))
	}
	r[6], r[7] = value(gateway.Motion), value(gateway.Utilisation)
	wide(8, gateway.TrafficIn)
	wide(10, gateway.TrafficOut)
	r[12], r[13], r[14] = value(gateway.PeakToday), value(gateway.OccupiedMinutesToday), uint16(s.Reason.Code)
	for _, o := range s.Overrides {
		if o.Target == gateway.TargetOutputs && o.Source == gateway.FromController {
			r[15] = uint16(1 + o.Value)
		}
	}
	return r
}

func (m *unitModel) status(s *gateway.Snapshot) (bits uint16) {
	set := func(bit int, is bool) {
		if is {
			bits |= 1 << bit
		}
	}
	quality := map[gateway.Quality]int{
		gateway.Good: 0, gateway.Held: 1, gateway.Substituted: 2, gateway.Forced: 3, gateway.Never: 5, gateway.OutOfService: 8, gateway.Uncertain: 14,
	}
	set(quality[s.Quality], true)
	set(4, s.OffDelayEnds != 0)
	set(6, s.Simulated)
	set(7, s.Estimate)
	output := func(o gateway.Output) bool {
		r := s.Reading(o.Measure())
		switch {
		case s.Quality == gateway.OutOfService:
			return false
		case s.Quality == gateway.Never:
			return s.Lost[o]
		case !r.Known:
			return s.Has.Has(o.Measure()) && s.Lost[o]
		}
		return r.Value == 1
	}
	set(9, output(gateway.HVACOutput))
	set(10, output(gateway.LightingOutput))
	set(11, output(gateway.HVACOutput))
	set(12, output(gateway.VentilationOutput))
	motion, people := s.Reading(gateway.Motion), s.Reading(gateway.People)
	set(13, motion.Known && motion.Value == 1 && s.Quality != gateway.Never && s.Quality != gateway.OutOfService)
	set(15, !people.Known || people.Quality != gateway.Good)
	return bits
}

func (m *unitModel) name(n int) (r [8]uint16) {
	s, known := m.assets[n]
	if !known {
		return [8]uint16{65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535}
	}
	text := string(s.Asset.ID[max(0, len(s.Asset.ID)-16):])
	if s.Asset.Name != "" {
		text = s.Asset.Name
	}
	if s.Asset.CustomID != "" {
		text = s.Asset.CustomID
	}
	var b [16]byte
	copy(b[:], text)
	for k := range r {
		r[k] = binary.BigEndian.Uint16(b[2*k:])
	}
	return r
}

// compare reads each of some addresses alone, in all four tables.
func (m *unitModel) compare(t interface{ Fatalf(string, ...any) }, c *core, unit byte, addresses func(yield func(int) bool)) {
	out := make([]byte, 0, 16)
	for address := range addresses {
		for function := byte(readCoils); function <= readInputRegisters; function++ {
			want, ok := m.bit(address)
			if function >= readHoldingRegisters {
				if address < 100 {
					continue // the header has its own tests
				}
				want, ok = m.register(address)
			}
			out = c.handlePDU(unit, "", request(function, address, 1), out[:0])
			switch {
			case !ok:
				if len(out) != 2 || out[0] != function|0x80 || out[1] != 2 {
					t.Fatalf("function %d, address %d of unit %d: got % x, want exception 2", function, address, unit, out)
				}
			case function < readHoldingRegisters:
				if len(out) != 3 || uint16(out[2]) != want {
					t.Fatalf("function %d, address %d of unit %d: got % x, want %d", function, address, unit, out, want)
				}
			case len(out) != 4 || binary.BigEndian.Uint16(out[2:]) != want:
				t.Fatalf("function %d, address %d of unit %d: got % x, want %d (%04x)", function, address, unit, out, want, want)
			}
		}
	}
}

// everyAddress yields each, or, where the race detector makes that slow, those about where something begins or ends.
func everyAddress(yield func(int) bool) {
	for address := range maxAddress {
		if underRace && address > 1000 && address%4096 > 40 && (address+8)%4096 > 40 && address < maxAddress-100 {
			continue
		}
		if !yield(address) {
			return
		}
	}
}

// Every address of every table of a block unit and of its column unit. Seen to break it: a column that
// begins one register later, an end behind the last n of a column, the bits of two columns exchanged, and
// zeros where an asset is missing.
func TestEveryAddressAnswersAsPromised(t *testing.T) {
	for _, zero := range []bool{false, true} {
		for _, low := range []bool{false, true} {
			t.Run(fmt.Sprintf("zero=%v low=%v", zero, low), func(t *testing.T) {
				b, assets := estate(t)
				b.alarms.Raise(gateway.BrokerDown, "refused")
				b.alarms.Raise(gateway.SubscriptionWrong, "none")
				c := newCore(t, b.Image, func(o *MapOptions) {
					if zero {
						o.Unmapped = UnmappedZero
					}
					if low {
						o.WordOrder = LowWordFirst
					}
				})
				m := unitModel{
					assets: assets, alarms: 1<<1 | 1<<9, site: at("11:59:58"), now: gateway.TimestampOf(noon), zero: zero, low: low,
				}
				m.compare(t, c, 1, everyAddress)
				m.columns = true
				m.compare(t, c, 101, everyAddress)
			})
		}
	}
}

// Blocks and columns say the same of any assets, whatever was said of them before, wherever they lie.
func TestBlocksAndColumnsAgree(t *testing.T) {
	all := snapshots()
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(rt *rapid.T) {
		b := newBuilding(t)
		unit := rapid.IntRange(0, 1).Draw(rt, "unit")
		m := unitModel{assets: make(map[int]gateway.Snapshot), site: at("11:59:00"), now: gateway.TimestampOf(noon)}
		b.Publish(&gateway.Update{Changed: []gateway.Snapshot{campus(unitAssets * 2)}, Heard: []gateway.SiteFeed{{Site: unitAssets * 2, Newest: m.site}}})
		places := rapid.OneOf(rapid.IntRange(0, 70), rapid.IntRange(0, unitAssets-1), rapid.Just(unitAssets-1))
		updates := rapid.IntRange(1, 8).Draw(rt, "updates")
		for range updates {
			var u gateway.Update
			for range rapid.IntRange(1, 5).Draw(rt, "changes") {
				s, n := all[rapid.SampledFrom(names).Draw(rt, "what")], places.Draw(rt, "place")
				about := *s.Asset
				about.ID, about.Number = gateway.AssetID(fmt.Sprintf("room_%d", n)), gateway.Number(unit*unitAssets+n)
				about.CustomID = rapid.SampledFrom([]string{"", "MH-3.14", "sixteen letters."}).Draw(rt, "custom id")
				s.Asset, s.Coverage = &about, rapid.SampledFrom([]int{-1, 0, 667, 1000}).Draw(rt, "coverage")
				u.Changed = append(u.Changed, s)
				m.assets[n] = s
			}
			b.Publish(&u)
		}
		c := newCore(t, b.Image)
		of := func(n int) func(yield func(int) bool) {
			return slices.Values([]int{
				4096 + n, 8192 + n, 12288 + n, 16384 + n, 20480 + n, 24576 + n, 28672 + 8*n, 28672 + 8*n + 7,
				100 + 16*n, 100 + 16*n + 2, 100 + 16*n + 9, 100 + 16*n + 15,
			})
		}
		for n := range m.assets {
			for _, n := range []int{n, max(0, n-1), min(unitAssets-1, n+1)} {
				m.columns = false
				m.compare(rt, c, byte(1+unit), of(n))
				m.columns = true
				m.compare(rt, c, byte(101+unit), of(n))
			}
		}
	})
}

// Reading any range of a column unit gives what reading each of its addresses alone gives.
func TestARangeOfColumnsReadsAsItsParts(t *testing.T) {
	b, _ := estate(t)
	b.alarms.Raise(gateway.BrokerDown, "refused")
	for n := range gateway.Number(200) {
		b.show(room(100 + n))
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := newCore(t, b.Image, func(o *MapOptions) { o.Unmapped = UnmappedZero })
		begin := rapid.SampledFrom([]int{0, 60, 4000, 4096, 8160, 8192, 12288, 16384, 20480, 24500, 24576, 28600, 28672, 61300, 65400}).Draw(rt, "begin")
		from := begin + rapid.IntRange(0, 130).Draw(rt, "from")
		count := rapid.IntRange(1, min(maxRegisters, maxAddress-from)).Draw(rt, "count")
		whole := c.registers(t, 101, from, count)
		for k := range count {
			if got := c.registers(t, 101, from+k, 1)[0]; got != whole[k] {
				rt.Fatalf("register %d: %04x alone, %04x in the range", from+k, got, whole[k])
			}
		}
		count = rapid.IntRange(1, min(maxBits, maxAddress-from)).Draw(rt, "bits")
		bits := c.handlePDU(101, "", request(readDiscreteInputs, from, count), nil)[2:]
		for k := range count {
			if got, alone := bits[k/8]>>(k%8)&1, c.handlePDU(101, "", request(readCoils, from+k, 1), nil)[2]; got != alone {
				rt.Fatalf("bit %d: %d alone, %d in the range", from+k, alone, got)
			}
		}
		if rest := count % 8; rest > 0 && bits[len(bits)-1]>>rest != 0 {
			rt.Fatalf("the last byte is % x", bits[len(bits)-1])
		}
	})
}

// Only a column is free of exceptions: what lies before, between and behind them is not on the map.
func TestBetweenTheColumns(t *testing.T) {
	b := newBuilding(t)
	b.show(room(0))
	c := newCore(t, b.Image)
	for _, row := range []struct {
		function       byte
		address, count int
		fits           bool
	}{
		{readInputRegisters, 0, 100, true},
		{readInputRegisters, 0, 101, false},
		{readInputRegisters, 100, 1, false},
		{readInputRegisters, 4095, 2, false},
		{readInputRegisters, 4096, 125, true},
		{readInputRegisters, 4096 + 4088, 1, true},
		{readInputRegisters, 4096 + 4088, 2, false},
		{readInputRegisters, 8191, 1, false},
		{readHoldingRegisters, 28672 + 8*4088, 8, true},
		{readHoldingRegisters, 28672 + 8*4088, 9, false},
		{readInputRegisters, 65535, 1, false},
		{readDiscreteInputs, 0, 100, true},
		{readDiscreteInputs, 99, 2, false},
		{readDiscreteInputs, 4096, 2000, true},
		{readCoils, 20480 + 4089 - 2000, 2000, true},
		{readCoils, 20480 + 4089 - 1999, 2000, false},
		{readDiscreteInputs, 24576, 1, false},
	} {
		answer := c.handlePDU(101, "", request(row.function, row.address, row.count), nil)
		if fits := answer[0] == row.function; fits != row.fits {
			t.Errorf("function %d, %d from %d: got % x", row.function, row.count, row.address, answer)
		}
	}
}

func TestAColumnUnitIsThereWithItsBlockUnit(t *testing.T) {
	b := newBuilding(t)
	c := newCore(t, b.Image, func(o *MapOptions) { o.UnitID = 48 })
	answers := func(unit byte) bool {
		return len(c.handlePDU(unit, "", request(readInputRegisters, 0, 100), nil)) == 202
	}
	there := func() (units []int) {
		for unit := range 256 {
			if answers(byte(unit)) {
				units = append(units, unit)
			}
		}
		return units
	}
	if got := fmt.Sprint(there()); got != "[0 48 255]" {
		t.Errorf("without an asset: %s", got)
	}
	b.show(room(0))
	if got := fmt.Sprint(there()); got != "[0 48 148 255]" {
		t.Errorf("with one: %s", got)
	}
	b.show(room(unitAssets*2+7), room(Capacity-1))
	if got := fmt.Sprint(there()); got != "[0 48 50 147 148 150 247 255]" {
		t.Errorf("with one on the third and on the last unit: %s", got)
	}
	for unit, want := range map[byte]string{48: "[0 1]", 148: "[0 1]", 50: "[2 1]", 150: "[2 1]", 147: "[99 1]", 247: "[99 1]", 255: "[0 1]"} {
		if got := fmt.Sprint(c.registers(t, unit, 22, 2)); got != want {
			t.Errorf("block index and assets of unit %d: %s, want %s", unit, got, want)
		}
	}
	if got := characters(c.registers(t, 247, nameAddress+8*(unitAssets-1), 8)); got != "Room 408899" {
		t.Errorf("the last name of all: %q", got)
	}
}

// Assets move, also to each other's numbers, and off the end: what they leave reads as if nobody had ever been
// there. Seen to break it: a column, a bit or an age that stays, and an end that does.
func TestANumberThatWasLeftReadsAsVacant(t *testing.T) {
	all := snapshots()
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(rt *rapid.T) {
		b := newBuilding(t)
		m := unitModel{assets: make(map[int]gateway.Snapshot), site: at("11:59:00"), now: gateway.TimestampOf(noon)}
		b.Publish(&gateway.Update{Changed: []gateway.Snapshot{campus(unitAssets)}, Heard: []gateway.SiteFeed{{Site: unitAssets, Newest: m.site}}})
		place := rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(60, 70), rapid.IntRange(0, unitAssets-1))
		touched := make(map[int]bool)
		for range rapid.IntRange(1, 6).Draw(rt, "updates") {
			var u gateway.Update
			for _, n := range slices.Sorted(maps.Keys(m.assets)) {
				if rapid.Bool().Draw(rt, "moves") {
					u.Left = append(u.Left, gateway.Number(n))
					delete(m.assets, n)
				}
			}
			for range rapid.IntRange(0, 4).Draw(rt, "arrive") {
				n := place.Draw(rt, "place")
				if _, taken := m.assets[n]; taken {
					continue
				}
				s := all[rapid.SampledFrom(names).Draw(rt, "what")]
				about := *s.Asset
				about.ID, about.Number = gateway.AssetID(fmt.Sprintf("room_%s", rapid.StringMatching(`[a-z]{4}`).Draw(rt, "id"))), gateway.Number(n)
				s.Asset, s.Coverage = &about, 500
				u.Changed = append(u.Changed, s)
				m.assets[n], touched[n] = s, true
			}
			b.Publish(&u)
		}
		c := newCore(t, b.Image)
		if got := c.registers(t, 1, 23, 1)[0]; int(got) != len(m.assets) {
			rt.Fatalf("assets here: %d, want %d", got, len(m.assets))
		}
		for n := range touched {
			addresses := func(yield func(int) bool) {
				for _, from := range []int{4096 + n, 8192 + n, 12288 + n, 16384 + n, 20480 + n, 24576 + n} {
					if !yield(from) {
						return
					}
				}
				for k := range 24 {
					if address := []int{100 + 16*n, 28672 + 8*n}[k/16] + k%16; !yield(address) {
						return
					}
				}
			}
			m.columns = false
			m.compare(rt, c, 1, addresses)
			if m.columns = true; len(m.assets) > 0 {
				m.compare(rt, c, 101, addresses)
			}
		}
	})
}
