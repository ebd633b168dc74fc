package mqtt

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// The ring equals a list that is cut to its length from the front, and from which what is old is left out.
//
// Seen to break it: not counting what gives way, an age limit of 59 s, forgetting to wrap, the ring not emptied.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ring
		var model []piece
		var dropped uint64
		mono := time.Duration(0)
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 5, newsRoom}).Draw(t, "how many") {
					next++
					h := gateway.Happening{In: next}
					r.add(&h, gateway.Instant{Mono: mono})
					model = append(model, piece{h, mono})
				}
				if over := len(model) - newsRoom; over > 0 {
					dropped += uint64(over)
					model = model[over:]
				}
			},
			"wait": func(t *rapid.T) {
				mono += rapid.SampledFrom([]time.Duration{time.Second, 30 * time.Second, newsFresh, newsFresh + 1}).Draw(t, "how long")
			},
			"take": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 7, newsRoom}).Draw(t, "how many") {
					for len(model) > 0 && mono-model[0].mono > newsFresh {
						model = model[1:]
						dropped++
					}
					h, ok := r.take(gateway.Instant{Mono: mono})
					if ok != (len(model) > 0) {
						t.Fatalf("took something: %t, want %t", ok, !ok)
					}
					if !ok {
						return
					}
					if h.In != model[0].what.In {
						t.Fatalf("took %d, want %d", h.In, model[0].what.In)
					}
					model = model[1:]
				}
			},
			"": func(t *rapid.T) {
				if r.dropped != dropped {
					t.Fatalf("%d are dropped, want %d", r.dropped, dropped)
				}
			},
		})
	})
}

// happenings are one of each type.
func happenings() []gateway.Happening {
	room := &gateway.Asset{ID: "room_1", Kind: gateway.Room}
	sensor := &gateway.Asset{ID: "sensor_00-17-0d", Kind: gateway.Sensor}
	return []gateway.Happening{
		{Asset: room, Type: gateway.Traffic, At: at("08:15:02"), ID: "event_1", In: 2, Out: 1},
		{Asset: room, Type: gateway.MotionStarted, At: at("08:15:03"), ID: "event_2"},
		{Asset: room, Type: gateway.MotionEnded, At: at("08:15:04"), ID: `event_"3"`},
		{Asset: sensor, Type: gateway.Detected, At: at("08:15:05"), ID: "event_4", Found: []gateway.Position{
			{X: 0.25, Y: 0.5, WorldX: -1.5, WorldY: 12}, {X: 1, Y: 0, WorldX: 1e-7, WorldY: 3.125},
		}},
	}
}

// Seen to break it: the events kept by the broker, the detections kept, told again after a reconnect, told
// though nobody asked for detections.
func TestHappeningsArePassedOn(t *testing.T) {
	crossing := []string{
		`butlr/room/room_1/event {"type":"crossing","in":2,"out":1,"at":"2026-11-23T08:15:02.000Z","id":"event_1"}`,
		`butlr/room/room_1/event {"type":"motion","motion":true,"at":"2026-11-23T08:15:03.000Z","id":"event_2"}`,
		`butlr/room/room_1/event {"type":"motion","motion":false,"at":"2026-11-23T08:15:04.000Z","id":"event_\"3\""}`,
	}
	detections := `butlr/detections/sensor_00-17-0d {"at":"2026-11-23T08:15:05.000Z","people":[{"x":0.25,"y":0.5,"world_x":-1.5,"world_y":12},{"x":1,"y":0,"world_x":1e-07,"world_y":3.125}]}`
	for _, wanted := range []bool{false, true} {
		t.Run(fmt.Sprintf("detections %t", wanted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, o := newFakeBroker(), testOptions()
				o.Detections = wanted
				p, stop := start(t, b, o)
				defer stop()
				time.Sleep(time.Second)
				b.drain()
				p.Publish(&gateway.Update{At: o.Clock(), Happened: happenings()})
				synctest.Wait()
				want := crossing
				if wanted {
					want = append(want[:len(want):len(want)], detections)
				}
				if diff := cmp.Diff(want, b.drain()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if kept := b.get("butlr/room/room_1/event") + b.get("butlr/detections/sensor_00-17-0d"); kept != "" {
					t.Errorf("the broker keeps %s", kept)
				}
				b.lose()
				time.Sleep(5 * time.Second)
				for _, m := range b.drain() {
					if strings.Contains(m, "/event ") {
						t.Errorf("said again: %s", m)
					}
				}
			})
		})
	}
}

// What happened while the broker was away is told when it is back, unless that is a minute ago.
func TestHappeningsOfAnOutage(t *testing.T) {
	for away, want := range map[time.Duration]int{30 * time.Second: 3, 5 * time.Minute: 0} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			b, o := newFakeBroker(), testOptions()
			o.Clock = func() gateway.Instant { return gateway.Instant{Wall: time.Now(), Mono: time.Since(began)} }
			b.refuses = errors.New("later")
			p, stop := start(t, b, o)
			defer stop()
			p.Publish(&gateway.Update{At: o.Clock(), Happened: happenings()})
			time.Sleep(away)
			b.set(func(b *fakeBroker) { b.refuses = nil })
			time.Sleep(5 * time.Second)
			told := 0
			for _, m := range b.drain() {
				if strings.Contains(m, "/event ") {
					told++
				}
			}
			if told != want || p.mail.dropped() != uint64(3-want) {
				t.Errorf("after %s %d were told and %d dropped, want %d and %d", away, told, p.mail.dropped(), want, 3-want)
			}
		})
	}
}
