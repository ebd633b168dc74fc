package main

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
)

// foreignDevice answers every read of registers with the addresses in hundreds, until the test ends.
func foreignDevice(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerForeign(conn)
		}
	}()
	return listener.Addr().String()
}

func answerForeign(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for request := make([]byte, 12); ; {
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		address, count := binary.BigEndian.Uint16(request[8:]), binary.BigEndian.Uint16(request[10:])
		answer := append([]byte{}, request[:9]...)
		answer[8] = byte(2 * count)
		binary.BigEndian.PutUint16(answer[4:], 3+2*count)
		for k := range count {
			answer = binary.BigEndian.AppendUint16(answer, (address+k)/100)
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// Another device's registers are shown as they are, and nobody is told that they mean something.
func TestReadingADeviceThatIsNoGateway(t *testing.T) {
	target := foreignDevice(t)
	var stdout, stderr strings.Builder
	if code := run(t.Context(), []string{"read", "--target", target, "98", "4"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	const want = `ADDRESS  REFERENCE    RAW  NAME  VALUE
98-99    30099-30100  0          2 registers, all 0
100      30101        1          
101      30102        1          
`
	if stdout.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &stdout, want)
	}
	if !strings.Contains(stderr.String(), "the device is no butlr-gateway: its registers 0 and 1 do not read BGW1; raw words are shown") {
		t.Errorf("it says %q", &stderr)
	}
	stderr.Reset()
	if code := run(t.Context(), []string{"read", "--target", target, "number:3"}, io.Discard, &stderr); code != 1 ||
		!strings.Contains(stderr.String(), "assets can be named only where --unit is a unit of a butlr-gateway") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}
