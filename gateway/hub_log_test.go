package gateway_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/gateway"
)

// logged is a log that a test may read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// expect demands that so many lines have a text.
func (l *logged) expect(t *testing.T, n int, text string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := strings.Count(l.text.String(), text); got != n {
		t.Errorf("%d lines say %s, want %d, in\n%s", got, text, n, l.text.String())
	}
}

// startLogged runs a hub until the test ends, and returns its log.
func startLogged(t *testing.T, clock gateway.Clock) (*gateway.Hub, *logged) {
	t.Helper()
	l := &logged{}
	log := slog.New(slog.NewTextHandler(l, nil))
	h, err := gateway.NewHub(gateway.HubOptions{
		State: newState(t, gateway.DefaultRules()), Journal: &journal{}, Sinks: []gateway.Sink{&sink{}}, Clock: clock, Alarms: gateway.NewAlarms(log), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Start(t.Context())
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h, l
}

// Who forces and releases is in the log, a line each, and so is an end.
func TestOrdersAreLogged(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		h, log := startLogged(t, clock)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(h.Ingest(t.Context(), []gateway.Event{passed("sensor_1", "room_1", 2, 0, "09:00:00")}))
		forced := gateway.Override{Target: gateway.TargetLighting, Value: 1, Source: gateway.FromOperator, Author: "anna", Reason: "fire drill"}
		_, err := h.Force(t.Context(), "room_1", forced)
		must(err)
		_, err = h.Release(t.Context(), "room_1", gateway.TargetLighting, false, gateway.FromOperator, "bert")
		must(err)
		must(h.ResetEstimate(t.Context(), "room_1", "carl"))
		forced.Until = gateway.TimestampOf(morning.Add(30 * time.Second))
		_, err = h.Force(t.Context(), "room_1", forced)
		must(err)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		log.expect(t, 1, `msg="override forced" asset=room_1 target=lighting value=1 by=anna source=operator until=2026-03-10T10:00:00Z reason="fire drill"`)
		log.expect(t, 1, `msg="override released" asset=room_1 target=lighting value=1 by=bert`)
		log.expect(t, 1, `msg="traffic estimate reset" asset=room_1 by=carl`)
		log.expect(t, 1, `msg="override expired" asset=room_1 target=lighting value=1`)
	})
}
