package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
)

const (
	requestBytes = 12  // of a read over Modbus TCP
	answerBytes  = 259 // of 125 registers
)

// echoCommand is the bare server that the gateway is compared with: it answers 12 bytes with 259, and does
// nothing else. It prints its address, and ends with its input.
func echoCommand(_ context.Context, _ []string, w io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(w, l.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		l.Close()
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil // its input has ended
		}
		go echo(conn)
	}
}

func echo(conn net.Conn) {
	defer conn.Close()
	request, answer := make([]byte, requestBytes), make([]byte, answerBytes)
	for {
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		copy(answer, request)
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}
