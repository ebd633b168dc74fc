package modbus

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// snapshots are assets in the states that a controller meets.
func snapshots() map[string]gateway.Snapshot {
	full := room(1)
	full.Quality, full.At, full.Oldest = gateway.Good, at("11:59:30"), at("11:59:30")
	full.Reason = gateway.Reason{Code: gateway.ReasonPeopleAndMotion}
	full = with(with(full, occupied(1)), map[gateway.Measure]int64{
		gateway.People: 4, gateway.Motion: 1, gateway.Utilisation: 667, gateway.TrafficIn: 0x12345678,
		gateway.TrafficOut: 1198, gateway.PeakToday: 6, gateway.OccupiedMinutesToday: 212,
	})

	leaving := room(1)
	leaving.Quality, leaving.At, leaving.Oldest = gateway.Good, at("11:50:00"), at("11:59:00")
	leaving.OffDelayEnds = at("12:05:00") + 1
	leaving.Reason = gateway.Reason{Code: gateway.ReasonOffDelay}
	leaving = with(with(leaving, occupied(1)), map[gateway.Measure]int64{gateway.People: 0, gateway.Lighting: 0})

	pir := room(1)
	pir.Quality, pir.At, pir.FollowsSite = gateway.Good, at("09:00:00"), true
	pir.Reason = gateway.Reason{Code: gateway.ReasonMotion}
	pir = with(with(pir, occupied(1)), map[gateway.Measure]int64{gateway.Motion: 1})

	entrance := room(1)
	entrance.Quality, entrance.At, entrance.FollowsSite = gateway.Good, at("09:00:00"), true
	entrance = with(entrance, map[gateway.Measure]int64{gateway.TrafficIn: 1<<32 + 5, gateway.TrafficOut: 3})

	held := room(1)
	held.Quality, held.At, held.Oldest = gateway.Held, at("11:00:00"), at("11:00:00")
	held.Reason = gateway.Reason{Code: gateway.ReasonHeld}
	held = with(with(held, occupied(0)), map[gateway.Measure]int64{gateway.People: 0})

	huge := room(1)
	huge.Quality, huge.At, huge.Oldest, huge.Simulated = gateway.Uncertain, at("11:00:00"), 1, true
	huge.OffDelayEnds = at("12:00:00").Add(100 * time.Hour)
	huge.Reason, huge.Estimate = gateway.Reason{Code: gateway.ReasonTrafficEstimate}, true
	huge = with(with(huge, occupied(1)), map[gateway.Measure]int64{
		gateway.People: 65535, gateway.Utilisation: 1 << 40, gateway.PeakToday: 65534, gateway.TrafficIn: 1<<32 - 1,
	})

	never, retired := room(1), room(1)
	never.Lost = [gateway.OutputCount]bool{gateway.LightingOutput: true, gateway.VentilationOutput: true}
	retired.Quality, retired.Lost = gateway.OutOfService, [gateway.OutputCount]bool{true, true, true}
	substituted, forced := full, full
	substituted.Quality, forced.Quality = gateway.Substituted, gateway.Forced
	forced.Reason = gateway.Reason{Code: gateway.ReasonForced}
	forced.Overrides = []gateway.Override{{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromController}}
	return map[string]gateway.Snapshot{
		"full": full, "leaving": leaving, "pir_only": pir, "entrance": entrance, "held": held, "huge": huge,
		"never": never, "out_of_service": retired, "substituted": substituted, "forced": forced,
	}
}

func TestBlocksReadAsPromised(t *testing.T) {
	for name, s := range snapshots() {
		t.Run(name, func(t *testing.T) {
			b := newBuilding(t)
			b.show(campus(0), s)
			b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{{Site: 0, Newest: at("11:59:58")}}})
			golden(t, "block_"+name+".txt", newCore(t, b.Image).dump(t, 1, 116, 16))
		})
	}
}

func TestHeaderReadsAsPromised(t *testing.T) {
	b := newBuilding(t)
	b.alarms.Raise(gateway.BrokerDown, "refused")
	b.alarms.Raise(gateway.SubscriptionWrong, "no ROOM_OCCUPANCY")
	b.show(campus(0), room(1), room(4089), room(4093))
	b.Publish(&gateway.Update{
		Heard: []gateway.SiteFeed{{Site: 0, Newest: at("11:59:58")}},
		Summary: gateway.Summary{
			Assets: 70000, Qualities: [gateway.QualityCount]int{1, 2, 3, 4, 5, 6, 70000}, Accepted: 1<<32 + 70001, Refused: 66000,
		},
	})
	golden(t, "header.txt", newCore(t, b.Image).dump(t, 1, 0, 100))
	low := newCore(t, b.Image, func(o *MapOptions) { o.WordOrder = LowWordFirst })
	golden(t, "header_CDAB.txt", low.dump(t, 2, 0, 100))
}

