package push

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	library "github.com/goburrow/modbus"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// mishap is what a device does to a request instead of answering it.
type mishap func(d *device, c net.Conn, request frame)

// frame is a request as a device reads it.
type frame struct {
	transaction uint16
	unit        byte
	pdu         []byte
}

// write is one write that a device carried out.
type write struct {
	at      time.Duration // since the test began
	unit    byte
	address uint16
	coil    bool
	words   []uint16
}

type cell struct {
	unit    byte
	coil    bool
	address uint16
}

// device is a controller: it keeps what is written, and may be made to misbehave.
type device struct {
	rtu       bool
	remembers bool // also what it had before it was off
	began     time.Time

	mu       sync.Mutex
	off      bool
	conns    []net.Conn
	cells    map[cell]uint16
	writes   []write
	requests []time.Duration // when each came
	to5      []time.Duration // of those, the ones to unit 5
	held     int             // connections that the other side has not closed
	overlap  bool            // there were two at a time
	dials    int
	mishaps  []mishap         // one for each request, the next first; then it behaves
	always   mishap           // for every request
	to       map[byte]mishap  // for the requests to a unit
	frozen   map[cell]uint16  // what it has whatever is written
	between  func(w net.Conn) // when a connection is opened
}

func newDevice(rtu bool) *device {
	return &device{rtu: rtu, began: time.Now(), cells: map[cell]uint16{}, to: map[byte]mishap{}, frozen: map[cell]uint16{}}
}

// open is how a line reaches the device.
func (d *device) open(context.Context) (wire, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dials++
	if d.off {
		return nil, syscall.ECONNREFUSED
	}
	ours, theirs := net.Pipe()
	d.conns = append(d.conns, theirs)
	d.overlap = d.overlap || d.held > 0
	d.held++
	go d.serve(theirs)
	return &heldConn{ours, sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.held--
	})}, nil
}

// heldConn tells when it is closed.
type heldConn struct {
	net.Conn
	release func()
}

func (h *heldConn) Close() error {
	h.release()
	return h.Conn.Close()
}

// turn switches the device on or off. Off, it forgets what it does not remember.
func (d *device) turn(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = !on
	for _, c := range d.conns {
		_ = c.Close()
	}
	if d.conns = nil; !d.remembers {
		d.cells = map[cell]uint16{}
	}
}

// on switches the device on, if it is off.
func (d *device) on() {
	d.mu.Lock()
	off := d.off
	d.mu.Unlock()
	if off {
		d.turn(true)
	}
}

func (d *device) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	if d.between != nil {
		d.between(c)
	}
	for {
		f, err := d.read(c)
		if err != nil {
			return
		}
		d.mu.Lock()
		d.requests = append(d.requests, time.Since(d.began))
		if f.unit == 5 {
			d.to5 = append(d.to5, time.Since(d.began))
		}
		m := d.always
		if m == nil {
			m = d.to[f.unit]
		}
		if m == nil && len(d.mishaps) > 0 {
			m, d.mishaps = d.mishaps[0], d.mishaps[1:]
		}
		d.mu.Unlock()
		if m != nil {
			m(d, c, f)
		} else {
			d.reply(c, f, d.carryOut(f))
		}
	}
}

// read reads one request.
func (d *device) read(c net.Conn) (frame, error) {
	head := make([]byte, 7)
	if _, err := io.ReadFull(c, head); err != nil {
		return frame{}, err
	}
	if !d.rtu {
		pdu := make([]byte, binary.BigEndian.Uint16(head[4:])-1)
		_, err := io.ReadFull(c, pdu)
		return frame{binary.BigEndian.Uint16(head), head[6], pdu}, err
	}
	rest := 1 // of a request of eight bytes
	if head[1] == writeCoils || head[1] == writeRegisters {
		rest = int(head[6]) + 2
	}
	tail := make([]byte, rest)
	if _, err := io.ReadFull(c, tail); err != nil {
		return frame{}, err
	}
	whole := append(head, tail...)
	if _, err := newRTU(0).Decode(whole); err != nil {
		return frame{}, err
	}
	return frame{0, whole[0], whole[1 : len(whole)-2]}, nil
}

