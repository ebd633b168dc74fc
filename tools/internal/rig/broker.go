package rig

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Broker is a mosquitto on a port of the loopback interface. It keeps nothing over a restart.
type Broker struct {
	Daemon
	Port int
}

// NewBroker starts a broker.
func NewBroker(dir string) (*Broker, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\npersistence false\n", port)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		program = "/usr/sbin/mosquitto"
	}
	b := &Broker{Daemon: Daemon{Name: "mosquitto", Command: []string{program, "-c", file}, Dir: dir}, Port: port}
	return b, b.Start()
}

// Start starts the broker, empty.
func (b *Broker) Start() error {
	if err := b.Daemon.Start(); err != nil {
		return err
	}
	return Wait(10*time.Second, func() error { return Answers(b.Port) })
}

// Publish publishes a payload.
func (b *Broker) Publish(topic, payload string, retain bool) error {
	args := []string{"-p", strconv.Itoa(b.Port), "-q", "1", "-t", topic, "-m", payload}
	if retain {
		args = append(args, "-r")
	}
	out, err := exec.Command("mosquitto_pub", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("publishing %s: %w: %s", topic, err, out)
	}
	return nil
}

// Retained returns what the broker keeps under a filter, by topic.
func (b *Broker) Retained(filter string) (map[string]string, error) {
	return b.listen(filter, "-W", "1", "--retained-only")
}

// Next waits for the next message under a filter, of those that are published from now on.
func (b *Broker) Next(filter string, within time.Duration) (map[string]string, error) {
	return b.listen(filter, "-R", "-C", "1", "-W", strconv.Itoa(int(within.Seconds())))
}

const timedOut = 27 // exit code of mosquitto_sub

func (b *Broker) listen(filter string, options ...string) (map[string]string, error) {
	args := append([]string{"-p", strconv.Itoa(b.Port), "-q", "1", "-t", filter, "-F", "%t\t%p"}, options...)
	out, err := exec.Command("mosquitto_sub", args...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != timedOut) {
		return nil, fmt.Errorf("listening to %s: %w", filter, err)
	}
	kept := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if topic, payload, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); found {
			kept[topic] = payload
		}
	}
	return kept, nil
}
