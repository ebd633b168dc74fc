package mqtt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// fakeBroker is a broker whose every fault is at hand. Unless it dawdles it processes a message as soon
// as it arrives.
type fakeBroker struct {
	mu       sync.Mutex
	refuses  error         // why it accepts nobody; nil accepts
	dawdles  bool          // leaves messages lying until told to process
	frozen   bool          // does not even read
	root     string        // of the gateway's topics
	hears    func(message) // what is published; may be nil
	retained map[string]string
	log      []string // "topic payload" in the order of processing
	current  *fakeSession
	opened   int
	faults   []string // rules that were broken

	given func(topic, payload string) // told each message that it is handed; nil is nobody
	heard func(topic, payload string) // and each that it processes
}

func newFakeBroker() *fakeBroker {
	return &fakeBroker{root: "butlr", retained: make(map[string]string)}
}

func (b *fakeBroker) open(ctx context.Context) (session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuses != nil {
		return nil, b.refuses
	}
	b.opened++
	b.current = &fakeSession{broker: b, root: b.root, gone: make(chan struct{}), off: make(chan struct{}, 1), said: make(map[string]bool)}
	return b.current, nil
}

// set changes how the broker behaves.
func (b *fakeBroker) set(change func(*fakeBroker)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// process takes up to n of the messages that lie on the current connection.
func (b *fakeBroker) process(n int, acknowledge bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != nil {
		b.current.process(n, acknowledge)
	}
}

// lose ends the current connection; what lies on it is lost, and the last will is said.
func (b *fakeBroker) lose() {
	if s := b.session(); s != nil && s.why() == nil {
		s.end(io.EOF)
		s.will()
	}
}

// session returns the newest one.
func (b *fakeBroker) session() *fakeSession {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current
}

// lying returns how many messages wait on the newest connection.
func (b *fakeBroker) lying() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.current.lying)
}

// connections returns how many were accepted.
func (b *fakeBroker) connections() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened
}

func (b *fakeBroker) get(topic string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.retained[topic]
}

func (b *fakeBroker) messages() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.log...)
}

// drain returns the messages since the last call.
func (b *fakeBroker) drain() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.log
	b.log = nil
	return log
}

func (b *fakeBroker) fault(format string, v ...any) {
	b.faults = append(b.faults, fmt.Sprintf(format, v...))
}

type fakeMessage struct {
	topic, payload string
	fleeting       bool
	done           chan struct{}
	err            error
}

func (m *fakeMessage) Done() <-chan struct{} { return m.done }
func (m *fakeMessage) Error() error          { return m.err }

type fakeSession struct {
	broker *fakeBroker
	root   string
	gone   chan struct{}
	reason error
	off    chan struct{}
	lying  []*fakeMessage // arrived, not processed
	unsure []*fakeMessage // processed, never acknowledged
	said   map[string]bool
	polite bool
}

func (s *fakeSession) publish(what message) receipt {
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hears != nil {
		b.hears(what)
	}
	m := &fakeMessage{topic: what.topic, payload: string(what.payload), fleeting: what.fleeting, done: make(chan struct{})}
	if b.given != nil {
		b.given(m.topic, m.payload)
	}
	if b.frozen {
		b.mu.Unlock()
		select {
		case <-s.gone:
		case <-time.After(writeTimeout):
			s.end(errors.New("write: i/o timeout"))
		}
		b.mu.Lock()
	}
	if s.reason != nil {
		m.err = s.reason
		close(m.done)
		return m
	}
	s.lying = append(s.lying, m)
	if n := len(s.lying) + len(s.unsure); n > 100 {
		b.fault("%d messages are in flight", n)
	}
	if !b.dawdles {
		s.process(1, true)
	}
	return m
}

