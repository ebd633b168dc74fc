package gateway_test

import (
	"strings"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// sensor is one that Butlr hears, in a room; "" is on the floor.
func sensor(id, room string) gateway.Device {
	return gateway.Device{ID: gateway.AssetID("sensor_" + id), Name: "Heatic " + id, Room: gateway.AssetID(room), Floor: "space_3", Online: true}
}

// offline is a device that Butlr does not hear any more since a moment, "" for nobody knows.
func offline(d gateway.Device, since string) gateway.Device {
	d.Online = false
	if since != "" {
		d.Heartbeat = at(since)
	}
	return d
}

// asked are the usual rules of a gateway that asks how the sensors are.
func asked() gateway.Rules {
	rules := gateway.DefaultRules()
	rules.Health = 5 * time.Minute
	return rules
}

// polledHouse is a gateway in whose house time passes, its disk, and what it has published.
type polledHouse struct {
	testing.TB
	state   *gateway.State
	journal journal
	clock   gateway.Timestamp
	shown   map[gateway.AssetID]gateway.Snapshot
	sum     gateway.Summary
}

// opened begins at nine, with some events that came then.
func opened(t testing.TB, rules gateway.Rules, events ...gateway.Event) *polledHouse {
	t.Helper()
	h := &polledHouse{TB: t, clock: at("09:00:00"), shown: map[gateway.AssetID]gateway.Snapshot{}}
	h.start(rules)
	h.events(events...)
	return h
}

// start starts a gateway on what is on the disk.
func (h *polledHouse) start(rules gateway.Rules) {
	h.Helper()
	state, err := gateway.NewState(rules, h.journal.saved(), instant(h.clock))
	if err != nil {
		h.Fatal(err)
	}
	h.state = state
	h.publish(state.All(instant(h.clock)))
}

func (h *polledHouse) publish(u *gateway.Update) {
	for _, snapshot := range u.Changed {
		h.shown[snapshot.Asset.ID] = snapshot
	}
	h.sum = u.Summary
}

// settle stores and publishes the batch in progress.
func (h *polledHouse) settle() {
	h.Helper()
	if b := h.state.Batch(); !b.Empty() {
		if err := h.journal.Commit(h.Context(), b); err != nil {
			h.state.Undo()
			return
		}
	}
	h.publish(h.state.Settle(instant(h.clock)))
}

func (h *polledHouse) events(events ...gateway.Event) {
	h.Helper()
	if err := h.state.Apply(instant(h.clock), events); err != nil {
		h.Fatal(err)
	}
	h.settle()
}

// reports has the gateway take up how all devices are. Nothing of that is stored.
func (h *polledHouse) reports(devices ...gateway.Device) {
	h.Helper()
	h.takes(&gateway.HealthReport{Devices: devices})
}

func (h *polledHouse) takes(r *gateway.HealthReport) {
	h.Helper()
	h.state.Health(r)
	if b := h.state.Batch(); !b.Empty() {
		h.Errorf("of the health %+v is to be stored", b)
	}
	h.settle()
}

// pass lets time pass: the gateway looks at what it asked to look at, and at nothing else.
func (h *polledHouse) pass(d time.Duration) {
	h.Helper()
	until := h.clock.Add(d)
	for looks := 0; ; looks++ {
		next := h.state.Next()
		if next == 0 || next > until {
			break
		}
		if looks > 1000 {
			h.Fatal("it looks again and again")
		}
		h.clock = max(h.clock, next)
		h.publish(h.state.Wake(instant(h.clock)))
	}
	h.clock = until
}

// polled lets time pass with a report every five minutes, and one at the end.
func (h *polledHouse) polled(d time.Duration, devices ...gateway.Device) {
	h.Helper()
	for ; d > 0; d -= 5 * time.Minute {
		h.pass(min(d, 5*time.Minute))
		h.reports(devices...)
	}
}

// stopped lets time pass, and has the gateway stop then.
func (h *polledHouse) stopped(d time.Duration) {
	h.Helper()
	h.pass(d)
	h.state.Beat(instant(h.clock))
	h.settle()
}

// says compares what a room shows with what was published last, and with what is wanted: 1 or 0 with its quality, and
// words of why.
func (h *polledHouse) says(room string, occupied int64, quality gateway.Quality, why string) {
	h.Helper()
	x := h.state.Explain(instant(h.clock), gateway.AssetID(room))
	for _, p := range x.Points {
		if p.Measure != gateway.Occupied {
			continue
		}
		said := p.Reason + " | " + p.Doubt
		if p.Reading.Value != occupied || p.Reading.Quality != quality || !strings.Contains(said, why) {
			h.Errorf("at %s %s is %d, %s: %s\ninstead of %d, %s: %s", h.clock.Time(), room, p.Reading.Value, p.Reading.Quality, said, occupied, quality, why)
		}
	}
	if shown := h.shown[gateway.AssetID(room)]; shown.Quality != quality || shown.Readings[gateway.Occupied].Value != occupied {
		h.Errorf("at %s %s was published as %d, %s, and it is %d, %s", h.clock.Time(), room, shown.Readings[gateway.Occupied].Value, shown.Quality, occupied, quality)
	}
}
