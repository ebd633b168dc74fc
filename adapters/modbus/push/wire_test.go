package push

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// pymodbusVersion is the version that these tests were seen with; CI installs it.
const pymodbusVersion = "3.16.1"

// wirePatience is how long a test waits for anything.
const wirePatience = 20 * time.Second

// need skips a test without a program, but fails it in CI.
func need(t *testing.T, what string, there bool) {
	t.Helper()
	switch {
	case there:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not installed", what)
	default:
		t.Skipf("%s is not installed", what)
	}
}

// controller is a server of pymodbus: the lines that it prints are the writes that it saw.
type controller struct {
	process *exec.Cmd
	port    string
	lines   chan string
}

func startController(t *testing.T, how, where string) *controller {
	t.Helper()
	need(t, "pymodbus", exec.Command("python3", "-c", "import pymodbus, serial").Run() == nil)
	c := &controller{process: exec.Command("python3", "testdata/server.py", how, where), lines: make(chan string, 1000)}
	out, err := c.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := new(bytes.Buffer)
	c.process.Stderr = said
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the controller said:\n%s", said)
		}
	})
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			c.lines <- in.Text()
		}
	}()
	t.Cleanup(c.stop)
	ready := strings.Fields(c.next(t))
	if len(ready) != 3 || ready[0] != "ready" || ready[2] != pymodbusVersion {
		t.Fatalf("it says %q, and these tests were seen with %s", ready, pymodbusVersion)
	}
	c.port = ready[1]
	return c
}

func (c *controller) stop() {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
}

func (c *controller) next(t *testing.T) string {
	t.Helper()
	select {
	case line, ok := <-c.lines:
		if !ok {
			t.Fatal("the controller ended")
		}
		return line
	case <-time.After(wirePatience):
		t.Fatal("the controller says nothing")
	}
	return ""
}

// expect waits until the controller has seen each of the writes.
func (c *controller) expect(t *testing.T, writes ...string) {
	t.Helper()
	missing := make(map[string]bool)
	for _, w := range writes {
		missing[w] = true
	}
	for len(missing) > 0 {
		delete(missing, c.next(t))
	}
}

// running is a pusher on real connections.
type running struct {
	*Pusher
	alarms *gateway.Alarms
	stop   func()
}

func runPusher(t *testing.T, targets ...Target) *running {
	t.Helper()
	o := testOptions(targets...)
	o.Log = slog.New(slog.DiscardHandler)
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop := sync.OnceFunc(func() { cancel(); ended.Wait() })
	t.Cleanup(stop)
	return &running{p, o.Alarms, stop}
}

// until waits until the alarm has these words in it; "" is no alarm.
func (r *running) until(t *testing.T, words string) {
	t.Helper()
	last := ""
	for deadline := time.Now().Add(wirePatience); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		last = ""
		for _, why := range r.alarms.Each {
			last = why
		}
		if words == "" && last == "" || words != "" && strings.Contains(last, words) {
			return
		}
	}
	t.Fatalf("the alarm is %q, want %q", last, words)
}

func (r *running) say(s gateway.Snapshot) {
	r.Publish(&gateway.Update{Changed: []gateway.Snapshot{s}})
}

// everyKind are points of every function and type, each read back.
func everyKind() []Point {
	point := func(name, measure string, address uint16, function uint8, typ Type) Point {
		p := Point{
			Name: name, Asset: "room_a", Measure: measure, Table: modbus.Holding, Address: address, Function: function, Type: typ, Scale: 1, ReadBack: true,
		}
		if typ == Bool {
			p.Table = modbus.Coil
		}
		return p
	}
	low := point("low", "people", 1708, writeRegisters, U32)
	low.WordOrder = modbus.LowWordFirst
	minus := point("minus", "people", 1701, writeRegisters, S16)
	minus.Scale = -1
	state := point("state", "occupied", 1700, writeRegister, U16)
	state.Values = map[string]int64{"vacant": 0, "occupied": 1, "unknown": 2}
	return []Point{
		state, minus, low,
		point("high", "people", 1704, writeRegisters, U32), point("real", "people", 1706, writeRegisters, F32),
		point("coil", "hvac", 16, writeCoil, Bool), point("coils", "lighting", 17, writeCoils, Bool),
	}
}

var everyKindOfThree = []string{
	"5 6 1700 1", "5 16 1701 65533", "5 16 1708 3 0", "5 16 1704 0 3", "5 16 1706 16448 0", "5 5 16 1", "5 15 17 1",
}

