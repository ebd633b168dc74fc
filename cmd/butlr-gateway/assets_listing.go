package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
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
		switch {
		case p.Kind == gateway.Sensor && p.Mode != "traffic":
			idle++
		case !takesEventsOf(&p, byID, c):
			elsewhere++
		default:
			places = append(places, p)
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

// writeSettings writes the capacities and time zones that the configuration does not have, as lines for it. Where it
// has a section already they are remarks: a section can be in it once only.
func writeSettings(w io.Writer, inventory *butlr.Inventory, c *config.Config) error {
	var text strings.Builder
	text.WriteString("# What Butlr knows, for gateway.toml. Look it through, and put in what you want.\n")
	places, _ := importable(inventory, c)
	for i := range places {
		p := &places[i]
		switch {
		case p.Kind == gateway.Site && p.Timezone != "":
			site, has := c.Sites[p.ID]
			if _, err := time.LoadLocation(p.Timezone); err == nil && p.Timezone != "Local" && site.Timezone == nil {
				writeSetting(&text, p, "sites."+string(p.ID), "timezone = "+strconv.Quote(p.Timezone), has)
			}
		case p.Capacity > 0:
			asset, has := c.Assets[p.ID]
			own, hasOwn := c.Assets[gateway.AssetID("custom:"+p.CustomID)]
			if asset.Capacity == 0 && own.Capacity == 0 {
				writeSetting(&text, p, "assets."+string(p.ID), fmt.Sprint("capacity = ", p.Capacity), has || hasOwn)
			}
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func writeSetting(text *strings.Builder, p *butlr.Place, section, line string, has bool) {
	about := printable(p.Name)
	if p.CustomID != "" {
		about += ", " + printable(p.CustomID)
	}
	if p.Tags != nil {
		about += "; tags: " + printable(strings.Join(p.Tags, ", "))
	}
	if has {
		fmt.Fprintf(text, "\n# %s\n# into its section: %s\n", about, line)
		return
	}
	fmt.Fprintf(text, "\n# %s\n[%s]\n%s\n", about, section, line)
}
