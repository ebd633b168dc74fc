package modbus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// writableCore is a core of a furnished building whose client may write, and who puts commands in force.
// Its asset has block 116; behind it comes number 2, which no asset has, and number 3, which was retired.
func writableCore(t testing.TB, edit ...func(*WriteOptions)) (*core, *commanders) {
	c := &commanders{building: newBuilding(t)}
	retired := room(3)
	retired.Quality = gateway.OutOfService
	c.show(campus(0), snapshots()["full"], retired)
	o := WriteOptions{Allow: prefixes("10.20.0.0/16"), Expiry: DefaultExpiry, Commander: c}
	for _, e := range edit {
		e(&o)
	}
	k := newCore(t, c.Image)
	k.writes.Store(&writes{o, c.Image})
	k.peer.name, k.peer.address = "10.20.0.31", netip.MustParseAddr("10.20.0.31")
	return k, c
}

func TestWhatCanBeWritten(t *testing.T) {
	for _, row := range []struct {
		what, send, want string
		forced           string // what is then in force, as "value until"; "" is nothing new
		watchdog         uint16 // and in register 24
	}{
		// What may be.
		{"a command to be vacant", "06 0083 0001", "06 0083 0001", "0 for 15m0s", 0},
		{"a command to be occupied", "06 0083 0002", "06 0083 0002", "1 for 15m0s", 0},
		{"automatic where nothing is forced", "06 0083 0000", "06 0083 0000", "", 0},
		{"one register of many", "10 0083 0001 02 0002", "10 0083 0001", "1 for 15m0s", 0},
		{"a mask that comes to 2", "16 0083 0000 0002", "16 0083 0000 0002", "1 for 15m0s", 0},
		{"reading what was written", "17 0083 0001 0083 0001 02 0001", "17 02 0001", "0 for 15m0s", 0},
		{"the watchdog", "06 0018 1234", "06 0018 1234", "", 0x1234},
		{"the watchdog as one of many", "10 0018 0001 02 ffff", "10 0018 0001", "", 0xffff},
		{"the watchdog by a mask", "16 0018 ffff 0001", "16 0018 ffff 0001", "", 0},
		{"the watchdog while reading", "17 0018 0002 0018 0001 02 0007", "17 04 0007 0000", "", 7},
		// Values.
		{"another value", "06 0083 0003", "86 03", "", 0},
		{"65535", "10 0083 0001 02 ffff", "90 03", "", 0},
		{"a mask that comes to 4", "16 0083 0000 0004", "96 03", "", 0},
		{"another value while reading", "17 0083 0001 0083 0001 02 0009", "97 03", "", 0},
		// Spans.
		{"another register of the block", "06 0074 0001", "86 02", "", 0},
		{"the status, which is none", "06 0076 0001", "86 02", "", 0},
		{"another register of the header", "06 0019 0001", "86 02", "", 0},
		{"a command and what follows", "10 0083 0002 04 0001 0001", "90 02", "", 0},
		{"a command and what is before", "10 0082 0002 04 0001 0001", "90 02", "", 0},
		{"the watchdog and what follows", "10 0018 0002 04 0001 0001", "90 02", "", 0},
		{"two commands in one span", "10 0073 0011 22" + zeros(34), "90 02", "", 0},
		{"the command of a number without an asset", "06 0093 0001", "86 02", "", 0},
		{"the command of an asset that was retired", "06 00a3 0001", "86 02", "", 0},
		{"the command behind the last asset", "06 00b3 0001", "86 02", "", 0},
		{"register 65535", "06 ffff 0001", "86 02", "", 0},
		{"reading beyond the end, so that nothing is written", "17 ffff 0002 0083 0001 02 0001", "97 02", "", 0},
		{"reading behind the last asset, so that nothing is written", "17 00b0 0010 0083 0001 02 0001", "97 02", "", 0},
		// Quantities, lengths and byte counts, before everything else.
		{"no register", "10 0083 0000 00", "90 03", "", 0},
		{"123 registers", "10 0083 007b f6" + zeros(246), "90 02", "", 0},
		{"124 registers", "10 0083 007c f8" + zeros(246), "90 03", "", 0},
		{"a byte count that is too small", "10 0083 0001 01 0001", "90 03", "", 0},
		{"a byte count of something else", "10 0083 0001 04 0001", "90 03", "", 0},
		{"a value too many", "10 0083 0001 02 0001 0001", "90 03", "", 0},
		{"a value too few", "10 0083 0001 02", "90 03", "", 0},
		{"one register without its value", "06 0083", "86 03", "", 0},
		{"one register with a byte too many", "06 0083 0001 00", "86 03", "", 0},
		{"a mask without its end", "16 0083 0000", "96 03", "", 0},
		{"reading 126 while writing", "17 0000 007e 0083 0001 02 0001", "97 03", "", 0},
		{"reading none while writing", "17 0000 0000 0083 0001 02 0001", "97 03", "", 0},
		{"writing 122 while reading", "17 0000 0001 0083 007a f4" + zeros(244), "97 03", "", 0},
		{"writing none while reading", "17 0000 0001 0083 0000 00", "97 03", "", 0},
		// Coils.
		{"a coil", "05 0083 ff00", "85 01", "", 0},
		{"coils", "0f 0083 0001 01 01", "8f 01", "", 0},
	} {
		k, c := writableCore(t)
		if got := k.handlePDU(1, "", bytesOf(row.send), nil); !bytes.Equal(got, bytesOf(row.want)) {
			t.Errorf("%s: got % x, want %s", row.what, got, row.want)
		}
		forced := ""
		for _, o := range c.forced {
			forced += fmt.Sprintf("%d for %v", o.Value, o.Until.Sub(at("12:00:00")))
			if o.Target != gateway.TargetOutputs || o.Source != gateway.FromController || o.Author != "10.20.0.31" || o.Reason != "register 131 of unit 1" {
				t.Errorf("%s: forced %+v", row.what, o)
			}
		}
		if forced != row.forced {
			t.Errorf("%s: forced %q, want %q", row.what, forced, row.forced)
		}
		if got := k.registers(t, 1, 24, 1)[0]; got != row.watchdog {
			t.Errorf("%s: register 24 has %04x, want %04x", row.what, got, row.watchdog)
		}
	}
}