// TestPymodbusOverTCP has a third party's server take each kind of write, and lose its power in between.
func TestPymodbusOverTCP(t *testing.T) {
	for how, transport := range map[string]Transport{"tcp": TCP, "rtuovertcp": RTUOverTCP} {
		t.Run(how, func(t *testing.T) {
			c := startController(t, how, "0")
			one, two := unit("one", "127.0.0.1:"+c.port, 5, everyKind()...), unit("two", "127.0.0.1:"+c.port, 6, peopleOf("b", 1703))
			one.Line.Transport, two.Line.Transport = transport, transport
			wrong := peopleOf("a", 5000)
			wrong.Name = "wrong"
			two.Points = append(two.Points, wrong)
			r := runPusher(t, one, two)
			r.say(room("a", 1, 3))
			r.say(room("b", 2, 9))
			c.expect(t, append(everyKindOfThree, "6 6 1703 9")...)
			r.until(t, "wrong: the device has no register 5000 to write (exception 2)")
			c.stop()
			r.say(room("a", 1, 4))
			r.until(t, "2 push targets, among them one")
			again := startController(t, how, c.port)
			again.expect(t, "5 16 1704 0 4", "5 6 1700 1", "5 5 16 1")
			r.until(t, "push target two")
			if s := r.Status()[0]; s.State != Well || s.Mismatches != 0 {
				t.Errorf("it is %+v", s)
			}
		})
	}
}

// serialPair is two ends of a serial line, made by socat.
type serialPair struct {
	process    *exec.Cmd
	ours, bare string
}

func startPair(t *testing.T, dir string) *serialPair {
	t.Helper()
	path, err := exec.LookPath("socat")
	need(t, "socat", err == nil)
	p := &serialPair{ours: filepath.Join(dir, "ours"), bare: filepath.Join(dir, "theirs")}
	p.process = exec.Command(path, "pty,raw,echo=0,link="+p.ours, "pty,raw,echo=0,link="+p.bare)
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	for deadline := time.Now().Add(wirePatience); ; <-time.After(5 * time.Millisecond) {
		_, ours := os.Stat(p.ours)
		_, theirs := os.Stat(p.bare)
		if ours == nil && theirs == nil {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatal("socat makes no serial line")
		}
	}
}

func (p *serialPair) stop() {
	_ = p.process.Process.Kill()
	_ = p.process.Wait()
	_ = os.Remove(p.ours)
	_ = os.Remove(p.bare)
}

func serialUnit(name, path string, id uint8, points ...Point) Target {
	u := unit(name, "", id, points...)
	u.Line = Line{Transport: Serial, Address: path, Baud: 19200, Parity: EvenParity, StopBits: 1}
	return u
}

// TestPymodbusOverASerialLine has two units on one line, one that is not there, and an adapter that is
// pulled out and plugged in again.
func TestPymodbusOverASerialLine(t *testing.T) {
	dir := t.TempDir()
	pair := startPair(t, dir)
	c := startController(t, "serial", pair.bare)
	absent := serialUnit("absent", pair.ours, 7, peopleOf("b", 1703))
	absent.Timeout = 200 * time.Millisecond
	r := runPusher(t, serialUnit("one", pair.ours, 5, everyKind()...), serialUnit("two", pair.ours, 6, peopleOf("b", 1703)), absent)
	r.say(room("a", 1, 3))
	r.say(room("b", 2, 9))
	c.expect(t, append(everyKindOfThree, "6 6 1703 9")...)
	r.until(t, "push target absent ("+pair.ours+", unit 7): the device does not answer within 200ms")

	c.stop()
	pair.stop()
	r.say(room("b", 2, 10))
	r.until(t, "there is no such port: plug the adapter in, or correct target")
	again := startPair(t, dir)
	c = startController(t, "serial", again.bare)
	c.expect(t, "6 6 1703 10", "5 6 1700 1")
	r.until(t, "push target absent")
}

// TestASerialPortThatTakesNothing is one whose other end is frozen: the driver's buffer fills, and a stop
// is not kept waiting.
func TestASerialPortThatTakesNothing(t *testing.T) {
	pair := startPair(t, t.TempDir())
	var points []Point
	for i := range 40 {
		p := peopleOf("a", uint16(i))
		p.Name = strconv.Itoa(i)
		points = append(points, p)
	}
	u := serialUnit("one", pair.ours, 5, points...)
	u.Timeout = 100 * time.Millisecond
	r := runPusher(t, u)
	r.say(room("a", 1, 3))
	r.until(t, "does not answer within 100ms")
	before := time.Now()
	r.stop()
	if took := time.Since(before); took > time.Second {
		t.Errorf("the stop took %s", took)
	}
}

// TestWhatIsNoSerialPort is told in words.
func TestWhatIsNoSerialPort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := runPusher(t, serialUnit("one", file, 5, peopleOf("a", 1)))
	r.say(room("a", 1, 3))
	r.until(t, "this is no serial port")
}
