package modbus

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

func TestAClientReadsWhatTheServerServes(t *testing.T) {
	c := NewClient(ClientOptions{Address: serveTCP(t, furnished(t)), Unit: 1})
	defer c.Close()
	for _, table := range []Table{Input, Holding} {
		words, err := c.Registers(table, 116, 16)
		if err != nil || words[1] != 4 || words[8] != 0x1234 {
			t.Errorf("%s: %v, %v", table, words, err)
		}
	}
	for _, table := range []Table{Discrete, Coil} {
		bits, err := c.Bits(table, 116, 16)
		if err != nil || !bits[0] || bits[1] || !bits[9] || bits[15] {
			t.Errorf("%s: %v, %v", table, bits, err)
		}
	}
}

func TestAnExceptionIsExplainedAndTheClientGoesOn(t *testing.T) {
	c := NewClient(ClientOptions{Address: serveTCP(t, furnished(t)), Unit: 1})
	defer c.Close()
	_, err := c.Registers(Input, 60000, 1)
	for _, part := range []string{"reading 1 from 60000 of table input", "exception '2'", "nothing at some of these addresses"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, which does not say %q", err, part)
		}
	}
	if _, err := c.Registers(Input, 0, 2); err != nil {
		t.Error(err)
	}
}

func TestAClientRefusesWhatNoRequestCanAsk(t *testing.T) {
	c := NewClient(ClientOptions{Address: "127.0.0.1:1"})
	for what, read := range map[string]func() error{
		"126 registers":        func() error { _, err := c.Registers(Input, 0, 126); return err },
		"no registers":         func() error { _, err := c.Registers(Input, 0, 0); return err },
		"2001 bits":            func() error { _, err := c.Bits(Coil, 0, 2001); return err },
		"beyond the end":       func() error { _, err := c.Registers(Holding, 65535, 2); return err },
		"registers of coils":   func() error { _, err := c.Registers(Coil, 0, 1); return err },
		"bits of input tables": func() error { _, err := c.Bits(Input, 0, 1); return err },
	} {
		if err := read(); err == nil || strings.Contains(err.Error(), "connect") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// A device that answers late, wrongly or not at all must cost one error each, never the client.
func TestAClientRecoversFromABadAnswer(t *testing.T) {
	answers := []string{
		"",                                  // nothing, until the client gives up
		"ffff 0000 0005 01 04 02 0000",      // another transaction
		"0000 0000 0007 01 04 04 0000 0000", // more than was asked; the transaction is copied
		"0000 0000 0001 01",                 // no PDU
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked := make([]byte, 12)
			io.ReadFull(conn, asked)
			answer := bytesOf("0000 0000 0005 01 04 02 002a")
			if n < len(answers) {
				answer = bytesOf(answers[n])
			}
			if len(answer) > 0 && answer[0] == 0 {
				copy(answer, asked[:2])
			}
			conn.Write(answer)
			defer conn.Close()
		}
	}()
	c := NewClient(ClientOptions{Address: listener.Addr().String(), Unit: 1, Timeout: 200 * time.Millisecond})
	defer c.Close()
	for n := range answers {
		if words, err := c.Registers(Input, 7, 1); err == nil {
			t.Errorf("answer %d was taken for %v", n, words)
		}
	}
	if words, err := c.Registers(Input, 7, 1); err != nil || words[0] != 42 {
		t.Errorf("got %v, %v", words, err)
	}
}

// A range of any length is read up to where the map ends; what was read before comes with the error.
func TestAClientReadsLongRanges(t *testing.T) {
	b := newBuilding(t)
	for n := range gateway.Number(100) {
		b.show(room(n))
	}
	c := NewClient(ClientOptions{Address: serveTCP(t, b), Unit: 1})
	defer c.Close()
	const end = headerLength + 100*blockLength
	for _, row := range []struct{ address, count, want int }{
		{0, end, end}, {101, 1000, 1000}, {0, end + 1, end}, {33, maxAddress - 33, end - 33}, {end - 1, 2, 1}, {end, 1, 0}, {end, 200, 0},
	} {
		words, err := c.AllRegisters(Holding, uint16(row.address), row.count)
		if len(words) != row.want || (err == nil) != (row.count == row.want) {
			t.Errorf("%d registers from %d: got %d, %v", row.count, row.address, len(words), err)
		}
		bits, err := c.AllBits(Coil, uint16(row.address), row.count)
		if len(bits) != row.want || (err == nil) != (row.count == row.want) {
			t.Errorf("%d bits from %d: got %d, %v", row.count, row.address, len(bits), err)
		}
	}
	for _, count := range []int{0, -1, maxAddress + 1} {
		if words, err := c.AllRegisters(Input, 0, count); err == nil || len(words) > 0 {
			t.Errorf("%d registers: got %d", count, len(words))
		}
	}
}

func TestAReferenceTakenForAnAddressIsSaid(t *testing.T) {
	c := NewClient(ClientOptions{Address: serveTCP(t, furnished(t)), Unit: 1})
	defer c.Close()
	for _, row := range []struct {
		table   Table
		address uint16
		hint    string
	}{
		{Input, 30149, "write 3x00149"}, {Holding, 40001, "write 4x00001"}, {Input, 40001, ""}, {Input, 30000, ""}, {Input, 39999, "write 3x09999"},
	} {
		_, err := c.Registers(row.table, row.address, 1)
		if err == nil || strings.Contains(err.Error(), "reference") != (row.hint != "") || !strings.Contains(err.Error(), row.hint) {
			t.Errorf("%s %d: got %v", row.table, row.address, err)
		}
	}
	if _, err := c.Bits(Discrete, 10149, 1); err == nil || !strings.Contains(err.Error(), "write 1x00149") {
		t.Errorf("got %v", err)
	}
}

func TestAClientFindsOutWhatItReads(t *testing.T) {
	b := newBuilding(t)
	b.show(room(0), room(unitAssets+5))
	for _, row := range []struct {
		unit, base uint8
		order      WordOrder
		want       Survey
	}{
		{17, 17, HighWordFirst, Survey{1, MapOptions{UnitID: 17}, 0, 1}},
		{18, 17, LowWordFirst, Survey{1, MapOptions{UnitID: 17, WordOrder: LowWordFirst}, 1, 1}},
		{117, 17, HighWordFirst, Survey{1, MapOptions{UnitID: 17}, 0, 1}},
		{118, 17, HighWordFirst, Survey{1, MapOptions{UnitID: 17}, 1, 1}},
		{149, 48, HighWordFirst, Survey{1, MapOptions{UnitID: 48}, 1, 1}},
		{0, 17, HighWordFirst, Survey{1, MapOptions{}, 0, 1}},
		{255, 17, HighWordFirst, Survey{1, MapOptions{}, 0, 1}},
	} {
		target := serveTCP(t, b, func(o *ServerOptions) { o.Map = MapOptions{UnitID: row.base, WordOrder: row.order} })
		c := NewClient(ClientOptions{Address: target, Unit: row.unit})
		got, err := c.Survey(noon)
		if err != nil || got != row.want || !got.Known() {
			t.Errorf("unit %d of %d: got %+v, %v; want %+v", row.unit, row.base, got, err, row.want)
		}
		names, err := c.Names(got.Map, 0, 2)
		if known := got.Map.UnitID != 0; (err == nil) != known || known && (len(names) != 2 || names[0] != "Room 0" || names[1] != "") {
			t.Errorf("unit %d of %d: names %q, %v", row.unit, row.base, names, err)
		}
		if got.Map.UnitID != 0 {
			found, err := c.Find(got.Map, func(name string) bool { return strings.HasPrefix(name, "Room ") })
			if err != nil || len(found) != 2 || found[1] != unitAssets+5 {
				t.Errorf("unit %d of %d: found %d, %v", row.unit, row.base, found, err)
			}
		}
		if words, err := c.Registers(Input, 0, 1); err != nil || words[0] != 0x4247 {
			t.Errorf("unit %d after other units were asked: %v, %v", row.unit, words, err)
		}
		c.Close()
	}
	// A clock that nobody believes says nothing about the word order.
	b.clock.wall.Store(int64(time.Unix(3600, 0).Sub(noon)))
	c := NewClient(ClientOptions{Address: serveTCP(t, b), Unit: 1})
	defer c.Close()
	if got, err := c.Survey(noon); err != nil || got.Map.WordOrder != HighWordFirst {
		t.Errorf("with a clock of 1970: %+v, %v", got, err)
	}
}

func TestADeviceThatIsNoGatewayIsToldApart(t *testing.T) {
	for what, answer := range map[string]string{
		"an exception": "0000 0000 0003 01 84 02",
		"other words":  "0000 0000 00cb 01 04 c8" + strings.Repeat(" 0007", 100),
	} {
		target := answering(t, bytesOf(answer))
		c := NewClient(ClientOptions{Address: target, Unit: 1})
		if _, err := c.Survey(noon); !errors.Is(err, ErrNoGateway) {
			t.Errorf("%s: got %v", what, err)
		}
		c.Close()
	}
	c := NewClient(ClientOptions{Address: answering(t, bytesOf("0000 0000 0003 01 84 0a")), Unit: 1})
	defer c.Close()
	if _, err := c.Survey(noon); err == nil || errors.Is(err, ErrNoGateway) || !strings.Contains(err.Error(), "no such unit") {
		t.Errorf("a unit that is not there: got %v", err)
	}
}

// answering is a device that gives every request the same answer, until the test ends.
func answering(t *testing.T, answer []byte) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for asked := make([]byte, 12); ; {
					if _, err := io.ReadFull(conn, asked); err != nil {
						return
					}
					conn.Write(append(append([]byte{}, asked[:2]...), answer[2:]...))
				}
			}()
		}
	}()
	return listener.Addr().String()
}
