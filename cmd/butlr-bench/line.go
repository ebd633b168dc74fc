package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/gateway"
)

// latencyRooms is how many rooms take turns to be heard of: one that changes all the time would be told of twice a
// second. That whose register is read is another one, so that no message of it comes between.
const latencyRooms = 100

func latencyRoom(n int) string { return fmt.Sprintf("room_latency_%d", n) }

func stateTopic(room string) string { return "butlr/room/" + room + "/state" }

// line is the ways from a request to a subscriber and to a controller, through a gateway or past it.
type line struct {
	gateway, written *sender
	clients          []paho.Client // each of one thing: a broker may hold a small message back until another is acknowledged
	heard            chan heard
	modbus, echo     net.Conn
	people           uint16  // the register that has the room's count
	parts            []*part // the bare servers
	n                int     // events so far
	told             int     // those of them that the subscriber was to hear of
}

// heard is a message with the time at which it came.
type heard struct {
	topic, payload string
	at             time.Time
}

func newLine(broker string, s *subject) (l *line, err error) {
	l = &line{heard: make(chan heard, 1000)}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	for _, name := range []string{"written", "echo"} {
		p, err := startPart(name)
		if err != nil {
			return l, err
		}
		l.parts = append(l.parts, p)
	}
	if l.gateway, err = newSender(s.webhook); err != nil {
		return l, err
	}
	if l.written, err = newSender("http://" + l.parts[0].address + "/"); err != nil {
		return l, err
	}
	if l.echo, err = net.Dial("tcp", l.parts[1].address); err != nil {
		return l, err
	}
	if l.modbus, err = net.Dial("tcp", s.modbus); err != nil {
		return l, err
	}
	hear := func(_ paho.Client, m paho.Message) { l.heard <- heard{m.Topic(), string(m.Payload()), time.Now()} }
	rooms := make(map[string]byte)
	for n := range latencyRooms {
		rooms[stateTopic(latencyRoom(1+n))] = 1
	}
	for _, topics := range []map[string]byte{nil, {"bare": 1}, rooms} {
		c, err := newClient(broker)
		if err != nil {
			return l, err
		}
		l.clients = append(l.clients, c)
		if len(topics) == 0 {
			continue
		}
		if token := c.SubscribeMultiple(topics, hear); token.Wait() && token.Error() != nil {
			return l, token.Error()
		}
	}
	return l, l.locate()
}

func newClient(broker string) (paho.Client, error) {
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID("bench-" + rand.Text()).SetOrderMatters(true))
	if token := c.Connect(); token.Wait() && token.Error() != nil {
		return nil, token.Error()
	}
	return c, nil
}

func (l *line) close() {
	for _, c := range l.clients {
		c.Disconnect(100)
	}
	for _, s := range []*sender{l.gateway, l.written} {
		if s != nil {
			s.conn.Close()
		}
	}
	for _, conn := range []net.Conn{l.modbus, l.echo} {
		if conn != nil {
			conn.Close()
		}
	}
	for _, p := range l.parts {
		p.stop()
	}
}

// locate finds the register of the room's count: that of one of the first assets, which follows two events.
func (l *line) locate() error {
	const assets, first, block, people = 7, 100, 16, 1
	possible := make(map[uint16]int)
	for range 2 {
		want, body := l.event(latencyRoom(0))
		if err := l.gateway.post(body); err != nil {
			return err
		}
		for k := range uint16(assets) {
			address := first + k*block + people
			got, err := readRegister(l.modbus, address)
			if err != nil {
				return err
			}
			if got == want {
				possible[address]++
				l.people = max(l.people, address) // a room comes after what it is in
			}
		}
	}
	if possible[l.people] != 2 {
		return errors.New("looking for the room's register: none shows the count that was posted")
	}
	return nil
}