// carryOut does what a request asks for, and returns the answer.
func (d *device) carryOut(f frame) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	address, value := binary.BigEndian.Uint16(f.pdu[1:]), binary.BigEndian.Uint16(f.pdu[3:])
	var words []uint16
	coil := false
	switch f.pdu[0] {
	case 1:
		return []byte{1, 1, byte(d.cells[cell{f.unit, true, address}]) | 0xAA&^1}
	case 3:
		out := []byte{3, byte(2 * value)}
		for i := range value {
			out = binary.BigEndian.AppendUint16(out, d.cells[cell{f.unit, false, address + i}])
		}
		return out
	case writeCoil:
		words, coil = []uint16{value / 0xFF00}, true
	case writeCoils:
		words, coil = []uint16{uint16(f.pdu[6] & 1)}, true
	case writeRegister:
		words = []uint16{value}
	case writeRegisters:
		for i := range int(value) {
			words = append(words, binary.BigEndian.Uint16(f.pdu[6+2*i:]))
		}
	}
	for i, w := range words {
		at := cell{f.unit, coil, address + uint16(i)}
		d.cells[at] = w
		if kept, ok := d.frozen[at]; ok {
			d.cells[at] = kept
		}
	}
	d.writes = append(d.writes, write{time.Since(d.began), f.unit, address, coil, words})
	return f.pdu[:5]
}

// reply sends an answer.
func (d *device) reply(c net.Conn, f frame, pdu []byte) { _, _ = c.Write(d.frame(f, pdu)) }

// frame returns an answer as it travels.
func (d *device) frame(f frame, pdu []byte) []byte {
	if d.rtu {
		h := newRTU(0)
		h.to(f.unit)
		adu, _ := h.Encode(&library.ProtocolDataUnit{FunctionCode: pdu[0], Data: pdu[1:]})
		return adu
	}
	out := binary.BigEndian.AppendUint16(nil, f.transaction)
	out = append(out, 0, 0)
	out = binary.BigEndian.AppendUint16(out, uint16(len(pdu)+1))
	return append(append(out, f.unit), pdu...)
}

func (d *device) value(unit byte, address uint16) uint16 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cells[cell{unit, false, address}]
}

// left returns how many mishaps are still to come.
func (d *device) left() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.mishaps)
}

// asked returns how often it was called.
func (d *device) asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(d.dials, len(d.requests))
}

// seen returns the writes, and how many requests there were.
func (d *device) seen() ([]write, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]write(nil), d.writes...), len(d.requests)
}

// The ways of a bad device.

func hang(_ *device, c net.Conn, _ frame) { _, _ = io.Copy(io.Discard, c) }

func closes(_ *device, c net.Conn, _ frame) { _ = c.Close() }

func answersLate(d *device, c net.Conn, f frame) {
	time.Sleep(2500 * time.Millisecond)
	d.reply(c, f, d.carryOut(f))
}

func restarts(d *device, _ net.Conn, _ frame) {
	d.turn(false)
	time.AfterFunc(4*time.Second, func() { d.turn(true) })
}

func sendsGarbage(_ *device, c net.Conn, _ frame) {
	_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
}

func answersOther(d *device, c net.Conn, f frame) {
	f.transaction += 0x5555
	d.reply(c, f, d.carryOut(f))
}

func answersAsOther(d *device, c net.Conn, f frame) {
	pdu := d.carryOut(f)
	f.unit++
	d.reply(c, f, pdu)
}

func cutsShort(d *device, c net.Conn, f frame) {
	whole := d.frame(f, d.carryOut(f))
	_, _ = c.Write(whole[:len(whole)-2])
}

func saysLess(d *device, c net.Conn, f frame) { d.reply(c, f, d.carryOut(f)[:3]) }

func wrongFunction(d *device, c net.Conn, f frame) {
	pdu := append([]byte(nil), d.carryOut(f)...)
	pdu[0] = 4
	d.reply(c, f, pdu)
}

