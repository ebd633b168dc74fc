package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/adapters/supervision"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// hurried opens a gateway that is supervised two hundred times as fast as another one.
func hurried(t *testing.T, more string) *service {
	t.Helper()
	settings, err := config.Load(newSite(t, "[web]\nlisten = \"127.0.0.1:0\"\n"+more).config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), settings, rulesOf(settings), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.supervisor, err = supervision.New(supervision.Options{
		Parts: s.supervised(), Alarms: s.alarms, Log: s.log, Metrics: prometheus.NewRegistry(), Every: 50 * time.Millisecond, Patience: 45 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFault10StuckPart, with an error after which it is started anew, and soon, although the hub cannot be
// stopped. What all of it was doing is in a file, and in a bundle. It is no stop for good, so that nothing is written to
// controllers.
//
// Seen to break it: a hub that is not supervised (it never ends), the end waiting for the hub (likewise), the stacks left
// out of the file, and an endsForGood that takes the supervision's end for a stop for good.
func TestFault10StuckPart(t *testing.T) {
	s := hurried(t, "")
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(s.run(context.Background()), s.close()) }()
	for deadline := time.Now().Add(patience); !s.supervisor.Sound(); waitABit() {
		if time.Now().After(deadline) {
			t.Fatal("the supervision does not begin")
		}
	}
	release, held := make(chan struct{}), make(chan error, 1)
	go func() { held <- s.hub.View(context.Background(), func(*gateway.State) { <-release }) }()
	var err error
	select {
	case err = <-ended:
	case <-time.After(patience):
		t.Fatal("it goes on, or its end does not come")
	}
	stuck, ok := errors.AsType[*supervision.Stuck](err)
	if !ok || stuck.Part != "the hub" || endsForGood(err) || !strings.Contains(err.Error(), "something does not end within") {
		t.Errorf("it ends with %v", err)
	}
	alarms := ""
	for alarm, why := range s.alarms.Each {
		alarms += alarm.String() + ": " + why
	}
	if !strings.HasPrefix(alarms, "part_stuck: the hub does not answer: ") {
		t.Errorf("the alarms: %s", alarms)
	}
	path := filepath.Join(string(s.config.Gateway.StateDir), stuckFile)
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "TestFault10StuckPart") || !strings.Contains(string(text), ": the hub has not answered for ") {
		t.Errorf("%s: %v\n%.500s", path, err, text)
	}
	var kept strings.Builder
	if err := (&bundle{settings: s.config}).stuckBefore(t.Context(), &kept); err != nil || !strings.Contains(kept.String(), "TestFault10StuckPart") {
		t.Errorf("in a bundle: %v\n%.200s", err, kept.String())
	}
	close(release)
	if err := <-held; err != nil {
		t.Error(err)
	}
}

// TestEveryPartIsAsked: those that serve others, by the names that metrics have, and the control socket alone is not
// vital. All of them answer, and the gateway is not among those who poll.
//
// Seen to break it: each of the parts left out, one by one, and the socket vital.
func TestEveryPartIsAsked(t *testing.T) {
	cert, key := testCertificate(t)
	s := hurried(t, "[modbus.rtu_over_tcp]\nlisten = \"127.0.0.1:0\"\n[mqtt]\nbroker = \"tcp://127.0.0.1:1\"\n"+
		fmt.Sprintf("[modbus.tls]\nlisten = \"127.0.0.1:0\"\ncert = %q\nkey = %q\nclient_ca = %q\n", cert, key, cert))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(s.run(ctx), s.close()) }()
	var vital, others []string
	for _, p := range s.supervised() {
		if err := p.Ask(t.Context()); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if p.Vital {
			vital = append(vital, p.Name)
		} else {
			others = append(others, p.Name)
		}
	}
	if want := []string{"hub", "webhook", "modbus_tcp", "modbus_tls", "modbus_rtu_over_tcp", "page", "publisher_mqtt"}; !slices.Equal(vital, want) || !slices.Equal(others, []string{"control"}) {
		t.Errorf("vital %q, want %q; beside them %q", vital, want, others)
	}
	if got := s.modbusClients(); len(got) > 0 {
		t.Errorf("the gateway is among those who poll: %+v", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestAPublisherThatPublishesNothingIsStuck, but one without a broker is not, nor one that is connected anew all the time,
// nor one that says something now and then. It says how the gateway is every 10 s, and a broker that hangs is left after
// 20 s: nothing may be held against it before.
//
// Seen to break it: a publisher judged that is not connected, three quiet turns enough, and a turn that is not quiet
// forgotten.
func TestAPublisherThatPublishesNothingIsStuck(t *testing.T) {
	begin := time.Unix(1e9, 0)
	of := func(connected bool, since int, published ...uint64) (out []mqtt.Status) {
		for _, n := range published {
			out = append(out, mqtt.Status{Connection: mqtt.Connection{Connected: connected, Since: begin.Add(time.Duration(since) * time.Second)}, Published: n})
		}
		return out
	}
	for name, c := range map[string]struct {
		turns []mqtt.Status
		stuck int // the turn from which on it is
	}{
		"it publishes":              {of(true, 0, 1, 2, 3, 4, 5, 6, 7, 8), -1},
		"it publishes seldom":       {of(true, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2), -1},
		"it has stopped":            {of(true, 0, 1, 2, 2, 2, 2, 2, 2), 6},
		"no broker":                 {of(false, 0, 2, 2, 2, 2, 2, 2, 2, 2), -1},
		"the broker comes and goes": {append(of(true, 0, 2, 2, 2, 2), append(of(true, 1, 2, 2, 2, 2), of(false, 2, 2, 2)...)...), -1},
		"it stops anew":             {append(of(false, 0, 2, 2, 2, 2, 2, 2), of(true, 1, 2, 2, 2, 2, 2)...), -1},
		"it stops anew for long":    {append(of(false, 0, 2, 2), of(true, 1, 2, 2, 2, 2, 2, 2)...), 7},
	} {
		turn := -1
		ask := whetherItPublishes(func() mqtt.Status { turn++; return c.turns[turn] })
		for i := range c.turns {
			if err := ask(t.Context()); (err != nil) != (c.stuck >= 0 && i >= c.stuck) {
				t.Errorf("%s, turn %d: %v", name, i, err)
			}
		}
	}
}

// TestTheManagerHearsWhetherTheSupervisionGoesItsRounds: once the hub has answered it is told that the gateway serves, and
// then nothing while nobody supervises it, and that it lives as soon as somebody does.
//
// Seen to break it: the hub asked instead of the supervision (it is told that the gateway lives).
func TestTheManagerHearsWhetherTheSupervisionGoesItsRounds(t *testing.T) {
	s := hurried(t, "")
	ctx, stop := context.WithCancel(context.Background())
	told := make(chan string, 1000)
	s.manager = manager{watchdog: 60 * time.Millisecond, tell: func(state string) error { told <- state; return nil }}
	hub, attending, supervising := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	s.hub.Start(ctx)
	go func() { hub <- s.hub.Run(ctx) }()
	go func() { attending <- s.attendManager(ctx) }()
	if state := <-told; state != stateReady {
		t.Errorf("it is told %q first", state)
	}
	<-time.After(10 * s.manager.watchdog) // for what is not to come
	if len(told) > 0 {
		t.Errorf("nobody supervises it, and it is told %q", <-told)
	}
	go func() { supervising <- s.supervisor.Run(ctx) }()
	if state := <-told; state != stateAlive {
		t.Errorf("it is supervised, and the manager is told %q", state)
	}
	stop()
	if err := errors.Join(<-attending, <-supervising, <-hub, s.close()); err != nil {
		t.Error(err)
	}
}
