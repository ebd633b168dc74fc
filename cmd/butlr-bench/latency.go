package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/gateway"
)

const latencyRoom = "room_latency"

// latencyCommand measures how long an event takes from the socket to whoever listens at the broker, durably
// stored on the way; and by turns the same way without a gateway: a request that a handler of nothing answers,
// and then a message from a client to the broker to whoever listens.
func latencyCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("latency", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	rate := f.Float64("rate", 100, "events a second")
	events := f.Int("events", 2000, "how many of each")
	if err := f.Parse(args); err != nil {
		return err
	}
	b, err := startBroker()
	if err != nil {
		return err
	}
	defer b.stop()
	s, err := startSubject(ctx, *program, 10, b.section())
	if err != nil {
		return err
	}
	defer s.stop()
	l, err := newLine(b.address, s.webhook)
	if err != nil {
		return err
	}
	defer l.close()
	clock := time.NewTicker(time.Duration(float64(time.Second) / *rate / 2))
	defer clock.Stop()
	var answered, told, bare []float64
	for n := range *events + *events/10 {
		<-clock.C
		first, whole, err := l.through(n)
		if err != nil {
			return err
		}
		<-clock.C
		limit, err := l.past(n)
		if err != nil {
			return err
		}
		if n >= *events/10 { // after warming up
			answered, told, bare = append(answered, micros(first)), append(told, micros(whole)), append(bare, micros(limit))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Fprintf(w, "%d events of one room at %.0f a second, each stored before its answer:\n", *events, *rate)
	for _, line := range []struct {
		what string
		took []float64
	}{{"event → 204 (Modbus has it)", answered}, {"event → subscriber", told}, {"without a gateway", bare}} {
		fmt.Fprintf(w, "  %-28s p50 %6.0f µs  p99 %6.0f µs\n", line.what, median(line.took), late(line.took))
	}
	_, err = fmt.Fprintf(w, "  ratio                        p50 %6.2f\n", median(told)/median(bare))
	return err
}

// line is a way from a request to a subscriber, through a gateway or past it.
type line struct {
	webhook, nothing string
	clients          []paho.Client // each of one thing: a broker may hold a small message back until another is acknowledged
	heard            chan heard
	server           *http.Server
	http             http.Client
}

// heard is a message with the time at which it came.
type heard struct {
	payload string
	at      time.Time
}

func newLine(broker, webhook string) (*line, error) {
	l := &line{webhook: webhook, heard: make(chan heard, 1000)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l.nothing = "http://" + listener.Addr().String()
	l.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})}
	go l.server.Serve(listener)
	hear := func(_ paho.Client, m paho.Message) { l.heard <- heard{string(m.Payload()), time.Now()} }
	for _, topic := range []string{"", "bare", "butlr/room/" + latencyRoom + "/state"} {
		c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID("bench-" + rand.Text()).SetOrderMatters(true))
		if token := c.Connect(); token.Wait() && token.Error() != nil {
			return nil, token.Error()
		}
		l.clients = append(l.clients, c)
		if topic == "" {
			continue
		}
		if token := c.Subscribe(topic, 1, hear); token.Wait() && token.Error() != nil {
			return nil, token.Error()
		}
	}
	return l, nil
}

func (l *line) close() {
	for _, c := range l.clients {
		c.Disconnect(100)
	}
	l.server.Close()
}

// through posts an event with a new count, and waits until the subscriber has it.
func (l *line) through(n int) (answered, told time.Duration, err error) {
	people, body := countOf(n)
	began := time.Now()
	if err := l.post(l.webhook, body); err != nil {
		return 0, 0, err
	}
	answered = time.Since(began)
	want := fmt.Sprintf(`"people":%d,`, people)
	at, err := l.await(func(payload string) bool { return strings.Contains(payload, want) })
	return answered, at.Sub(began), err
}

// countOf returns an event with a new count of the room, and the count.
func countOf(n int) (people int, body []byte) {
	e := gateway.Event{
		ID: "event_" + rand.Text(), Type: gateway.Occupancy, Subject: gateway.Room, At: gateway.TimestampOf(time.Now()), People: 1 + n%50,
		Path: gateway.Path{
			Organisation: gateway.Place{ID: "org_1"}, Site: gateway.Place{ID: "site_1"}, Building: gateway.Place{ID: "building_1"},
			Floor: gateway.Place{ID: "space_1"}, Room: gateway.Place{ID: latencyRoom},
		},
	}
	return e.People, webhook.Encode(nil, &e)
}

// past does the same with nothing in between.
func (l *line) past(n int) (time.Duration, error) {
	body := bytes.Repeat([]byte("x"), 900)
	began := time.Now()
	if err := l.post(l.nothing, body); err != nil {
		return 0, err
	}
	text := fmt.Sprintf("%d %s", n, body[:400])
	l.clients[0].Publish("bare", 1, true, text)
	at, err := l.await(func(payload string) bool { return payload == text })
	return at.Sub(began), err
}

func (l *line) post(url string, body []byte) error {
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-Api-Key", secret)
	request.Header.Set("Content-Type", "application/json")
	response, err := l.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("posting an event: the answer is %s", response.Status)
	}
	return nil
}

func (l *line) await(is func(string) bool) (time.Time, error) {
	for {
		select {
		case h := <-l.heard:
			if is(h.payload) {
				return h.at, nil
			}
		case <-time.After(10 * time.Second):
			return time.Time{}, errors.New("waiting for a message: none came within 10 s")
		}
	}
}
