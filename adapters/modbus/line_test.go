package modbus

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/modbus/rtu"
	"butlr-gateway/gateway"

	"github.com/goburrow/serial"
)

// wire is a serial port in virtual time: what the test says arrives at once, what the gateway says is noted
// with the moment.
type wire struct {
	arriving chan []byte
	mu       sync.Mutex
	said     []byte
	saidAt   time.Time
	takes    int // bytes of one write; 0 is all
	pulled   chan error
}

func newWire() *wire { return &wire{arriving: make(chan []byte, 8), pulled: make(chan error, 1)} }

func (w *wire) Read(b []byte) (int, error) {
	select {
	case bytes := <-w.arriving:
		return copy(b, bytes), nil
	case err := <-w.pulled:
		return 0, err
	case <-time.After(lineTimeout):
		return 0, serial.ErrTimeout
	}
}

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(b)
	if w.takes > 0 {
		n = min(n, w.takes)
	}
	w.said, w.saidAt = append(w.said, b[:n]...), time.Now()
	if n == 0 {
		return -1, syscall.EAGAIN
	}
	return n, nil
}

func (w *wire) Close() error { return nil }

// heard returns what the gateway has said since the last call, and when.
func (w *wire) heard() ([]byte, time.Time) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	said := w.said
	w.said = nil
	return said, w.saidAt
}

// lineOf installs a server with a serial line on unit 1, whose port is what open returns.
func lineOf(t *testing.T, open func() (io.ReadWriteCloser, error), edit ...func(*ServerOptions)) *installation {
	t.Helper()
	return installWith(t, func(s *Server) {
		s.line.open = func(*serial.Config) (io.ReadWriteCloser, error) { return open() }
	}, append(edit, func(o *ServerOptions) { o.Serial = &SerialOptions{Port: "/dev/ttyUSB0"} })...)
}

// frameOf is an RTU frame of a PDU in hexadecimal.
func frameOf(unit byte, pdu string) []byte {
	return rtu.AppendChecksum(append([]byte{unit}, bytesOf(pdu)...))
}

var magicAnswer = frameOf(1, "04 04 4247 5731")

func TestALineIsAnsweredAfterTheGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		lineOf(t, func() (io.ReadWriteCloser, error) { return w, nil })
		time.Sleep(time.Second)
		asked := time.Now()
		w.arriving <- frameOf(1, "04 0000 0002")
		time.Sleep(rtu.Gap(DefaultBaud) - time.Microsecond)
		if said, _ := w.heard(); len(said) > 0 {
			t.Errorf("answered % x too early", said)
		}
		time.Sleep(time.Microsecond)
		if said, at := w.heard(); !bytes.Equal(said, magicAnswer) || at.Sub(asked) != rtu.Gap(DefaultBaud) {
			t.Errorf("answered % x after %v", said, at.Sub(asked))
		}
	})
}

func TestWhatALineAnswers(t *testing.T) {
	for _, row := range []struct {
		what   string
		pieces [][]byte // with a gap between them
		want   []byte
	}{
		{"the last of two requests: the first was given up", [][]byte{append(frameOf(1, "04 0001 0001"), frameOf(1, "04 0000 0002")...)}, magicAnswer},
		{"nothing to another unit", [][]byte{frameOf(2, "04 0000 0002")}, nil},
		{"nothing to a broadcast", [][]byte{frameOf(0, "04 0000 0002")}, nil},
		{"nothing to unit 255", [][]byte{frameOf(255, "04 0000 0002")}, nil},
		{"a request between others' requests and answers", [][]byte{
			frameOf(9, "03 0000 0004"), frameOf(9, "03 08 0104 0000 0002 71cb"), frameOf(1, "04 0000 0002"), frameOf(9, "03 0000 0001"), frameOf(9, "83 02"),
		}, magicAnswer},
		{"a request behind noise", [][]byte{{0xFF, 0, 0xFF}, frameOf(1, "04 0000 0002")}, magicAnswer},
		{"nothing to a broken checksum", [][]byte{append(frameOf(1, "04 0000 0002")[:7], 0)}, nil},
		{"a function that nobody knows", [][]byte{frameOf(1, "41 01 02 03")}, frameOf(1, "c1 01")},
		{"a request that is too short, when the line is silent", [][]byte{frameOf(1, "04 0000")}, frameOf(1, "84 03")},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire()
			lineOf(t, func() (io.ReadWriteCloser, error) { return w, nil })
			for _, piece := range row.pieces {
				time.Sleep(100 * time.Millisecond)
				w.arriving <- piece
			}
			time.Sleep(time.Second)
			if said, _ := w.heard(); !bytes.Equal(said, row.want) {
				t.Errorf("%s: got % x, want % x", row.what, said, row.want)
			}
		})
	}
}

// What an adapter hands over in pieces is one frame: the bytes of a piece came one after the other.
func TestPiecesOfAnAdapter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		lineOf(t, func() (io.ReadWriteCloser, error) { return w, nil })
		time.Sleep(time.Second)
		answer := frameOf(9, "03 20 "+strings.Repeat("00", 10)+"010400000002 71cb"+strings.Repeat("00", 14))
		for _, cut := range [][]byte{answer[:13], answer[13:21], answer[21:]} {
			time.Sleep(time.Duration(len(cut)) * charBits * time.Second / DefaultBaud)
			w.arriving <- cut
			synctest.Wait()
		}
		time.Sleep(time.Second)
		if said, _ := w.heard(); len(said) > 0 {
			t.Errorf("what another one said was taken for a request: % x", said)
		}
	})
}

func TestAPortThatTakesLittleGetsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		w.takes = 3
		i := lineOf(t, func() (io.ReadWriteCloser, error) { return w, nil })
		w.arriving <- frameOf(1, "04 0000 0002")
		time.Sleep(time.Second)
		if said, _ := w.heard(); !bytes.Equal(said, magicAnswer) {
			t.Errorf("got % x", said)
		}
		i.expect("connections", "serial", 1)
	})
}

// down tells why the alarm of the serial port is in force, "" if it is not.
func down(a *gateway.Alarms) string {
	for alarm, why := range a.Each {
		if alarm == gateway.SerialDown {
			return why
		}
	}
	return ""
}

func TestAPortThatIsGoneIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var tries []time.Duration
		began := time.Now()
		ports := map[int]*wire{3: newWire(), 5: newWire()} // the others cannot be opened
		i := lineOf(t, func() (io.ReadWriteCloser, error) {
			mu.Lock()
			defer mu.Unlock()
			tries = append(tries, time.Since(began))
			if w := ports[len(tries)-1]; w != nil {
				return w, nil
			}
			return nil, errors.New("no such device")
		})
		time.Sleep(6 * time.Second)
		if got := down(i.alarms); got != "the serial port /dev/ttyUSB0 cannot be used: no such device; it is opened again when it is there" {
			t.Errorf("missing from the start: %q", got)
		}
		client, _ := i.connect("127.0.0.1")
		if !ask(client) {
			t.Error("the rest must be served on")
		}
		time.Sleep(2 * time.Second) // 0, 1, 3 and 7 s
		ports[3].arriving <- frameOf(1, "04 0000 0002")
		time.Sleep(time.Second)
		if said, _ := ports[3].heard(); !bytes.Equal(said, magicAnswer) || down(i.alarms) != "" {
			t.Errorf("it is there: % x, %q", said, down(i.alarms))
		}
		ports[3].pulled <- nil // reading nothing without a word is how a port says that it was pulled out
		time.Sleep(100 * time.Millisecond)
		if got := down(i.alarms); !strings.Contains(got, "it is gone") {
			t.Errorf("pulled out: %q", got)
		}
		i.expect("connections", "serial", 0)
		time.Sleep(3 * time.Second)
		ports[5].arriving <- frameOf(1, "04 0000 0002")
		time.Sleep(time.Second)
		if said, _ := ports[5].heard(); !bytes.Equal(said, magicAnswer) {
			t.Errorf("it is there again: % x", said)
		}
		if mu.Lock(); len(tries) != 6 || tries[1] != time.Second || tries[2] != 3*time.Second || tries[3] != 7*time.Second {
			t.Errorf("tried after %v", tries)
		}
		mu.Unlock()
	})
}

func TestADefectCostsALineOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		i := lineOf(t, func() (io.ReadWriteCloser, error) { return w, nil })
		time.Sleep(time.Second)
		i.clock.gone.Store(true)
		w.arriving <- frameOf(1, "04 0000 0002")
		time.Sleep(time.Second)
		i.clock.gone.Store(false)
		w.arriving <- frameOf(1, "04 0000 0002")
		time.Sleep(time.Second)
		if said, _ := w.heard(); !bytes.Equal(said, magicAnswer) {
			t.Errorf("got % x", said)
		}
		i.expect("panics_total", "serial", 1)
	})
}

func TestALineCommandsWhereItMay(t *testing.T) {
	for _, may := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			hub := &commanders{}
			w := newWire()
			i := lineOf(t, func() (io.ReadWriteCloser, error) { return w, nil }, func(o *ServerOptions) {
				o.Write = &WriteOptions{Serial: may, Allow: prefixes("127.0.0.1/32"), Commander: hub}
			})
			w.arriving <- frameOf(0, "06 0018 0007")
			time.Sleep(time.Second)
			w.arriving <- frameOf(1, "04 0018 0001")
			time.Sleep(time.Second)
			want := frameOf(1, "04 02 0000")
			if may {
				want = frameOf(1, "04 02 0007")
			}
			if said, _ := w.heard(); !bytes.Equal(said, want) {
				t.Errorf("after a broadcast: % x, want % x", said, want)
			}
			w.arriving <- frameOf(1, "06 0018 0008")
			time.Sleep(time.Second)
			want = frameOf(1, "86 01")
			if may {
				want = frameOf(1, "06 0018 0008")
			}
			if said, _ := w.heard(); !bytes.Equal(said, want) {
				t.Errorf("after a write: % x, want % x", said, want)
			}
			if c := i.server.Clients(); len(c) != 1 || c[0].Transport != "serial" || c[0].Address != "/dev/ttyUSB0" || (c[0].Writes == 1) != may {
				t.Errorf("clients: %+v", c)
			}
		})
	}
}

func TestWhatALineMustBe(t *testing.T) {
	for what, o := range map[string]SerialOptions{
		"no port":                           {},
		"a unit that can never be ours":     {Port: "/dev/ttyS0", UnitIDs: []uint8{201}},
		"a broadcast for a unit":            {Port: "/dev/ttyS0", UnitIDs: []uint8{0}},
		"a unit that no line has":           {Port: "/dev/ttyS0", UnitIDs: []uint8{248}},
		"the unit that TCP means itself by": {Port: "/dev/ttyS0", UnitIDs: []uint8{255}},
	} {
		if _, err := NewServer(ServerOptions{Map: MapOptions{UnitID: 1}, Image: newBuilding(t).Image, Serial: &o}); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	if _, err := NewServer(ServerOptions{Map: MapOptions{UnitID: 1}, Image: newBuilding(t).Image}); err == nil || !strings.Contains(err.Error(), "an address to listen on, or a serial line") {
		t.Errorf("a server of nothing: %v", err)
	}
}