func (s *fakeSession) process(n int, acknowledge bool) {
	for ; n > 0 && len(s.lying) > 0; n-- {
		m := s.lying[0]
		s.lying = s.lying[1:]
		switch {
		case m.fleeting:
		case m.payload == "":
			delete(s.broker.retained, m.topic)
		default:
			s.broker.retained[m.topic] = m.payload
		}
		s.broker.log = append(s.broker.log, m.topic+" "+m.payload)
		if s.broker.heard != nil {
			s.broker.heard(m.topic, m.payload)
		}
		s.said[m.topic] = true
		if acknowledge && len(s.unsure) == 0 {
			close(m.done)
			continue
		}
		s.unsure = append(s.unsure, m)
	}
}

func (s *fakeSession) lost() <-chan struct{}   { return s.gone }
func (s *fakeSession) denied() <-chan struct{} { return s.off }
func (s *fakeSession) cut()                    { s.end(errCut) }

func (s *fakeSession) why() error {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	return s.reason
}

func (s *fakeSession) end(why error) {
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.reason != nil {
		return
	}
	s.reason = why
	for _, m := range append(s.lying, s.unsure...) {
		m.err = why
		close(m.done)
	}
	s.lying, s.unsure = nil, nil
	close(s.gone)
}

func (s *fakeSession) close(politely bool) {
	s.broker.set(func(*fakeBroker) { s.polite = politely })
	s.end(errCut)
	if !politely {
		s.will()
	}
}

// will is what the broker says of a gateway that went without a word; one that is connected again hears it.
func (s *fakeSession) will() {
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retained[statusTopic(s.root)] = offline
	if b.current != nil && b.current.reason == nil {
		select {
		case b.current.off <- struct{}{}:
		default:
		}
	}
}

var amsterdam = time.FixedZone("CET", 3600)

func inAmsterdam(*gateway.Asset) *time.Location { return amsterdam }

// testOptions are those of a publisher that could work.
func testOptions() Options {
	log := slog.New(slog.DiscardHandler)
	return Options{
		Broker: "tcp://127.0.0.1:1883", Topic: "butlr", Scalars: true, Refresh: 10 * time.Minute,
		Gateway: "1a2b3c4d", Name: "maas-house", Version: "1.2.3", Place: inAmsterdam,
		Clock: func() gateway.Instant {
			return gateway.Instant{Wall: time.Date(2026, 11, 23, 8, 15, 3, 0, time.UTC), Mono: time.Hour}
		},
		Alarms: gateway.NewAlarms(log), Log: log,
	}
}

// start runs a publisher against a fake broker; the function returned stops it and waits.
func start(t *testing.T, b *fakeBroker, o Options) (p *Publisher, stop func()) {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.set(func(b *fakeBroker) { b.root = o.Topic })
	p.connect = b.open
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	return p, func() { cancel(); running.Wait() }
}

// room makes a snapshot of a room with so many people.
func room(number, people int) gateway.Snapshot {
	s := gateway.Snapshot{
		Asset: &gateway.Asset{
			ID: gateway.AssetID(fmt.Sprintf("room_%d", number)), Kind: gateway.Room, Number: gateway.Number(number),
		},
		Has: gateway.MeasuresOf(gateway.Occupied, gateway.People), Quality: gateway.Good, Coverage: -1,
		Reason: gateway.Reason{Code: gateway.ReasonPeople, People: people, At: at("08:15:00")},
	}
	s.Readings[gateway.People] = gateway.Reading{Value: int64(people), Known: true, Quality: gateway.Good}
	s.Readings[gateway.Occupied] = gateway.Reading{Value: int64(min(people, 1)), Known: true, Quality: gateway.Good}
	return s
}

func update(changed ...gateway.Snapshot) *gateway.Update { return &gateway.Update{Changed: changed} }

// topics returns the messages' topics without their root.
func topics(messages []string) []string {
	var out []string
	for _, m := range messages {
		topic, _, _ := strings.Cut(m, " ")
		out = append(out, strings.TrimPrefix(topic, "butlr/"))
	}
	return out
}