func TestHeaderOfAnEmptyGateway(t *testing.T) {
	golden(t, "header_empty.txt", newCore(t, newBuilding(t).Image).dump(t, 1, 0, 100))
}

func TestLowWordFirstTurnsNumbersAndNothingElse(t *testing.T) {
	b := newBuilding(t)
	b.show(campus(0), snapshots()["full"])
	high := newCore(t, b.Image).registers(t, 1, 100, 32)
	low := newCore(t, b.Image, func(o *MapOptions) { o.WordOrder = LowWordFirst })
	for _, pair := range []int{8, 10} {
		high[16+pair], high[16+pair+1] = high[16+pair+1], high[16+pair]
	}
	if got := low.registers(t, 1, 100, 32); fmt.Sprint(got) != fmt.Sprint(high) {
		t.Errorf("got  %x\nwant %x", got, high)
	}
	if got := low.registers(t, 1, 124, 1)[0]; got != 0x5678 {
		t.Errorf("the first register of traffic in, read alone: got %04x, want 5678", got)
	}
	if got := low.registers(t, 1, 0, 2); got[0] != 0x4247 {
		t.Errorf("the magic is text: got %04x", got)
	}
}

func TestWhatAgesIsWorkedOutWhenItIsRead(t *testing.T) {
	b := newBuilding(t)
	s := snapshots()["leaving"]
	b.show(campus(0), s)
	c := newCore(t, b.Image)
	for _, row := range []struct {
		later           time.Duration
		age, left, beat uint16
	}{
		{0, 60, 301, 3600},
		{999 * time.Millisecond, 60, 300, 3600},
		{time.Second, 61, 300, 3601},
		{5 * time.Minute, 360, 1, 3900},
		{5*time.Minute + 2*time.Millisecond, 360, 0, 3900},
		{24 * time.Hour, 65534, 0, 24464},
	} {
		b.clock.past.Store(int64(row.later))
		block, header := c.registers(t, 1, 116, 16), c.registers(t, 1, 0, 10)
		if block[4] != row.age || block[5] != row.left || header[5] != row.beat {
			t.Errorf("after %v: age %d, off-delay %d, heartbeat %d; want %d, %d, %d",
				row.later, block[4], block[5], header[5], row.age, row.left, row.beat)
		}
		if unix := uint32(header[6])<<16 | uint32(header[7]); unix != uint32(noon.Add(row.later).Unix()) {
			t.Errorf("after %v: unix time %d", row.later, unix)
		}
	}
}

func TestAnEventAheadOfOurClockIsNoSecondOld(t *testing.T) {
	b := newBuilding(t)
	s := snapshots()["held"]
	s.Oldest = at("12:01:00")
	b.show(campus(0), s)
	if got := newCore(t, b.Image).registers(t, 1, 120, 1)[0]; got != 0 {
		t.Errorf("age %d, want 0", got)
	}
}

func TestTheAgeOfAChangeFeedIsItsSites(t *testing.T) {
	age := func(b building) uint16 { return newCore(t, b.Image).registers(t, 1, 120, 1)[0] }
	pir := snapshots()["pir_only"]
	heard := func(clock string) *gateway.Update {
		return &gateway.Update{Heard: []gateway.SiteFeed{{Site: 0, Newest: at(clock)}}}
	}
	t.Run("unknown while the site was never heard of", func(t *testing.T) {
		b := newBuilding(t)
		b.show(campus(0), pir)
		if got := age(b); got != 65535 {
			t.Errorf("got %d", got)
		}
	})
	t.Run("in whatever order site, room and news of the site come", func(t *testing.T) {
		for _, order := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			b := newBuilding(t)
			for _, step := range order {
				switch step {
				case 0:
					b.show(campus(0))
				case 1:
					b.show(pir)
				case 2:
					b.Publish(heard("11:59:50"))
				}
			}
			b.Publish(heard("11:59:20")) // older news is no news
			if got := age(b); got != 10 {
				t.Errorf("order %v: got %d, want 10", order, got)
			}
			b.Publish(heard("11:59:55"))
			if got := age(b); got != 5 {
				t.Errorf("order %v: got %d, want 5 after newer news, without the room being published", order, got)
			}
		}
	})
	t.Run("the older of both where people are counted too", func(t *testing.T) {
		b := newBuilding(t)
		both := pir
		both.Oldest = at("11:58:00")
		b.show(campus(0), both)
		b.Publish(heard("11:59:50"))
		if got := age(b); got != 120 {
			t.Errorf("got %d, want 120", got)
		}
		both.Oldest = at("11:59:55")
		b.show(both)
		if got := age(b); got != 10 {
			t.Errorf("got %d, want 10", got)
		}
	})
}

