package push

import (
	"net"
	"slices"
	"testing"
	"time"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// numbers returns what was written to a register, in order.
func numbers(writes []write, unit byte, address uint16) []uint16 {
	var out []uint16
	for _, w := range writes {
		if w.unit == unit && w.address == address {
			out = append(out, w.words[0])
		}
	}
	return out
}

// times returns when something was written, in seconds.
func times(writes []write) []int {
	var out []int
	for _, w := range writes {
		out = append(out, int(w.at/time.Second))
	}
	return out
}

// TestAValueIsWrittenOnChangeAndAgainWhenItDoesNotChange counts from the last write, whatever caused it.
//
// Seen to break it: writing every reading, and refreshing from the start on.
func TestAValueIsWrittenOnChangeAndAgainWhenItDoesNotChange(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1))), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 4)) // 0 s
		after(10 * time.Second)
		b.publish(room("a", 1, 4)) // nothing new
		after(10 * time.Second)
		b.publish(room("a", 1, 5)) // 20 s
		after(65 * time.Second)
		writes, _ := d.seen()
		if got, want := times(writes), []int{0, 20, 50, 80}; !slices.Equal(got, want) {
			t.Errorf("written at %v s, want %v", got, want)
		}
		if got, want := numbers(writes, 5, 1), []uint16{4, 5, 5, 5}; !slices.Equal(got, want) {
			t.Errorf("written %v, want %v", got, want)
		}
	})
}

// TestTheNewestValueWins while a device is down: nobody is told what was in between.
func TestTheNewestValueWins(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1), peopleOf("b", 2))), map[string]*device{"d": d})
		b.start()
		b.publish(room("b", 2, 7))
		after(time.Second)
		d.turn(false)
		for n := range int64(1000) {
			b.publish(room("a", 1, n))
			after(time.Second)
		}
		d.turn(true)
		after(10 * time.Second)
		writes, _ := d.seen()
		if got, want := numbers(writes, 5, 1), []uint16{999}; !slices.Equal(got, want) {
			t.Errorf("written %v, want %v", got, want)
		}
		if d.value(5, 2) != 7 {
			t.Error("what did not change was not told to a device that had forgotten it")
		}
	})
}

// TestADeviceThatWasLostIsToldEverythingButNotAgainAndAgain has one that forgets, and closes each
// connection after one answer.
func TestADeviceThatWasLostIsToldEverythingButNotAgainAndAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		answered := 0
		d.always = nil
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1), peopleOf("b", 2))), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 1))
		b.publish(room("b", 2, 2))
		after(10 * time.Second)
		d.turn(false)
		d.turn(true) // a short loss of power: everything is forgotten
		b.publish(room("a", 1, 3))
		after(time.Second)
		if d.value(5, 1) != 3 || d.value(5, 2) != 2 {
			t.Errorf("a second after the restart it has %d and %d", d.value(5, 1), d.value(5, 2))
		}
		_, answered = d.seen()
		for range 60 { // each of these connections is closed before it answers
			d.turn(false)
			d.turn(true)
			b.publish(room("a", 1, int64(time.Now().UnixNano()%60_000)))
			after(time.Second)
		}
		if _, now := d.seen(); now-answered > 60+8 {
			t.Errorf("%d requests in a minute with 60 changes", now-answered)
		}
	})
}

// TestWhatIsHeldAfterAStartIsNotWrittenYet: not until it is not held any more, or the grace has passed.
//
// Seen to break it: writing at once, and never looking again when the grace has passed.
func TestWhatIsHeldAfterAStartIsNotWrittenYet(t *testing.T) {
	held := func(name string, number gateway.Number) gateway.Snapshot {
		s := room(name, number, 3)
		s.Quality = gateway.Held
		return s
	}
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		o := testOptions(unit("x", "d", 5, peopleOf("a", 1), peopleOf("b", 2), peopleOf("c", 3)))
		o.Grace = func(a *gateway.Asset) time.Duration {
			if a != nil && a.Number == 3 {
				return time.Minute
			}
			return 5 * time.Minute
		}
		b := newBench(t, o, map[string]*device{"d": d})
		b.start()
		for n, name := range []string{"a", "b", "c"} {
			b.publish(held(name, gateway.Number(n+1)))
		}
		after(20 * time.Second)
		if writes, _ := d.seen(); len(writes) > 0 {
			t.Fatalf("written: %v", writes)
		}
		if s := b.Status()[0]; s.State != Waiting || b.alarm() != "" {
			t.Errorf("it is %v, alarm %q", s.State, b.alarm())
		}
		b.publish(room("a", 1, 4))
		after(time.Second)
		b.publish(held("a", 1)) // held again: the last known value is that of the building
		after(time.Second)
		b.publish(room("a", 1, 4))
		after(300*time.Second - 22*time.Second + time.Second)
		writes, _ := d.seen()
		first := map[uint16]int{}
		for _, w := range writes {
			if _, seen := first[w.address]; !seen {
				first[w.address] = int(w.at / time.Second)
			}
		}
		if first[1] != 20 || first[2] != 300 || first[3] != 60 {
			t.Errorf("first written at %v s, want 20, 300 and 60", first)
		}
		if got := numbers(writes, 5, 1)[:3]; !slices.Equal(got, []uint16{4, 3, 4}) {
			t.Errorf("written %v", got)
		}
	})
}

