package modbus

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"butlr-gateway/adapters/internal/peers"
	"butlr-gateway/adapters/modbus/rtu"
)

// Asking is how the gateway finds out whether one transport of its own is served.
type Asking struct {
	Transport string // as Poller.Transport
	Address   string

	// Ask reads a register as a client would, over the transport's own port, and returns nil if it is answered. Over TLS
	// it shows no certificate, so that being shown one is the answer. It needs no place on the allow-list, takes no
	// client's place, and is in no metric, in no log and not among [Server.Clients]. An error says that there was no
	// answer before ctx ended, nor for anybody else meanwhile.
	Ask func(ctx context.Context) error
}

// Askings returns one for each transport that clients connect to. Call it after [Server.Listen].
func (s *Server) Askings() []Asking {
	var out []Asking
	for _, l := range s.listeners {
		out = append(out, Asking{l.transport, l.listener.Addr().String(), l.ask})
	}
	return out
}

func (l *listener) ask(ctx context.Context) error {
	talk := l.readMagic
	if l.files != nil {
		talk = greet
	}
	if err := l.visits.Ask(ctx, l.listener.Addr(), l.metrics.requests.all, talk); err != nil {
		return fmt.Errorf("asking Modbus (%s) on %s: %w", l.transport, l.listener.Addr(), err)
	}
	return nil
}

func greet(ctx context.Context, conn net.Conn) error {
	_, err := peers.Greet(ctx, conn)
	return err
}

// readMagic reads the first two registers of the base unit, which there is always.
func (l *listener) readMagic(_ context.Context, conn net.Conn) error {
	unit := l.core.options.UnitID
	question := append([]byte{0, 1, 0, 0, 0, 6, unit}, readInputRegisters, 0, 0, 0, 2)
	want := append([]byte{0, 1, 0, 0, 0, 7, unit, readInputRegisters, 4}, magic...)
	if l.units != nil { // the same without the header, and with a checksum
		question, want = rtu.AppendChecksum(question[headerBytes-1:]), rtu.AppendChecksum(want[headerBytes-1:])
	}
	if _, err := conn.Write(question); err != nil {
		return err
	}
	got := make([]byte, len(want))
	if n, err := io.ReadFull(conn, got); err != nil {
		return fmt.Errorf("reading %d bytes, of which %d came: %w", len(got), n, err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("the answer is % x where % x is due", got, want)
	}
	return nil
}

// receive answers a visit of the gateway's own, which is nobody's connection.
func (l *listener) receive(visit *peers.Visit, conn net.Conn) {
	if !visit.Ours() {
		conn.Close()
		return
	}
	if l.files != nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(handshakeTimeout))
		tls.Server(conn, l.handshake()).Handshake() // it has no certificate, which is an error
		return
	}
	newSession(l, conn, addressOf(conn.RemoteAddr())).serve()
}