func TestTheFeedAgeIsThatOfTheMostSilentSite(t *testing.T) {
	b := newBuilding(t)
	age := func() uint16 { return newCore(t, b.Image).registers(t, 1, 12, 1)[0] }
	place := func(n gateway.Number, q gateway.Quality) gateway.Snapshot {
		s := campus(n)
		s.Asset.ID, s.Quality = gateway.AssetID(fmt.Sprintf("site_%d", n)), q
		return s
	}
	steps := []struct {
		what string
		do   func()
		want uint16
	}{
		{"no site", func() {}, 65535},
		{"one that was heard of", func() {
			b.Publish(&gateway.Update{Changed: []gateway.Snapshot{place(0, gateway.Never)}, Heard: []gateway.SiteFeed{{Site: 0, Newest: at("11:59:00")}}})
		}, 60},
		{"another, never heard of", func() { b.show(place(5, gateway.Never)) }, 65535},
		{"heard of long ago", func() { b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{{Site: 5, Newest: at("11:00:00")}}}) }, 3600},
		{"the other speaks", func() { b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{{Site: 0, Newest: at("11:59:59")}}}) }, 3600},
		{"the silent one speaks a little", func() { b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{{Site: 5, Newest: at("11:30:00")}}}) }, 1800},
		{"the silent one is taken out of service", func() { b.show(place(5, gateway.OutOfService)) }, 1},
	}
	for _, s := range steps {
		if s.do(); age() != s.want {
			t.Errorf("%s: got %d, want %d", s.what, age(), s.want)
		}
	}
}

// A site that takes a number which another one has left has not been heard of because that one was. Seen to break it:
// a number that is not given up.
func TestASiteDoesNotInheritWhoHadItsNumber(t *testing.T) {
	b := newBuilding(t)
	feed := func() uint16 { return newCore(t, b.Image).registers(t, 1, 12, 1)[0] }
	moved, other := campus(6), campus(5)
	other.Asset.ID = "site_B"
	b.Publish(&gateway.Update{Changed: []gateway.Snapshot{campus(5)}, Heard: []gateway.SiteFeed{{Site: 5, Newest: at("11:59:58")}}})
	b.Publish(&gateway.Update{Left: []gateway.Number{5}, Changed: []gateway.Snapshot{moved}, Heard: []gateway.SiteFeed{{Site: 6, Newest: at("11:59:59")}}})
	if got := feed(); got != 1 {
		t.Errorf("after the move: feed age %d, want 1", got)
	}
	if b.show(other); feed() != 65535 {
		t.Errorf("beside a site that was never heard of: feed age %d", feed())
	}
}

// A group lies in no site: where its members speak on change only, its age is that of the site that has been
// silent for the longest, of those that were ever heard of.
func TestTheAgeOfAGroupIsThatOfTheSilentestSite(t *testing.T) {
	b := newBuilding(t)
	group := snapshots()["pir_only"]
	group.Asset = &gateway.Asset{ID: "group:ahu-3", Kind: gateway.Group, Number: 1}
	second := campus(5)
	second.Asset.ID = "site_B"
	unheard := campus(6)
	unheard.Asset.ID = "site_C"
	b.show(group, campus(0), second, unheard)
	for _, step := range []struct {
		heard gateway.SiteFeed
		want  uint16
	}{
		{gateway.SiteFeed{Site: 0, Newest: at("11:59:00")}, 60},
		{gateway.SiteFeed{Site: 5, Newest: at("11:30:00")}, 1800},
		{gateway.SiteFeed{Site: 0, Newest: at("11:59:59")}, 1800},
		{gateway.SiteFeed{Site: 5, Newest: at("11:59:58")}, 2},
	} {
		b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{step.heard}})
		if got := newCore(t, b.Image).registers(t, 1, 120, 1)[0]; got != step.want {
			t.Errorf("site %d heard at %v: age %d, want %d", step.heard.Site, step.heard.Newest.Time(), got, step.want)
		}
	}
}

