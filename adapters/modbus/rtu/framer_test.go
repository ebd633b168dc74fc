package rtu

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// ours are units 1 and 7.
func ours(unit byte) bool { return unit == 1 || unit == 7 }

// hear gives a framer a line as it is written down: pieces in hexadecimal, "|" where one read ends, "_"
// where the line was silent for the gap, ";" where it paused. "+" before a
// piece adds its checksum. It returns the requests.
func hear(f *Framer, line string) (requests []string) {
	silent := true
	take := func(paused bool) {
		for {
			r, ok := f.Next(paused)
			if !ok {
				return
			}
			requests = append(requests, fmt.Sprintf("%d:%x", r.Unit, r.PDU))
		}
	}
	var read []byte
	flush := func() {
		f.Received(copy(f.Space(), read), silent)
		read, silent = nil, false
		take(false)
	}
	for _, word := range strings.Fields(line) {
		switch {
		case word == "|":
			flush()
		case word == "_":
			flush()
			silent = true
		case word == ";":
			flush()
			take(true)
			silent = true
		case word[0] == '+':
			read = append(read, AppendChecksum(bytesOf(word[1:]))...)
		default:
			read = append(read, bytesOf(word)...)
		}
	}
	flush()
	return requests
}

func TestWhatIsFoundOnALine(t *testing.T) {
	const read, magic = "+010400000002", "1:0400000002"
	for _, row := range []struct {
		what, line string
		want       string // requests with spaces between
	}{
		{"a request", read, magic},
		{"one byte at a time", "01 | 04 | 00 | 00 | 00 | 02 | 71 | cb", magic},
		{"an adapter that hands it over in pieces, with pauses", "0104 _ 000000 _ 0271 _ cb", magic},
		{"two without a silence, as over a network", read + " " + read, magic + " " + magic},
		{"a request to another of ours", "+071000640001020003", "7:1000640001020003"},
		{"a broadcast", "+000600180001", "0:0600180001"},
		{"a request to somebody else", "+050400000002 _ " + read, magic},
		{"and the answer", "+050400000002 _ +05040412345678 _ " + read, magic},
		{"both in one read", "+050400000002 +05040412345678 " + read, magic},
		{"an answer that contains what looks like a request to us", "+0504080104000000020000 | _ " + read, magic},
		{"somebody else's exception", "+058402 " + read, magic},
		{"somebody else's writes and their answers", "+05100001000204000a0102 +051000010002 +050600010003 +050600010003 " + read, magic},
		{"somebody else's identification and its answer", "+052b0e0100 +052b0e010100000100024142 " + read, magic},
		{"somebody else's own function", "+0541010203 _ " + read, magic},
		{"a request that nobody knows, to us", "+0141010203", "1:41010203"},
		{"one with the top bit set", "+0184", "1:84"},
		{"function 0", "+0100", "1:00"},
		{"a loopback of five words", "+0108000001020304050607080910", "1:08000001020304050607080910"},
		{"a loopback in pieces", "01080000 | a537 | +", ""},
		{"a read with a byte too many", "+01040000000200", "1:040000000200"},
		{"a read that ends early", "+01040000", ""},
		{"when the line is silent", "+01040000 ;", "1:040000"},
		{"a request that pauses goes on", "010400 ; 00000271cb", magic},
		{"or gives way to another one", "010400 ; " + read, magic},
		{"a read with a byte too many, in pieces", "0104000000 | 020001d0 ;", ""},
		{"a broken checksum", "010400000002 71cc", ""},
		{"what follows it without a silence is not believed", "010400000002 71cc " + read + " ;", ""},
		{"nor in another read", "010400000002 71cc | 00 | ", ""},
		{"what follows it after a silence is", "010400000002 71cc _ " + read, magic},
		{"noise before a silence", "ff00ff _ " + read, magic},
		{"noise that seems to begin a long answer", "0503fa0000 _ " + read, magic},
		{"noise for longer than any frame", strings.Repeat("05", 300) + " _ " + read, magic},
		{"an answer that breaks off", "+050400000002 _ 0504041234 _ " + read, magic},
		{"a request that breaks off before a long silence", "010400 ; " + read, magic},
		{"two wrong lengths", "+01040000 _ +0103000000 ;", "1:040000 1:03000000"},
	} {
		if got := strings.Join(hear(NewFramer(ours), strings.ReplaceAll(row.line, "+ ", "")), " "); got != row.want {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
	}
}

func TestWhatIsCounted(t *testing.T) {
	f := NewFramer(ours)
	hear(f, "+010400000002 +050400000002 _ +05040412345678 _ 010400000002ffff _ 0503fa _ +010400000002")
	if want := (Counts{Frames: 4, Broken: 2}); f.Counts != want {
		t.Errorf("got %+v, want %+v", f.Counts, want)
	}
}

func TestTheGapOfALine(t *testing.T) {
	for baud, want := range map[int]time.Duration{
		1200: 32083 * time.Microsecond, 9600: 4010 * time.Microsecond, 19200: 2005 * time.Microsecond,
		38400: 1750 * time.Microsecond, 115200: 1750 * time.Microsecond, 0: 1750 * time.Microsecond,
	} {
		if got := Gap(baud).Truncate(time.Microsecond); got != want {
			t.Errorf("at %d baud: got %v, want %v", baud, got, want)
		}
	}
}

// traffic draws what is said on a line: frames whose length their function code tells.
func traffic(t *rapid.T) (stream []byte, want []string) {
	for range rapid.IntRange(1, 12).Draw(t, "frames") {
		unit := rapid.SampledFrom([]byte{0, 1, 7, 5, 200}).Draw(t, "unit")
		words := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "words")
		more := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "more")
		counted := append([]byte{byte(len(more))}, more...)
		request := rapid.Bool().Draw(t, "a request") || unit == 0 || ours(unit)
		var pdu []byte
		switch rapid.IntRange(0, 3).Draw(t, "sort") {
		case 0:
			pdu = append([]byte{rapid.SampledFrom([]byte{5, 6}).Draw(t, "function")}, words...)
		case 1:
			pdu = append([]byte{16}, append(words, counted...)...)
			if !request {
				pdu = pdu[:5]
			}
		case 2:
			pdu = append([]byte{rapid.SampledFrom([]byte{1, 2, 3, 4}).Draw(t, "function")}, words...)
			if !request {
				pdu = append(pdu[:1], counted...)
			}
		case 3:
			pdu = append([]byte{22}, append(words, 0, 0)...)
		}
		frame := AppendChecksum(append([]byte{unit}, pdu...))
		for n := MinFrame; n < len(frame); n++ {
			if Intact(frame[:n]) && (n == RequestLength(frame) || n == ResponseLength(frame)) {
				t.Skip("by chance it is two frames") // one in 65 536
			}
		}
		stream = append(stream, frame...)
		if unit == 0 || ours(unit) {
			want = append(want, fmt.Sprintf("%d:%x", unit, pdu))
		}
	}
	return stream, want
}

