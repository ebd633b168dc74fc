package rig

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Daemon is a program that runs until it is told to end, with a log file. It does not outlive us.
type Daemon struct {
	Name    string // also that of its log
	Command []string
	Dir     string // where it runs, and its log lies
	Env     []string

	process *exec.Cmd
	ended   chan struct{}
}

// Start starts it, for the first time or again.
func (d *Daemon) Start() error {
	log, err := os.OpenFile(d.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("starting %s: %w", d.Name, err)
	}
	defer log.Close()
	p := exec.Command(d.Command[0], d.Command[1:]...)
	p.Dir, p.Stdout, p.Stderr, p.Env = d.Dir, log, log, append(os.Environ(), d.Env...)
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", d.Name, err)
	}
	ended := make(chan struct{})
	go func() {
		p.Wait()
		close(ended)
	}()
	d.process, d.ended = p, ended
	return nil
}

// LogFile is where everything that it writes goes.
func (d *Daemon) LogFile() string { return filepath.Join(d.Dir, d.Name+".log") }

// Ended tells whether it does not run.
func (d *Daemon) Ended() bool {
	if d.process == nil {
		return true
	}
	select {
	case <-d.ended:
		return true
	default:
		return false
	}
}

// Kill ends it as a power cut would.
func (d *Daemon) Kill() { d.end(syscall.SIGKILL) }

// Stop asks it to end, and ends it after half a minute.
func (d *Daemon) Stop() { d.end(syscall.SIGTERM) }

func (d *Daemon) end(signal syscall.Signal) {
	if d.Ended() {
		return
	}
	d.process.Process.Signal(signal)
	select {
	case <-d.ended:
	case <-time.After(30 * time.Second):
		syscall.Kill(-d.process.Process.Pid, syscall.SIGKILL)
		<-d.ended
	}
}

// FreePort returns a port of the loopback interface that nobody listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Answers tells whether somebody listens on a port of the loopback interface.
func Answers(port int) error {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	return c.Close()
}
