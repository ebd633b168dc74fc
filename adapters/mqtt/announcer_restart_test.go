package mqtt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/adapters/mqtt/internal/homeassistant"
	"butlr-gateway/gateway"
)

// restart runs one gateway after another on one house, each with its own options, and returns what is kept.
func restart(t *testing.T, h *house, change func(o *Options), assets ...gateway.Snapshot) []string {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := h.options()
		change(&o)
		clear(h.said)
		if h.home.Prefix != o.DiscoveryPrefix {
			h.home = homeassistant.NewInstance(o.DiscoveryPrefix)
		}
		p, stop := start(t, h.broker, o)
		time.Sleep(2 * time.Second) // the session is there before the state
		p.Publish(update(assets...))
		time.Sleep(20 * time.Second)
		stop()
	})
	h.judge(t)
	return h.kept()
}

// What nobody wants any more goes, also what was announced before a restart; and nothing goes before it is
// known what is wanted.
//
// Seen to break it: no sweep; the sweep before every asset was told of; the keys of the other form not
// remembered; load left out.
func TestNoGhostsAfterARestart(t *testing.T) {
	asBefore := func(*Options) {}
	devices := func(prefix string, nodes ...string) []string {
		topics := []string{prefix + "/device/bgw_1a2b3c4d/config"}
		for _, node := range nodes {
			topics = append(topics, prefix+"/device/bgw_1a2b3c4d_"+node+"/config")
		}
		slices.Sort(topics)
		return topics
	}
	all := devices("homeassistant", "ahu-3", "building_1", "room_1", "site_1", "space_1", "zone_1")
	for name, c := range map[string]struct {
		change func(*Options)
		assets []gateway.Snapshot
		want   []string
	}{
		"nothing changed":  {asBefore, campus(), all},
		"assets are gone":  {asBefore, campus()[1:3], devices("homeassistant", "room_1", "space_1")},
		"all are":          {asBefore, nil, devices("homeassistant")},
		"another prefix":   {func(o *Options) { o.DiscoveryPrefix = "ha" }, campus()[1:3], devices("ha", "room_1", "space_1")},
		"another id":       {func(o *Options) { o.Gateway = "ffffffff" }, nil, []string{"homeassistant/device/bgw_ffffffff/config"}},
		"another root":     {func(o *Options) { o.Topic = "hq" }, campus(), all},
		"discovery is off": {func(o *Options) { o.Discovery = discovery.Off }, campus(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			if diff := cmp.Diff(all, restart(t, h, asBefore, campus()...)); diff != "" {
				t.Fatalf("at first (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, restart(t, h, c.change, c.assets...)); diff != "" {
				t.Errorf("then (-want +got):\n%s", diff)
			}
			if n := len(h.memory.rows); n != len(c.want) {
				t.Errorf("%d rows are remembered, want %d: %q", n, len(c.want), h.memory.rows)
			}
			if text := h.broker.get("homeassistant/device/bgw_1a2b3c4d_room_1/config"); name == "another root" && !strings.Contains(text, `"hq/room/room_1/state"`) {
				t.Errorf("the room is announced as %s", text)
			}
		})
	}
	t.Run("another form, and back", func(t *testing.T) {
		h := newHouse()
		restart(t, h, asBefore, campus()...)
		seen := h.home.Names()
		kept := restart(t, h, func(o *Options) { o.Discovery = discovery.Components }, campus()...)
		if len(kept) != len(seen) || slices.ContainsFunc(kept, func(topic string) bool { return strings.Contains(topic, "/device/") }) {
			t.Errorf("%d entities, kept are %q", len(seen), kept)
		}
		if diff := cmp.Diff(seen, h.home.Names()); diff != "" {
			t.Errorf("seen (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(all, restart(t, h, asBefore, campus()...)); diff != "" {
			t.Errorf("back again (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(seen, h.home.Names()); diff != "" || len(h.home.Lost) > 0 {
			t.Errorf("lost %q, seen (-before +after):\n%s", h.home.Lost, diff)
		}
	})
}

// A measure that was announced before a restart is not taken away because it is not shown yet.
//
// Seen to break it: measuresTold left out.
func TestAMissingEntitySurvivesARestart(t *testing.T) {
	h := newHouse()
	restart(t, h, func(*Options) {}, campus()...)
	restart(t, h, func(*Options) {}, thing("room_1", "", "Boardroom", gateway.Occupied))
	if h.home.Entities["bgw_1a2b3c4d_room_1_people"] == nil {
		t.Errorf("there are %q", h.home.Names())
	}
}

// The first start of 5 000 assets costs the disk a few writes.
//
// Seen to break it: a write for each device.
func TestTheFirstStartOfManyAssets(t *testing.T) {
	h := newHouse()
	var many []gateway.Snapshot
	for i := range 5000 {
		many = append(many, thing(gateway.AssetID(fmt.Sprint("room_", i)), "", "", gateway.People, gateway.Occupied))
	}
	h.broker.given, h.broker.heard = nil, nil // judging takes its time
	if kept := restart(t, h, func(*Options) {}, many...); len(kept) != 5001 {
		t.Errorf("%d devices are announced", len(kept))
	}
	if h.memory.writes > 3 {
		t.Errorf("there were %d writes", h.memory.writes)
	}
}

// Readings do not wait for the disk, and nothing is announced that is not remembered.
//
// Seen to break it: the write awaited without end; what could not be remembered said all the same, or never
// tried again.
func TestAnnouncementsWaitForTheDisk(t *testing.T) {
	for name, trouble := range map[string]func(m *fakeMemory){
		"full":    func(m *fakeMemory) { m.set(func(m *fakeMemory) { m.fails = true }) },
		"hanging": (*fakeMemory).hang,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse()
				trouble(h.memory)
				p, stop := start(t, h.broker, h.options())
				defer stop()
				p.Publish(update(campus()...))
				time.Sleep(10 * time.Second)
				if status, people := h.broker.get("butlr/gateway/status"), h.broker.get("butlr/room/room_1/state"); status != online || people == "" {
					t.Errorf("status is %q, the room %q", status, people)
				}
				if kept := h.kept(); kept != nil {
					t.Errorf("announced: %q", kept)
				}
				h.memory.works()
				time.Sleep(time.Minute)
				if kept := h.kept(); len(kept) != 7 {
					t.Errorf("announced at last: %q", kept)
				}
				h.judge(t)
			})
		})
	}
}
