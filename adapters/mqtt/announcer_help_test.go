package mqtt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/adapters/mqtt/internal/homeassistant"
	"butlr-gateway/gateway"
)

// fakeMemory is a disk whose every fault is at hand.
type fakeMemory struct {
	mu     sync.Mutex
	rows   map[string]string
	fails  bool
	hangs  chan struct{} // nil does not hang
	writes int
}

func newFakeMemory() *fakeMemory { return &fakeMemory{rows: make(map[string]string)} }

func (m *fakeMemory) Load(context.Context) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.rows), nil
}

func (m *fakeMemory) Write(_ context.Context, changes map[string]string) error {
	m.mu.Lock()
	hangs, fails := m.hangs, m.fails
	m.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if fails {
		return errors.New("the disk is full")
	}
	for key, value := range changes {
		if m.rows[key] = value; value == "" {
			delete(m.rows, key)
		}
	}
	return nil
}

func (m *fakeMemory) set(change func(*fakeMemory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

// hang has it answer nobody until it works.
func (m *fakeMemory) hang() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hangs == nil {
		m.hangs = make(chan struct{})
	}
}

func (m *fakeMemory) works() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails = false; m.hangs != nil {
		close(m.hangs)
		m.hangs = nil
	}
}

// topics returns every topic that is remembered.
func (m *fakeMemory) topics() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	topics := make(map[string]bool)
	for key, value := range m.rows {
		told, _ := discovery.ParseTold(key, value)
		if told.Form == discovery.Devices {
			topics[told.Prefix+"/device/"+told.Node+"/config"] = true
			continue
		}
		for _, n := range told.Names {
			topics[told.Prefix+"/"+n.Platform+"/"+told.Node+"/"+n.Key+"/config"] = true
		}
	}
	return topics
}

// house is a broker with a Home Assistant behind it, and the disk of the gateway that tells them.
type house struct {
	broker *fakeBroker
	memory *fakeMemory
	home   *homeassistant.Instance
	faults []string
	said   map[string]announcement // by topic
}

// announcement is what was said on a topic, and when.
type announcement struct {
	payload string
	at      time.Time
}

// newHouse has every announcement judged: whether it was remembered, and whether it was said just now.
func newHouse() *house {
	h := &house{
		broker: newFakeBroker(), memory: newFakeMemory(), home: homeassistant.NewInstance("homeassistant"),
		said: make(map[string]announcement),
	}
	h.broker.given = func(topic, payload string) {
		if !strings.HasSuffix(topic, "/config") || payload == "" {
			return
		}
		if !h.memory.topics()[topic] {
			h.faults = append(h.faults, topic+" is said and not remembered")
		}
		if last := h.said[topic]; last.payload == payload && time.Since(last.at) < repeatAfter {
			h.faults = append(h.faults, fmt.Sprintf("%s is said again after %s", topic, time.Since(last.at)))
		}
		h.said[topic] = announcement{payload, time.Now()}
	}
	h.broker.heard = func(topic, payload string) {
		if !strings.HasSuffix(topic, "/config") {
			return
		}
		if payload != "" && !h.memory.topics()[topic] {
			h.faults = append(h.faults, topic+" is kept and not remembered")
		}
		h.home.Hear(topic, payload)
	}
	return h
}

func (h *house) options() Options {
	o := testOptions()
	o.Discovery, o.DiscoveryPrefix, o.Memory = discovery.Devices, "homeassistant", h.memory
	return o
}

// kept returns the topics of announcements that the broker keeps, in order.
func (h *house) kept() []string {
	var topics []string
	h.broker.set(func(b *fakeBroker) {
		for topic := range b.retained {
			if strings.HasSuffix(topic, "/config") {
				topics = append(topics, topic)
			}
		}
	})
	slices.Sort(topics)
	return topics
}

// judge fails the test for everything that was wrong on the way.
func (h *house) judge(t *testing.T) {
	t.Helper()
	h.broker.set(func(b *fakeBroker) {
		for _, fault := range slices.Concat(h.faults, h.home.Faults, b.faults) {
			t.Error(fault)
		}
	})
}

// announcements returns the topics of those since the last call.
func (h *house) announcements() []string {
	var found []string
	for _, m := range h.broker.drain() {
		if topic, _, _ := strings.Cut(m, " "); strings.HasSuffix(topic, "/config") {
			found = append(found, strings.TrimSuffix(strings.TrimPrefix(topic, "homeassistant/"), "/config"))
		}
	}
	return found
}

// thing makes a snapshot of anything.
func thing(id, parent gateway.AssetID, name string, has ...gateway.Measure) gateway.Snapshot {
	s := gateway.Snapshot{
		Asset: &gateway.Asset{ID: id, Kind: id.Kind(), Parent: parent, Name: name},
		Has:   gateway.MeasuresOf(has...), Quality: gateway.Good, Coverage: -1,
	}
	if s.Asset.Kind <= gateway.Floor || s.Asset.Kind == gateway.Group {
		s.Coverage = 1000
	}
	return s
}

// campus is a site with a building, a floor, a room and a zone, in no order.
func campus() []gateway.Snapshot {
	return []gateway.Snapshot{
		thing("zone_1", "room_1", "Window seats", gateway.People),
		thing("room_1", "space_1", "Boardroom", gateway.People, gateway.Occupied),
		thing("space_1", "building_1", "Level 3", gateway.People),
		thing("building_1", "site_1", "Maas House", gateway.People),
		thing("site_1", "", "Campus", gateway.People),
		thing("group:ahu-3", "", "Air handler 3", gateway.Occupied),
	}
}