// However a line is cut into reads, and wherever it seems to be silent, the same requests are found. Seen
// to break it: taking a silence for the end of a frame.
func TestCutsAndSilencesChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream, want := traffic(t)
		f := NewFramer(ours)
		var got []string
		for from := 0; from < len(stream); {
			n := min(rapid.IntRange(1, 300).Draw(t, "cut"), len(stream)-from, len(f.Space()))
			f.Received(copy(f.Space(), stream[from:from+n]), rapid.Bool().Draw(t, "silent"))
			from += n
			for {
				r, ok := f.Next(false)
				if !ok {
					break
				}
				got = append(got, fmt.Sprintf("%d:%x", r.Unit, r.PDU))
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("% x\ngot  %v\nwant %v", stream, got, want)
		}
	})
}

// Whatever noise there was, what follows a silence is found. Seen to break it: forgetting a silence while
// a frame has begun.
func TestNoiseCostsNothingBehindASilence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := NewFramer(ours)
		noise := rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "noise")
		f.Received(copy(f.Space(), noise), true)
		for {
			if _, ok := f.Next(false); !ok {
				break
			}
		}
		if n := len(f.Space()); n < 2*MaxFrame {
			t.Fatalf("%d bytes of space are left", n)
		}
		frame := AppendChecksum([]byte{1, 4, 0, 0, 0, 2})
		f.Received(copy(f.Space(), frame), true)
		var found bool
		for {
			r, ok := f.Next(false)
			if !ok {
				break
			}
			found = found || bytes.Equal(r.PDU, frame[1:6])
		}
		if !found {
			t.Fatal("the request behind it was not found")
		}
	})
}

func FuzzFramer(f *testing.F) {
	f.Add(AppendChecksum([]byte{1, 4, 0, 0, 0, 2}), uint8(3), true)
	f.Add(bytesOf("0504041234567801040000000271cb"), uint8(9), false)
	f.Add(bytesOf("0503fa000001040000000271cb"), uint8(5), true)
	f.Add(bytesOf("012b0e0100705900ff"), uint8(1), true)
	f.Add(bytes.Repeat([]byte{1, 8, 0, 0}, 200), uint8(200), false)
	f.Fuzz(func(t *testing.T, stream []byte, cut uint8, silent bool) {
		f := NewFramer(ours)
		step := max(int(cut), 1)
		total := 0
		for from := 0; from < len(stream); from += step {
			piece := stream[from:min(from+step, len(stream))]
			f.Received(copy(f.Space(), piece), silent)
			for _, paused := range []bool{false, total%2 == 1} {
				for {
					r, ok := f.Next(paused)
					if !ok {
						break
					}
					if r.Unit != Broadcast && !ours(r.Unit) || len(r.PDU) == 0 || len(r.PDU) > MaxFrame-3 {
						t.Fatalf("found %d:% x", r.Unit, r.PDU)
					}
					total += 3 + len(r.PDU)
				}
			}
			if len(f.Space()) < 2*MaxFrame {
				t.Fatalf("%d bytes of space are left", len(f.Space()))
			}
		}
		if total > len(stream) {
			t.Fatalf("%d bytes of requests in %d", total, len(stream))
		}
	})
}
