package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
)

// writeWith writes a holding register of unit 1 with mbpoll.
func (s *site) writeWith(address int, value uint16) (string, error) {
	s.t.Helper()
	mbpoll := tool(s.t, "mbpoll")
	host, port, err := net.SplitHostPort(s.address("Modbus TCP"))
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := exec.CommandContext(s.t.Context(), mbpoll, "-m", "tcp", "-p", port, "-0", "-1", "-a", "1", "-t", "4",
		"-r", fmt.Sprint(address), host, "--", fmt.Sprint(value)).CombinedOutput()
	return string(out), err
}

func (s *site) writes(address int, value uint16) {
	s.t.Helper()
	if out, err := s.writeWith(address, value); err != nil {
		s.t.Fatalf("writing %d to register %d: %v\n%s", value, address, err, out)
	}
}

// TestAControllerCommandsARoom writes a command with a client that nobody here wrote: it is in force at
// once, is told with who gave it, survives a kill -9, and ends when it is taken back.
func TestAControllerCommandsARoom(t *testing.T) {
	const command, watchdog = 100 + 16*boardroom + 15, 24
	s := newSite(t, "[modbus.write]\nallow = [\"127.0.0.1/32\"]\nwatchdog = \"1h\"\n")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	s.expectFree("before")

	s.writes(command, 1)
	expect := func(what string, occupied, command uint16) {
		t.Helper()
		if b := s.block(boardroom); b[0] != occupied || b[1] != 6 || b[3] != uint16(gateway.Forced) || b[15] != command {
			t.Errorf("%s: occupied %d, people %d, quality %d, command %d", what, b[0], b[1], b[3], b[15])
		}
	}
	expect("vacant", 0, 1)
	said := s.command("state", "dump", boardroomID)
	if want := "forced by controller 127.0.0.1 until "; !strings.Contains(said, want) || !strings.Contains(said, fmt.Sprintf("register %d of unit 1", command)) {
		t.Errorf("nobody is told who forced it:\n%s", said)
	}
	s.writes(watchdog, 7)
	if w := s.registers(watchdog, 2); w[0] != 7 || w[1] > 60 {
		t.Errorf("the watchdog: %d", w)
	}
	if _, err := s.writeWith(command-15, 1); err == nil {
		t.Error("another register was written")
	}
	if _, err := s.writeWith(command, 3); err == nil {
		t.Error("another value was written")
	}
	s.stop(syscall.SIGKILL)
	s.start()
	expect("after a kill -9", 0, 1)
	s.writes(command, 2)
	expect("occupied", 1, 2)

	s.command("force", boardroomID, "vacant", "--reason", "fire drill")
	if out, err := s.writeWith(command, 2); err == nil {
		t.Errorf("an operator's override goes first, and a controller overwrote it:\n%s", out)
	}
	s.writes(command, 0) // nothing of a controller's is in force: that is so already
	s.expectForced("by the operator", 0)
	s.command("release", boardroomID)
	s.writes(command, 1)
	s.writes(command, 0)
	s.expectFree("at last")
	if got := s.command("health"); !strings.Contains(got, "reader      127.0.0.1 over tcp: ") || !strings.Contains(got, " writes; reads unit 1 input ") {
		t.Errorf("health does not tell who reads and writes:\n%s", got)
	}
}

func TestNobodyCommandsUnlessTheConfigurationSaysSo(t *testing.T) {
	for name, more := range map[string]string{
		"nothing is said":        "",
		"somebody else may":      "[modbus.write]\nallow = [\"127.0.0.2/32\"]\n",
		"a certificate is asked": "[modbus.tls]\nlisten = \"127.0.0.1:0\"\ncert = %q\nkey = %q\nclient_ca = %q\n[modbus.write]\nallow = [\"127.0.0.1/32\"]\nroles = [\"operator\"]\n",
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(more, "%q") {
				cert, key := testCertificate(t)
				more = fmt.Sprintf(more, cert, key, cert)
			}
			s := newSite(t, more)
			s.start()
			s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
			for _, address := range []int{24, 100 + 16*boardroom + 15} {
				if out, err := s.writeWith(address, 1); err == nil || !strings.Contains(out, "Illegal function") {
					t.Errorf("register %d: %v\n%s", address, err, out)
				}
			}
			s.expectFree("and nothing was changed")
		})
	}
}

