package mqtt_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/gateway"
)

// patience is how long a test waits for what must happen. What must happen soon is measured.
const patience = 30 * time.Second

// tool returns the path of a program that a test needs.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed: apt-get install mosquitto mosquitto-clients", name)
	}
	t.Skipf("%s is not installed: apt-get install mosquitto mosquitto-clients", name)
	return ""
}

// mosquitto is a real broker.
type mosquitto struct {
	path, config, addr string
	process            *exec.Cmd
}

// startMosquitto starts a broker on a free port; extra lines go into its configuration.
func startMosquitto(t testing.TB, extra ...string) *mosquitto {
	t.Helper()
	m := &mosquitto{path: tool(t, "mosquitto"), addr: freeAddr(t), config: filepath.Join(t.TempDir(), "mosquitto.conf")}
	_, port, _ := net.SplitHostPort(m.addr)
	lines := append([]string{"listener " + port + " 127.0.0.1", "max_queued_messages 100000", "log_type error"}, extra...)
	if len(extra) == 0 {
		lines = append(lines, "allow_anonymous true")
	}
	if os.Getuid() == 0 {
		lines = append(lines, "user root") // else it gives up what it needs to read its files
	}
	if err := os.WriteFile(m.config, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.kill)
	m.start(t)
	return m
}

// start starts it, empty.
func (m *mosquitto) start(t testing.TB) {
	t.Helper()
	m.process = exec.Command(m.path, "-c", m.config)
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
	listens(t, m.addr)
}

// listens waits until somebody listens there.
func listens(t testing.TB, addr string) {
	t.Helper()
	eventually(t, "somebody listens on "+addr, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// kill ends it without a word.
func (m *mosquitto) kill() {
	if m.process != nil {
		m.process.Process.Kill()
		m.process.Wait()
		m.process = nil
	}
}

func (m *mosquitto) url() string { return "tcp://" + m.addr }

// freeAddr returns an address that was free a moment ago.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("after %s it is still not so: %s", patience, what)
		}
	}
}

// listener is a client of the broker that remembers what it heard.
type listener struct {
	client paho.Client
	mu     sync.Mutex
	last   map[string]string
	order  []string // topics, retained ones too
}

// listen subscribes to everything below the root.
func listen(t *testing.T, url string) *listener {
	t.Helper()
	l := &listener{last: make(map[string]string)}
	l.client = paho.NewClient(paho.NewClientOptions().AddBroker(url).SetClientID("listener-" + rand.Text()).
		SetAutoReconnect(false).SetConnectTimeout(patience).SetOrderMatters(true))
	if token := l.client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("connecting to %s: %v", url, token.Error())
	}
	t.Cleanup(l.close)
	if token := l.client.Subscribe("butlr/#", 1, l.hear); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("subscribing: %v", token.Error())
	}
	return l
}

func (l *listener) close() { l.client.Disconnect(100) }

func (l *listener) hear(_ paho.Client, m paho.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last[m.Topic()] = string(m.Payload())
	l.order = append(l.order, m.Topic())
}

func (l *listener) get(topic string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last["butlr/"+topic]
}

// count returns of how many topics it heard.
func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.last)
}

func (l *listener) is(topic, want string) func() bool {
	return func() bool { return l.get(topic) == want }
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.order...)
}

// options are those of a publisher to that broker.
func options(url string) mqtt.Options {
	log := slog.New(slog.DiscardHandler)
	return mqtt.Options{
		Broker: url, Topic: "butlr", Scalars: true, Refresh: 10 * time.Minute, Gateway: "1a2b3c4d",
		ClientID: "bgw-" + rand.Text(), Name: "maas-house", Version: "1.2.3", Place: func(*gateway.Asset) *time.Location { return time.UTC },
		Clock:  func() gateway.Instant { return gateway.Instant{Wall: time.Now()} },
		Alarms: gateway.NewAlarms(log), Log: log,
	}
}

// run starts a publisher; stop ends it, waits, and tells how long that took.
func run(t *testing.T, o mqtt.Options) (p *mqtt.Publisher, stop func() time.Duration) {
	t.Helper()
	p, err := mqtt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceValue(func() time.Duration {
		began := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
		return time.Since(began)
	})
	t.Cleanup(func() { stop() })
	return p, stop
}

// people makes an update: a room with so many people.
func people(room, n int) *gateway.Update {
	s := gateway.Snapshot{
		Asset:   &gateway.Asset{ID: gateway.AssetID(fmt.Sprintf("room_%d", room)), Kind: gateway.Room, Number: gateway.Number(room)},
		Has:     gateway.MeasuresOf(gateway.Occupied, gateway.People),
		Quality: gateway.Good, Coverage: -1, At: gateway.Timestamp(1763885702120 + n),
	}
	s.Readings[gateway.People] = gateway.Reading{Value: int64(n), Known: true, Quality: gateway.Good}
	s.Readings[gateway.Occupied] = gateway.Reading{Value: 1, Known: true, Quality: gateway.Good}
	return &gateway.Update{Changed: []gateway.Snapshot{s}}
}
