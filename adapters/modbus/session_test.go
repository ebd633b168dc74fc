package modbus

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/gateway"

	"github.com/prometheus/client_golang/prometheus"
)

// pipes is a listener whose connections are pipes, for tests in virtual time.
type pipes struct {
	arriving chan net.Conn
	failing  chan error
	closed   chan struct{}
	once     sync.Once
}

func newPipes() *pipes {
	return &pipes{arriving: make(chan net.Conn), failing: make(chan error), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.arriving:
		return c, nil
	case err := <-p.failing:
		return nil, err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// arrival is the server's end of a pipe, seemingly from an address; it counts writes.
type arrival struct {
	net.Conn
	from   netip.AddrPort
	writes int
}

func (a *arrival) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(a.from) }

func (a *arrival) Write(b []byte) (int, error) { a.writes++; return a.Conn.Write(b) }

// installation is a server in virtual time with its building.
type installation struct {
	building
	t       *testing.T
	server  *Server
	pipes   *pipes
	metrics *prometheus.Registry
	log     *bytes.Buffer
	stop    context.CancelFunc
	stopped chan error
}

// install runs a server in the current bubble until the test ends.
func install(t *testing.T, edit ...func(*ServerOptions)) *installation {
	t.Helper()
	return installWith(t, func(*Server) {}, edit...)
}

// installWith does something with the server before it runs.
func installWith(t *testing.T, with func(*Server), edit ...func(*ServerOptions)) *installation {
	t.Helper()
	i := &installation{
		t: t, building: newBuilding(t), pipes: newPipes(), metrics: prometheus.NewRegistry(),
		log: new(bytes.Buffer), stopped: make(chan error, 1),
	}
	i.show(campus(0), room(1))
	o := ServerOptions{
		Listen: "127.0.0.1:0", Map: MapOptions{UnitID: 1}, Image: i.Image, Metrics: i.metrics,
		Log: slog.New(slog.NewTextHandler(i.log, nil)),
	}
	for _, e := range edit {
		e(&o)
	}
	server, err := NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	i.server, server.listeners[0].listener = server, i.pipes
	with(server)
	ctx, cancel := context.WithCancel(t.Context())
	i.stop = cancel
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		i.stopped <- server.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return i
}

// connect returns the client's end of a connection from an address, and the server's.
func (i *installation) connect(from string) (net.Conn, *arrival) {
	client, conn := net.Pipe()
	a := &arrival{Conn: conn, from: netip.AddrPortFrom(netip.MustParseAddr(from), 40000)}
	i.pipes.arriving <- a
	synctest.Wait()
	return client, a
}

// ask sends a read of the magic and tells whether it was answered.
func ask(c net.Conn) bool {
	c.SetDeadline(time.Now().Add(time.Minute))
	defer c.SetDeadline(time.Time{})
	if _, err := c.Write(tcp(1, 1, request(readInputRegisters, 0, 2))); err != nil {
		return false
	}
	answer := make([]byte, 13)
	_, err := io.ReadFull(c, answer)
	synctest.Wait()
	return err == nil && string(answer[9:]) == magic
}

// ended tells whether the server has closed a connection.
func ended(c net.Conn) bool {
	synctest.Wait()
	c.SetReadDeadline(time.Now())
	defer c.SetReadDeadline(time.Time{})
	_, err := c.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// metric returns a metric's value; label is the value of a label, of its own or the transport, "" for the
// only one.
func (i *installation) metric(name, label string) float64 {
	i.t.Helper()
	families, err := i.metrics.Gather()
	if err != nil {
		i.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			found := label == ""
			for _, l := range m.GetLabel() {
				found = found || l.GetValue() == label
			}
			if f.GetName() == "butlr_modbus_"+name && found {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	i.t.Fatalf("no metric %s %s", name, label)
	return 0
}

func (i *installation) expect(name, label string, want float64) {
	i.t.Helper()
	synctest.Wait()
	if got := i.metric(name, label); got != want {
		i.t.Errorf("%s %s: got %v, want %v", name, label, got, want)
	}
}

func TestAnIdleConnectionEndsAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		c, _ := i.connect("127.0.0.1")
		for range 3 {
			if time.Sleep(DefaultIdleTimeout - time.Second); !ask(c) {
				t.Fatal("a connection that asks in time must stay")
			}
		}
		if time.Sleep(DefaultIdleTimeout - time.Second); ended(c) {
			t.Error("closed too early")
		}
		if time.Sleep(time.Second); !ended(c) {
			t.Error("an idle connection must end")
		}
		i.expect("ended_connections_total", "idle", 1)
		i.expect("connections", "", 0)
		i.expect("requests_total", "read_input_registers", 3)
	})
}

func TestAStartedFrameMustBeFinishedInTime(t *testing.T) {
	frame := tcp(1, 1, request(readInputRegisters, 0, 2))
	t.Run("a dripping client gains no time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t)
			c, _ := i.connect("127.0.0.1")
			for _, b := range frame[:3] {
				c.Write([]byte{b})
				time.Sleep(600 * time.Millisecond)
			}
			if ended(c) {
				t.Fatal("closed after 1.8 s")
			}
			if time.Sleep(200 * time.Millisecond); !ended(c) {
				t.Error("still open after 2 s")
			}
			i.expect("ended_connections_total", "stalled_frame", 1)
		})
	})
	t.Run("the next frame has its own time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t)
			c, _ := i.connect("127.0.0.1")
			go io.Copy(io.Discard, c)
			c.Write(frame[:5])
			time.Sleep(1900 * time.Millisecond)
			c.Write(append(frame[5:len(frame):len(frame)], frame[:5]...))
			time.Sleep(1900 * time.Millisecond)
			c.Write(frame[5:])
			i.expect("requests_total", "read_input_registers", 2)
			i.expect("connections", "", 1)
		})
	})
	t.Run("a finished frame takes the time off", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t)
			c, _ := i.connect("127.0.0.1")
			go io.Copy(io.Discard, c)
			c.Write(frame[:5])
			c.Write(frame[5:])
			time.Sleep(time.Minute)
			i.expect("connections", "", 1)
		})
	})
}

func TestAClientThatTakesNoAnswersIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		c, _ := i.connect("127.0.0.1")
		c.Write(tcp(1, 1, request(readInputRegisters, 0, 2)))
		time.Sleep(writeTimeout - time.Millisecond)
		i.expect("connections", "", 1)
		time.Sleep(time.Millisecond)
		i.expect("ended_connections_total", "slow_reader", 1)
		i.expect("connections", "", 0)
	})
}

func TestWhatIsBufferedIsAnsweredInOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		c, server := i.connect("127.0.0.1")
		var requests, want []byte
		for n := range uint16(20) {
			requests = append(requests, tcp(n, 1, request(readInputRegisters, int(n), 1))...)
			want = append(want, tcp(n, 1, newCore(t, i.Image).handlePDU(1, "", request(readInputRegisters, int(n), 1), nil))...)
		}
		half := tcp(99, 1, request(readCoils, 0, 1))
		go c.Write(append(requests, half[:4]...))
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v\ngot  % x\nwant % x", err, got, want)
		}
		if server.writes != 1 {
			t.Errorf("%d writes", server.writes)
		}
		go c.Write(half[4:])
		if _, err := io.ReadFull(c, got[:10]); err != nil || got[1] != 99 {
			t.Errorf("%v: % x", err, got[:10])
		}
	})
}

func TestWhatIsNoModbusIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		c, _ := i.connect("127.0.0.1")
		go c.Write(append(tcp(1, 1, request(readInputRegisters, 0, 2)), "GET / HTTP/1.1\r\n"...))
		answers, err := io.ReadAll(c)
		if err != nil || len(answers) != 13 {
			t.Errorf("the request before it: %v, % x", err, answers)
		}
		i.expect("ended_connections_total", "bad_frame", 1)
	})
}

