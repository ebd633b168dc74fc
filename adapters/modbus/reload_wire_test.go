package modbus

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// caller is a client that asks over one connection, from an address of its own.
type caller struct {
	t    *testing.T
	conn net.Conn
}

func call(t *testing.T, from, target string) caller {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("tcp", target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return caller{t, conn}
}

// ask sends a request to unit 1 and returns the PDU of the answer; nil if the connection has ended.
func (c caller) ask(pdu string) []byte {
	c.t.Helper()
	body := bytesOf(pdu)
	frame := append([]byte{0, 1, 0, 0, 0, byte(len(body) + 1), 1}, body...)
	if _, err := c.conn.Write(frame); err != nil {
		return nil
	}
	header := make([]byte, 7)
	if _, err := io.ReadFull(c.conn, header); err != nil {
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			c.t.Error("neither an answer nor an end")
		}
		return nil
	}
	answer := make([]byte, header[5]-1)
	if _, err := io.ReadFull(c.conn, answer); err != nil {
		c.t.Error(err)
	}
	return answer
}

// Who may connect, and who may write, can be changed while clients are connected: those who still may never notice,
// the others are disconnected. Options that are wrong change nothing, and neither do those that are only looked at.
//
// Seen to break it: sessions that are not allowed any more left, or all of them ended.
func TestWhoMayConnectAndWriteIsChangedWhileClientsAreConnected(t *testing.T) {
	const poll, write, registers = "04 0000 0001", "06 0018 0007", "04 02"
	b := furnished(t)
	c := &commanders{building: b}
	options := ServerOptions{Listen: "127.0.0.1:0", Map: MapOptions{UnitID: 1}, Image: b.Image, Allow: prefixes("127.0.0.1/32", "127.0.0.2/32")}
	s := serve(t, b, func(o *ServerOptions) { *o = options })
	target := s.Addr().String()
	reload := func(change func(*ServerOptions)) []netip.Addr {
		t.Helper()
		change(&options)
		apply, err := s.Reload(options)
		if err != nil {
			t.Fatal(err)
		}
		return apply()
	}
	stays, goes := call(t, "127.0.0.1", target), call(t, "127.0.0.2", target)
	asked := func(who caller, pdu, want string) {
		t.Helper()
		if got := who.ask(pdu); !bytes.HasPrefix(got, bytesOf(want)) || want == "" && got != nil {
			t.Errorf("%s asks %s: got % x, want %s", who.conn.LocalAddr(), pdu, got, want)
		}
	}
	asked(stays, poll, registers)
	asked(goes, poll, registers)
	asked(stays, write, "86 01")

	for what, change := range map[string]func(*ServerOptions){
		"a negative": func(o *ServerOptions) { o.MaxConnections = -1 },
		"an empty":   func(o *ServerOptions) { o.Allow = []netip.Prefix{{}} },
		"commands":   func(o *ServerOptions) { o.Write = &WriteOptions{Allow: o.Allow} },
	} {
		wrong := options
		change(&wrong)
		if _, err := s.Reload(wrong); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	only := options
	only.Allow = prefixes("127.0.0.1/32")
	if _, err := s.Reload(only); err != nil {
		t.Fatal(err)
	}
	asked(goes, poll, registers) // it was looked at, and no more

	gone := reload(func(o *ServerOptions) {
		o.Allow, o.Write = only.Allow, &WriteOptions{Allow: prefixes("127.0.0.1/32"), Commander: c}
	})
	if len(gone) != 1 || gone[0] != netip.MustParseAddr("127.0.0.2") {
		t.Errorf("disconnected are %v", gone)
	}
	asked(goes, poll, "")
	asked(call(t, "127.0.0.2", target), poll, "")
	asked(stays, poll, registers)
	asked(stays, write, write)
	asked(call(t, "127.0.0.1", target), poll, registers)

	reload(func(o *ServerOptions) { o.Allow, o.Write.Allow = prefixes("127.0.0.0/8"), nil })
	asked(stays, write, "86 01")
	asked(call(t, "127.0.0.2", target), poll, registers)

	reload(func(o *ServerOptions) { o.MaxConnections, o.Write = 1, nil })
	asked(stays, poll, registers) // a limit that is lower ends nobody by itself
	asked(call(t, "127.0.0.3", target), poll, registers)
	asked(stays, write, "86 01")

	bare := options
	bare.Listen = "0.0.0.0:502" // as it is not: it serves where it did
	bare.Allow = nil
	if apply, err := s.Reload(bare); err != nil {
		t.Fatal(err)
	} else if gone := apply(); len(gone) > 0 {
		t.Errorf("everybody may connect, and disconnected are %v", gone)
	}
}

// Beyond this machine nobody takes the list away.
func TestAReloadOpensModbusToNobody(t *testing.T) {
	b := furnished(t)
	s, err := NewServer(ServerOptions{Listen: ":0", Map: MapOptions{UnitID: 1}, Image: b.Image, Allow: prefixes("10.20.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(ServerOptions{Listen: "127.0.0.1:0"}); err == nil || !strings.Contains(err.Error(), "say who") {
		t.Errorf("got %v", err)
	}
}
