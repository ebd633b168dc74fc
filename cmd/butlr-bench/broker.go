package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// broker is a mosquitto of our own.
type broker struct {
	dir, address string
	process      *exec.Cmd
}

// startBroker starts a mosquitto on this machine, with nothing in it.
func startBroker() (*broker, error) {
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			return nil, errors.New("looking for mosquitto: it is not installed; on Debian it is in the package of that name")
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &broker{address: free.Addr().String()}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	file := filepath.Join(b.dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\nlog_type error\n", port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(b.dir))
	}
	b.process = exec.Command(program, "-c", file)
	if err := b.process.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting mosquitto: %w", err), os.RemoveAll(b.dir))
	}
	for range 100 {
		if conn, err := net.Dial("tcp", b.address); err == nil {
			return b, conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("starting mosquitto: nothing listens at its port"), b.stop())
}

func (b *broker) stop() error {
	b.process.Process.Kill()
	b.process.Wait()
	return os.RemoveAll(b.dir)
}

// freeze stops it in the middle of whatever it does, thaw has it go on.
func (b *broker) freeze() error { return b.process.Process.Signal(syscall.SIGSTOP) }
func (b *broker) thaw() error   { return b.process.Process.Signal(syscall.SIGCONT) }

// section is what the gateway's configuration says of it.
func (b *broker) section() string { return fmt.Sprintf("[mqtt]\nbroker = \"tcp://%s\"\n", b.address) }