func TestANewcomerGetsThePlaceOfTheOldestIdle(t *testing.T) {
	full := func(o *ServerOptions) { o.MaxConnections, o.MaxPerAddress = 3, 3 }
	t.Run("of those that asked, the one that asked longest ago", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t, full)
			var c [4]net.Conn
			for k := range 3 {
				c[k], _ = i.connect("127.0.0.1")
			}
			for _, k := range []int{1, 2, 0} {
				ask(c[k])
				time.Sleep(time.Second)
			}
			if c[3], _ = i.connect("127.0.0.2"); !ask(c[3]) || !ended(c[1]) || ended(c[0]) || ended(c[2]) {
				t.Error("the place of connection 1 is due")
			}
			i.expect("ended_connections_total", "evicted", 1)
			i.expect("connections", "", 3)
		})
	})
	t.Run("whoever only connects goes before whoever asks", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t, full)
			poller, _ := i.connect("127.0.0.1")
			ask(poller)
			for k := range 20 {
				time.Sleep(time.Second)
				if i.connect("127.0.0.2"); ended(poller) {
					t.Fatalf("the poller lost its place to silent connection %d", k)
				}
			}
			i.expect("connections", "", 3)
		})
	})
	t.Run("nobody is cut off within a request", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t, full)
			for range 3 {
				c, _ := i.connect("127.0.0.1")
				c.Write([]byte{0})
			}
			if c, _ := i.connect("127.0.0.2"); !ended(c) {
				t.Error("the newcomer has no place")
			}
			i.expect("refused_connections_total", "connections", 1)
			i.expect("connections", "", 3)
		})
	})
	t.Run("an address that has used up its places takes from its own", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t, func(o *ServerOptions) { o.MaxPerAddress = 2 })
			other, _ := i.connect("127.0.0.9")
			first, _ := i.connect("127.0.0.1")
			second, _ := i.connect("127.0.0.1")
			ask(first)
			if third, _ := i.connect("127.0.0.1"); !ask(third) || !ended(second) || ended(first) || ended(other) {
				t.Error("the second place of the address is due")
			}
			first.Write([]byte{0})
			for range 3 {
				i.connect("127.0.0.1") // takes the place of the one before
			}
			i.expect("connections", "", 3)
			i.expect("ended_connections_total", "evicted", 4)
		})
	})
	t.Run("an address whose places are all in use is refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t, func(o *ServerOptions) { o.MaxPerAddress = 1 })
			c, _ := i.connect("127.0.0.1")
			c.Write([]byte{0})
			if late, _ := i.connect("127.0.0.1"); !ended(late) {
				t.Error("the newcomer has no place")
			}
			i.expect("refused_connections_total", "connections_of_address", 1)
		})
	})
}

// A place that was taken away is free at once, not when its connection has noticed.
func TestAPlaceIsGivenAwayOnce(t *testing.T) {
	client := func(second time.Duration) *session {
		s := &session{address: netip.MustParseAddr("127.0.0.1")}
		s.resting.Store(int64(second * time.Second))
		return s
	}
	g := newGate(2, 8)
	first, second, third, fourth := client(1), client(2), client(3), client(4)
	for _, row := range []struct{ newcomer, evicted *session }{{first, nil}, {second, nil}, {third, first}, {fourth, second}} {
		if evicted, why := g.enter(row.newcomer); evicted != row.evicted || why != welcome {
			t.Errorf("client of %v took the place of %+v (%v)", time.Duration(row.newcomer.resting.Load()), evicted, why)
		}
	}
	if len(g.seated) != 2 {
		t.Errorf("%d places are taken", len(g.seated))
	}
}

func TestClientsThatAreGoneAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		for _, from := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.2"} {
			c, _ := i.connect(from)
			c.Close()
			i.expect("connections", "", 0)
		}
		if g := i.server.gate; len(g.seated) != 0 || len(g.of) != 0 {
			t.Errorf("%d connections and %d addresses are kept", len(g.seated), len(g.of))
		}
	})
}

func TestOnlyThoseAllowedMayConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t, func(o *ServerOptions) {
			o.Listen = ":502"
			o.Allow = []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00::/8")}
		})
		for _, from := range []string{"10.20.3.4", "::ffff:10.20.3.4", "fd00::1%eth0"} {
			if c, _ := i.connect(from); !ask(c) {
				t.Errorf("%s is allowed", from)
			}
		}
		for _, from := range []string{"10.21.0.1", "127.0.0.1", "fe80::1", "::ffff:10.21.0.1"} {
			if c, _ := i.connect(from); !ended(c) {
				t.Errorf("%s is not allowed", from)
			}
		}
		i.expect("refused_connections_total", "not_allowed", 4)
		if n := strings.Count(i.log.String(), "refused"); n != 1 {
			t.Errorf("a flood must not fill the log:\n%s", i.log)
		}
		time.Sleep(refusalPeriod)
		if i.connect("10.21.0.1"); strings.Count(i.log.String(), "refused") != 2 {
			t.Errorf("another refusal later is told again:\n%s", i.log)
		}
	})
}

func TestAPanicEndsOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		other, _ := i.connect("127.0.0.1")
		c, _ := i.connect("127.0.0.1")
		clock := i.options.Clock
		i.options.Clock = func() gateway.Instant { panic("no time") }
		if ask(c) || !ended(c) {
			t.Error("the connection must end")
		}
		i.options.Clock = clock
		if !ask(other) {
			t.Error("others must go on")
		}
		i.show(room(2)) // the image is not left locked
		i.expect("panics_total", "", 1)
		i.expect("ended_connections_total", "panic", 1)
		i.expect("connections", "", 1)
		if !strings.Contains(i.log.String(), "no time") {
			t.Errorf("the log does not tell:\n%s", i.log)
		}
	})
}

func TestStopping(t *testing.T) {
	t.Run("ends idle connections at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t)
			c, _ := i.connect("127.0.0.1")
			half, _ := i.connect("127.0.0.1")
			half.Write([]byte{0})
			before := time.Now()
			i.stop()
			if err := <-i.stopped; err != nil || time.Since(before) != 0 || !ended(c) || !ended(half) {
				t.Errorf("Run returned %v after %v", err, time.Since(before))
			}
			i.expect("ended_connections_total", "stop", 2)
		})
	})
	t.Run("lets answers on their way arrive, for a second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := install(t)
			taking, _ := i.connect("127.0.0.1")
			taking.Write(tcp(1, 1, request(readInputRegisters, 0, 2)))
			stuck, _ := i.connect("127.0.0.1")
			stuck.Write(tcp(1, 1, request(readInputRegisters, 0, 2)))
			before := time.Now()
			i.stop()
			synctest.Wait()
			if n, err := io.ReadFull(taking, make([]byte, 13)); err != nil {
				t.Errorf("the answer was cut after %d bytes: %v", n, err)
			}
			if err := <-i.stopped; err != nil || time.Since(before) != drainTimeout {
				t.Errorf("Run returned %v after %v", err, time.Since(before))
			}
		})
	})
}

func TestTroubleWithAcceptingIsSaidOnceAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		for range 5 {
			i.pipes.failing <- errors.New("too many open files")
		}
		if c, _ := i.connect("127.0.0.1"); !ask(c) {
			t.Error("serving must go on")
		}
		if n := strings.Count(i.log.String(), "too many open files"); n != 1 {
			t.Errorf("said %d times:\n%s", n, i.log)
		}
		i.pipes.Close()
		if err := <-i.stopped; err == nil {
			t.Error("a listener that is gone must end Run with an error")
		}
	})
}
