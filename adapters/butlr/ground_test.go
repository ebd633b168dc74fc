package butlr_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/gateway"
)

// ground is a gateway that runs in virtual time, and Butlr's API beside it.
type ground struct {
	*butlrtest.API
	t      *testing.T
	client *butlr.Client
	hub    *gateway.Hub
	gaps   *butlr.Gaps
	alarms *gateway.Alarms
	log    *slog.Logger
	said   *journal
	memory memory
	kept   *gateway.Saved

	mu     sync.Mutex
	counts map[string]float64 // by id, field and minute: "room_a  09:01"
	broken error              // why nothing can be stored

	published map[gateway.AssetID]gateway.Snapshot
}

// Commit stands in for a disk, which keeps nothing.
func (g *ground) Commit(context.Context, *gateway.Batch) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.broken
}

// memory is one that is kept in memory.
type memory map[string]string

func (m memory) Load(context.Context) (map[string]string, error) { return maps.Clone(m), nil }

func (m memory) Write(_ context.Context, changes map[string]string) error {
	for key, value := range changes {
		if m[key] = value; value == "" {
			delete(m, key)
		}
	}
	return nil
}

// onGround runs a test on one: two rooms on a floor, one of them with a sensor at its door, and an entrance. It is nine
// o'clock and a few seconds when it begins.
func onGround(t *testing.T, rules gateway.Rules, test func(*testing.T, *ground)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 3, 10, 9, 0, 3, 0, time.UTC)))
		g := &ground{t: t, API: butlrtest.New(testID, testSecret), said: new(journal), memory: memory{}, counts: map[string]float64{}, published: map[gateway.AssetID]gateway.Snapshot{}, kept: &gateway.Saved{}}
		g.Furnish(butlrtest.Inventory{
			Sites: []map[string]any{{"id": "site_1", "name": "Rotterdam"}}, Buildings: []map[string]any{{"id": "building_1", "name": "Maas House", "site_id": "site_1"}},
			Floors: []map[string]any{{"id": "space_1", "name": "Level 1", "building_id": "building_1"}},
			Rooms:  []map[string]any{{"id": "room_a", "name": "Boardroom", "customID": "MH-1", "floor_id": "space_1"}, {"id": "room_b", "floor_id": "space_1"}},
			Zones:  []map[string]any{{"id": "zone_1", "name": "Table", "floor_id": "space_1", "room_id": "room_a"}},
			Sensors: []map[string]any{
				{"id": "sensor_1", "name": "door", "mode": "traffic", "floor_id": "space_1", "room_id": "room_a"},
				{"id": "sensor_2", "mode": "TRAFFIC", "floor_id": "space_1", "room_id": "room_b", "is_entrance": true},
			},
		})
		g.Count(func(id, field string, minute time.Time) (float64, bool) {
			g.mu.Lock()
			defer g.mu.Unlock()
			n, ok := g.counts[id+" "+field+" "+minute.UTC().Format("15:04")]
			return n, ok
		})
		g.client = clientOf(t, g.Direct(), 50, new(bytes.Buffer))
		g.log = slog.New(slog.NewTextHandler(g.said, nil))
		g.alarms = gateway.NewAlarms(g.log)
		g.start(rules)
		test(t, g)
	})
}

// start starts a gateway that knows what is kept. It ends with the test.
func (g *ground) start(rules gateway.Rules) {
	begun := time.Now()
	clock := func() gateway.Instant { return gateway.Instant{Wall: time.Now(), Mono: time.Since(begun)} }
	state, err := gateway.NewState(rules, g.kept, clock())
	if err != nil {
		g.t.Fatal(err)
	}
	g.gaps = butlr.NewGaps()
	g.hub, err = gateway.NewHub(gateway.HubOptions{State: state, Journal: g, Sinks: []gateway.Sink{g.gaps, g}, Clock: clock, Alarms: g.alarms})
	if err != nil {
		g.t.Fatal(err)
	}
	g.hub.Start(g.t.Context())
	g.run(g.hub.Run)
}

// run runs a part until the test ends, or the function that it returns is called.
func (g *ground) run(part func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := part(ctx); err != nil {
			g.t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	g.t.Cleanup(stop)
	return stop
}

func (g *ground) poll() *butlr.Poll {
	return &butlr.Poll{
		Client: g.client, Hub: g.hub, Memory: g.memory, Takes: func(i *butlr.Inventory) []butlr.Place { return i.Places }, Clock: time.Now,
		Every: time.Minute, Horizon: 24 * time.Hour, Patience: 15 * time.Minute, Alarms: g.alarms, Log: g.log,
	}
}

// counted has something counted: "room_a  09:01" is a room's minute, "sensor_1 in 09:01" who passed.
func (g *ground) counted(what string, n float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts[what] = n
}

// until lets time pass until a moment of the day.
func (g *ground) until(clock string) {
	at, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		g.t.Fatal(err)
	}
	time.Sleep(time.Until(time.Date(2026, 3, 10, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)))
	synctest.Wait()
}

// seen writes down the newest events about an asset, the newest first.
func (g *ground) seen(id gateway.AssetID, most int) string {
	var out []string
	_ = g.hub.View(g.t.Context(), func(s *gateway.State) {
		for _, e := range s.Seen(id, most) {
			text := fmt.Sprint(e.At.Time().Format("15:04"), " ", e.People)
			if e.Type == gateway.Traffic {
				text = fmt.Sprint(e.At.Time().Format("15:04"), " ", e.In, "/", e.Out)
			}
			out = append(out, text+" "+e.Origin.String()+" "+e.Fate.String())
		}
	})
	return strings.Join(out, ", ")
}

// total writes down how many passed.
func (g *ground) total(id gateway.AssetID) string {
	s := g.shown(id)
	return fmt.Sprint(s.Readings[gateway.TrafficIn].Value, "/", s.Readings[gateway.TrafficOut].Value)
}

// shown is what was last published of an asset.
func (g *ground) shown(id gateway.AssetID) gateway.Snapshot {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.published[id]
}

// Publish stands in for whoever shows readings.
func (g *ground) Publish(u *gateway.Update) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range u.Changed {
		g.published[u.Changed[i].Asset.ID] = u.Changed[i]
	}
}

// asset describes one.
func (g *ground) asset(id gateway.AssetID) (a *gateway.Asset) {
	_ = g.hub.View(g.t.Context(), func(s *gateway.State) { a = s.Asset(id) })
	return a
}

// inForce tells whether an alarm is.
func (g *ground) inForce(alarm gateway.Alarm) bool { return g.alarms.Bits()&(1<<alarm) != 0 }

// sent hands in what Butlr sends.
func (g *ground) sent(events ...gateway.Event) error {
	err := g.hub.Ingest(g.t.Context(), events)
	g.gaps.Ingested(err)
	return err
}

// forget has the gateway run without polling for once.
func forget(g *ground) error { return butlr.ForgetPoll(g.t.Context(), g.memory) }
