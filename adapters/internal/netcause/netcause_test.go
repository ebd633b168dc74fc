package netcause_test

import (
	"errors"
	"net"
	"testing"

	"butlr-gateway/adapters/internal/netcause"
)

// TestARefusedConnection. Seen to break it, on Windows: Refused as syscall.ECONNREFUSED.
func TestARefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, netcause.Refused) {
		t.Errorf("dialling where nobody listens: %#v, want %v", err, netcause.Refused)
	}
}
