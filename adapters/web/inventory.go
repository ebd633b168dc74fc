package web

import (
	"fmt"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// LedgerPlace is what an inventory says of one asset, in a [LedgerOrder].
type LedgerPlace struct {
	Asset    gateway.AssetID `json:"asset"`
	Kind     string          `json:"kind"`
	Name     string          `json:"name"` // "" leaves it, as it does the next two
	CustomID string          `json:"custom_id"`
	Parent   gateway.AssetID `json:"parent"`
	Capacity int             `json:"capacity"` // people; 0 is not known
	Timezone string          `json:"timezone"` // of a site, by its IANA name; "" is not known
	Tags     []string        `json:"tags"`
	Entrance bool            `json:"entrance"` // of a sensor
	MAC      string          `json:"mac"`      // of a sensor, lower case with dashes; "" is not known
}

// longestText is how many bytes a name, a custom id or a tag may have.
const longestText = 256

// place returns what an inventory says for the ledger.
func (p *LedgerPlace) place() (gateway.Asset, error) {
	kind := gateway.ParseKind(p.Kind)
	if kind == gateway.NoKind || kind == gateway.Group || p.Asset.Kind() != kind {
		return gateway.Asset{}, BadOrder(fmt.Sprintf("asset %q of kind %q is in no inventory", p.Asset, p.Kind))
	}
	if p.Capacity < 0 || p.Capacity > MostPeople {
		return gateway.Asset{}, BadOrder(fmt.Sprintf("the capacity %d of %s is not possible: use 0 to %d", p.Capacity, p.Asset, MostPeople))
	}
	facts := gateway.Facts{Capacity: p.Capacity, Entrance: p.Entrance, Tags: slices.Compact(slices.Sorted(slices.Values(p.Tags)))}
	for _, text := range append([]string{p.Name, p.CustomID, p.MAC, string(p.Parent)}, facts.Tags...) {
		if len(text) > longestText {
			return gateway.Asset{}, BadOrder(fmt.Sprintf("a text of %s is too long: use at most %d bytes", p.Asset, longestText))
		}
	}
	if p.Timezone != "" {
		place, err := time.LoadLocation(p.Timezone)
		if err != nil || place == time.Local {
			return gateway.Asset{}, BadOrder(fmt.Sprintf("the time zone %q of %s is not known to this machine", p.Timezone, p.Asset))
		}
		facts.Clock = place
	}
	return gateway.Asset{ID: p.Asset, Kind: kind, Given: p.Name, CustomID: p.CustomID, MAC: p.MAC, Parent: p.Parent, Facts: &facts}, nil
}

// inventory returns all that an order says of an inventory, nil if it says nothing.
func (o *LedgerOrder) inventory() (places []gateway.Asset, err error) {
	for k := range o.Inventory {
		place, err := o.Inventory[k].place()
		if err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	return places, nil
}

// LedgerTelling is one thing that an inventory said anew of one asset.
type LedgerTelling struct {
	Asset  gateway.AssetID `json:"asset"`
	Kind   string          `json:"kind"`
	Name   string          `json:"name"`
	Number gateway.Number  `json:"number"`
	What   string          `json:"what"`  // name, custom id, place, capacity, time zone, tags, entrance; inventory if only that it is in it
	From   string          `json:"from"`  // "" was not known
	To     string          `json:"to"`    // "" is not known any more
	Ruled  string          `json:"ruled"` // what the configuration says instead, and what counts; "" if it says nothing
}

func tellingsOf(told []gateway.Telling) []LedgerTelling {
	out := make([]LedgerTelling, len(told))
	for k := range told {
		t := &told[k]
		out[k] = LedgerTelling{t.Asset, t.Kind.String(), t.Name, t.Number, t.What, t.From, t.To, t.Ruled}
	}
	return out
}

// Inventory is what the inventory said of an asset, whatever the configuration says.
type Inventory struct {
	Taken    Moment   `json:"taken"`    // when it was taken over
	Capacity int      `json:"capacity"` // people; 0 is not known
	Timezone string   `json:"timezone"` // of a site; "" is not known
	Tags     []string `json:"tags"`
	Entrance bool     `json:"entrance"` // of a sensor: who passes it enters or leaves the building
}

func inventoryOf(f *gateway.Facts) *Inventory {
	if f == nil {
		return nil
	}
	return &Inventory{Moment(f.At), f.Capacity, f.Timezone(), append([]string{}, f.Tags...), f.Entrance}
}