// zeros are bytes in hexadecimal.
func zeros(n int) string { return fmt.Sprintf(" %0*d", 2*n, 0) }

func TestACommandIsReadRenewedAndReleased(t *testing.T) {
	k, c := writableCore(t)
	for step, row := range []struct {
		write, reads uint16
		orders       int
	}{{2, 2, 1}, {2, 2, 2}, {1, 1, 3}, {0, 0, 4}, {0, 0, 4}} {
		k.handlePDU(1, "", append([]byte{6, 0, 131, 0}, byte(row.write)), nil)
		if got := k.registers(t, 1, 131, 1)[0]; got != row.reads || len(c.forced) != row.orders {
			t.Errorf("step %d: reads %d after %d orders, want %d after %d", step, got, len(c.forced), row.reads, row.orders)
		}
	}
	if last := c.forced[3]; last.Value != -1 || last.Author != "10.20.0.31" || last.Source != gateway.FromController {
		t.Errorf("released: %+v", last)
	}
}

// A mask works on what the register has: here the command that is in force.
func TestAMaskKeepsWhatItDoesNotMean(t *testing.T) {
	k, c := writableCore(t)
	k.handlePDU(1, "", bytesOf("06 0083 0002"), nil)
	if got := k.handlePDU(1, "", bytesOf("16 0083 ffff 0000"), nil); got[0] != 0x16 || len(c.forced) != 2 || c.forced[1].Value != 1 {
		t.Errorf("got % x, forced %+v", got, c.forced)
	}
	k.handlePDU(1, "", bytesOf("06 0018 0012"), nil)
	k.handlePDU(1, "", bytesOf("16 0018 00f2 0025"), nil) // the example of V1.1b3, section 6.16
	if got := k.registers(t, 1, 24, 1)[0]; got != 0x17 {
		t.Errorf("0x12 masked with 0xf2 and 0x25: got %02x, want 17", got)
	}
}

func TestWhatACommandAnswersThatCannotBe(t *testing.T) {
	for _, row := range []struct {
		err  error
		want exception
	}{
		{fmt.Errorf("%w: disk full", gateway.ErrNotStored), deviceFailure},
		{gateway.ErrStopped, deviceFailure},
		{gateway.ErrBusy, deviceBusy},
		{context.DeadlineExceeded, deviceBusy},
		{errors.New("forcing occupied of room_1: operator anna has forced it until 14:00"), deviceBusy},
	} {
		k, c := writableCore(t)
		c.fail = row.err
		if got := k.handlePDU(1, "", bytesOf("06 0083 0002"), nil); !bytes.Equal(got, []byte{0x86, byte(row.want)}) {
			t.Errorf("%v: got % x", row.err, got)
		}
		if got := k.registers(t, 1, 131, 1)[0]; got != 0 {
			t.Errorf("%v: it reads %d", row.err, got)
		}
	}
}

