package modbus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"butlr-gateway/adapters/modbus/rtu"
)

// edge is what a client sends, and what the specification has a server answer. Requests and answers are
// written as a unit id in hexadecimal, a colon and the PDU, with commas between several. An answer that
// ends with ".." begins so; "" is no answer, and "closed" is the end of the connection.
type edge struct {
	what   string
	send   string
	want   string
	line   string // the answer on RTU lines, where another is due; "silence" for none
	serial string // the answer on a serial line, where yet another is due; "skip" where it cannot be told
	mbap   string // bytes to send over Modbus TCP instead
	rtu    string // bytes to send on RTU lines instead
	cut    int    // bytes of each piece that is sent; 0 is all at once
}

const silence, closed, skip = "silence", "closed", "skip"

// edges are asked of a gateway with 200 assets on unit 1, some on units 3 and 4 and none on the others;
// units 3 and 77 are answered on RTU lines too. Nothing can be written. The answers are those of MODBUS
// Application Protocol V1.1b3, sections 6 and 7, MODBUS Messaging on TCP/IP 1.0b and MODBUS over Serial
// Line V1.02.
var edges = []edge{
	// Quantities.
	{what: "one register", send: "01:04 0000 0001", want: "01:04 02 4247"},
	{what: "one holding register", send: "01:03 0001 0001", want: "01:03 02 5731"},
	{what: "no registers", send: "01:04 0000 0000", want: "01:84 03"},
	{what: "125 registers", send: "01:04 0000 007d", want: "01:04 fa 4247 5731 0001 .."},
	{what: "126 registers", send: "01:04 0000 007e", want: "01:84 03"},
	{what: "256 registers, which a byte cannot count", send: "01:03 0000 0100", want: "01:83 03"},
	{what: "65535 registers", send: "01:03 0000 ffff", want: "01:83 03"},
	{what: "one bit", send: "01:02 0000 0001", want: "01:02 01 00"},
	{what: "nine coils", send: "01:01 0000 0009", want: "01:01 02 0000"},
	{what: "no bits", send: "01:02 0000 0000", want: "01:82 03"},
	{what: "2000 bits", send: "01:02 0000 07d0", want: "01:02 fa .."},
	{what: "2001 bits", send: "01:01 0000 07d1", want: "01:81 03"},
	{what: "65535 bits", send: "01:01 0000 ffff", want: "01:81 03"},
	// Addresses.
	{what: "the last register of the last asset", send: "01:04 0ce3 0001", want: "01:04 02 0000"},
	{what: "the first behind it", send: "01:04 0ce4 0001", want: "01:84 02"},
	{what: "a range that ends behind it", send: "01:03 0ce3 0002", want: "01:83 02"},
	{what: "the last bit of the last asset", send: "01:02 0ce3 0001", want: "01:02 01 01"},
	{what: "the first bit behind it", send: "01:01 0ce4 0001", want: "01:81 02"},
	{what: "register 65535", send: "01:04 ffff 0001", want: "01:84 02"},
	{what: "registers up to 65536 exactly", send: "01:04 ff83 007d", want: "01:84 02"},
	{what: "registers beyond 65536", send: "01:04 ffff 0002", want: "01:84 02"},
	{what: "125 registers from 65535", send: "01:03 ffff 007d", want: "01:83 02"},
	{what: "126 registers from 65535: the quantity is looked at first", send: "01:03 ffff 007e", want: "01:83 03"},
	{what: "bits beyond 65536", send: "01:02 f831 07d0", want: "01:82 02"},
	// Lengths.
	{what: "a read without its quantity", send: "01:04 0000", want: "01:84 03"},
	{what: "a read of one byte", send: "01:03 00", want: "01:83 03"},
	{what: "a function alone", send: "01:04", want: "01:84 03"},
	{what: "a read with a byte too many", send: "01:04 0000 0001 00", want: "01:84 03"},
	{what: "a read with a word too many", send: "01:02 0000 0001 0000", want: "01:82 03"},
	{what: "the longest request there can be", send: "01:04 0000 0001" + strings.Repeat("00", 248), want: "01:84 03"},
	// Functions.
	{what: "function 0", send: "01:00", want: "01:80 01"},
	{what: "function 5 writes a coil", send: "01:05 0073 ff00", want: "01:85 01"},
	{what: "function 6 writes a register", send: "01:06 0018 0001", want: "01:86 01"},
	{what: "function 7", send: "01:07", want: "01:87 01"},
	{what: "function 11", send: "01:0b", want: "01:8b 01"},
	{what: "function 12", send: "01:0c", want: "01:8c 01"},
	{what: "function 15 writes coils", send: "01:0f 0064 0008 01 ff", want: "01:8f 01"},
	{what: "function 16 writes registers", send: "01:10 0018 0001 02 0001", want: "01:90 01"},
	{what: "function 16 with a count that lies: it is unknown before it is wrong", send: "01:10 0018 0001 04 0001 0000", want: "01:90 01"},
	{what: "function 20 reads a file", send: "01:14 07 06 0004 0001 0002", want: "01:94 01"},
	{what: "function 22 masks", send: "01:16 0018 0000 ffff", want: "01:96 01"},
	{what: "function 23 reads and writes", send: "01:17 0000 0001 0018 0001 02 0001", want: "01:97 01"},
	{what: "function 24 reads a queue", send: "01:18 0000", want: "01:98 01"},
	{what: "function 0x41 is a user's own", send: "01:41 01 02 03", want: "01:c1 01"},
	{what: "function 0x64 with nothing", send: "01:64", want: "01:e4 01"},
	{what: "function 0x7f", send: "01:7f ff ff", want: "01:ff 01"},
	{what: "function 0x84: its top bit is set", send: "01:84 0000 0001", want: "01:84 01", line: silence},
	{what: "an exception", send: "01:84 02", want: "01:84 01", line: silence},
	{what: "function 0xff", send: "01:ff", want: "01:ff 01", line: silence},
	// Diagnostics.
	{what: "a loopback", send: "01:08 0000 a537", want: "01:08 0000 a537"},
	{what: "a loopback of three words", send: "01:08 0000 a537 0102 0304", want: "01:08 0000 a537 0102 0304"},
	{what: "a loopback of nothing", send: "01:08 0000", want: "01:88 03"},
	{what: "a loopback of half a word", send: "01:08 0000 a5", want: "01:88 03"},
	{what: "half a sub-function", send: "01:08 00", want: "01:88 03"},
	{what: "a restart", send: "01:08 0001 ff00", want: "01:88 01"},
	{what: "only listening", send: "01:08 0004 0000", want: "01:88 01"},
	{what: "clearing the counters", send: "01:08 000a 0000", want: "01:08 000a 0000"},
	{what: "clearing them with data", send: "01:08 000a 0001", want: "01:88 03"},
	{what: "the count of messages", send: "01:08 000b 0000", want: "01:08 000b .."},
	{what: "the count of answers that never came", send: "01:08 000f 0000", want: "01:08 000f .."},
	{what: "a diagnostic of nobody", send: "01:08 0015 0000", want: "01:88 01"},
	// Identification.
	{what: "the server id", send: "01:11", want: "01:11 20 42 ff 6275746c72 .."},
	{what: "the server id with a byte too many", send: "01:11 00", want: "01:91 03"},
	{what: "basic identification", send: "01:2b 0e 01 00", want: "01:2b 0e 01 82 00 00 03 00 05 4275746c72 .."},
	{what: "one object", send: "01:2b 0e 04 02", want: "01:2b 0e 04 82 00 00 01 02 05 312e322e33"},
	{what: "an object that there is not", send: "01:2b 0e 04 80", want: "01:ab 02"},
	{what: "a way to ask that there is not", send: "01:2b 0e 05 00", want: "01:ab 03"},
	{what: "identification without an object", send: "01:2b 0e 01", want: "01:ab 03"},
	{what: "another interface", send: "01:2b 0d 00 00", want: "01:ab 01"},
	// Units.
	{what: "unit 0", send: "00:04 0000 0001", want: "00:04 02 4247", line: silence},
	{what: "unit 255", send: "ff:04 0000 0001", want: "ff:04 02 4247", line: silence},
	{what: "a unit that holds assets", send: "03:04 0064 0001", want: "03:04 02 ffff"},
	{what: "a unit that holds assets, on a line where it is somebody else's", send: "04:04 0000 0001", want: "04:04 02 4247", line: silence},
	{what: "a unit that has no asset yet", send: "02:04 0000 0001", want: "02:84 0a", line: silence},
	{what: "one that is listed for lines, and has no asset yet", send: "4d:04 0000 0001", want: "4d:84 0a", line: silence},
	{what: "a unit that can never be", send: "fe:02 0000 0001", want: "fe:82 0a", line: silence},
	{what: "an unknown function of an unknown unit", send: "fe:41", want: "fe:c1 0a", line: silence},
	// Framing.
	{what: "one byte at a time", send: "01:04 0000 0001", cut: 1, want: "01:04 02 4247"},
	{what: "in three pieces", send: "01:04 0000 0002", cut: 4, want: "01:04 04 4247 5731"},
	{what: "two at once: on a serial line the first was given up", send: "01:04 0000 0001, 01:03 0001 0001",
		want: "01:04 02 4247, 01:03 02 5731", serial: "01:03 02 5731"},
	{what: "ten at once, cut anywhere", cut: 7, send: strings.TrimSuffix(strings.Repeat("01:04 0002 0001, ", 10), ", "),
		want: strings.TrimSuffix(strings.Repeat("01:04 02 0001, ", 10), ", "), serial: skip},
	{what: "a good one behind one that is refused", send: "01:04 0000 0000, 01:04 0000 0001", want: "01:84 03, 01:04 02 4247",
		serial: "01:04 02 4247"},
	{what: "another protocol", mbap: "0001 0001 0006 01 04 0000 0001", want: closed},
	{what: "another protocol behind a good request", mbap: "0001 0000 0006 01 04 0000 0001 0002 0100 0006 01 04 0000 0001", want: "01:04 02 4247, closed"},
	{what: "length 0", mbap: "0001 0000 0000", want: closed},
	{what: "length 1", mbap: "0001 0000 0001 01", want: closed},
	{what: "length 255", mbap: "0001 0000 00ff 01 04", want: closed},
	{what: "length 65535", mbap: "0001 0000 ffff 01 04", want: closed},
	{what: "a length that is too long by one swallows the next request's first byte", mbap: "0001 0000 0007 01 04 0000 0001 0002 0000 0006 01 04 0000 0001", want: "01:84 03, closed"},
	{what: "HTTP", mbap: "47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a", want: closed},
	{what: "TLS", mbap: "16 03 01 02 00 01", want: closed},
	{what: "a broken checksum", rtu: "01 04 0000 0001 31 cb", want: ""},
	{what: "a checksum of the wrong byte order", rtu: "01 04 0000 0001 ca 31", want: ""},
	{what: "noise", rtu: "00 ff 00 ff 55", want: ""},
	{what: "noise that is longer than any frame", rtu: strings.Repeat("a5", 300), want: ""},
	{what: "somebody else's answer", rtu: "09 03 02 0001 9845", want: ""},
	{what: "a frame of two bytes", rtu: "01 04", cut: 1, want: ""},
}

