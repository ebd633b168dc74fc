package modbus

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"butlr-gateway/gateway"

	"pgregory.net/rapid"
)

// bytesOf reads hexadecimal with spaces.
func bytesOf(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// crowded is a core with 200 assets on unit 1, one on unit 3 and the last place of unit 4 taken.
func crowded(t testing.TB, edit ...func(*MapOptions)) *core {
	b := newBuilding(t)
	b.show(room(199), room(2*unitAssets), room(4*unitAssets-1))
	return newCore(t, b.Image, edit...)
}

func zeroes(o *MapOptions) { o.Unmapped = UnmappedZero }

// The answers are those of MODBUS Application Protocol V1.1b3, section 6; an exception is shown whole, a
// good answer by its first two bytes.
func TestEdgesOfRequests(t *testing.T) {
	exceptional, zero := crowded(t), crowded(t, zeroes)
	for _, row := range []struct {
		what     string
		unit     byte
		pdu      string
		want     string
		wantZero string // with unmapped = "zero"; "" is the same
	}{
		{"one register", 1, "04 0000 0001", "04 02", ""},
		{"holding mirrors input", 1, "03 0000 0001", "03 02", ""},
		{"one bit", 1, "02 0000 0001", "02 01", ""},
		{"coils mirror discrete inputs", 1, "01 0000 0009", "01 02", ""},
		{"no registers", 1, "04 0000 0000", "84 03", ""},
		{"125 registers", 1, "04 0000 007d", "04 fa", ""},
		{"126 registers", 1, "04 0000 007e", "84 03", ""},
		{"65535 registers", 1, "03 0000 ffff", "83 03", ""},
		{"no bits", 1, "02 0000 0000", "82 03", ""},
		{"2000 bits", 1, "02 0000 07d0", "02 fa", ""},
		{"2001 bits", 1, "01 0000 07d1", "81 03", ""},
		{"65535 bits", 1, "01 0000 ffff", "81 03", ""},
		{"the quantity is looked at before the address", 1, "04 ffff 007e", "84 03", ""},
		{"the last register of the last asset", 1, "04 0ce3 0001", "04 02", ""},
		{"the first behind it", 1, "04 0ce4 0001", "84 02", "04 02"},
		{"a range that begins inside and ends behind", 1, "04 0ce3 0002", "84 02", "04 04"},
		{"a bit behind the last asset", 1, "02 0ce4 0001", "82 02", "02 01"},
		{"a range of bits up to the last", 1, "02 0cdc 0008", "02 01", ""},
		{"the last register of a full unit", 4, "04 fff3 0001", "04 02", ""},
		{"behind the last register of a full unit", 4, "04 fff4 0001", "84 02", "04 02"},
		{"address and quantity reach 65536", 1, "04 ffff 0001", "84 02", "04 02"},
		{"address and quantity reach 65536 in 125 registers", 1, "03 ff83 007d", "83 02", "03 fa"},
		{"address and quantity go beyond", 1, "04 ffff 0002", "84 02", "84 02"},
		{"bits reach 65536", 1, "02 f830 07d0", "82 02", "02 fa"},
		{"bits go beyond", 1, "02 f831 07d0", "82 02", "82 02"},
		{"unit 0 is the base unit", 0, "04 0000 0001", "04 02", ""},
		{"unit 255 is the base unit", 255, "04 0064 0001", "04 02", ""},
		{"a unit between others without an asset", 2, "04 0000 0001", "84 0a", ""},
		{"a unit with an asset", 3, "04 0064 0010", "04 20", ""},
		{"behind the only asset of its unit", 3, "04 0074 0001", "84 02", "04 02"},
		{"a unit behind the last", 5, "04 0000 0001", "84 0a", ""},
		{"a unit that can never be", 254, "02 0000 0001", "82 0a", ""},
		{"the unit is looked at before the function", 254, "2b 0e 01 00", "ab 0a", ""},
		{"a read without a quantity", 1, "04 0000", "84 03", ""},
		{"a read without anything", 1, "03", "83 03", ""},
		{"a read with a byte too many", 1, "04 0000 0001 00", "84 03", ""},
		{"function 0", 1, "00", "80 01", ""},
		{"function 5 writes a coil", 1, "05 0064 ff00", "85 01", ""},
		{"function 6 writes a register", 1, "06 0018 0001", "86 01", ""},
		{"function 7", 1, "07", "87 01", ""},
		{"function 11", 1, "0b", "8b 01", ""},
		{"function 15 writes coils", 1, "0f 0064 0008 01 ff", "8f 01", ""},
		{"function 16 writes registers", 1, "10 0018 0001 02 0001", "90 01", ""},
		{"function 22 masks", 1, "16 0018 0000 ffff", "96 01", ""},
		{"function 23 reads and writes", 1, "17 0000 0001 0018 0001 02 0001", "97 01", ""},
		{"function 65 is a user's own", 1, "41 00", "c1 01", ""},
		{"function 127", 1, "7f", "ff 01", ""},
		{"the top bit of the function is set", 1, "84 0000 0001", "84 01", ""},
		{"function 255", 1, "ff", "ff 01", ""},
	} {
		for _, c := range []*core{exceptional, zero} {
			want := row.want
			if c == zero && row.wantZero != "" {
				want = row.wantZero
			}
			answer := c.handlePDU(row.unit, "", bytesOf(row.pdu), nil)
			if !bytes.Equal(answer[:2], bytesOf(want)) {
				t.Errorf("%s, unmapped %s: got % x, want %s", row.what, c.options.Unmapped, answer[:2], want)
			}
			if answer[0]&0x80 == 0 && len(answer) != 2+int(answer[1]) || answer[0]&0x80 != 0 && len(answer) != 2 {
				t.Errorf("%s: the answer has %d bytes: % x", row.what, len(answer), answer)
			}
		}
	}
}

func TestAnEmptyRequestHasNoAnswer(t *testing.T) {
	if got := crowded(t).handlePDU(1, "", nil, []byte{7}); !bytes.Equal(got, []byte{7}) {
		t.Errorf("got % x", got)
	}
}

// Whatever is sent, nothing changes where writing is off, or is not for this client. Seen to break it: a
// client that may not write is let through.
func TestThreat13ModbusWrites(t *testing.T) {
	for _, writing := range []string{"off", "for others"} {
		c, hub := writableCore(t)
		c.peer.address = netip.MustParseAddr("10.21.0.31")
		if writing == "off" {
			c.writes.Store(nil)
		}
		image := func() [sha256.Size]byte { return sha256.Sum256([]byte(c.dump(t, 1, 0, 100) + c.dump(t, 1, 100, 64))) }
		before, sent := image(), 0
		for function := range 256 {
			for length := range maxPDU {
				for _, fill := range [][]byte{{0, 24, 0, 1, 2}, {0, 131, 0, 1, 2, 0, 2}, {0, 131, 0, 2}, {0xFF, 0}} {
					pdu := append([]byte{byte(function)}, bytes.Repeat(fill, maxPDU)[:length]...)
					sent++
					switch got := c.handlePDU(1, "operator", pdu, nil); function {
					case readCoils, readDiscreteInputs, readHoldingRegisters, readInputRegisters, diagnose, reportServerID, encapsulated:
					default:
						if !bytes.Equal(got, []byte{byte(function) | 0x80, 1}) {
							t.Fatalf("writing is %s, function %d with %d bytes: got % x", writing, function, length, got)
						}
					}
				}
			}
		}
		if image() != before || len(hub.forced) > 0 {
			t.Errorf("writing is %s, and something changed: %+v\n%s", writing, hub.forced, c.dump(t, 1, 100, 64))
		}
		t.Attr("figure", fmt.Sprintf("writing is %s: %d requests of every function and length, nothing changed", writing, sent))
	}
}

func TestAnUnmappedAddressReadsZeroWhereThatIsWanted(t *testing.T) {
	c := crowded(t, zeroes)
	r := c.registers(t, 1, 100+16*199, 32)
	if r[0] != 65535 || fmt.Sprint(r[16:]) != fmt.Sprint(make([]uint16, 16)) {
		t.Errorf("the last block and what is behind it: %d", r)
	}
}

// Reading any range must give what reading each of its addresses alone gives.
func TestARangeReadsAsItsParts(t *testing.T) {
	b := newBuilding(t)
	b.alarms.Raise(gateway.ClockUntrusted, "1970")
	end := headerLength
	for _, s := range snapshots() {
		asset := *s.Asset
		asset.Number = gateway.Number((end - headerLength) / blockLength)
		s.Asset = &asset
		b.show(s)
		end += blockLength
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := newCore(t, b.Image, func(o *MapOptions) {
			o.WordOrder = rapid.SampledFrom([]WordOrder{HighWordFirst, LowWordFirst}).Draw(rt, "word order")
		})
		from := rapid.IntRange(0, end-1).Draw(rt, "from")
		count := rapid.IntRange(1, min(maxRegisters, end-from)).Draw(rt, "count")
		whole := c.registers(t, 1, from, count)
		bits := c.handlePDU(1, "", request(readDiscreteInputs, from, count), nil)[2:]
		for k := range count {
			if got := c.registers(t, 1, from+k, 1)[0]; got != whole[k] {
				rt.Fatalf("register %d: %04x alone, %04x in the range", from+k, got, whole[k])
			}
			bit := c.handlePDU(1, "", request(readCoils, from+k, 1), nil)[2]
			if got := bits[k/8] >> (k % 8) & 1; got != bit {
				rt.Fatalf("bit %d: %d alone, %d in the range", from+k, bit, got)
			}
			if at := from + k; at >= headerLength {
				block := headerLength + (at-headerLength)/blockLength*blockLength
				if status := c.registers(t, 1, block+2, 1)[0]; byte(status>>(at-block)&1) != bit {
					rt.Fatalf("bit %d: %d, but the status register of its block is %04x", at, bit, status)
				}
			} else if want := byte(c.registers(t, 1, 11, 1)[0] >> at & 1); at < 16 && bit != want || at >= 16 && bit != 0 {
				rt.Fatalf("bit %d of the header: %d", at, bit)
			}
		}
		if count%8 != 0 && bits[len(bits)-1]>>(count%8) != 0 {
			rt.Fatalf("padding is not 0: %08b", bits[len(bits)-1])
		}
	})
}