// TestASerialPortIsPulledOut serves a line made by socat, takes it away, and brings it back: that is told,
// and everything else is served on.
func TestASerialPortIsPulledOut(t *testing.T) {
	mbpoll := tool(t, "mbpoll")
	dir := t.TempDir()
	master, port := filepath.Join(dir, "master"), filepath.Join(dir, "gateway")
	pull := plugIn(t, master, port)
	s := newSite(t, fmt.Sprintf("[modbus.serial]\nport = %q\nunit_ids = [101]\n", port))
	if out := s.command("check"); !strings.Contains(out, "is in order") {
		t.Errorf("check: %s", out)
	}
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	want := s.block(boardroom)
	poll := func() string {
		out, err := exec.CommandContext(t.Context(), mbpoll, "-m", "rtu", "-b", "19200", "-P", "even", "-0", "-1", "-o", "2", "-a", "1", "-t", "3",
			"-r", fmt.Sprint(100+16*boardroom), "-c", "4", master).CombinedOutput()
		var words []string
		for _, m := range pollPattern.FindAllSubmatch(out, -1) {
			words = append(words, string(m[2]))
		}
		if err != nil {
			return err.Error()
		}
		return cmp.Diff(fmt.Sprint(want[:4]), fmt.Sprint(words))
	}
	waitFor(t, poll)

	pull()
	alarm := func() string { return s.command("health") }
	waitFor(t, func() string {
		if got := alarm(); !strings.Contains(got, "serial_down: the serial port "+port+" cannot be used") {
			return got
		}
		return ""
	})
	if code, _, complaints := typed(t.Context(), s.config, "check"); code != 1 || !strings.Contains(complaints, "modbus.serial.port: ") {
		t.Errorf("check: exit code %d: %s", code, complaints)
	}
	if got := s.block(boardroom); got[1] != 6 || s.registers(11, 1)[0]>>gateway.SerialDown&1 != 1 {
		t.Errorf("over TCP: people %d, alarms %b", got[1], s.registers(11, 1))
	}
	plugIn(t, master, port)
	waitFor(t, func() string {
		if got := alarm(); strings.Contains(got, "serial_down") {
			return got
		}
		return ""
	})
	waitFor(t, poll)
}

// plugIn makes a serial line between two paths, until the function that it returns is called, or the test
// ends.
func plugIn(t *testing.T, a, b string) (pull func()) {
	t.Helper()
	c := exec.CommandContext(t.Context(), tool(t, "socat"), "pty,raw,echo=0,link="+a, "pty,raw,echo=0,link="+b)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	pull = func() {
		_ = c.Process.Signal(os.Interrupt) // it takes the links away
		<-ended
	}
	t.Cleanup(pull)
	waitFor(t, func() string {
		for _, path := range []string{a, b} {
			if _, err := os.Stat(path); err != nil {
				return err.Error()
			}
		}
		return ""
	})
	return pull
}

// TestEveryTransportTogether binds them all, and reads the same over those that need no certificate.
func TestEveryTransportTogether(t *testing.T) {
	cert, key := testCertificate(t)
	s := newSite(t, fmt.Sprintf("[modbus.tls]\nlisten = \"127.0.0.1:0\"\ncert = %q\nkey = %q\nclient_ca = %q\n[modbus.rtu_over_tcp]\nlisten = \"127.0.0.1:0\"\n", cert, key, cert))
	s.start()
	for _, what := range []string{"Modbus TCP", "Modbus TLS", "RTU on TCP"} {
		if _, _, err := net.SplitHostPort(s.address(what)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	client := modbus.NewClient(modbus.ClientOptions{Address: s.address("Modbus TLS"), Unit: 1})
	defer func() { _ = client.Close() }()
	if _, err := client.Registers(modbus.Input, 0, 2); err == nil {
		t.Error("Modbus without TLS was answered on the TLS port")
	}
}
