package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
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

// startEcho runs the bare server as a process of its own, and returns its address.
func startEcho() (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	c := exec.Command(self, "echo")
	input, err := c.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	output, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		input.Close()
		c.Wait()
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("starting the echo: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}