func TestWhoMayWrite(t *testing.T) {
	for _, row := range []struct {
		what     string
		edit     func(*WriteOptions, *peer)
		role     role
		may, off bool
	}{
		{"a client of the list", func(*WriteOptions, *peer) {}, "", true, false},
		{"a client that is not", func(_ *WriteOptions, p *peer) { p.address = netip.MustParseAddr("10.21.0.31") }, "", false, false},
		{"a role where none is asked for", func(*WriteOptions, *peer) {}, "guest", true, false},
		{"no role where one is asked for", func(o *WriteOptions, _ *peer) { o.Roles = []string{"operator"} }, "", false, false},
		{"another role", func(o *WriteOptions, _ *peer) { o.Roles = []string{"operator"} }, "Operator", false, false},
		{"that role", func(o *WriteOptions, _ *peer) { o.Roles = []string{"engineer", "operator"} }, "operator", true, false},
		{"that role of a client that is not on the list", func(o *WriteOptions, _ *peer) { o.Roles, o.Allow = []string{"operator"}, prefixes("10.21.0.0/16") }, "operator", false, false},
		{"the serial line, which has no roles", func(o *WriteOptions, p *peer) { o.Roles, o.Serial, p.serial = []string{"operator"}, true, true }, "", true, false},
		{"a serial line that may not", func(_ *WriteOptions, p *peer) { p.serial = true }, "", false, false},
		{"anybody where writing is off", func(*WriteOptions, *peer) {}, "operator", false, true},
	} {
		k, c := writableCore(t)
		row.edit(&k.writes.Load().options, k.peer)
		if row.off {
			k.writes.Store(nil)
		}
		for _, pdu := range []string{"06 0083 0002", "10 0083 0001 02 0002", "16 0083 0000 0002", "17 0000 0001 0083 0001 02 0002", "06 0018 0001"} {
			got := k.handlePDU(1, row.role, bytesOf(pdu), nil)
			if allowed := got[0]&exceptionBit == 0; allowed != row.may || !allowed && got[1] != byte(illegalFunction) {
				t.Errorf("%s, %s: got % x", row.what, pdu, got)
			}
		}
		if (len(c.forced) > 0) != row.may {
			t.Errorf("%s: forced %+v", row.what, c.forced)
		}
	}
}

func TestAddressesThatMayWrite(t *testing.T) {
	w := &writes{options: WriteOptions{Allow: prefixes("10.20.0.0/16", "fd00::/8")}}
	for address, want := range map[string]bool{"10.20.3.4": true, "10.21.0.1": false, "fd00::1": true, "127.0.0.1": false} {
		if got := w.allows(&peer{address: netip.MustParseAddr(address)}, ""); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if (*writes)(nil).allows(&peer{address: netip.MustParseAddr("10.20.3.4")}, "") {
		t.Error("nobody may write where writing is off")
	}
}

func TestABroadcastWritesTheWatchdogAndNothingElse(t *testing.T) {
	k, c := writableCore(t)
	c.show(room(unitAssets)) // unit 2
	units := []byte{1, 2, 9}
	for _, pdu := range []string{
		"06 0083 0002", "10 0083 0001 02 0002", "16 0083 0000 0002", "17 0000 0001 0018 0001 02 0005", "10 0018 0002 04 0001 0001",
		"05 0018 ff00", "04 0000 0001", "06 0018", "06 0019 0001",
	} {
		k.broadcast(units, bytesOf(pdu))
	}
	if got := k.registers(t, 1, 24, 2); len(c.forced) > 0 || got[0] != 0 || got[1] != 65535 {
		t.Errorf("forced %+v, register 24 %d", c.forced, got)
	}
	k.broadcast(units, bytesOf("06 0018 0007"))
	if one, two := k.registers(t, 1, 24, 2), k.registers(t, 2, 24, 2); one[0] != 7 || two[0] != 7 || two[1] != 0 {
		t.Errorf("register 24 of unit 1 %d, of unit 2 %d", one, two)
	}
	k.writes.Store(nil)
	if k.broadcast(units, bytesOf("06 0018 0008")); k.registers(t, 1, 24, 1)[0] != 7 {
		t.Error("somebody wrote who may not")
	}
}

func TestTheWatchdogIsOfEachUnit(t *testing.T) {
	k, c := writableCore(t)
	c.show(room(unitAssets))
	k.handlePDU(2, "", bytesOf("06 0018 0042"), nil)
	c.clock.past.Store(int64(90*time.Second + 900*time.Millisecond))
	for unit, want := range map[byte][2]uint16{1: {0, 65535}, 2: {0x42, 90}} {
		if got := k.registers(t, unit, 24, 2); got[0] != want[0] || got[1] != want[1] {
			t.Errorf("unit %d: got %d, want %d", unit, got, want)
		}
	}
	c.clock.past.Store(int64(48 * time.Hour))
	if got := k.registers(t, 2, 25, 1)[0]; got != 65534 {
		t.Errorf("after two days it shows %d", got)
	}
}

func TestWhatWriteOptionsMustBe(t *testing.T) {
	hub := &commanders{}
	for what, o := range map[string]WriteOptions{
		"nobody who puts commands in force": {},
		"a negative expiry":                 {Commander: hub, Expiry: -1},
		"an expiry beyond an override's":    {Commander: hub, Expiry: 31 * 24 * time.Hour},
		"a negative watchdog":               {Commander: hub, Watchdog: -1},
		"a role without a name":             {Commander: hub, Roles: []string{""}},
		"an empty range":                    {Commander: hub, Allow: make([]netip.Prefix, 1)},
	} {
		_, err := NewServer(ServerOptions{Listen: "127.0.0.1:0", Map: MapOptions{UnitID: 1}, Image: newBuilding(t).Image, Write: &o})
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}