func wrongEcho(d *device, c net.Conn, f frame) {
	pdu := append([]byte(nil), d.carryOut(f)...)
	pdu[4] ^= 0x7F
	d.reply(c, f, pdu)
}

func excepts(code byte) mishap {
	return func(d *device, c net.Conn, f frame) { d.reply(c, f, []byte{f.pdu[0] | exceptional, code}) }
}

// bench is a pusher in a test, with the devices that its lines lead to.
type bench struct {
	*Pusher
	t      *testing.T
	began  time.Time
	alarms *gateway.Alarms
	log    *logged
	stop   func()
}

// logged counts the lines of a log.
type logged struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Message)
	return nil
}

func (l *logged) count(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if line == message {
			n++
		}
	}
	return n
}

// testOptions are those of a gateway that starts now.
func testOptions(targets ...Target) Options {
	began := time.Now()
	clock := func() gateway.Instant {
		return gateway.Instant{Wall: time.Now(), Mono: time.Second + time.Since(began)}
	}
	return Options{
		Targets: targets, Clock: clock, Start: clock(), Alarms: gateway.NewAlarms(nil), Log: slog.New(slog.DiscardHandler),
		Grace: func(*gateway.Asset) time.Duration { return 5 * time.Minute },
		Loss: func(*gateway.Asset, gateway.Output, gateway.Timestamp) gateway.Policy {
			return gateway.PolicyOccupied
		},
	}
}

// newBench makes a pusher whose lines lead to the devices with those addresses.
func newBench(t *testing.T, o Options, devices map[string]*device) *bench {
	t.Helper()
	b := &bench{t: t, began: time.Now(), alarms: o.Alarms, log: &logged{}}
	o.Log = slog.New(b.log)
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.lines {
		l.link.open = devices[l.targets[0].Line.Address].open
	}
	b.Pusher = p
	return b
}

// start runs the pusher until the test ends, or stop is called.
func (b *bench) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.Run(ctx); err != nil {
			b.t.Error(err)
		}
	}()
	b.stop = sync.OnceFunc(func() { cancel(); <-done })
	b.t.Cleanup(b.stop)
}

// publish tells the pusher of an asset. Nothing in it may take time.
func (b *bench) publish(s gateway.Snapshot) {
	b.t.Helper()
	before := time.Now()
	b.Publish(&gateway.Update{Changed: []gateway.Snapshot{s}})
	if took := time.Since(before); took != 0 {
		b.t.Errorf("publishing took %s", took)
	}
}

func (b *bench) alarm() string {
	for alarm, why := range b.alarms.Each {
		if alarm == gateway.PushFailing {
			return why
		}
	}
	return ""
}

// room is an asset with that many people in it.
func room(name string, number gateway.Number, people int64) gateway.Snapshot {
	s := gateway.Snapshot{
		Asset:   &gateway.Asset{ID: gateway.AssetID("room_" + name), Kind: gateway.Room, Number: number, CustomID: "own-" + name},
		Quality: gateway.Good,
	}
	s.Readings[gateway.People] = gateway.Reading{Value: people, Known: true, Quality: gateway.Good}
	on := gateway.Reading{Value: min(people, 1), Known: true, Quality: gateway.Good}
	for _, m := range []gateway.Measure{gateway.Occupied, gateway.HVAC, gateway.Lighting, gateway.Ventilation, gateway.Motion} {
		s.Readings[m] = on
	}
	return s
}

// peopleOf is a point that writes the people of a room to a register.
func peopleOf(name string, address uint16) Point {
	return Point{
		Name: "people-" + name, Asset: "room_" + name, Measure: "people", Table: modbus.Holding, Address: address,
		Function: writeRegister, Type: U16, Scale: 1,
	}
}

func unit(name, address string, unit uint8, points ...Point) Target {
	return Target{
		Name: name, Line: Line{Transport: TCP, Address: address}, Unit: unit, Refresh: 30 * time.Second, Timeout: 2 * time.Second,
		Points: points,
	}
}

// inBubble runs a test in which time passes only when everybody waits.
func inBubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// after lets time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