// through posts an event with a new count, and waits until the subscriber has it.
func (l *line) through() (answered, told time.Duration, err error) {
	room := latencyRoom(1 + l.told%latencyRooms)
	l.told++
	people, body := l.event(room)
	began := time.Now()
	if err := l.gateway.post(body); err != nil {
		return 0, 0, err
	}
	answered = time.Since(began)
	topic, want := stateTopic(room), fmt.Sprintf(`"people":%d,`, people)
	at, err := l.await(func(m *heard) bool { return m.topic == topic && strings.Contains(m.payload, want) })
	return answered, at.Sub(began), err
}

// past does the same with nothing in between but a page that is written and synced.
func (l *line) past() (time.Duration, error) {
	_, body := l.event(latencyRoom(0))
	began := time.Now()
	if err := l.written.post(body); err != nil {
		return 0, err
	}
	text := fmt.Sprintf("%d %s", l.n, bytes.Repeat([]byte("x"), 400))
	l.clients[0].Publish("bare", 1, true, text)
	at, err := l.await(func(m *heard) bool { return m.payload == text })
	return at.Sub(began), err
}

// readable posts an event with a new count while a controller polls, and waits until it has read it.
func (l *line) readable() (time.Duration, error) {
	want, body := l.event(latencyRoom(0))
	posted := make(chan error, 1)
	began := time.Now()
	go func() { posted <- l.gateway.post(body) }()
	for {
		got, err := readRegister(l.modbus, l.people)
		at := time.Since(began)
		switch {
		case err != nil:
			return 0, errors.Join(err, <-posted)
		case got == want:
			return at, <-posted
		case at > patience:
			return 0, fmt.Errorf("polling register %d: it does not show %d people within %v", l.people, want, patience)
		}
	}
}

// readPast does the same with nothing in between but such a page.
func (l *line) readPast() (time.Duration, error) {
	_, body := l.event(latencyRoom(0))
	began := time.Now()
	if err := l.written.post(body); err != nil {
		return 0, err
	}
	if _, err := l.echo.Write(make([]byte, requestBytes)); err != nil {
		return 0, err
	}
	_, err := io.ReadFull(l.echo, make([]byte, answerBytes))
	return time.Since(began), err
}

// patience is how long what must come is waited for.
const patience = 10 * time.Second

func (l *line) await(is func(*heard) bool) (time.Time, error) {
	for {
		select {
		case h := <-l.heard:
			if is(&h) {
				return h.at, nil
			}
		case <-time.After(patience):
			return time.Time{}, fmt.Errorf("waiting for a message: none came within %v", patience)
		}
	}
}

// event makes an event of a room with a new count.
func (l *line) event(room string) (people uint16, body []byte) {
	l.n++
	n, body := countOf(room, l.n)
	return uint16(n), body
}

// countOf returns an event with a new count of a room, and the count.
func countOf(room string, n int) (people int, body []byte) {
	e := gateway.Event{
		ID: "event_" + rand.Text(), Type: gateway.Occupancy, Subject: gateway.Room, At: gateway.TimestampOf(time.Now()), People: 1 + n%50,
		Path: gateway.Path{
			Organisation: gateway.Place{ID: "org_1"}, Site: gateway.Place{ID: "site_1"}, Building: gateway.Place{ID: "building_1"},
			Floor: gateway.Place{ID: "space_1"}, Room: gateway.Place{ID: gateway.AssetID(room)},
		},
	}
	return e.People, webhook.Encode(nil, &e)
}

// readRegister reads an input register. One that does not exist reads unknown.
func readRegister(conn net.Conn, address uint16) (uint16, error) {
	conn.SetDeadline(time.Now().Add(patience))
	request := binary.BigEndian.AppendUint16([]byte{0, 1, 0, 0, 0, 6, 1, 4}, address)
	if _, err := conn.Write(append(request, 0, 1)); err != nil {
		return 0, err
	}
	var answer [11]byte
	if _, err := io.ReadFull(conn, answer[:9]); err != nil {
		return 0, fmt.Errorf("reading register %d: %w", address, err)
	}
	if answer[7] != request[7] { // an exception ends here
		return 0xffff, nil
	}
	_, err := io.ReadFull(conn, answer[9:])
	return binary.BigEndian.Uint16(answer[9:]), err
}
