package modbus

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// tcp puts a PDU into a frame.
func tcp(transaction uint16, unit byte, pdu []byte) []byte {
	f := binary.BigEndian.AppendUint16(nil, transaction)
	f = append(f, 0, 0)
	f = binary.BigEndian.AppendUint16(f, uint16(1+len(pdu)))
	return append(append(f, unit), pdu...)
}

func TestFramesThatAreNoFrames(t *testing.T) {
	for _, row := range []struct {
		what, received string
		whole, wrong   bool
	}{
		{"nothing yet", "", false, false},
		{"a part of the header", "0001 00", false, false},
		{"a header and no PDU yet", "0001 0000 0006 01", false, false},
		{"another protocol, as soon as it shows", "0001 0001", false, true},
		{"another protocol in the low byte", "0001 0080 0006 01 04 0000 0001", false, true},
		{"length 0", "0001 0000 0000", false, true},
		{"length 1 has no function", "0001 0000 0001 01", false, true},
		{"length 2 is a function alone", "0001 0000 0002 01 11", true, false},
		{"length 254, not all there", "0001 0000 00fe 01", false, false},
		{"length 255", "0001 0000 00ff", false, true},
		{"length 65535", "0001 0000 ffff", false, true},
		{"HTTP", "47 45 54 20 2f 20", false, true},
		{"TLS", "16 03 01 02 00 01", false, true},
	} {
		f, whole, err := nextFrame(bytesOf(row.received))
		if whole != row.whole || (err != nil) != row.wrong {
			t.Errorf("%s: got %+v, %v, %v", row.what, f, whole, err)
		}
	}
	longest := tcp(1, 1, make([]byte, maxPDU))
	if f, whole, err := nextFrame(longest); !whole || err != nil || f.size != maxFrame {
		t.Errorf("the longest frame: %d bytes, %v, %v", f.size, whole, err)
	}
}

// converse feeds a stream cut at the given places, as a session does, and returns all answers.
func converse(c *core, stream []byte, cuts []int) (answers []byte, err error) {
	var waiting []byte
	for from := 0; from < len(stream); {
		to := len(stream)
		if len(cuts) > 0 {
			to, cuts = min(to, from+cuts[0]), cuts[1:]
		}
		waiting = append(waiting, stream[from:to]...)
		from = to
		var used int
		answers, used, err = c.respond("", waiting, answers)
		if err != nil {
			return answers, err
		}
		waiting = waiting[used:]
	}
	return answers, nil
}

func TestCutsChangeNothing(t *testing.T) {
	c := crowded(t)
	rapid.Check(t, func(rt *rapid.T) {
		var stream, want []byte
		c.bus.clear()
		for n := range rapid.IntRange(1, 20).Draw(rt, "requests") {
			unit := rapid.SampledFrom([]byte{0, 1, 2, 255}).Draw(rt, "unit")
			pdu := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(rt, "any")
			if rapid.Bool().Draw(rt, "a read") {
				pdu = request(rapid.SampledFrom([]byte{1, 2, 3, 4}).Draw(rt, "function"), rapid.IntRange(0, 4000).Draw(rt, "address"), rapid.IntRange(0, 130).Draw(rt, "count"))
			}
			stream = append(stream, tcp(uint16(n), unit, pdu)...)
			want = append(want, tcp(uint16(n), unit, c.handlePDU(unit, "", pdu, nil))...)
		}
		c.bus.clear() // both tell the same of what they were asked
		got, err := converse(c, stream, rapid.SliceOf(rapid.IntRange(1, 40)).Draw(rt, "cuts"))
		if err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("%v\ngot  % x\nwant % x", err, got, want)
		}
		single := make([]int, len(stream))
		for i := range single {
			single[i] = 1
		}
		c.bus.clear()
		if got, err := converse(c, stream, single); err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("byte by byte: %v\ngot  % x\nwant % x", err, got, want)
		}
	})
}

func TestWhatCameBeforeABadFrameIsAnswered(t *testing.T) {
	c := crowded(t)
	good := tcp(7, 1, request(readInputRegisters, 0, 1))
	answers, used, err := c.respond("", append(good, bytesOf("0008 0001 0006")...), nil)
	if err == nil || used != len(good) || !bytes.Equal(answers, bytesOf("0007 0000 0005 01 04 02 4247")) {
		t.Errorf("got % x, %d, %v", answers, used, err)
	}
}

func FuzzRespond(f *testing.F) {
	f.Add(tcp(1, 1, request(4, 0, 125)), uint8(3))
	f.Add(append(tcp(1, 0, request(2, 0, 2000)), tcp(2, 255, request(3, 100, 16))...), uint8(7))
	f.Add(bytesOf("0001 0000 00ff 01"), uint8(1))
	f.Add(bytesOf("0001 0000 0006 00 08 000e 0000"), uint8(12)) // a counter, which counts this too
	c := crowded(f)
	f.Fuzz(func(t *testing.T, stream []byte, cut uint8) {
		at := min(int(cut), len(stream))
		c.bus.clear()
		whole, wholeErr := converse(c, stream, nil)
		c.bus.clear()
		parts, partsErr := converse(c, stream, []int{max(at, 1)})
		if !bytes.Equal(whole, parts) || (wholeErr == nil) != (partsErr == nil) {
			t.Errorf("cut at %d: %v, % x\nwhole: %v, % x", at, partsErr, parts, wholeErr, whole)
		}
		for len(whole) > 0 {
			a, ok, err := nextFrame(whole)
			if !ok || err != nil {
				t.Fatalf("an answer is no frame: % x", whole)
			}
			whole = whole[a.size:]
		}
	})
}
