package rtu

import (
	"encoding/hex"
	"strings"
	"testing"
)

// bytesOf reads hexadecimal digits with spaces.
func bytesOf(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// The example of V1.02, section 6.2.2, a frame that every tool shows, and the check value that catalogues
// of checksums give for "123456789".
func TestChecksumsOfTheBooks(t *testing.T) {
	for _, row := range []struct {
		frame string
		sum   uint16
	}{
		{"02 07", 0x1241},
		{"01 03 0000 000a", 0xCDC5},
		{"31 32 33 34 35 36 37 38 39", 0x4B37},
		{"", 0xFFFF},
	} {
		frame := bytesOf(row.frame)
		if got := Checksum(frame); got != row.sum {
			t.Errorf("%s: got %04x, want %04x", row.frame, got, row.sum)
		}
		if whole := AppendChecksum(frame); len(whole) >= MinFrame && !Intact(whole) {
			t.Errorf("% x is not intact", whole)
		}
	}
	if got := AppendChecksum(bytesOf("01 03 0000 000a")); string(got) != string(bytesOf("01 03 0000 000a c5cd")) {
		t.Errorf("the low byte comes first on the line: got % x", got)
	}
	if Intact(bytesOf("01 03 0000 000a c5cc")) || Intact(nil) || Intact([]byte{0xFF, 0xFF}) {
		t.Error("a frame that is broken or too short is not intact")
	}
}

// Every frame's length is known when it is all there at the latest, and no earlier byte tells another one.
func TestLengthsByFunctionCode(t *testing.T) {
	for _, row := range []struct {
		what  string
		of    func([]byte) int
		frame string // without its checksum
		known bool
	}{
		{"a request for registers", RequestLength, "01 04 0000 007d", true},
		{"a request to write a coil", RequestLength, "01 05 0000 ff00", true},
		{"a request for the exception status", RequestLength, "01 07", true},
		{"a diagnostic", RequestLength, "01 08 000a 0000", true},
		{"a loopback of one word", RequestLength, "01 08 0000 a537", false},
		{"a loopback of many words", RequestLength, "01 08 0000 a537 0102 0304", false},
		{"a request for the event counter", RequestLength, "01 0b", true},
		{"a request to write coils", RequestLength, "01 0f 0013 000a 02 cd01", true},
		{"a request to write registers", RequestLength, "01 10 0001 0002 04 000a 0102", true},
		{"a request for the server id", RequestLength, "01 11", true},
		{"a request for file records", RequestLength, "01 14 07 06 0004 0001 0002", true},
		{"a request to write a mask", RequestLength, "01 16 0004 00f2 0025", true},
		{"a request to read and write", RequestLength, "01 17 0003 0006 000e 0001 02 00ff", true},
		{"a request for a queue", RequestLength, "01 18 04de", true},
		{"a request for identification", RequestLength, "01 2b 0e 01 00", true},
		{"a request over another interface", RequestLength, "01 2b 0d 00 00", false},
		{"a request that is none", RequestLength, "01 41 00", false},
		{"an answer with registers", ResponseLength, "01 03 06 022b 0000 0064", true},
		{"an answer with bits", ResponseLength, "01 01 03 cd6b05", true},
		{"an answer to a write", ResponseLength, "01 06 0001 0003", true},
		{"an answer to writes", ResponseLength, "01 10 0001 0002", true},
		{"an exception", ResponseLength, "01 84 02", true},
		{"an exception to what nobody knows", ResponseLength, "01 c1 01", true},
		{"an exception status", ResponseLength, "01 07 6d", true},
		{"an event counter", ResponseLength, "01 0b ffff 0108", true},
		{"an event log", ResponseLength, "01 0c 08 0000 0108 0121 2000", true},
		{"a server id", ResponseLength, "01 11 03 42 ff 00", true},
		{"a written mask", ResponseLength, "01 16 0004 00f2 0025", true},
		{"a queue", ResponseLength, "01 18 0006 0002 01b8 1284", true},
		{"an identification", ResponseLength, "01 2b 0e 01 01 00 00 03 00 02 4141 01 01 42 02 00", true},
		{"an identification without objects", ResponseLength, "01 2b 0e 01 01 00 00 00", true},
		{"an answer that is none", ResponseLength, "01 41 00", false},
	} {
		frame := AppendChecksum(bytesOf(row.frame))
		for n := range len(frame) + 1 {
			got := row.of(frame[:n])
			if got != NotYet && got != Never && (got != len(frame) || !row.known) {
				t.Errorf("%s: %d bytes tell that it has %d of %d", row.what, n, got, len(frame))
			}
		}
		if got := row.of(frame); row.known && got != len(frame) || !row.known && got != Never {
			t.Errorf("%s: the whole frame of %d bytes tells %d", row.what, len(frame), got)
		}
	}
}

func TestNoFrameIsLongerThanTheLineAllows(t *testing.T) {
	for what, got := range map[string]int{
		"registers":       ResponseLength(bytesOf("01 03 ff")),
		"written":         RequestLength(bytesOf("01 10 0000 007d fa")),
		"queue":           ResponseLength(bytesOf("01 18 ffff")),
		"identification":  ResponseLength(bytesOf("01 2b 0e 01 01 00 00 01 00 ff")),
		"reads and write": RequestLength(bytesOf("01 17 0003 0006 000e 0001 f4")),
	} {
		if got != Never {
			t.Errorf("%s: got %d", what, got)
		}
	}
	if got := ResponseLength(bytesOf("01 03 fa")); got != 255 {
		t.Errorf("125 registers: got %d", got)
	}
}
