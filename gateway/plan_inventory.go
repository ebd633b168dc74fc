package gateway

import (
	"strconv"
	"strings"
)

// Telling is one thing that an inventory says anew of one asset.
type Telling struct {
	Asset  AssetID
	Kind   Kind
	Name   string // for people, as it is before, "" if it has none
	Number Number // that it has, or is to get
	What   string // it is about: see the constants
	From   string // "" is not known
	To     string // "" is not known any more
	Ruled  string // what the configuration says instead, "" if it leaves it to the inventory
}

// What a [Telling] is about.
const (
	ToldListed   = "inventory" // the asset, which was there before, is in it, and there is nothing else to say
	ToldName     = "name"
	ToldCustomID = "custom id"
	ToldPlace    = "place" // the id of what it lies in
	ToldMAC      = "MAC"
	ToldCapacity = "capacity"  // people
	ToldTimezone = "time zone" // its IANA name
	ToldTags     = "tags"      // with commas between them
	ToldEntrance = "entrance"  // yes or no
)

var toldDetails = [detailCount]string{givenName: ToldName, parentPlace: ToldPlace, customID: ToldCustomID, macAddress: ToldMAC}

// tell works out what the inventory says anew of what has a number, or is to get one.
func (p *planner) tell() {
	if len(p.plan.Conflicts) > 0 {
		return
	}
	added := make(map[AssetID]*Change)
	for i := range p.plan.Changes {
		if c := &p.plan.Changes[i]; c.Step != StepRetire && c.Step != StepReinstate {
			added[c.Asset] = c
		}
	}
	seen := make(map[AssetID]bool)
	for i := range p.wish.Inventory {
		said := &p.wish.Inventory[i]
		known := p.known(said, added[said.ID])
		if known == nil || known.Kind != said.Kind || known.Kind == Group || seen[said.ID] {
			continue
		}
		seen[said.ID] = true
		p.tellOf(known, said, added)
	}
}

// known returns what is known of an asset without the inventory; change is what the plan does to it, nil if nothing.
// It is nil where the asset has no number and is to get none.
func (p *planner) known(said *Asset, change *Change) *Asset {
	var about Asset
	switch a := p.state.byID[said.ID]; {
	case a != nil:
		about = *a.about
	case change == nil:
		return nil
	default:
		about = Asset{ID: change.Asset, Kind: change.Kind}
		if l := p.listed[said.ID]; l != nil {
			about.Name, about.Given, about.CustomID, about.Parent = l.Given, l.Given, l.CustomID, l.Parent
		}
	}
	if change != nil {
		about.Number = change.To
	}
	return &about
}

func (p *planner) tellOf(known, said *Asset, added map[AssetID]*Change) {
	told := len(p.plan.Told)
	add := func(what, from, to, ruled string) {
		if from != to {
			p.plan.Told = append(p.plan.Told, Telling{
				Asset: known.ID, Kind: known.Kind, Name: known.Name, Number: known.Number, What: what, From: from, To: to, Ruled: ruled,
			})
		}
	}
	rule, _ := p.state.rules.asset(known.ID, known.CustomID)
	before := known.details()
	for d, text := range said.details() {
		ruled := ""
		switch detail(d) {
		case givenName:
			ruled = rule.Name
		case parentPlace:
			if !known.liesIn(p.kindOf(said.Parent, added)) {
				continue
			}
		}
		if text != "" {
			add(toldDetails[d], before[d], text, ruled)
		}
	}
	was, is := known.listed(), factsOf(known.Kind, said.Facts)
	add(ToldCapacity, peopleText(was.Capacity), peopleText(is.Capacity), peopleText(rule.Capacity))
	ruled := ""
	if place := p.state.rules.Sites[known.ID].Location; place != nil {
		ruled = place.String()
	}
	add(ToldTimezone, was.Timezone(), is.Timezone(), ruled)
	add(ToldTags, strings.Join(was.Tags, ", "), strings.Join(is.Tags, ", "), "")
	if was.Entrance != is.Entrance {
		add(ToldEntrance, yesNo(was.Entrance), yesNo(is.Entrance), "")
	}
	if known.Facts == nil && len(p.plan.Told) == told && p.state.byID[known.ID] != nil {
		add(ToldListed, "", "listed", "")
	}
}

// kindOf returns what a place is that there is or is to be, NoKind for any other.
func (p *planner) kindOf(id AssetID, added map[AssetID]*Change) Kind {
	if a := p.state.byID[id]; a != nil {
		return a.about.Kind
	}
	if c := added[id]; c != nil {
		return c.Kind
	}
	return NoKind
}

func peopleText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