// A clock that nobody believes says nothing about ages: they count from when the state heard of it.
func TestAgesGoByTheStatesTime(t *testing.T) {
	b := newBuilding(t)
	s := snapshots()["leaving"]
	s.Oldest, s.OffDelayEnds = at("08:00:00"), at("08:10:00")
	u := gateway.Update{Epoch: at("07:01:00"), Changed: []gateway.Snapshot{campus(0), s}, Heard: []gateway.SiteFeed{{Site: 0, Newest: at("08:00:30")}}}
	b.Publish(&u) // the program runs for an hour: 08:01:00
	read := func() (age, left, feed uint16) {
		c := newCore(t, b.Image)
		block := c.registers(t, 1, 116, 16)
		return block[4], block[5], c.registers(t, 1, 12, 1)[0]
	}
	if age, left, feed := read(); age != 60 || left != 540 || feed != 30 {
		t.Errorf("age %d, off-delay %d, feed age %d; want 60, 540, 30", age, left, feed)
	}
	b.clock.wall.Store(int64(-24 * time.Hour)) // and jumps
	b.clock.past.Store(int64(time.Minute))
	if age, left, feed := read(); age != 120 || left != 480 || feed != 90 {
		t.Errorf("after a minute and a jump: age %d, off-delay %d, feed age %d; want 120, 480, 90", age, left, feed)
	}
	b.Publish(&gateway.Update{}) // the state believes the clock again
	if age, _, _ := read(); age != 4*3600+60 {
		t.Errorf("with a clock that is believed: age %d", age)
	}
}

func TestAGapReadsUnknown(t *testing.T) {
	b := newBuilding(t)
	b.show(room(3))
	c := newCore(t, b.Image)
	golden(t, "block_gap.txt", c.dump(t, 1, 132, 16))
	if got := c.registers(t, 1, 22, 2); got[0] != 0 || got[1] != 1 {
		t.Errorf("block index and assets here: got %d", got)
	}
}

func TestAnAssetBeyondTheMapRaisesAnAlarm(t *testing.T) {
	b := newBuilding(t)
	b.show(room(gateway.NoNumber))
	if b.alarms.Bits() != 0 {
		t.Error("an asset without a number needs no place")
	}
	b.show(room(Capacity - 1))
	if b.alarms.Bits() != 0 {
		t.Error("the last number has a place")
	}
	b.show(room(Capacity), room(Capacity+1), room(0))
	if b.alarms.Bits() != 1<<gateway.MapFull {
		t.Errorf("alarms %b", b.alarms.Bits())
	}
	for _, why := range b.alarms.Each {
		if !strings.Contains(why, "room_408900") {
			t.Errorf("the alarm does not name the first asset without registers: %s", why)
		}
	}
	newCore(t, b.Image).registers(t, 1, 100, 16)
	b.Publish(&gateway.Update{Left: []gateway.Number{Capacity}})
	if b.alarms.Bits() != 1<<gateway.MapFull {
		t.Error("one of the two is still without registers")
	}
	b.Publish(&gateway.Update{Left: []gateway.Number{Capacity + 1, Capacity + 2}})
	if b.alarms.Bits() != 0 {
		t.Error("every asset has registers again")
	}
}

