package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// mosquitto is a real broker that can be ended and started again, empty.
type mosquitto struct {
	t             *testing.T
	program, file string
	address       string
	process       *exec.Cmd
}

// newMosquitto runs a broker on a free port until the test ends.
func newMosquitto(t *testing.T) *mosquitto {
	t.Helper()
	tool(t, "mosquitto_sub")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	m := &mosquitto{
		t: t, program: tool(t, "mosquitto"), file: filepath.Join(t.TempDir(), "mosquitto.conf"), address: free.Addr().String(),
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	m.start("allow_anonymous true")
	t.Cleanup(m.kill)
	return m
}

// start starts it with whoever it lets in.
func (m *mosquitto) start(admits string) {
	m.t.Helper()
	_, port, _ := net.SplitHostPort(m.address)
	text := fmt.Sprintf("listener %s 127.0.0.1\nmax_queued_messages 100000\n%s\n", port, admits)
	if os.Getuid() == 0 {
		text += "user root\n" // else it gives up what it needs to read its files
	}
	if err := os.WriteFile(m.file, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
	m.process = exec.Command(m.program, "-c", m.file)
	if err := m.process.Start(); err != nil {
		m.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; waitABit() {
		c, err := net.Dial("tcp", m.address)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatal(err)
		}
	}
}

// kill ends it without a word; what it kept is gone.
func (m *mosquitto) kill() {
	_ = m.process.Process.Kill()
	_ = m.process.Wait()
}

func (m *mosquitto) signal(s os.Signal) {
	m.t.Helper()
	if err := m.process.Process.Signal(s); err != nil {
		m.t.Fatal(err)
	}
}
