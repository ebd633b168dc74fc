package modbus

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAClientReadsWhatTheServerServes(t *testing.T) {
	c := NewClient(ClientOptions{Address: serveTCP(t, furnished(t)), Unit: 1})
	defer c.Close()
	for _, table := range []Table{Input, Holding} {
		words, err := c.Registers(table, 116, 16)
		if err != nil || words[1] != 4 || words[8] != 0x1234 {
			t.Errorf("%s: %v, %v", table, words, err)
		}
	}
	for _, table := range []Table{Discrete, Coil} {
		bits, err := c.Bits(table, 116, 16)
		if err != nil || !bits[0] || bits[1] || !bits[9] || bits[15] {
			t.Errorf("%s: %v, %v", table, bits, err)
		}
	}
}

func TestAnExceptionIsExplainedAndTheClientGoesOn(t *testing.T) {
	c := NewClient(ClientOptions{Address: serveTCP(t, furnished(t)), Unit: 1})
	defer c.Close()
	_, err := c.Registers(Input, 60000, 1)
	for _, part := range []string{"reading 1 from 60000 of table input", "exception '2'", "nothing at some of these addresses"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, which does not say %q", err, part)
		}
	}
	if _, err := c.Registers(Input, 0, 2); err != nil {
		t.Error(err)
	}
}

func TestAClientRefusesWhatNoRequestCanAsk(t *testing.T) {
	c := NewClient(ClientOptions{Address: "127.0.0.1:1"})
	for what, read := range map[string]func() error{
		"126 registers":        func() error { _, err := c.Registers(Input, 0, 126); return err },
		"no registers":         func() error { _, err := c.Registers(Input, 0, 0); return err },
		"2001 bits":            func() error { _, err := c.Bits(Coil, 0, 2001); return err },
		"beyond the end":       func() error { _, err := c.Registers(Holding, 65535, 2); return err },
		"registers of coils":   func() error { _, err := c.Registers(Coil, 0, 1); return err },
		"bits of input tables": func() error { _, err := c.Bits(Input, 0, 1); return err },
	} {
		if err := read(); err == nil || strings.Contains(err.Error(), "connect") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// A device that answers late, wrongly or not at all must cost one error each, never the client.
func TestAClientRecoversFromABadAnswer(t *testing.T) {
	answers := []string{
		"",                                  // nothing, until the client gives up
		"ffff 0000 0005 01 04 02 0000",      // another transaction
		"0000 0000 0007 01 04 04 0000 0000", // more than was asked; the transaction is copied
		"0000 0000 0001 01",                 // no PDU
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked := make([]byte, 12)
			io.ReadFull(conn, asked)
			answer := bytesOf("0000 0000 0005 01 04 02 002a")
			if n < len(answers) {
				answer = bytesOf(answers[n])
			}
			if len(answer) > 0 && answer[0] == 0 {
				copy(answer, asked[:2])
			}
			conn.Write(answer)
			defer conn.Close()
		}
	}()
	c := NewClient(ClientOptions{Address: listener.Addr().String(), Unit: 1, Timeout: 200 * time.Millisecond})
	defer c.Close()
	for n := range answers {
		if words, err := c.Registers(Input, 7, 1); err == nil {
			t.Errorf("answer %d was taken for %v", n, words)
		}
	}
	if words, err := c.Registers(Input, 7, 1); err != nil || words[0] != 42 {
		t.Errorf("got %v, %v", words, err)
	}
}