// TestWhatNobodyCanTellIsWrittenOnlyWithANumberForIt, and what has none is not refreshed either: the
// controller falls back as it was made to.
func TestWhatNobodyCanTellIsWrittenOnlyWithANumberForIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		with, without := peopleOf("a", 1), peopleOf("a", 2)
		with.Measure, with.Values = "occupied", map[string]int64{"vacant": 10, "occupied": 11, "unknown": 12}
		without.Name, without.Measure, without.Values = "without", "occupied", map[string]int64{"vacant": 10, "occupied": 11}
		b := newBench(t, testOptions(unit("x", "d", 5, with, without)), map[string]*device{"d": d})
		b.start()
		unknown := room("a", 1, 0)
		unknown.Quality, unknown.Readings = gateway.Never, [gateway.MeasureCount]gateway.Reading{}
		for _, s := range []gateway.Snapshot{room("a", 1, 1), room("a", 1, 0), unknown} {
			b.publish(s)
			after(time.Second)
		}
		after(time.Minute)
		writes, _ := d.seen()
		if got := numbers(writes, 5, 1)[:3]; !slices.Equal(got, []uint16{11, 10, 12}) {
			t.Errorf("with a number for unknown: %v", got)
		}
		if got := numbers(writes, 5, 2); !slices.Equal(got, []uint16{11, 10}) {
			t.Errorf("without: %v", got)
		}
		if b.alarm() != "" {
			t.Errorf("alarm %q", b.alarm())
		}
	})
}

// TestAValueThatDoesNotFitIsAnAlarm and is not written.
func TestAValueThatDoesNotFitIsAnAlarm(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		p := peopleOf("a", 1)
		p.Scale = -1
		b := newBench(t, testOptions(unit("x", "d", 5, p)), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 3))
		after(time.Second)
		if want := "push target x (tcp://d, unit 5): people-a: the value -3 does not fit into u16"; b.alarm() != want {
			t.Errorf("alarm %q, want %q", b.alarm(), want)
		}
		b.publish(room("a", 1, 0))
		after(time.Second)
		if writes, _ := d.seen(); b.alarm() != "" || len(writes) != 1 {
			t.Errorf("alarm %q, writes %v", b.alarm(), writes)
		}
	})
}

// TestARefusedValueIsNotRepeatedButAnotherIsOffered: exception 3 is about the value, 2 about the register.
//
// Seen to break it: retrying at the pace of failures; and holding other values back with the refused one.
func TestARefusedValueIsNotRepeatedButAnotherIsOffered(t *testing.T) {
	for code, want := range map[byte]struct {
		atOnce uint16
		asked  int
	}{2: {0, 2}, 3: {8, 2}} {
		inBubble(t, func(t *testing.T) {
			d := newDevice(false)
			d.mishaps = []mishap{excepts(code)}
			b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1))), map[string]*device{"d": d})
			b.start()
			b.publish(room("a", 1, 7))
			after(25 * time.Second)
			if _, asked := d.seen(); asked != 1 || b.alarm() == "" {
				t.Errorf("exception %d: asked %d times within the refresh; alarm %q", code, asked, b.alarm())
			}
			b.publish(room("a", 1, 8))
			after(2 * time.Second)
			if got := d.value(5, 1); got != want.atOnce {
				t.Errorf("exception %d: another value: the device has %d, want %d", code, got, want.atOnce)
			}
			after(4 * time.Second)
			if _, asked := d.seen(); d.value(5, 1) != 8 || asked != want.asked || b.alarm() != "" {
				t.Errorf("exception %d: after the refresh the device has %d, asked %d times; alarm %q", code, d.value(5, 1), asked, b.alarm())
			}
			if n := b.log.count("push target failing"); n != 1 {
				t.Errorf("told %d times", n)
			}
		})
	}
}

// TestAPointThatFailsLeavesTheOthersAlone: one register does not exist, another cannot be written today.
func TestAPointThatFailsLeavesTheOthersAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		d.always = func(d *device, c net.Conn, f frame) {
			switch f.pdu[2] {
			case 1:
				excepts(2)(d, c, f)
			case 2:
				excepts(4)(d, c, f)
			default:
				d.reply(c, f, d.carryOut(f))
			}
		}
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1), peopleOf("b", 2), peopleOf("c", 3))), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 1))
		b.publish(room("b", 2, 1))
		for n := range int64(60) {
			b.publish(room("c", 3, n))
			after(500 * time.Millisecond)
			if d.value(5, 3) != uint16(n) {
				t.Fatalf("the point beside them has %d, want %d", d.value(5, 3), n)
			}
		}
		want := "push target x (tcp://d, unit 5): people-a: the device has no register 1 to write (exception 2): correct register, which counts from 0; in a manual that counts from 1 this is 4x2; another point fails too"
		if b.alarm() != want {
			t.Errorf("alarm %q", b.alarm())
		}
	})
}

