package modbus

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
)

// The tests here ask clients that nobody here wrote: each must read the same values on every transport
// that it has.

// reading is what a client found, of the asset of number 1 in a furnished building.
type reading struct {
	Input, Holding  []uint16
	Discrete, Coils []bool
	Exception       byte
	Loopback        string            `json:",omitempty"`
	Server          string            `json:",omitempty"`
	Identity        map[string]string `json:",omitempty"`
	Command         []uint16          `json:",omitempty"`
	Watchdog        []uint16          `json:",omitempty"`
	Refused         byte              `json:",omitempty"`
}

// due is what they must find.
func due() reading {
	words := []uint16{1, 4, 15873, 1, 30, 0, 1, 667, 4660, 22136, 0, 1198, 6, 212, 3, 0}
	bits := make([]bool, 16)
	for bit := range bits {
		bits[bit] = words[2]>>bit&1 == 1
	}
	return reading{
		Input: words, Holding: words, Discrete: bits, Coils: bits, Exception: 2,
		Identity: map[string]string{"0": "Butlr", "1": "butlr-gateway", "2": "1.2.3", "4": "Butlr gateway", "5": "linux/amd64", "6": "maas-house"},
	}
}

// run returns what a client printed.
func runClient(t *testing.T, environment []string, program string, arguments ...string) (reading, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, arguments...)
	c.Env = append(os.Environ(), environment...)
	output, err := c.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return reading{}, errors.New(strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		t.Fatal(err)
	}
	var found reading
	if err := json.Unmarshal(output, &found); err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, output)
	}
	return found, nil
}

// python returns an interpreter that has pymodbus.
func python(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("python3")
	if err == nil {
		err = exec.CommandContext(t.Context(), program, "-c", "import pymodbus, serial").Run()
	}
	tool(t, "pymodbus", err)
	return program
}

// node returns an interpreter that has modbus-serial.
func node(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("node")
	if err == nil {
		err = exec.CommandContext(t.Context(), program, "-e", `require("modbus-serial")`).Run()
	}
	tool(t, "modbus-serial", err)
	return program
}

func hostPort(a net.Addr) []string {
	host, port, _ := net.SplitHostPort(a.String())
	return []string{host, port}
}

func TestPymodbusReadsTheSameOnEveryTransport(t *testing.T) {
	program := python(t)
	files := newCertificates(t)
	line, port := ptys(t)
	line.Close() // the other end is opened by its path
	s := serve(t, furnished(t), func(o *ServerOptions) {
		o.Identity, o.TLS = butlr, files.options()
		o.RTUOverTCP = &RTUOverTCPOptions{Listen: "127.0.0.1:0"}
		o.Serial = &SerialOptions{Port: port}
	})
	want := due()
	want.Loopback = "a537"
	want.Server = hex.EncodeToString([]byte("B\xffbutlr-gateway 1.2.3 maas-hous")) // it takes the last byte for a status
	certified := append(append([]string{"tls"}, hostPort(s.TLSAddr())...), files.path("server-ca.pem"), files.path("operator.pem"), files.path("operator.key"))
	for _, arguments := range [][]string{
		append([]string{"tcp"}, hostPort(s.Addr())...), append([]string{"rtu_over_tcp"}, hostPort(s.RTUOverTCPAddr())...),
		{"serial", line.Name(), "19200"}, certified,
	} {
		found, err := runClient(t, nil, program, append([]string{"testdata/pymodbus_client.py"}, arguments...)...)
		if err != nil {
			t.Errorf("%s: %v", arguments[0], err)
			continue
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arguments[0], diff)
		}
	}
	t.Run("over TLS without a certificate it is refused", func(t *testing.T) {
		_, err := runClient(t, nil, program, append([]string{"testdata/pymodbus_client.py"}, certified[:4]...)...)
		if err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("got %v", err)
		}
	})
}

func TestModbusSerialReadsTheSame(t *testing.T) {
	s := serve(t, furnished(t), func(o *ServerOptions) { o.Identity = butlr })
	found, err := runClient(t, nil, node(t), append([]string{"testdata/modbus_serial_client.js"}, hostPort(s.Addr())...)...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(due(), found); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMbpollReadsASerialLine(t *testing.T) {
	line, port := ptys(t)
	line.Close()
	serve(t, furnished(t), func(o *ServerOptions) { o.Serial = &SerialOptions{Port: port} })
	for _, table := range []string{"3", "4"} {
		got := runMbpoll(t, "-m", "rtu", "-b", "19200", "-P", "even", "-a", "1", "-t", table, "-r", "116", "-c", "16", line.Name())
		for n, word := range due().Input {
			if got[116+n] != fmt.Sprint(word) {
				t.Errorf("table %s, register %d: got %q, want %d", table, 116+n, got[116+n], word)
			}
		}
	}
}

// commanders is a hub that publishes what it is told.
type commanders struct {
	building
	mu     sync.Mutex
	forced []gateway.Override
	fail   error
}

func (c *commanders) Force(_ context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return o, c.fail
	}
	c.forced = append(c.forced, o)
	c.publish(id, []gateway.Override{o})
	return o, nil
}

func (c *commanders) Release(_ context.Context, id gateway.AssetID, _ gateway.Target, _ bool, by gateway.Source, author string) ([]gateway.Override, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return nil, c.fail
	}
	c.forced = append(c.forced, gateway.Override{Value: -1, Source: by, Author: author})
	c.publish(id, nil)
	return []gateway.Override{{}}, nil
}

func (c *commanders) publish(id gateway.AssetID, overrides []gateway.Override) {
	s := snapshots()["full"]
	if s.Asset.ID != id {
		return
	}
	s.Overrides = overrides
	c.Publish(&gateway.Update{Changed: []gateway.Snapshot{s}})
}

// commanded is a furnished building whose controllers on this machine may write.
func commanded(t *testing.T) (*commanders, func(*ServerOptions)) {
	c := &commanders{building: furnished(t)}
	return c, func(o *ServerOptions) {
		o.Identity = butlr
		o.Write = &WriteOptions{Allow: prefixes("127.0.0.0/8"), Commander: c}
	}
}

func TestClientsCommand(t *testing.T) {
	for _, row := range []struct {
		name              string
		program           func(*testing.T) string
		script            []string
		command, watchdog uint16
	}{
		{"pymodbus", python, []string{"testdata/pymodbus_client.py", "tcp"}, 1, 0x4330},
		{"modbus-serial", node, []string{"testdata/modbus_serial_client.js"}, 2, 77},
	} {
		t.Run(row.name, func(t *testing.T) {
			program := row.program(t)
			c, writable := commanded(t)
			s := serve(t, c.building, writable)
			found, err := runClient(t, []string{"COMMAND=1"}, program, append(row.script, hostPort(s.Addr())...)...)
			if err != nil {
				t.Fatal(err)
			}
			if len(found.Command) != 1 || found.Command[0] != row.command || len(found.Watchdog) != 2 || found.Watchdog[0] != row.watchdog || found.Refused != 2 {
				t.Errorf("got command %d, watchdog %d, and exception %d where the span is wrong", found.Command, found.Watchdog, found.Refused)
			}
			if len(c.forced) != 1 || c.forced[0].Value != int(row.command-1) || c.forced[0].Author != "127.0.0.1" || c.forced[0].Reason != "register 131 of unit 1" {
				t.Errorf("forced: %+v", c.forced)
			}
		})
	}
}

// path returns the path of a file beside the certificates.
func (c *certificates) path(name string) string { return filepath.Join(c.dir, name) }
