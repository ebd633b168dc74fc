package mqtt_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"butlr-gateway/adapters/mqtt"
)

// embed starts an embedded broker; stop ends it and waits.
func embed(t *testing.T, o mqtt.EmbeddedOptions) (e *mqtt.Embedded, stop func()) {
	t.Helper()
	e, err := mqtt.NewEmbedded(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	}
	return e, stop
}

func embedded(dir string) mqtt.EmbeddedOptions {
	return mqtt.EmbeddedOptions{Listen: "127.0.0.1:0", Dir: dir, Log: slog.New(slog.DiscardHandler)}
}

// twice are the options of a publisher to an embedded broker.
func twice(url string) mqtt.Options {
	o := options(url)
	o.Twice = true
	return o
}

func TestEmbedded(t *testing.T) {
	dir := t.TempDir()
	began := time.Now()
	e, stop := embed(t, embedded(dir))
	if took := time.Since(began); took > time.Second {
		t.Errorf("starting took %s", took)
	}
	addr := e.Addr().String()

	p, stopPublisher := run(t, twice("tcp://"+addr))
	p.Publish(people(1, 4))
	if got := mosquittoSub(t, addr, "butlr/room/room_1/people"); got != "butlr/room/room_1/people 4" {
		t.Errorf("got %q", got)
	}
	if got := mosquittoSub(t, addr, "butlr/gateway/status"); got != "butlr/gateway/status online" {
		t.Errorf("got %q", got)
	}
	mosquittoPub(t, addr, "-t", "other/topic", "-m", "kept", "-r", "-q", "1")
	stopPublisher()
	if got := mosquittoSub(t, addr, "butlr/gateway/status"); got != "butlr/gateway/status offline" {
		t.Errorf("got %q", got)
	}
	stop()

	e, stop = embed(t, embedded(dir))
	defer stop()
	addr = e.Addr().String()
	run(t, twice("tcp://"+addr))
	l := listen(t, "tcp://"+addr)
	eventually(t, "status is online", l.is("gateway/status", "online"))
	if got := mosquittoSub(t, addr, "other/topic"); got != "other/topic kept" {
		t.Errorf("after a restart: got %q", got)
	}
}

func TestEmbeddedHidesNothingFromWhoeverComesInBetween(t *testing.T) {
	const rooms = 500
	e, stop := embed(t, embedded(t.TempDir()))
	defer stop()
	url := "tcp://" + e.Addr().String()
	first := listen(t, url)
	p, err := mqtt.New(twice(url))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rooms {
		p.Publish(people(i, 1))
	}
	go p.Run(t.Context())
	eventually(t, "half of the rooms were said", func() bool { return len(first.heard()) > rooms*2 })
	l := listen(t, url)
	eventually(t, "every topic was heard", func() bool { return l.count() == rooms*4+2 })
}

func TestEmbeddedAsksForThePassword(t *testing.T) {
	o := embedded(t.TempDir())
	o.Username, o.Password = "building", "correct horse"
	e, stop := embed(t, o)
	defer stop()
	health := make(chan error, 100)
	c := options("tcp://" + e.Addr().String())
	c.Health = func(err error) { health <- err }
	c.Username, c.Password = "building", "wrong"
	_, stopPublisher := run(t, c)
	if err := <-health; err == nil || !strings.Contains(err.Error(), "user name or the password") {
		t.Errorf("a wrong password gives %v", err)
	}
	stopPublisher()
	c.Password = "correct horse"
	run(t, c)
	if err := <-health; err != nil {
		t.Errorf("the right password gives %v", err)
	}
}

func TestEmbeddedOptions(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*mqtt.EmbeddedOptions)
		want   string // part of the error; "" is none
	}{
		"loopback needs no password": {func(*mqtt.EmbeddedOptions) {}, ""},
		"IPv6 loopback neither":      {func(o *mqtt.EmbeddedOptions) { o.Listen = "[::1]:0" }, ""},
		"localhost neither":          {func(o *mqtt.EmbeddedOptions) { o.Listen = "localhost:0" }, ""},
		"every address needs one":    {func(o *mqtt.EmbeddedOptions) { o.Listen = ":1883" }, "set username and password"},
		"another address needs one":  {func(o *mqtt.EmbeddedOptions) { o.Listen = "10.0.0.1:1883" }, "set username and password"},
		"with one it may": {func(o *mqtt.EmbeddedOptions) {
			o.Listen, o.Username, o.Password = "0.0.0.0:1883", "a", "b"
		}, ""},
		"a user without a password": {func(o *mqtt.EmbeddedOptions) { o.Username = "a" }, "both username and password"},
		"no port":                   {func(o *mqtt.EmbeddedOptions) { o.Listen = "127.0.0.1" }, "is no address"},
		"a port too large":          {func(o *mqtt.EmbeddedOptions) { o.Listen = "127.0.0.1:65536" }, "is no port"},
		"no directory":              {func(o *mqtt.EmbeddedOptions) { o.Dir = "" }, "dir and log"},
	} {
		t.Run(name, func(t *testing.T) {
			o := embedded("unused")
			c.change(&o)
			_, err := mqtt.NewEmbedded(o)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestEmbeddedPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := embedded(t.TempDir())
	o.Listen = l.Addr().String()
	e, err := mqtt.NewEmbedded(o)
	if err != nil {
		t.Fatal(err)
	}
	err = e.Listen()
	if err == nil || !strings.HasPrefix(err.Error(), "binding "+o.Listen+" for the embedded broker: ") {
		t.Errorf("got %v", err)
	}
	e.Close()
}

func TestEmbeddedWithoutItsDirectory(t *testing.T) {
	o := embedded(filepath.Join(t.TempDir(), "file"))
	if err := os.WriteFile(o.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := mqtt.NewEmbedded(o)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := e.Listen(); err == nil || !strings.Contains(err.Error(), o.Dir) {
		t.Errorf("got %v, want the directory's name in it", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s to find out", took)
	}
	e.Close()
}

func TestEmbeddedListensNowhereElse(t *testing.T) {
	before := listening(t)
	_, stop := embed(t, embedded(t.TempDir()))
	defer stop()
	if got := listening(t) - before; got != 1 {
		t.Errorf("the broker listens on %d sockets, want 1", got)
	}
}

// listening counts the TCP sockets on which this process listens.
func listening(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("there is no /proc here")
	}
	own := make(map[string]bool)
	for _, e := range entries {
		if link, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			own[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
		}
	}
	n := 0
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		lines, _ := os.ReadFile(table) // there may be no IPv6
		for line := range strings.Lines(string(lines)) {
			// Fields: number, local, remote, state (0A is LISTEN), …, inode.
			if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" && own[f[9]] {
				n++
			}
		}
	}
	return n
}

func mosquittoPub(t *testing.T, addr string, args ...string) {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	if out, err := exec.Command(tool(t, "mosquitto_pub"), append([]string{"-h", host, "-p", port}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v\n%s", err, out)
	}
}
