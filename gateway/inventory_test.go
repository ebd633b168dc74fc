package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// listedRoom is a room of Maas House as an inventory has it.
func listedRoom(id string, facts gateway.Facts) gateway.Asset {
	return gateway.Asset{ID: gateway.AssetID(id), Kind: gateway.Room, Given: "Name of " + id, Parent: "space_3", Facts: &facts}
}

// tellings is what a plan says of an inventory, a line for each thing.
func tellings(p *gateway.Plan) string {
	var lines []string
	for _, t := range p.Told {
		line := fmt.Sprintf("%s %s: %q to %q", t.Asset, t.What, t.From, t.To)
		if t.Ruled != "" {
			line += ", but " + t.Ruled
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// takeOver takes over an inventory, twice: the second time there must be nothing to do.
func (h *house) takeOver(inventory ...gateway.Asset) (*gateway.Plan, *gateway.Update) {
	h.t.Helper()
	h.at = h.at.Add(time.Second)
	plan, u := h.want(gateway.Wish{Inventory: inventory}, false)
	if again := h.Plan(&gateway.Wish{Inventory: inventory}); !again.Empty() {
		h.t.Errorf("taken over, and there is still something to do: %s", tellings(again))
	}
	return plan, u
}

func (h *house) reading(id gateway.AssetID, m gateway.Measure) gateway.Reading {
	h.t.Helper()
	return show(h.t, h.State, h.now(), id).Reading(m)
}

// What the inventory says of a capacity is in force at once and after a start, for the room and for the sum of the
// floor, and gives way to the operator's word.
//
// Seen to break it: overlay without the inventory's capacity, and before the rule's; learn without redescribe;
// describedAnew without the facts.
func TestACapacityOfTheInventoryCountsAtOnce(t *testing.T) {
	h := newHouse(t, func(r *gateway.Rules) {
		r.State.PeopleOnLoss = gateway.PeopleCapacity
		r.Assets["room_b"] = gateway.AssetRule{Capacity: 2, Index: gateway.NoNumber}
	})
	h.hear("room_a")
	h.hear("room_b")
	plan, u := h.takeOver(listedRoom("room_a", gateway.Facts{Capacity: 8}), listedRoom("room_b", gateway.Facts{Capacity: 4}))
	if got, want := tellings(plan), `room_a capacity: "" to "8"`+"\n"+`room_b capacity: "" to "4", but 2`; got != want {
		t.Errorf("the plan says %s", got)
	}
	if !slices.ContainsFunc(u.Changed, func(s gateway.Snapshot) bool { return s.Asset.ID == "space_3" }) {
		t.Error("the floor's utilisation is not published")
	}
	for range 2 {
		for id, want := range map[gateway.AssetID]int64{"room_a": 125, "room_b": 500, "space_3": 200} {
			if got := h.reading(id, gateway.Utilisation).Value; got != want {
				t.Errorf("%s: utilisation %d, want %d", id, got, want)
			}
		}
		h.restart()
	}
	h.at = h.at.Add(time.Hour)
	if got := h.reading("room_a", gateway.People); got.Value != 8 || got.Quality != gateway.Substituted {
		t.Errorf("after a loss people read %+v, want the capacity", got)
	}
	h.takeOver(listedRoom("room_a", gateway.Facts{}), listedRoom("room_b", gateway.Facts{Capacity: 4}))
	if a := show(t, h.State, h.now(), "room_a"); a.Asset.Capacity != 0 || a.Has.Has(gateway.Utilisation) {
		t.Errorf("nobody says a capacity any more, and it is %d", a.Asset.Capacity)
	}
}

// An inventory tells names, custom ids and places as of the moment at which it is taken over: what was sensed
// before and arrives later comes too late, what was sensed after it counts. Also after a start.
//
// Seen to break it: describe that believes an older event of a closer place.
func TestAnInventoryIsOlderThanTheEventsAfterIt(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		h := newHouse(t)
		zone := func(room string, at time.Time) {
			e := people(room, 1, "09:00:00")
			e.Path.Zone, e.Subject = gateway.Place{ID: "zone_1", Name: "Old"}, gateway.Zone
			e.At = gateway.TimestampOf(at)
			if err := h.Apply(h.now(), []gateway.Event{e}); err != nil {
				t.Fatal(err)
			}
			h.store()
		}
		h.hear("room_a")
		h.hear("room_b")
		zone("room_a", h.at)
		before := h.at
		h.at = h.at.Add(5 * time.Minute)
		h.takeOver(
			gateway.Asset{ID: "space_4", Kind: gateway.Floor}, // it has no number, and nothing lies in it
			gateway.Asset{ID: "zone_1", Kind: gateway.Zone, Given: "Sofa", CustomID: "MH-9", Parent: "space_3"},
			gateway.Asset{ID: "room_b", Kind: gateway.Room, Given: "Lounge", Parent: "space_4"},
		)
		if restarted {
			h.restart()
		}
		look := func() string {
			a := show(t, h.State, h.now(), "zone_1").Asset
			return fmt.Sprint(a.Name, " ", a.CustomID, " ", a.Parent, " ", strings.Join(a.Path, "/"))
		}
		const moved = "Sofa MH-9 space_3 Rotterdam/Maas House/Level 3"
		if got := look(); got != moved {
			t.Fatalf("restarted %v: taken over, it is %s", restarted, got)
		}
		zone("room_a", before.Add(time.Minute))
		if got := look(); got != moved {
			t.Errorf("restarted %v: after an older event it is %s", restarted, got)
		}
		zone("room_a", h.at.Add(time.Minute))
		if got := look(); got != "Old MH-9 room_a Rotterdam/Maas House/Level 3/Name of room_a" {
			t.Errorf("restarted %v: after a newer event it is %s", restarted, got)
		}
		if b := show(t, h.State, h.now(), "room_b").Asset; b.Parent != "space_3" || b.Name != "Lounge" {
			t.Errorf("restarted %v: room_b is %q in %s; a floor without a number cannot be around it", restarted, b.Name, b.Parent)
		}
	}
}

// Who an inventory named takes no room from strangers, now and after a start.
//
// Seen to break it: isUnknown without the facts.
func TestWhoTheInventoryNamesIsNoStranger(t *testing.T) {
	h := newHouse(t, func(r *gateway.Rules) { r.MaxUnknownAssets = 5 })
	h.hear("room_a")
	h.hear("room_b")
	h.hear("room_c") // the sixth
	h.takeOver(listedRoom("room_a", gateway.Facts{}))
	if plan := h.Plan(&gateway.Wish{Inventory: []gateway.Asset{listedRoom("room_b", gateway.Facts{})}}); tellings(plan) != `room_b inventory: "" to "listed"` {
		t.Errorf("the plan says %s", tellings(plan))
	}
	h.restart()
	h.hear("room_c")
	h.hear("room_d")
	h.expect("site_1 0, building_1 1, space_3 2, room_a 3, room_b 4, room_c 5")
}

// Who comes in by an entrance in a room is in the room and in the building.
//
// Seen to break it: countedFor without the entrance, and with the building instead of the room.
func TestAnEntranceCountsForItsRoomAndForTheBuilding(t *testing.T) {
	h := newHouse(t)
	pass := func(sensor, room string, in, out int) {
		h.at = h.at.Add(time.Minute)
		e := passed(sensor, room, in, out, "09:00:00")
		e.At = gateway.TimestampOf(h.at)
		e.ID = eventID(e.At, 1)
		if err := h.Apply(h.now(), []gateway.Event{e}); err != nil {
			t.Fatal(err)
		}
		h.store()
	}
	pass("sensor_door", "room_lobby", 1, 0)
	pass("sensor_inner", "room_lobby", 2, 0)
	h.takeOver(
		gateway.Asset{ID: "sensor_door", Kind: gateway.Sensor, Parent: "room_lobby", Facts: &gateway.Facts{Entrance: true}},
		gateway.Asset{ID: "sensor_inner", Kind: gateway.Sensor, Parent: "room_lobby", Facts: &gateway.Facts{}},
		listedRoom("room_lobby", gateway.Facts{Entrance: true}),
	)
	h.restart()
	pass("sensor_door", "room_lobby", 4, 1)
	pass("sensor_inner", "room_lobby", 8, 0)
	pass("sensor_stairs", "", 16, 0)
	for id, want := range map[gateway.AssetID]int64{
		"sensor_door": 5, "sensor_inner": 10, "room_lobby": 15, "space_3": 20, "building_1": 20, "site_1": 20,
	} {
		if got := h.reading(id, gateway.TrafficIn).Value; got != want {
			t.Errorf("%s: %d in, want %d", id, got, want)
		}
	}
	var sensors []string
	for _, s := range h.Explain(h.now(), "building_1").Traffic.Sensors {
		sensors = append(sensors, string(s.ID))
	}
	if slices.Sort(sensors); !slices.Equal(sensors, []string{"sensor_door", "sensor_stairs"}) {
		t.Errorf("for the building count %q", sensors)
	}
}

// Where events name a sensor by another id than the inventory, it is the one with its MAC, also after a start. One that
// no inventory named is nobody else.
//
// Seen to break it: recognise left out, and of sensors that no inventory named; setFacts, place and retell without
// listSensor.
func TestASensorOfAnInventoryIsKnownByItsMAC(t *testing.T) {
	const door, stairs, gate = "00-17-0d-00-00-71-3b-04", "00-17-0d-00-00-71-3b-05", "00-17-0d-00-00-71-3b-06"
	h := newHouse(t)
	pass := func(sensor, mac string, in int) {
		h.at = h.at.Add(time.Minute)
		e := passed(sensor, "", in, 0, "09:00:00")
		e.At, e.Path.Sensor.MAC = gateway.TimestampOf(h.at), mac
		e.ID = eventID(e.At, 1)
		if err := h.Apply(h.now(), []gateway.Event{e}); err != nil {
			t.Fatal(err)
		}
		h.store()
	}
	pass("sensor_api", "", 1)
	pass("sensor_gate", gate, 32)
	h.takeOver(
		gateway.Asset{ID: "sensor_api", Kind: gateway.Sensor, MAC: door, Facts: &gateway.Facts{Entrance: true}},
		gateway.Asset{ID: "sensor_gate", Kind: gateway.Sensor, MAC: gate, Facts: &gateway.Facts{}},
	)
	pass("sensor_web", door, 2)
	pass("sensor_fence", gate, 64)
	h.restart()
	pass("sensor_web", door, 4)
	pass("sensor_stairs", stairs, 8)
	pass("sensor_other", stairs, 16)
	for id, want := range map[gateway.AssetID]int64{"sensor_api": 7, "sensor_stairs": 8, "sensor_other": 16, "sensor_gate": 96, "building_1": 127} {
		if got := h.reading(id, gateway.TrafficIn).Value; got != want {
			t.Errorf("%s: %d in, want %d", id, got, want)
		}
	}
	if h.Asset("sensor_web") != nil {
		t.Error("the door is there twice")
	}
}

// What is too old to be counted makes all uncertain that it would have been counted for.
//
// Seen to break it: doubtCounter that takes every room's sensor for one of the inside.
func TestAnEntrancesLateEventIsMissedByTheBuilding(t *testing.T) {
	h := newHouse(t)
	pass := func(sensor, room string, at time.Time) {
		e := passed(sensor, room, 1, 0, "09:00:00")
		e.At = gateway.TimestampOf(at)
		e.ID = eventID(e.At, 1)
		if err := h.Apply(h.now(), []gateway.Event{e}); err != nil {
			t.Fatal(err)
		}
		h.store()
	}
	pass("sensor_stairs", "", h.at)
	pass("sensor_door", "room_lobby", h.at)
	h.takeOver(gateway.Asset{ID: "sensor_door", Kind: gateway.Sensor, Facts: &gateway.Facts{Entrance: true}})
	pass("sensor_door", "room_lobby", h.at.Add(-25*time.Hour))
	if got := h.reading("building_1", gateway.TrafficIn); got.Quality != gateway.Uncertain {
		t.Errorf("the building's total is %s, and lacks somebody", got.Quality)
	}
}

// A tag names whoever has it, as of the import that says so.
//
// Seen to break it: namesOf without the tags; setFacts that does not count them, and that never counts one less; lookUp
// where a tag may be met.
func TestATagIsWhoeverHasIt(t *testing.T) {
	h := newHouse(t, func(r *gateway.Rules) {
		r.Groups["labs"] = gateway.GroupRule{Members: []string{"tag:lab", "tag:north, upper"}, Index: gateway.NoNumber}
		r.Groups["all"] = gateway.GroupRule{Members: []string{"group:labs", "room_c"}, Index: gateway.NoNumber}
	})
	for _, room := range []string{"room_a", "room_b", "room_c"} {
		h.hear(room)
	}
	members := func(group gateway.AssetID) string {
		var ids []string
		x := h.Explain(h.now(), group).Members
		if x == nil {
			return "nobody"
		}
		for _, m := range x.Members {
			ids = append(ids, string(m.ID))
		}
		slices.Sort(ids)
		return fmt.Sprint(ids, x.Missing, x.Total)
	}
	expect := func(when, labs, all string) {
		t.Helper()
		if got := members("group:labs"); got != labs {
			t.Errorf("%s, labs are %s; want %s", when, got, labs)
		}
		if got := members("group:all"); got != all {
			t.Errorf("%s, all are %s; want %s", when, got, all)
		}
	}
	expect("before", "[] [tag:lab tag:north, upper] 2", "[room_c] [tag:lab tag:north, upper] 3")
	lab := gateway.Facts{Tags: []string{"lab", "quiet"}}
	_, u := h.takeOver(listedRoom("room_a", lab), listedRoom("room_c", lab))
	if !slices.ContainsFunc(u.Changed, func(s gateway.Snapshot) bool { return s.Asset.ID == "group:labs" }) {
		t.Error("the group is not published")
	}
	if !h.Tagged("lab") || !h.Inventoried() {
		t.Error("the tag is on nothing")
	}
	for range 2 {
		expect("tagged", "[room_a room_c] [tag:north, upper] 3", "[room_a room_c] [tag:north, upper] 3")
		h.restart()
	}
	h.takeOver(listedRoom("room_a", gateway.Facts{}), listedRoom("room_b", gateway.Facts{Tags: []string{"north, upper"}}), listedRoom("room_c", lab))
	expect("moved", "[room_b room_c] [] 2", "[room_b room_c] [] 2")
	if got := h.reading("group:labs", gateway.People); got.Value != 2 || got.Quality == gateway.Never {
		t.Errorf("people of the labs: %+v", got)
	}
	h.takeOver(listedRoom("room_c", gateway.Facts{}))
	if h.Tagged("lab") || h.Tagged("quiet") {
		t.Error("a tag that nobody has any more is still known")
	}
}

// An import that cannot be stored leaves no trace, wherever it got.
//
// Seen to break it: undoAsset without the tags; setClock without touchSite.
func TestAnImportThatFailsLeavesNoTrace(t *testing.T) {
	amsterdam, _ := time.LoadLocation("Europe/Amsterdam")
	h := newHouse(t, func(r *gateway.Rules) {
		r.Groups["labs"] = gateway.GroupRule{Members: []string{"tag:lab"}, Index: gateway.NoNumber}
		r.MaxUnknownAssets = 4
	})
	h.hear("room_a")
	before := belief(h.State, h.now())
	inventory := []gateway.Asset{
		{ID: "site_1", Kind: gateway.Site, Given: "Rotterdam", Facts: &gateway.Facts{Clock: amsterdam}},
		listedRoom("room_a", gateway.Facts{Capacity: 8, Tags: []string{"lab"}}),
	}
	if _, err := h.Rearrange(h.now(), &gateway.Wish{Inventory: inventory}, false); err != nil {
		t.Fatal(err)
	}
	h.journal.write(h.Batch()) // it may be on the disk all the same
	h.Undo()
	if !h.journal.repair(t, h.State) {
		t.Fatal("not mended")
	}
	for range 2 {
		if after := belief(h.State, h.now()); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("undone, it is\n%v\nand was\n%v", after, before)
		}
		if h.Tagged("lab") || h.Location("site_1") != time.UTC {
			t.Error("a tag or a time zone stays")
		}
		h.hear("room_b") // the fifth
		if got := len(h.Assets()); got != 5 {
			t.Errorf("%d assets", got)
		}
		h.restart()
		before = belief(h.State, h.now())
	}
}