func FuzzHandlePDU(f *testing.F) {
	f.Add(byte(1), append(bytesOf("08 0000"), make([]byte, maxPDU-1)...)) // an echo that would be too long
	for _, seed := range []string{"04 0000 007d", "01 0064 07d0", "03 ffff 0001", "2b 0e 01 00", "10 0018 0001 02 0001", "84", "04 0000",
		"08 0000 a537", "08 000b 0000", "11", "2b 0e 02 04", "2b 0e 04 80", "06 0073 0001", "16 0018 00ff 0100", "17 0000 0002 0018 0001 02 0007"} {
		f.Add(byte(1), bytesOf(seed))
	}
	writable, _ := writableCore(f)
	cores := []*core{crowded(f), crowded(f, zeroes), writable}
	f.Fuzz(func(t *testing.T, unit byte, pdu []byte) {
		for _, c := range cores {
			answer := c.handlePDU(unit, "", pdu, nil)
			switch {
			case len(pdu) == 0:
				if len(answer) != 0 {
					t.Errorf("nothing was asked and % x answered", answer)
				}
			case len(answer) < 2 || len(answer) > maxPDU:
				t.Errorf("% x was answered with %d bytes", pdu, len(answer))
			case answer[0] == pdu[0]|0x80:
				if code := exception(answer[1]); len(answer) != 2 || c.metrics.exceptions[code] == nil {
					t.Errorf("% x was answered % x", pdu, answer)
				}
			case answer[0] != pdu[0]:
				t.Errorf("% x was answered % x", pdu, answer)
			case answer[0] == diagnose && len(answer) == len(pdu), answer[0] == encapsulated && len(answer) >= 7:
			case len(answer) <= len(pdu) && bytes.HasPrefix(pdu, answer): // what was written
			case int(answer[1]) != len(answer)-2:
				t.Errorf("% x was answered % x", pdu, answer)
			}
		}
	})
}
