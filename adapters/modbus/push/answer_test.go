package push

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	library "github.com/goburrow/modbus"
)

// replay is a wire on which everything that will ever come has come already, and then nothing.
type replay struct {
	io.Reader
	sent bytes.Buffer
}

func (r *replay) Write(b []byte) (int, error)   { return r.sent.Write(b) }
func (r *replay) Close() error                  { return nil }
func (r *replay) SetDeadline(_ time.Time) error { return nil }

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAnswersOnTCP has what comes back to "unit 5, write 7 to register 1700, transaction 1", golden bytes of
// the specification (MODBUS Messaging on TCP/IP Implementation Guide 1.0b, section 3.1.3).
func TestAnswersOnTCP(t *testing.T) {
	for name, test := range map[string]struct{ comes, want string }{
		"the echo":                    {"0001 0000 0006 05 06 06a4 0007", ""},
		"an earlier answer first":     {"0000 0000 0006 05 06 06a4 0003 0001 0000 0006 05 06 06a4 0007", ""},
		"an exception":                {"0001 0000 0003 05 86 02", "modbus: exception '2' (illegal data address), function '134'"},
		"only an earlier answer":      {"0000 0000 0006 05 06 06a4 0007", "EOF"},
		"another protocol":            {"0001 0001 0006 05 06 06a4 0007", errNotModbus.Error()},
		"no length":                   {"0001 0000 0000 05", errNotModbus.Error()},
		"no function":                 {"0001 0000 0001 05", errNotModbus.Error()},
		"too long":                    {"0001 0000 00ff 05 06 06a4 0007", errNotModbus.Error()},
		"another unit":                {"0001 0000 0006 06 06 06a4 0007", "answers as unit 6 when unit 5 is asked: correct unit_id"},
		"another function":            {"0001 0000 0006 05 10 06a4 0007", errNotModbus.Error() + ": function 16 when 6 was asked"},
		"another function's refusal":  {"0001 0000 0003 05 90 02", errNotModbus.Error() + ": function 144 when 6 was asked"},
		"an exception without a code": {"0001 0000 0002 05 86", errNotModbus.Error() + ": function 134 when 6 was asked"},
		"an exception with more":      {"0001 0000 0004 05 86 02 00", errNotModbus.Error() + ": function 134 when 6 was asked"},
		"a function and nothing":      {"0001 0000 0002 05 06", errNotModbus.Error() + ": function 6 when 6 was asked"},
		"another value":               {"0001 0000 0006 05 06 06a4 0008", "modbus: response value '8' does not match request '7'"},
		"another register":            {"0001 0000 0006 05 06 06a5 0007", "modbus: response address '1701' does not match request '1700'"},
		"less than an echo":           {"0001 0000 0004 05 06 06a4", "modbus: response data size '2' does not match expected '4'"},
		"cut off":                     {"0001 0000 0006 05 06 06a4", "unexpected EOF"},
		"nothing":                     {"", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &replay{Reader: bytes.NewReader(fromHex(t, test.comes))}
			err := writeSeven(newMBAP(), w)
			if text := textOf(err); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
			if got := hex.EncodeToString(w.sent.Bytes()); got != "000100000006050606a40007" {
				t.Errorf("sent %s", got)
			}
		})
	}
}

