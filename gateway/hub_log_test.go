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

// Of events that are refused the first of each reason is logged at once, the others are counted.
//
// Seen to break it: logging each; never logging those that came within the pause.
func TestRefusedEventsAreLoggedAtABoundedRate(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		h, log := startLogged(t, clock)
		send := func(events ...gateway.Event) {
			t.Helper()
			if err := h.Ingest(t.Context(), events); err != nil {
				t.Fatal(err)
			}
		}
		ahead := people("room_1", 3, "09:05:00")
		for range 20 {
			send(ahead)
		}
		send(people("room_2", -1, "09:00:00"))
		const inFuture = `msg="event refused" reason=timestamp_in_future why="its timestamp is 5m ahead of this machine's clock, and max_future is 2m: set whichever clock is wrong, or raise max_future" type=occupancy place=room_1 name="Name of room_1" events=`
		log.expect(t, 1, inFuture)
		log.expect(t, 1, inFuture+"1")
		log.expect(t, 1, `reason=count_negative why="its count is below 0" type=occupancy place=room_2`)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		log.expect(t, 1, "reason=timestamp_in_future why=\"its timestamp is 5m ahead of this machine's clock, and max_future is 2m: set whichever clock is wrong, or raise max_future\" type=occupancy place=room_1 name=\"Name of room_1\" events=19")
		log.expect(t, 2, inFuture)
	})
}

// The alarm tells of the first site that is lost, and of the last that comes back; the others are logged.
func TestEachSiteThatIsLostIsLogged(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		h, log := startLogged(t, clock)
		say := func(site string) {
			t.Helper()
			var events []gateway.Event
			for n := range 2 {
				e := people(site+string(rune('a'+n)), 1, "09:00:00")
				e.At = clock().Timestamp()
				e.Path = gateway.Path{Site: gateway.Place{ID: gateway.AssetID("site_" + site), Name: "Site " + site}, Room: gateway.Place{ID: gateway.AssetID("room_" + site + string(rune('a'+n)))}}
				events = append(events, e)
			}
			if err := h.Ingest(t.Context(), events); err != nil {
				t.Fatal(err)
			}
		}
		say("1")
		time.Sleep(5 * time.Minute)
		say("2")
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		log.expect(t, 1, "alarm raised")
		log.expect(t, 1, `msg="nothing is heard of a site any more" site=site_2 name="Site 2" silent_for=15m`)
		say("1")
		synctest.Wait()
		log.expect(t, 1, `msg="a site is heard again" site=site_1`)
		log.expect(t, 0, "alarm ended")
		say("2")
		synctest.Wait()
		log.expect(t, 1, "alarm ended")
		log.expect(t, 0, `msg="a site is heard again" site=site_2`)
	})
}
