package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/web"
)

// patience is how long a test waits for anything.
const patience = 20 * time.Second

// asProgram, set in the environment, makes the test binary be the program.
const asProgram = "BUTLR_GATEWAY_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program returns a command that runs the program as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// tool returns the path of a program that a test uses. Without it the test is skipped, but not in CI.
func tool(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

const testSecret = "a-secret-for-tests-0123456789"

// site is a gateway in a directory of its own, with what it takes to run it again and again.
type site struct {
	t       *testing.T
	dir     string
	config  string
	process *exec.Cmd
	ended   chan error
	log     *bytes.Buffer
	status  *web.Status
}

// newSite writes a configuration; more is appended to it.
func newSite(t *testing.T, more string) *site {
	t.Helper()
	return newSiteIn(t, noonZone(time.Now()), more)
}

// newSiteIn writes a configuration with the times of day of that zone.
func newSiteIn(t *testing.T, timezone, more string) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "site") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &site{t: t, dir: dir, config: filepath.Join(dir, "gateway.toml")}
	text := fmt.Sprintf(`[gateway]
name = "test"
state_dir = %q
timezone = %q

[webhook]
listen = "127.0.0.1:0"
header_name = "X-Api-Key"
header_value = %q

[modbus]
listen = "127.0.0.1:0"

%s`, filepath.Join(dir, "state"), timezone, testSecret, more)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// noonZone returns a time zone in which it is about noon: what counts by the day does not end in a test.
func noonZone(now time.Time) string {
	return fmt.Sprintf("Etc/GMT%+d", now.UTC().Hour()-12)
}

// start runs the gateway, under the command given if there is one, and waits until it answers.
func (s *site) start(under ...string) {
	s.t.Helper()
	s.process = program(s.t, "run", "--config", s.config)
	if len(under) > 0 {
		s.process.Args = append(under, s.process.Args...)
		s.process.Path = under[0]
	}
	s.log = new(bytes.Buffer)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	process, ended := s.process, make(chan error, 1)
	s.ended = ended
	go func() { ended <- process.Wait() }()
	s.t.Cleanup(func() { _ = process.Process.Kill() })
	for deadline := time.Now().Add(patience); ; {
		status, err := askStatus(s.t.Context(), filepath.Join(s.dir, "state"))
		if err == nil {
			s.status = status
			return
		}
		if len(ended) > 0 || time.Now().After(deadline) {
			s.t.Fatalf("the gateway does not answer: %v\n%s", err, s.log)
		}
		waitABit()
	}
}

// waitABit is the pause between two looks at another process.
func waitABit() { <-time.After(5 * time.Millisecond) }

// stop ends the gateway with a signal and waits until it is gone.
func (s *site) stop(signal os.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if _, killed := errors.AsType[*exec.ExitError](err); err != nil && !(killed && signal == syscall.SIGKILL) {
			s.t.Fatalf("the gateway ended with %v\n%s", err, s.log)
		}
	case <-time.After(patience):
		s.t.Fatalf("the gateway does not end\n%s", s.log)
	}
}

func (s *site) address(what string) string {
	s.t.Helper()
	for _, l := range s.status.Listeners {
		if l.What == what {
			return l.Address
		}
	}
	s.t.Fatalf("nothing listens for %s: %+v", what, s.status.Listeners)
	return ""
}

// post posts a body as Butlr does and returns the answer's code and header.
func (s *site) post(body string) (int, http.Header) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address("webhook"), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", testSecret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, response.Header
}

// accepted posts bodies that must be accepted.
func (s *site) accepted(bodies ...string) {
	s.t.Helper()
	for _, body := range bodies {
		if code, _ := s.post(body); code != http.StatusNoContent {
			s.t.Fatalf("answered %d to %s", code, body)
		}
	}
}

// registers reads input registers of the base unit.
func (s *site) registers(address uint16, count int) []uint16 {
	s.t.Helper()
	client := modbus.NewClient(modbus.ClientOptions{Address: s.address("Modbus TCP"), Unit: 1})
	defer func() { _ = client.Close() }()
	words, err := client.Registers(modbus.Input, address, count)
	if err != nil {
		s.t.Fatal(err)
	}
	return words
}

// block reads the block of the asset with that number.
func (s *site) block(number int) []uint16 {
	s.t.Helper()
	return s.registers(uint16(100+16*number), 16)
}

var timestampPattern = regexp.MustCompile(`"timestamp": \d+`)

// payload returns one of Butlr's example bodies with its timestamp moved.
func payload(t *testing.T, name string, at time.Time) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "adapters", "webhook", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	moved := timestampPattern.ReplaceAll(body, fmt.Appendf(nil, `"timestamp": %d`, at.UnixMilli()))
	if bytes.Equal(moved, body) {
		t.Fatalf("%s has no timestamp", name)
	}
	return string(moved)
}

// changed returns a body with some of its envelope's keys replaced.
func changed(t *testing.T, body string, keys map[string]any) string {
	t.Helper()
	var envelope map[string]any
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		t.Fatal(err)
	}
	for key, value := range keys {
		envelope[key] = value
	}
	out, err := json.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