// TestReadBack compares what the device has: a mismatch is written again, told, and never at full speed.
func TestReadBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		register, wide, coil := peopleOf("a", 1), peopleOf("a", 10), peopleOf("a", 20)
		wide.Name, wide.Type, wide.Function = "wide", F32, writeRegisters
		coil.Name, coil.Measure, coil.Table, coil.Type, coil.Function = "coil", "hvac", modbus.Coil, Bool, writeCoils
		register.ReadBack, wide.ReadBack, coil.ReadBack = true, true, true
		b := newBench(t, testOptions(unit("x", "d", 5, register, wide, coil)), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 7))
		after(time.Second)
		if s := b.Status()[0]; s.State != Well || s.Writes != 3 || s.Mismatches != 0 || len(d.requests) != 6 {
			t.Fatalf("it is %+v after %d requests", s, len(d.requests))
		}
		d.mu.Lock()
		d.frozen[cell{5, false, 1}] = 6 // somebody else's
		d.mu.Unlock()
		b.publish(room("a", 1, 8))
		after(5 * time.Minute)
		writes, _ := d.seen()
		if n := len(numbers(writes, 5, 1)); n < 10 || n > 25 {
			t.Errorf("written %d times in five minutes", n)
		}
		if want := "push target x (tcp://d, unit 5): people-a: holds 00 06 after 00 08 was written: something else writes it too, or the device limits it"; b.alarm() != want {
			t.Errorf("alarm %q", b.alarm())
		}
		d.mu.Lock()
		delete(d.frozen, cell{5, false, 1})
		d.mu.Unlock()
		after(31 * time.Second)
		if d.value(5, 1) != 8 || b.alarm() != "" {
			t.Errorf("the device has %d, alarm %q", d.value(5, 1), b.alarm())
		}
	})
}

// TestWhatCannotBeReadBackIsWrittenAllTheSame and told.
func TestWhatCannotBeReadBackIsWrittenAllTheSame(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		d.always = func(d *device, c net.Conn, f frame) {
			if f.pdu[0] == 3 {
				excepts(1)(d, c, f)
				return
			}
			d.reply(c, f, d.carryOut(f))
		}
		p := peopleOf("a", 1)
		p.ReadBack = true
		b := newBench(t, testOptions(unit("x", "d", 5, p)), map[string]*device{"d": d})
		b.start()
		for n := range int64(5) {
			b.publish(room("a", 1, n))
			after(time.Second)
			if d.value(5, 1) != uint16(n) {
				t.Errorf("the device has %d, want %d", d.value(5, 1), n)
			}
		}
		if want := "push target x (tcp://d, unit 5): people-a: was written, but cannot be read back (exception 1): write read_back = false"; b.alarm() != want {
			t.Errorf("alarm %q", b.alarm())
		}
	})
}

// TestUnitsOnOneLineTakeTurns: there is one connection, and a busy unit does not keep the other waiting.
func TestUnitsOnOneLineTakeTurns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		d.to[5] = excepts(6)
		b := newBench(t, testOptions(unit("five", "d", 5, peopleOf("a", 1)), unit("six", "d", 6, peopleOf("a", 1))), map[string]*device{"d": d})
		b.start()
		for n := range int64(100) {
			b.publish(room("a", 1, n))
			after(100 * time.Millisecond)
			if d.value(6, 1) != uint16(n) {
				t.Fatalf("unit 6 has %d, want %d", d.value(6, 1), n)
			}
		}
		d.mu.Lock()
		delete(d.to, 5)
		d.mu.Unlock()
		after(longestPause)
		if d.value(5, 1) != 99 || d.dials != 1 || b.alarm() != "" {
			t.Errorf("unit 5 has %d; %d connections; alarm %q", d.value(5, 1), d.dials, b.alarm())
		}
	})
}

// TestALineThatCannotBeOpenedIsTriedOnceForAllItsUnits.
func TestALineThatCannotBeOpenedIsTriedOnceForAllItsUnits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		d.turn(false)
		var targets []Target
		for i := range uint8(50) {
			targets = append(targets, unit(string(rune('A'+i)), "d", i, peopleOf("a", 1)))
		}
		targets[0].Points = append(targets[0].Points, peopleOf("b", 2))
		for i := range targets {
			targets[i].Refresh = time.Hour
		}
		b := newBench(t, testOptions(targets...), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 1))
		after(time.Minute)
		if n := d.asked(); n > 20 {
			t.Errorf("tried %d times in a minute", n)
		}
		d.turn(true)
		after(longestPause + renewEvery)
		d.turn(false) // all of them have forgotten, and only one notices
		b.publish(room("b", 2, 1))
		after(time.Second)
		d.turn(true)
		after(longestPause)
		for i := range byte(50) {
			if d.value(i, 1) != 1 {
				t.Errorf("unit %d was not written after the line was back", i)
			}
		}
		if b.alarm() != "" {
			t.Errorf("alarm %q", b.alarm())
		}
	})
}