// A reader must never see half of an update: the writer gives all rooms and totals one value at a time.
func TestARequestReadsOneState(t *testing.T) {
	b := newBuilding(t)
	state := func(v int64) []gateway.Snapshot {
		all := make([]gateway.Snapshot, 7)
		for n := range all {
			s := room(gateway.Number(n))
			s.Quality, s.Oldest = gateway.Good, at("11:59:00")
			all[n] = with(s, map[gateway.Measure]int64{gateway.People: v, gateway.TrafficIn: v<<16 | v, gateway.PeakToday: v})
		}
		return all
	}
	b.show(state(0)...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for v := range int64(3000) {
			b.show(append(state(v), room(gateway.Number(7+v)))...) // growing at the same time
		}
	}()
	c := newCore(t, b.Image)
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		r := c.registers(t, 1, 100, 7*blockLength)
		v := r[1]
		for n := range 7 {
			block := r[n*blockLength:]
			if block[1] != v || block[8] != v || block[9] != v || block[12] != v {
				t.Fatalf("room %d: people %d, traffic %d %d, peak %d beside %d in room 0", n, block[1], block[8], block[9], block[12], v)
			}
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	b := newBuilding(t)
	for n := range gateway.Number(200) {
		s := snapshots()["full"]
		s.Asset = room(n).Asset
		b.show(s)
	}
	c := newCore(t, b.Image)
	out := make([]byte, 0, maxPDU)
	for name, pdu := range map[string][]byte{
		"125 registers":        request(readInputRegisters, 100, 125),
		"the header and rooms": request(readHoldingRegisters, 0, 125),
		"2000 bits":            request(readDiscreteInputs, 100, 2000),
		"125 of a column":      request(readInputRegisters, 8193, 125),
		"125 ages":             request(readInputRegisters, 16384, 125),
		"names":                request(readInputRegisters, nameAddress+5, 125),
		"2000 bits of one":     request(readCoils, 4097, 2000),
		"an exception":         request(readInputRegisters, 65535, 1),
	} {
		for _, unit := range []byte{1, 101} {
			if allocations := testing.AllocsPerRun(100, func() { out = c.handlePDU(unit, "", pdu, out[:0]) }); allocations != 0 {
				t.Errorf("%s of unit %d: %v allocations", name, unit, allocations)
			}
		}
	}
	u := gateway.Update{Changed: []gateway.Snapshot{snapshots()["full"]}, Heard: []gateway.SiteFeed{{Site: 0, Newest: 1}}}
	if allocations := testing.AllocsPerRun(100, func() { u.Heard[0].Newest++; b.Publish(&u) }); allocations != 0 {
		t.Errorf("publishing: %v allocations", allocations)
	}
}

func TestTenThousandAssetsAreSmall(t *testing.T) {
	const assets = 10000
	rooms := make([]gateway.Snapshot, assets)
	for n := range rooms {
		rooms[n] = room(gateway.Number(n))
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	b := newBuilding(t)
	for n := range rooms {
		b.show(rooms[n])
	}
	used := int64(heap()) - int64(before)
	t.Logf("%d bytes an asset", used/assets)
	if used > 110*assets {
		t.Errorf("%d bytes for %d assets", used, assets)
	}
	runtime.KeepAlive(b.Image)
	runtime.KeepAlive(rooms)
}

// crowdedImage has a full unit, so that what is read does not lie in the nearest cache by chance.
func crowdedImage(b *testing.B) *core {
	image := newBuilding(b)
	u, s := gateway.Update{}, snapshots()["full"]
	for n := range gateway.Number(unitAssets) {
		s.Asset = room(n).Asset
		u.Changed = append(u.Changed, s)
	}
	image.Publish(&u)
	return newCore(b, image.Image)
}

func BenchmarkImage(b *testing.B) {
	c := crowdedImage(b)
	for _, read := range []struct {
		what          string
		unit          byte
		function      byte
		address, step int
		count, end    int
	}{
		{"header", 1, readInputRegisters, 0, 0, 100, 100},
		{"blocks", 1, readInputRegisters, headerLength, 125, 125, headerLength + blockLength*unitAssets},
		{"block_again", 1, readInputRegisters, 116, 0, 125, 65524},
		{"people", 101, readInputRegisters, 8192, 125, 125, 8192 + unitAssets},
		{"ages", 101, readInputRegisters, 16384, 125, 125, 16384 + unitAssets},
		{"names", 101, readInputRegisters, nameAddress, 125, 125, nameAddress + 8*unitAssets},
		{"status_bits", 1, readDiscreteInputs, headerLength, 2000, 2000, headerLength + blockLength*unitAssets},
		{"hvac_bits", 101, readDiscreteInputs, 4096, 2000, 2000, 4096 + unitAssets},
	} {
		b.Run(read.what, func(b *testing.B) {
			out, address := make([]byte, 0, maxPDU), read.address
			for b.Loop() {
				out = c.handlePDU(read.unit, "", request(read.function, address, read.count), out[:0])
				if address += read.step; address+read.count > read.end {
					address = read.address
				}
			}
			if out[0] != read.function {
				b.Fatalf("got % x", out)
			}
		})
	}
}

// Readers on every processor, while a writer publishes as fast as it can.
func BenchmarkImageBesideAWriter(b *testing.B) {
	c := crowdedImage(b)
	done := make(chan struct{})
	defer close(done)
	go func() {
		u := gateway.Update{Changed: []gateway.Snapshot{snapshots()["full"]}}
		for {
			select {
			case <-done:
				return
			default:
				c.image.Publish(&u)
			}
		}
	}()
	pdu := request(readInputRegisters, headerLength, 125)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		out := make([]byte, 0, maxPDU)
		for pb.Next() {
			out = c.handlePDU(1, "", pdu, out[:0])
		}
	})
}

func BenchmarkImageInParallel(b *testing.B) {
	c := crowdedImage(b)
	pdu := request(readInputRegisters, headerLength, 125)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		out := make([]byte, 0, maxPDU)
		for pb.Next() {
			out = c.handlePDU(1, "", pdu, out[:0])
		}
	})
}

func BenchmarkPublish(b *testing.B) {
	image := newBuilding(b)
	u := gateway.Update{Changed: []gateway.Snapshot{snapshots()["full"]}}
	for b.Loop() {
		image.Publish(&u)
	}
}
