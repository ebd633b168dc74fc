package modbus

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// objectsOf takes an answer to function 43 apart.
func objectsOf(t *testing.T, answer []byte) (objects map[byte]string, more, next byte) {
	t.Helper()
	if len(answer) < 7 || len(answer) > maxPDU || !bytes.Equal(answer[:2], []byte{0x2b, 0x0e}) || answer[3] != 0x82 {
		t.Fatalf("no identification: % x", answer)
	}
	objects = make(map[byte]string)
	rest := answer[7:]
	for range answer[6] {
		length := int(rest[1])
		objects[rest[0]], rest = string(rest[2:2+length]), rest[2+length:]
	}
	if len(rest) > 0 {
		t.Fatalf("% x is left of % x", rest, answer)
	}
	return objects, answer[4], answer[5]
}

func TestIdentification(t *testing.T) {
	i := newIdentity(butlr)
	basic := "map[0:Butlr 1:butlr-gateway 2:1.2.3]"
	regular := "map[0:Butlr 1:butlr-gateway 2:1.2.3 4:Butlr gateway 5:linux/amd64 6:maas-house]"
	for _, row := range []struct {
		what, ask, want string
	}{
		{"basic", "2b 0e 01 00", basic},
		{"basic from its second object", "2b 0e 01 01", "map[1:butlr-gateway 2:1.2.3]"},
		{"basic from an object of the regular ones: it begins anew", "2b 0e 01 04", basic},
		{"basic from an object that nobody has", "2b 0e 01 80", basic},
		{"regular", "2b 0e 02 00", regular},
		{"regular from its fourth object", "2b 0e 02 04", "map[4:Butlr gateway 5:linux/amd64 6:maas-house]"},
		{"regular from the one that we leave out: it begins anew", "2b 0e 02 03", regular},
		{"extended, which we answer as far as we go", "2b 0e 03 00", regular},
		{"one object", "2b 0e 04 06", "map[6:maas-house]"},
	} {
		answer, refused := i.identify(bytesOf(row.ask), nil)
		if refused != 0 {
			t.Errorf("%s: exception %d", row.what, refused)
			continue
		}
		objects, more, next := objectsOf(t, answer)
		if got := fmt.Sprint(objects); got != row.want || more != 0 || next != 0 || answer[2] != bytesOf(row.ask)[2] {
			t.Errorf("%s: got %s, more %02x from %d", row.what, got, more, next)
		}
	}
}

// What does not fit one answer goes on with the object that it names; none is split, and none lost.
func TestALongIdentificationGoesOn(t *testing.T) {
	long := func(c string) string { return strings.Repeat(c, 120) }
	told := Identity{Vendor: long("a"), ProductCode: long("b"), Revision: long("c"), Product: long("d"), Name: strings.Repeat("e", 300)}
	i := newIdentity(told)
	for way, want := range map[byte]map[byte]string{
		1: {0: told.Vendor, 1: told.ProductCode, 2: told.Revision},
		2: {0: told.Vendor, 1: told.ProductCode, 2: told.Revision, 4: told.Product, 6: told.Name[:244]},
	} {
		got, answers := make(map[byte]string), 0
		for more, next := byte(0xFF), byte(0); more == 0xFF; answers++ {
			answer, refused := i.identify([]byte{0x2b, 0x0e, way, next}, nil)
			if refused != 0 || answers > 5 {
				t.Fatalf("answer %d: exception %d", answers, refused)
			}
			var objects map[byte]string
			objects, more, next = objectsOf(t, answer)
			for id, text := range objects {
				got[id] = text
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || answers < 2 {
			t.Errorf("way %d: got %v in %d answers", way, got, answers)
		}
	}
	if answer, _ := i.report([]byte{17}, nil); len(answer) != maxPDU || int(answer[1]) != maxPDU-2 {
		t.Errorf("the server id has %d bytes", len(answer))
	}
}

// An answer is filled to its last byte, and not beyond it.
func TestAnIdentificationFillsAnAnswer(t *testing.T) {
	for length, want := range map[int]int{122: maxPDU, 123: maxPDU - 124} {
		i := newIdentity(Identity{Vendor: strings.Repeat("a", 120), ProductCode: strings.Repeat("b", length)})
		answer, _ := i.identify(bytesOf("2b 0e 01 00"), nil)
		if len(answer) != want || (answer[4] == 0xFF) != (length == 123) {
			t.Errorf("a second object of %d bytes: %d bytes, more %02x", length, len(answer), answer[4])
		}
	}
}

func TestIdentificationIsPlainText(t *testing.T) {
	i := newIdentity(Identity{Vendor: "Büro\n\x1b[31m", ProductCode: "日本"})
	if i.objects[0] != "B?ro??[31m" || i.objects[1] != "??" {
		t.Errorf("got %q, %q", i.objects[0], i.objects[1])
	}
}

// The counters of function 8 tell what happened, and start anew when they are cleared.
func TestDiagnostics(t *testing.T) {
	c := crowded(t)
	counters := func() (out [5]int) {
		for k := range out {
			answer := c.handlePDU(1, "", []byte{8, 0, byte(11 + k), 0, 0}, nil)
			if len(answer) != 5 || answer[2] != byte(11+k) {
				t.Fatalf("sub-function %d: % x", 11+k, answer)
			}
			out[k] = int(answer[3])<<8 | int(answer[4])
		}
		return out
	}
	c.handlePDU(1, "", request(readInputRegisters, 0, 1), nil)
	c.handlePDU(1, "", request(readInputRegisters, 0, 0), nil)  // an exception
	c.handlePDU(77, "", request(readInputRegisters, 0, 1), nil) // somebody else's unit
	c.bus.ignored(true)
	c.bus.overheard(2, 3)
	// messages, errors, exceptions, served, without an answer: the questions count themselves
	if got, want := counters(), [5]int{7, 3, 2, 7, 1}; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	if answer := c.handlePDU(1, "", bytesOf("08 000a 0000"), nil); !bytes.Equal(answer, bytesOf("08 000a 0000")) {
		t.Errorf("clearing: % x", answer)
	}
	if got, want := counters(), [5]int{1, 0, 0, 4, 0}; got != want {
		t.Errorf("cleared: got %d, want %d", got, want)
	}
}