// protocol is how a transport frames.
type protocol struct {
	frame func(transaction uint16, unit byte, pdu []byte) []byte
	whole func(received []byte) bool // an answer
	open  func(answer []byte) (transaction uint16, unit byte, pdu []byte)
}

var mbapProtocol = protocol{
	frame: tcp,
	whole: func(b []byte) bool {
		f, whole, err := nextFrame(b)
		return err != nil || whole && f.size == len(b)
	},
	open: func(b []byte) (uint16, byte, []byte) { return binary.BigEndian.Uint16(b), b[6], b[headerBytes:] },
}

var rtuProtocol = protocol{
	frame: func(_ uint16, unit byte, pdu []byte) []byte { return rtu.AppendChecksum(append([]byte{unit}, pdu...)) },
	whole: func(b []byte) bool {
		n := rtu.ResponseLength(b)
		return len(b) > 0 && n == len(b) || n == rtu.Never && rtu.Intact(b)
	},
	open: func(b []byte) (uint16, byte, []byte) { return 0, b[0], b[1 : len(b)-2] },
}

// dialogue is the client's end of a transport.
type dialogue struct {
	protocol
	conn interface {
		io.ReadWriteCloser
		SetReadDeadline(time.Time) error
	}
}

// parse reads requests or answers as edges have them.
func parse(text string) (units []byte, pdus [][]byte) {
	for part := range strings.SplitSeq(text, ", ") {
		unit, pdu, found := strings.Cut(part, ":")
		if found {
			units, pdus = append(units, bytesOf(unit)[0]), append(pdus, bytesOf(pdu))
		}
	}
	return units, pdus
}

