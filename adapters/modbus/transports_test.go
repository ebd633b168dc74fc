package modbus

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// overRTU installs a server whose connections speak RTU, beside one for TCP.
func overRTU(t *testing.T, edit ...func(*ServerOptions)) (*installation, func(from string) net.Conn) {
	t.Helper()
	p := newPipes()
	i := installWith(t, func(s *Server) { s.listeners[1].listener = p },
		append(edit, func(o *ServerOptions) { o.RTUOverTCP = &RTUOverTCPOptions{Listen: "127.0.0.1:0"} })...)
	return i, func(from string) net.Conn {
		client, conn := net.Pipe()
		p.arriving <- &arrival{Conn: conn, from: netip.AddrPortFrom(netip.MustParseAddr(from), 40000)}
		synctest.Wait()
		return client
	}
}

// askRTU sends bytes and tells whether the magic comes back.
func askRTU(c net.Conn, bytes []byte) bool {
	c.SetDeadline(time.Now().Add(time.Second))
	defer c.SetDeadline(time.Time{})
	if _, err := c.Write(bytes); err != nil {
		return false
	}
	answer := make([]byte, len(magicAnswer))
	_, err := io.ReadFull(c, answer)
	return err == nil && string(answer) == string(magicAnswer)
}

var magicQuestion = frameOf(1, "04 0000 0002")

func TestRTUOverTCPFindsItsWayBack(t *testing.T) {
	broken := append([]byte(nil), magicQuestion...)
	broken[7]++
	for _, row := range []struct {
		what     string
		sent     []byte
		pause    time.Duration
		answered bool
	}{
		{"nothing wrong", nil, 0, true},
		{"a broken checksum and no silence", broken, networkSilence - time.Millisecond, false},
		{"a broken checksum and a silence", broken, networkSilence, true},
		{"a request that began, and another one after a pause", magicQuestion[:5], networkSilence, true},
		{"somebody else's request", frameOf(9, "03 0000 0001"), 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, connect := overRTU(t)
			c := connect("127.0.0.1")
			c.Write(row.sent)
			synctest.Wait()
			time.Sleep(row.pause)
			synctest.Wait()
			if got := askRTU(c, magicQuestion); got != row.answered {
				t.Errorf("%s: answered %v", row.what, got)
			}
		})
	}
	t.Run("what comes in pieces with pauses", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, connect := overRTU(t)
			c := connect("127.0.0.1")
			for _, b := range magicQuestion[:7] {
				c.Write([]byte{b})
				time.Sleep(250 * time.Millisecond)
			}
			if !askRTU(c, magicQuestion[7:]) {
				t.Error("not answered")
			}
		})
	})
}

func TestTheLimitsAreThoseOfAllTransports(t *testing.T) {
	t.Run("a frame that is begun must end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i, connect := overRTU(t)
			c := connect("127.0.0.1")
			c.Write(magicQuestion[:4])
			if time.Sleep(frameTimeout - time.Millisecond); ended(c) {
				t.Error("closed too early")
			}
			if time.Sleep(time.Millisecond); !ended(c) {
				t.Error("still open")
			}
			i.expect("ended_connections_total", "stalled_frame", 1)
		})
	})
	t.Run("silence ends a connection, and noise is silence", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, connect := overRTU(t)
			c := connect("127.0.0.1")
			for range 5 {
				c.Write([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF})
				time.Sleep(time.Minute - time.Second)
			}
			if ended(c) {
				t.Error("closed too early")
			}
			if time.Sleep(5 * time.Second); !ended(c) {
				t.Error("still open")
			}
		})
	})
	t.Run("places are those of all together", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i, connect := overRTU(t, func(o *ServerOptions) { o.MaxConnections = 2 })
			first := connect("127.0.0.1")
			askRTU(first, magicQuestion)
			time.Sleep(time.Second)
			second, _ := i.connect("127.0.0.2")
			ask(second)
			if third := connect("127.0.0.3"); !ended(first) || ended(second) || !askRTU(third, magicQuestion) {
				t.Error("the place of the one that was idle for the longest is due")
			}
		})
	})
	t.Run("who may connect is each listener's own affair", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i, connect := overRTU(t, func(o *ServerOptions) { o.Allow = prefixes("10.20.0.0/16") })
			if c := connect("127.0.0.1"); !askRTU(c, magicQuestion) {
				t.Error("RTU over TCP: refused")
			}
			if c, _ := i.connect("127.0.0.1"); !ended(c) {
				t.Error("TCP: answered")
			}
		})
	})
}

func TestWordOrdersAreEachListenersOwn(t *testing.T) {
	b := furnished(t)
	s := serve(t, b, func(o *ServerOptions) {
		o.RTUOverTCP = &RTUOverTCPOptions{Listen: "127.0.0.1:0", WordOrder: LowWordFirst}
	})
	if got := mbpoll(t, s.Addr().String(), "-a", "1", "-t", "3", "-r", "124", "-c", "2"); got[124] != "4660" {
		t.Errorf("TCP: %v", got)
	}
	c, err := net.Dial("tcp", s.RTUOverTCPAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d := dialogue{rtuProtocol, c}
	d.ask(t, &edge{send: "01:04 007c 0002"}, "", "01:04 04 5678 1234")
}
