package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// listingOf is the ledger with the places that it does not have: each gets the number that is pinned to it, or the
// lowest that nobody has, had or is pinned to. What else is pinned comes with it, as it does with every change of a
// ledger, so that it is no less settled.
func listingOf(l *ledgerOnDisk, places []butlr.Place) *gateway.Listing {
	edition := l.state.Edition()
	listing := &gateway.Listing{Vacated: edition.Vacated}
	n := numbers{pins: wishOf(l.settings).Pins, used: map[gateway.Number]bool{}, kept: map[gateway.Number]bool{}}
	known := map[gateway.AssetID]bool{}
	for _, a := range l.state.Assets() {
		listing.Assets = append(listing.Assets, *a)
		known[a.ID], n.used[a.Number] = true, true
	}
	for _, number := range edition.Vacated {
		n.used[number] = true
	}
	for _, number := range n.pins {
		n.kept[number] = true
	}
	add := func(a gateway.Asset) {
		if !known[a.ID] {
			known[a.ID] = true
			a.Number, a.Appended = n.of(&a), edition.At != 0
			listing.Assets = append(listing.Assets, a)
		}
	}
	for _, p := range places {
		add(gateway.Asset{ID: p.ID, Kind: p.Kind, Given: p.Name, CustomID: p.CustomID, Parent: p.Parent})
	}
	for _, id := range slices.Sorted(maps.Keys(n.pins)) {
		if id.Kind() != gateway.NoKind {
			add(gateway.Asset{ID: id, Kind: id.Kind()})
		}
	}
	return listing
}

// numbers gives numbers away.
type numbers struct {
	pins map[gateway.AssetID]gateway.Number
	used map[gateway.Number]bool // an asset has it, or had it
	kept map[gateway.Number]bool // it is pinned
	next gateway.Number
}

// of returns the number for a new asset, which nobody else gets then.
func (n *numbers) of(a *gateway.Asset) gateway.Number {
	for _, id := range []gateway.AssetID{a.ID, gateway.AssetID("custom:" + a.CustomID)} {
		if pin, ok := n.pins[id]; ok && !n.used[pin] {
			n.used[pin] = true
			return pin
		}
	}
	for n.used[n.next] || n.kept[n.next] {
		n.next++
	}
	n.used[n.next] = true
	return n.next
}

// importable returns the places of an inventory that the gateway takes events of, and says what is left out.
func importable(inventory *butlr.Inventory, c *config.Config) (places []butlr.Place, notes []string) {
	notes = inventory.Notes
	byID := map[gateway.AssetID]*butlr.Place{}
	for i := range inventory.Places {
		byID[inventory.Places[i].ID] = &inventory.Places[i]
	}
	idle, elsewhere := 0, 0
	for _, p := range inventory.Places {
		taken := takesEventsOf(&p, byID, c)
		if taken {
			places = append(places, p)
		}
		switch {
		case countsNothing(&p):
			idle++
		case !taken:
			elsewhere++
		}
	}
	if idle > 0 {
		notes = append(notes, countedAs(idle, "sensor", "counts", "count")+" no traffic, and has a number only when an event names it")
	}
	if elsewhere > 0 {
		notes = append(notes, countedAs(elsewhere, "place", "lies", "lie")+" where [webhook] takes no events of, and gets no number")
	}
	return places, notes
}

// countsNothing tells whether a place is a sensor that counts no traffic.
func countsNothing(p *butlr.Place) bool { return p.Kind == gateway.Sensor && p.Mode != "traffic" }

// saidOf is what an inventory says of a place; known is what is known of it, nil if nothing. Of an inventory that is not
// whole an empty cell says nothing. The note says what cannot be taken over, "" if all can.
func saidOf(p *butlr.Place, known *gateway.Asset, whole bool) (said gateway.Asset, note string) {
	facts := gateway.Facts{Capacity: p.Capacity, Tags: slices.Compact(slices.Clone(p.Tags)), Entrance: p.Entrance}
	if p.Kind == gateway.Site && p.Timezone != "" {
		if place, err := time.LoadLocation(p.Timezone); err == nil && p.Timezone != "Local" {
			facts.Clock = place
		} else {
			note = fmt.Sprintf("the time zone %q of %s is not known to this machine, and is left out", p.Timezone, p.ID)
		}
	}
	if !whole && known != nil && known.Facts != nil {
		before := known.Facts
		facts.Capacity = cmp.Or(facts.Capacity, before.Capacity)
		facts.Clock = cmp.Or(facts.Clock, before.Clock)
		facts.Entrance = facts.Entrance || before.Entrance
		if facts.Tags == nil {
			facts.Tags = before.Tags
		}
	}
	return gateway.Asset{ID: p.ID, Kind: p.Kind, Given: p.Name, CustomID: p.CustomID, MAC: p.MAC, Parent: p.Parent, Facts: &facts}, note
}

// byAddress gives sensors of an inventory that events have told under another id the id that they have here: a sensor is
// known by its address. Nothing lies in a sensor, so that nothing else of the inventory names it.
func byAddress(inventory *butlr.Inventory, known []*gateway.Asset) {
	ids, addresses := map[gateway.AssetID]bool{}, map[string]gateway.AssetID{}
	for _, a := range known {
		ids[a.ID] = true
		if a.Kind == gateway.Sensor && a.MAC != "" {
			addresses[a.MAC] = a.ID
		}
	}
	for i := range inventory.Places {
		if p := &inventory.Places[i]; p.Kind == gateway.Sensor && !ids[p.ID] && addresses[p.MAC] != "" {
			p.ID = addresses[p.MAC]
		}
	}
}

// vanishedShown is how many assets that an inventory does not have are named.
const vanishedShown = 20

// vanished says which assets in service an inventory does not have.
func vanished(assets []*gateway.Asset, inventory *butlr.Inventory) (notes []string) {
	listed := map[gateway.AssetID]bool{}
	for i := range inventory.Places {
		listed[inventory.Places[i].ID] = true
	}
	more := 0
	for _, a := range assets {
		switch {
		case listed[a.ID] || a.Retired || a.Kind == gateway.Group:
		case len(notes) == vanishedShown:
			more++
		default:
			notes = append(notes, fmt.Sprintf("the %s %s with number %d is not in the inventory, and stays as it is: if it is gone, \"points apply --retire %s\" takes it out of service",
				a.Kind, a.Label(), a.Number, a.ID))
		}
	}
	if more > 0 {
		notes = append(notes, countedAs(more, "more asset", "is", "are")+" not in the inventory")
	}
	return notes
}

// takesEventsOf tells whether the webhook takes events of a place: it may be told to take those of some sites and
// buildings only. A site has no building, and is taken for its buildings' sake.
func takesEventsOf(p *butlr.Place, byID map[gateway.AssetID]*butlr.Place, c *config.Config) bool {
	var site, building gateway.AssetID
	for around, depth := p, 0; around != nil && depth < 10; around, depth = byID[around.Parent], depth+1 {
		switch around.Kind {
		case gateway.Site:
			site = around.ID
		case gateway.Building:
			building = around.ID
		}
	}
	return (len(c.Webhook.Sites) == 0 || slices.Contains(c.Webhook.Sites, site)) &&
		(len(c.Webhook.Buildings) == 0 || p.Kind == gateway.Site || slices.Contains(c.Webhook.Buildings, building))
}
