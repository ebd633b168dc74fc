package modbus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// serveTCP runs a server on a free port until the test ends and returns its address.
func serveTCP(t *testing.T, b building, edit ...func(*ServerOptions)) string {
	t.Helper()
	return serve(t, b, edit...).Addr().String()
}

// serve runs a server until the test ends.
func serve(t *testing.T, b building, edit ...func(*ServerOptions)) *Server {
	t.Helper()
	o := ServerOptions{Listen: "127.0.0.1:0", Map: MapOptions{UnitID: 1}, Image: b.Image}
	for _, e := range edit {
		e(&o)
	}
	s, err := NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr() != nil {
		t.Error("an address before listening")
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("a server that does not listen cannot run")
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Second):
			t.Error("the server does not stop")
		}
	})
	return s
}

// furnished is a building with one room of every sort, in the order of their names.
func furnished(t *testing.T) building {
	b := newBuilding(t)
	full := snapshots()["full"]
	b.show(campus(0), full)
	b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{{Site: 0, Newest: at("11:59:58")}}})
	return b
}

// mbpoll runs Debian's Modbus client over TCP and returns the values by address.
func mbpoll(t *testing.T, target string, arguments ...string) map[int]string {
	t.Helper()
	host, port, _ := net.SplitHostPort(target)
	return runMbpoll(t, append(append([]string{"-m", "tcp", "-p", port}, arguments...), host)...)
}

func runMbpoll(t *testing.T, arguments ...string) map[int]string {
	t.Helper()
	program, err := exec.LookPath("mbpoll")
	tool(t, "mbpoll", err)
	command := exec.CommandContext(t.Context(), program, append([]string{"-0", "-1", "-o", "5"}, arguments...)...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command.Args, err, output)
	}
	values := make(map[int]string)
	for line := range strings.Lines(string(output)) {
		address, value, found := strings.Cut(strings.TrimSpace(line), "]:")
		if !found {
			continue
		}
		n, err := strconv.Atoi(strings.TrimPrefix(address, "["))
		if err != nil {
			t.Fatalf("reading mbpoll's line %q: %v", line, err)
		}
		values[n] = strings.TrimSpace(value)
	}
	return values
}

func TestMbpollReadsABlock(t *testing.T) {
	target := serveTCP(t, furnished(t))
	want := map[int]string{
		116: "1", 117: "4", 118: "15873", 119: "1", 120: "30", 121: "0", 122: "1", 123: "667",
		124: "4660", 125: "22136", 126: "0", 127: "1198", 128: "6", 129: "212", 130: "3", 131: "0",
	}
	for _, table := range []string{"3", "4"} {
		got := mbpoll(t, target, "-a", "1", "-t", table, "-r", "116", "-c", "16")
		for address, value := range want {
			if got[address] != value {
				t.Errorf("table %s, register %d: got %q, want %s", table, address, got[address], value)
			}
		}
	}
	if got := mbpoll(t, target, "-a", "1", "-t", "3:int", "-B", "-r", "124", "-c", "1"); got[124] != "305419896" {
		t.Errorf("traffic in as a 32-bit value, high word first: got %v", got)
	}
	for _, table := range []string{"0", "1"} {
		got := mbpoll(t, target, "-a", "1", "-t", table, "-r", "116", "-c", "16")
		for bit := range 16 {
			if want := strconv.Itoa(15873 >> bit & 1); got[116+bit] != want {
				t.Errorf("table %s, bit %d: got %q, want %s", table, 116+bit, got[116+bit], want)
			}
		}
	}
}

func TestMbpollReadsTheOtherWordOrder(t *testing.T) {
	target := serveTCP(t, furnished(t), func(o *ServerOptions) { o.Map.WordOrder, o.Map.UnitID = LowWordFirst, 17 })
	if got := mbpoll(t, target, "-a", "17", "-t", "4:int", "-r", "124", "-c", "1"); got[124] != "305419896" {
		t.Errorf("traffic in as a 32-bit value, low word first: got %v", got)
	}
}

// A client that sends byte by byte, and one that sends much at once, must get the same answers.
func TestFragmentsOverTCP(t *testing.T) {
	target := serveTCP(t, furnished(t))
	var stream []byte
	for n := range uint16(300) {
		stream = append(stream, tcp(n, 1, request(readInputRegisters, int(n%100), 16))...)
	}
	answers := func(step int) []byte {
		conn, err := net.Dial("tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		go func() {
			for from := 0; from < len(stream); from += step {
				conn.Write(stream[from:min(from+step, len(stream))])
			}
		}()
		got := make([]byte, 300*(headerBytes+2+32))
		if n, err := io.ReadFull(conn, got); err != nil {
			t.Fatalf("in pieces of %d bytes: %v after %d bytes", step, err, n)
		}
		return got
	}
	whole := answers(len(stream))
	for _, step := range []int{1, 7, 13, 1000} {
		if !bytes.Equal(answers(step), whole) {
			t.Errorf("in pieces of %d bytes the answers differ", step)
		}
	}
}

// TestThreat14ConnectionsByTheThousand: ten thousand connections are opened that say nothing. A poller keeps its own,
// and every read is answered.
//
// Seen to break it: who has asked giving way to those that say nothing.
func TestThreat14ConnectionsByTheThousand(t *testing.T) {
	target := serveTCP(t, furnished(t))
	poller := NewClient(ClientOptions{Address: target, Unit: 1})
	defer poller.Close()
	read := func() time.Duration {
		began := time.Now()
		if _, err := poller.Registers(Input, 100, 16); err != nil {
			t.Fatal(err)
		}
		return time.Since(began)
	}
	read() // which connects
	var calm []time.Duration
	for range 500 {
		calm = append(calm, read())
	}
	const connections = 10_000
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range connections {
			conn, err := net.Dial("tcp", target)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close() // held open to the end, as far as the server lets it
		}
	}()
	var took []time.Duration
	for flooding := true; flooding; {
		select {
		case <-over:
			flooding = false
		default:
		}
		took = append(took, read())
	}
	slices.Sort(calm)
	slices.Sort(took)
	if then, usual := took[len(took)/2], calm[len(calm)/2]; then > 50*usual {
		t.Errorf("half of the reads take up to %v in the flood, and %v without", then, usual)
	}
	t.Attr("figure", fmt.Sprintf("%d reads during %d connections: median %v, 99 %% within %v; %v and %v before", len(took), connections,
		took[len(took)/2], took[len(took)*99/100], calm[len(calm)/2], calm[len(calm)*99/100]))
}

func TestAPortThatIsTakenIsSaid(t *testing.T) {
	target := serveTCP(t, newBuilding(t))
	s, err := NewServer(ServerOptions{Listen: target, Map: MapOptions{UnitID: 1}, Image: newBuilding(t).Image})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err == nil || !strings.Contains(err.Error(), "binding "+target) || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing what never opened: %v", err)
	}
}

func TestCloseGivesThePortBack(t *testing.T) {
	s, err := NewServer(ServerOptions{Listen: "127.0.0.1:0", Map: MapOptions{UnitID: 1}, Image: newBuilding(t).Image})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", s.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}