// TestAnswersOnASerialLine is the same for frames with a checksum (MODBUS over Serial Line V1.02, section
// 2.5.1). What is no answer is skipped: nobody else on the line may end a request.
func TestAnswersOnASerialLine(t *testing.T) {
	const echo, refusal = "05 06 06a4 0007 88e7", "05 86 02 8260"
	for name, test := range map[string]struct{ comes, want string }{
		"the echo":                    {echo, ""},
		"noise first":                 {"00 ff" + echo, ""},
		"noise that begins like it":   {"05 06 05 06 06a4" + echo, ""},
		"what another unit answers":   {"06 06 06a4 0007 88d4" + echo, ""},
		"what answered the last":      {"05 06 06a4 0003 8924" + echo, ""},
		"an exception":                {refusal, "modbus: exception '2' (illegal data address), function '134'"},
		"a wrong checksum":            {"05 06 06a4 0007 ffff", "EOF"},
		"a wrong checksum, then it":   {"05 86 02 ffff" + echo, ""},
		"cut off":                     {"05 06 06a4", "EOF"},
		"nothing":                     {"", "EOF"},
		"nothing but noise":           {strings.Repeat("00", 2*maxNoise), errNotModbus.Error()},
		"another function's refusal":  {"05 90 02 8c00", "EOF"},
		"an echo of another register": {"05 06 06a5 0007 d927", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &replay{Reader: bytes.NewReader(fromHex(t, test.comes))}
			err := writeSeven(unheard{newRTU(0)}, w)
			if text := textOf(err); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
			if got := hex.EncodeToString(w.sent.Bytes()); got != "050606a4000788e7" {
				t.Errorf("sent %s", got)
			}
		})
	}
}

// unheard is a serial line's framing that takes what is there already for what comes after the request.
type unheard struct{ *rtu }

func (unheard) clear(wire, time.Time) error { return nil }

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// writeSeven writes 7 to register 1700 of unit 5.
func writeSeven(f framing, w wire) error {
	f.to(5)
	l := newLink(f, nil)
	l.wire = &leash{wire: w}
	_, err := l.client.WriteSingleRegister(1700, 7)
	return err
}

// FuzzAnswers has anything come back to each kind of request. It is never a panic; what is taken for an
// answer is one that the specification allows, for this unit and this request.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{
		"0001 0000 0006 05 06 06a4 0007", "0001 0000 0003 05 86 02", "05 06 06a4 0007 88e7", "05 86 02 8260",
		"0001 0000 0005 05 03 02 0007", "05 03 02 0007 0846", "0001 0000 0004 05 01 01 01", "05 01 01 01 9178",
		"0001 0000 0006 05 10 06a4 0002", "05 10 06a4 0002 0127", "0001 0000 0006 05 05 06a4 ff00", "05 05 06a4 ff00 ccd5",
	} {
		f.Add(fromHex(f, text))
	}
	f.Fuzz(func(t *testing.T, comes []byte) {
		for _, make := range []func() framing{func() framing { return newMBAP() }, func() framing { return unheard{newRTU(0)} }} {
			for _, ask := range []func(library.Client) ([]byte, error){
				func(c library.Client) ([]byte, error) { return c.WriteSingleRegister(1700, 7) },
				func(c library.Client) ([]byte, error) { return c.WriteSingleCoil(1700, 0xFF00) },
				func(c library.Client) ([]byte, error) { return c.WriteMultipleCoils(1700, 1, []byte{1}) },
				func(c library.Client) ([]byte, error) { return c.WriteMultipleRegisters(1700, 2, []byte{1, 2, 3, 4}) },
				func(c library.Client) ([]byte, error) { return c.ReadHoldingRegisters(1700, 1) },
				func(c library.Client) ([]byte, error) { return c.ReadCoils(1700, 1) },
			} {
				checkAnswer(t, make(), comes, ask)
			}
		}
	})
}

func checkAnswer(t *testing.T, f framing, comes []byte, ask func(library.Client) ([]byte, error)) {
	t.Helper()
	w := &replay{Reader: bytes.NewReader(comes)}
	f.to(5)
	l := newLink(f, nil)
	l.wire = &leash{wire: w}
	_, err := ask(l.client)
	refused, isRefused := errors.AsType[*library.ModbusError](err)
	if err != nil && !isRefused {
		return
	}
	function := w.sent.Bytes()[1]
	if _, tcp := f.(mbap); tcp {
		function = w.sent.Bytes()[functionAt]
	}
	said := []byte{5, function}
	if isRefused {
		said = []byte{5, function | exceptional, refused.ExceptionCode}
	}
	if !bytes.Contains(comes, said) {
		t.Errorf("% x is in none of % x", said, comes)
	}
}
