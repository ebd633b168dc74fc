package gateway

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawInventory draws what an inventory says of some of the scenario's places, and of one that there is not. It names
// everything of each: of what it leaves open a start takes the time of the whole description for that at which it was told.
func (p process) drawInventory(t *rapid.T) (inventory []Asset) {
	places := []AssetID{
		"site_1", "building_1", "space_1", "space_2", "room_1", "room_2", "room_3", "zone_open", "sensor_room_11", "sensor_room_21", "room_elsewhere",
	}
	for _, id := range places {
		if !rapid.Bool().Draw(t, string(id)) {
			continue
		}
		a := Asset{ID: id, Kind: id.Kind(), Given: rapid.SampledFrom([]string{"One", "Two"}).Draw(t, "given")}
		around := slices.DeleteFunc(slices.Clone(places), func(id AssetID) bool { return !a.liesIn(p.byID[id].kind()) })
		if len(around) > 0 {
			a.Parent = rapid.SampledFrom(around).Draw(t, "parent")
		} else if a.Kind != Site {
			continue
		}
		if rapid.Bool().Draw(t, "facts") {
			a.Facts = &Facts{
				Capacity: rapid.IntRange(0, 3).Draw(t, "capacity"), Entrance: rapid.Bool().Draw(t, "entrance"),
				Tags: rapid.SampledFrom([][]string{nil, {"lab"}, {"lab", "quiet"}, {"quiet"}}).Draw(t, "tags"),
			}
			if zone := rapid.SampledFrom(append(scenarioZones, "")).Draw(t, "zone"); zone != "" {
				a.Facts.Clock = referenceLocation(zone)
			}
		}
		inventory = append(inventory, a)
	}
	return inventory
}

// takeOver takes over an inventory as one batch that is stored.
func (p process) takeOver(t rapid.TB, now Timestamp, inventory []Asset) {
	t.Helper()
	if _, err := p.Rearrange(modelInstant(now), &Wish{Inventory: inventory}, false); err != nil {
		t.Fatal(err)
	}
	p.store(now)
}

// failToTakeOver takes over an inventory that cannot be stored, or nobody knows how much of it.
func (p process) failToTakeOver(t rapid.TB, now Timestamp, inventory []Asset, torn bool) {
	t.Helper()
	if _, err := p.Rearrange(modelInstant(now), &Wish{Inventory: inventory}, false); err != nil {
		t.Fatal(err)
	}
	if b := p.Batch(); torn {
		p.disk.write(b)
	}
	p.Undo()
	p.disk.write(p.Leftover())
	p.Repaired()
}

// A process to which inventories are told between events, which dies after some of them and fails to store others,
// ends where one ends that did neither: what an inventory says is stored whole, and undone whole.
//
// Seen to break it: setFacts that does not judge; undoAsset without the tags; describedAnew without the facts; setClock
// without touchSite; shift without touchHistory; restoreAssets that does not ask the facts who is unknown; place that does
// not count tags.
func TestACrashLosesNothingOfAnInventory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		rules.Sites["site_1"] = SiteRule{Hours: rules.Sites["site_1"].Hours, State: rules.Sites["site_1"].State}
		rules.Groups["labs"] = GroupRule{Index: NoNumber, Members: []string{"tag:lab", "room_3", "tag:none"}}
		history := drawHistory(t, rules, historyOptions{Lateness: drawLateness(t), Customs: []string{""}})
		if len(history) == 0 {
			return
		}
		start := history[0].Arrival.Add(-time.Hour)
		steady, dying := begin(t, rules, newDisk(), start), begin(t, rules, newDisk(), start)
		for _, b := range drawBatchesOf(t, history) {
			now := b[len(b)-1].Arrival
			steady.take(t, now, eventsOf(b)...)
			dying.take(t, now, eventsOf(b)...)
			if rapid.Bool().Draw(t, "fails") {
				dying.failToTakeOver(t, now, dying.drawInventory(t), rapid.Bool().Draw(t, "torn"))
			}
			if rapid.Bool().Draw(t, "told") {
				inventory := steady.drawInventory(t)
				steady.takeOver(t, now, inventory)
				dying.takeOver(t, now, inventory)
			}
			steady.beat(now)
			dying.beat(now)
			if rapid.Bool().Draw(t, "dies") {
				dying = begin(t, rules, dying.disk, now)
				dying.starts, dying.clock = steady.starts, steady.clock // as if it had not been down
				dying.remember(steady.State)
			}
			sameState(t, steady, dying, []Timestamp{now, now.Add(rapid.SampledFrom(scenarioWaits(&rules)).Draw(t, "wait"))})
			if diff := Difference(steady.whom(), dying.whom()); diff != "" {
				t.Fatalf("at %s (-steady +dying):\n%s", now.Time(), diff)
			}
		}
	})
}

// whom is what a state knows of who was named, and by what.
func (p process) whom() map[string]any {
	members := make(map[AssetID]int)
	for _, a := range p.assets {
		if a != nil {
			for _, m := range a.memberOf {
				members[m.aggregate.about.ID]++
			}
		}
	}
	return map[string]any{"unknown": p.unknown, "tagged": maps.Clone(p.tagged), "members": members, "absent": p.byID["group:labs"].sum.absent.members}
}