func TestEdgeFrames(t *testing.T) {
	if len(edges) < 60 {
		t.Fatalf("only %d edges", len(edges))
	}
	b := newBuilding(t)
	b.show(room(199), room(2*unitAssets), room(4*unitAssets-1))
	master, port := ptys(t)
	s := serve(t, b, func(o *ServerOptions) {
		o.Identity, o.MaxConnections, o.MaxPerAddress = butlr, 200, 200
		o.RTUOverTCP = &RTUOverTCPOptions{Listen: "127.0.0.1:0", UnitIDs: []uint8{3, 77}}
		o.Serial = &SerialOptions{Port: port, Baud: 115200, UnitIDs: []uint8{3, 77}}
	})
	dial := func(t *testing.T, p protocol, address net.Addr) dialogue {
		conn, err := net.Dial("tcp", address.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return dialogue{p, conn}
	}
	t.Run("TCP", func(t *testing.T) {
		t.Parallel()
		beside := dial(t, mbapProtocol, s.Addr())
		for _, e := range edges {
			if e.rtu != "" {
				continue
			}
			t.Run(e.what, func(t *testing.T) {
				dial(t, mbapProtocol, s.Addr()).ask(t, &e, e.mbap, e.want)
				beside.ask(t, &magicRead, "", magicRead.want) // it notices nothing
			})
		}
	})
	t.Run("RTU over TCP", func(t *testing.T) {
		t.Parallel()
		beside := dial(t, rtuProtocol, s.RTUOverTCPAddr())
		for _, e := range edges {
			if e.mbap != "" {
				continue
			}
			t.Run(e.what, func(t *testing.T) {
				d := dial(t, rtuProtocol, s.RTUOverTCPAddr())
				d.ask(t, &e, e.rtu, first(e.line, e.want, silence))
				d.ask(t, &magicRead, "", magicRead.want)
				beside.ask(t, &magicRead, "", magicRead.want)
			})
		}
	})
	t.Run("serial", func(t *testing.T) {
		t.Parallel()
		d := dialogue{rtuProtocol, master}
		for _, e := range edges {
			if e.mbap != "" || e.serial == skip {
				continue
			}
			t.Run(e.what, func(t *testing.T) {
				d.ask(t, &e, e.rtu, first(e.serial, e.line, e.want, silence))
				d.ask(t, &magicRead, "", magicRead.want)
			})
		}
	})
}

// magicRead is what shows that nothing is out of step.
var magicRead = edge{send: "01:04 0000 0002", want: "01:04 04 4247 5731"}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// ask sends an edge, and sees that what is due comes back.
func (d dialogue) ask(t *testing.T, e *edge, raw, want string) {
	t.Helper()
	stream := bytesOf(raw)
	units, pdus := parse(e.send)
	for k := range pdus {
		stream = append(stream, d.frame(uint16(k+1), units[k], pdus[k])...)
	}
	piece := len(stream)
	if e.cut > 0 {
		piece = e.cut
	}
	for from := 0; from < len(stream); from += piece {
		if _, err := d.conn.Write(stream[from:min(from+piece, len(stream))]); err != nil {
			t.Fatal(err)
		}
	}
	for k, due := range strings.Split(want, ", ") {
		switch due {
		case silence, closed:
			d.end(t, due)
		default:
			d.receive(t, k, due, e)
		}
	}
}

// end sees that nothing more comes: because the server is silent, or because it has closed.
func (d dialogue) end(t *testing.T, due string) {
	t.Helper()
	patience := 5 * time.Second
	if due == silence {
		patience = 2 * networkSilence
	}
	d.conn.SetReadDeadline(time.Now().Add(patience))
	n, err := d.conn.Read(make([]byte, 300))
	if n > 0 || errors.Is(err, os.ErrDeadlineExceeded) != (due == silence) {
		t.Errorf("%s is due, got %d bytes and %v", due, n, err)
	}
}

// receive reads one answer. On a serial line one to a request before it may have been on its way.
func (d dialogue) receive(t *testing.T, k int, due string, e *edge) {
	t.Helper()
	d.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		answer, err := d.answer()
		if err != nil {
			t.Fatalf("%s is due, got % x and %v", due, answer, err)
		}
		transaction, unit, pdu := d.open(answer)
		head, begins := strings.CutSuffix(due, " ..")
		text := fmt.Sprintf("%02x:%x", unit, pdu)
		plain := strings.ReplaceAll(head, " ", "")
		if text == plain || begins && strings.HasPrefix(text, plain) {
			if transaction != 0 && int(transaction) != k+1 {
				t.Errorf("the answer to request %d has transaction %d", k+1, transaction)
			}
			return
		}
		if e.serial != due || !strings.HasPrefix(strings.ReplaceAll(e.want, " ", ""), text) {
			t.Fatalf("%s is due, got %s", due, text)
		}
	}
}

// answer reads one whole answer.
func (d dialogue) answer() (got []byte, err error) {
	for b := make([]byte, 1); err == nil && !d.whole(got); {
		if _, err = io.ReadFull(d.conn, b); err == nil {
			got = append(got, b...)
		}
	}
	return got, err
}

// ptys returns the client's end of a serial line, and the port of the server's, until the test ends. It
// is made by socat, and has no speed.
func ptys(t *testing.T) (*os.File, string) {
	t.Helper()
	program, err := exec.LookPath("socat")
	tool(t, "socat", err)
	dir := t.TempDir()
	ends := [2]string{filepath.Join(dir, "client"), filepath.Join(dir, "gateway")}
	command := exec.Command(program, "-d", "-d", "pty,raw,echo=0,link="+ends[0], "pty,raw,echo=0,link="+ends[1])
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	var told []byte
	for buffer := make([]byte, 1024); !bytes.Contains(told, []byte("starting data transfer loop")); {
		n, err := log.Read(buffer)
		if told = append(told, buffer[:n]...); err != nil {
			t.Fatalf("socat: %v\n%s", err, told)
		}
	}
	go io.Copy(io.Discard, log)
	client, err := os.OpenFile(ends[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, ends[1]
}
