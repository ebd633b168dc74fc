package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// planner works out what a wish would change.
type planner struct {
	state  *State
	wish   *Wish
	plan   Plan
	listed map[AssetID]*Asset
	custom map[string][]AssetID // of the listed assets, by the customer's own id
	want   map[AssetID]wanted
	takes  map[Number]AssetID // who wants it
	kept   map[Number]AssetID // for whom it waits: "custom:" and an id that no asset has yet
	next   Number             // no number below it is free
}

// wanted is the number that an asset is to have.
type wanted struct {
	number Number
	why    string
	listed bool    // a listing wants it, and no pin
	pin    AssetID // how the asset was named
}

// Plan works out what a wish would change. It changes nothing.
func (s *State) Plan(w *Wish) *Plan {
	p := planner{
		state: s, wish: w, listed: make(map[AssetID]*Asset), custom: make(map[string][]AssetID),
		want: make(map[AssetID]wanted), takes: make(map[Number]AssetID), kept: make(map[Number]AssetID),
	}
	if w.leavesLedger() {
		p.tell()
		return &p.plan
	}
	p.plan.First = s.edition.At == 0
	if w.Listing != nil {
		p.takeListing(w.Listing)
	}
	p.takePins()
	p.place()
	p.formGroups()
	p.retire()
	p.reinstate()
	for _, a := range s.assets {
		if a != nil {
			appended := p.appends(a.about.ID)
			p.plan.Covered += one(a.about.Appended && !appended)
			p.plan.Uncovered += one(!a.about.Appended && appended)
		}
	}
	slices.SortStableFunc(p.plan.Changes, Change.order)
	p.tell()
	return &p.plan
}

// appends tells whether an asset is to be appended.
func (p *planner) appends(id AssetID) bool {
	if p.wish.Listing == nil {
		return false
	}
	l := p.listed[id]
	return l == nil || l.Appended
}

// conflict notes why a wish cannot come true.
func (p *planner) conflict(id AssetID, n Number, remedy, format string, args ...any) {
	p.plan.Conflicts = append(p.plan.Conflicts, Conflict{Asset: id, Number: n, What: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (p *planner) note(format string, args ...any) {
	p.plan.Notes = append(p.plan.Notes, fmt.Sprintf(format, args...))
}

// takeListing takes up the numbers of a listing.
func (p *planner) takeListing(l *Listing) {
	const mended = "take the file as it was exported"
	for i := range l.Assets {
		about := &l.Assets[i]
		known, other := p.state.byID[about.ID], p.takes[about.Number]
		switch {
		case about.Number > MaxNumber || about.Kind == NoKind || about.ID == "":
			p.conflict(about.ID, about.Number, mended, "is no place of an asset")
			continue
		case p.listed[about.ID] != nil:
			p.conflict(about.ID, about.Number, mended, "is not the only one that the file gives it")
			continue
		case other != "":
			p.conflict(about.ID, about.Number, mended, "is that of %s in the same file", other)
			continue
		case known != nil && known.about.Kind != about.Kind:
			p.conflict(about.ID, about.Number, "it is of another building, or was made by hand",
				"cannot be: it is a %s here, and a %s in the file", known.about.Kind, about.Kind)
			continue
		case known != nil && known.about.Retired && !about.Retired:
			p.note("%s is in service in the file, and stays retired here: points apply --reinstate %s brings it back", about.ID, about.ID)
		case known != nil && !known.about.Retired && about.Retired:
			p.note("%s is retired in the file, and stays in service here: points apply --retire %s takes it out", about.ID, about.ID)
		}
		p.listed[about.ID] = about
		if about.CustomID != "" {
			p.custom[about.CustomID] = append(p.custom[about.CustomID], about.ID)
		}
		p.want[about.ID] = wanted{about.Number, "the file has it there", true, about.ID}
		p.takes[about.Number] = about.ID
	}
}

// takePins takes up the numbers that the operator pins.
func (p *planner) takePins() {
	pins := p.wish.Pins
	if pins == nil {
		pins = p.state.pins
	}
	for _, pin := range slices.Sorted(maps.Keys(pins)) {
		n := pins[pin]
		id, ok := p.resolve(pin, n)
		if !ok {
			continue
		}
		before, isWanted := p.want[id]
		other := p.takes[n]
		switch {
		case n > MaxNumber || id.Kind() == NoKind && p.state.byID[id] == nil && p.listed[id] == nil:
			p.conflict(pin, n, fmt.Sprintf("the id must begin as Butlr's ids do, and the number be at most %d", MaxNumber), "is not possible")
		case isWanted && before.number != n && before.listed:
			p.conflict(pin, n, fmt.Sprintf("write index = %d, or leave it out", before.number), "is in the configuration, and %d in the file", before.number)
		case isWanted && before.number != n:
			p.conflict(pin, n, "write one index for it", "is not its only index: %s has %d", before.pin, before.number)
		case other != "" && other != id && p.want[other].listed:
			p.conflict(pin, n, p.another(), "is that of %s in the file", p.describe(other))
		case other != "" && other != id:
			p.conflict(pin, n, p.another(), "is pinned to %s as well", p.describe(other))
		default:
			p.want[id] = wanted{n, fmt.Sprintf("index = %d", n), false, pin}
			p.takes[n] = id
		}
	}
}

// resolve returns the asset that a pin means, false if there is none yet: its number waits for it.
func (p *planner) resolve(pin AssetID, n Number) (AssetID, bool) {
	if !pin.isCustom() {
		return pin, true
	}
	own := strings.TrimPrefix(string(pin), customPrefix)
	var ids []AssetID
	for _, a := range p.state.custom[own] {
		ids = append(ids, a.about.ID)
	}
	for _, id := range p.custom[own] {
		if p.state.byID[id] == nil {
			ids = append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		p.kept[n] = pin
		if holder := p.state.at(n); holder != nil {
			p.conflict(pin, n, p.another(), "is taken by %s", p.describe(holder.about.ID))
		} else if other := p.takes[n]; other != "" {
			p.conflict(pin, n, p.another(), "is that of %s in the file", p.describe(other))
		}
	case 1:
		return ids[0], true
	default:
		p.conflict(pin, n, "name one by Butlr's id", "cannot be given: %d assets have that id, among them %s and %s", len(ids), ids[0], ids[1])
	}
	return "", false
}

// place works out which of the wanted numbers can be had, and who has to make room.
func (p *planner) place() {
	var displaced []*asset
	for _, n := range slices.Sorted(maps.Keys(p.takes)) {
		id := p.takes[n]
		w := p.want[id]
		a, holder := p.state.byID[id], p.state.at(n)
		if a != nil && a.about.Number == n {
			continue
		}
		if holder != nil {
			if leaves, ok := p.want[holder.about.ID]; !ok && w.listed {
				displaced = append(displaced, holder)
			} else if !ok || leaves.number == n {
				p.taken(a, w, holder)
				continue
			}
		}
		p.change(id, a, w)
	}
	for _, a := range displaced {
		n := p.free()
		p.takes[n] = a.about.ID
		p.change(a.about.ID, a, wanted{number: n, why: "the file gives its number to " + string(p.takes[a.about.Number])})
	}
}

// taken says that the number that an asset is pinned to is another's.
func (p *planner) taken(a *asset, w wanted, holder *asset) {
	words := "is taken by %s"
	if holder.about.Retired {
		words = "is taken by %s, which is retired and keeps it"
	}
	remedy := p.another()
	if a != nil {
		remedy = fmt.Sprintf("it has number %d: write that as its index; or give %s another index as well, and let both move",
			a.about.Number, holder.about.ID)
	}
	p.conflict(w.pin, w.number, remedy, words, p.describe(holder.about.ID))
}

// change adds that an asset comes to a number, or moves there.
func (p *planner) change(id AssetID, a *asset, w wanted) {
	_, reuse := slices.BinarySearch(p.state.edition.Vacated, w.number)
	c := Change{Step: StepAdd, Asset: id, Kind: id.Kind(), From: NoNumber, To: w.number, Reuse: reuse, Why: w.why}
	if l := p.listed[id]; l != nil {
		c.Kind, c.Name = l.Kind, l.Given
	}
	if a != nil {
		c.Step, c.Kind, c.Name, c.From = StepMove, a.about.Kind, a.about.Name, a.about.Number
	}
	p.plan.Changes = append(p.plan.Changes, c)
}

// free returns the lowest number that nobody has, had, or wants, and takes it.
func (p *planner) free() Number {
	for n := max(p.next, p.state.lowest); ; n++ {
		_, kept := p.kept[n]
		if p.state.vacant(n) && p.takes[n] == "" && !kept && !p.vacated(n) {
			p.next = n + 1
			return n
		}
	}
}

// vacated tells whether a listing says that an asset has moved away from a number.
func (p *planner) vacated(n Number) bool {
	if p.wish.Listing == nil {
		return false
	}
	_, vacated := slices.BinarySearch(p.wish.Listing.Vacated, n)
	return vacated
}

// another says which number is free instead.
func (p *planner) another() string {
	next := p.next
	defer func() { p.next = next }()
	return fmt.Sprintf("the lowest free number is %d", p.free())
}

// describe names an asset for people.
func (p *planner) describe(id AssetID) string {
	if a := p.state.byID[id]; a != nil && a.about.Name != "" {
		return fmt.Sprintf("%s (%s)", id, a.about.Name)
	}
	return string(id)
}

// UnmetPins tells which of the numbers that an operator wants cannot be had, and which wait to be moved to.
func (s *State) UnmetPins(pins map[AssetID]Number) []Conflict {
	plan := s.Plan(&Wish{Pins: pins})
	unmet := plan.Conflicts
	named := make(map[AssetID]AssetID)
	for pin := range pins {
		if a := s.lookUp(string(pin)); a != nil {
			named[a.about.ID] = pin
		}
	}
	for i := range plan.Changes {
		switch c := &plan.Changes[i]; {
		case c.Step == StepMove:
			unmet = append(unmet, Conflict{
				Asset: named[c.Asset], Number: c.To, What: fmt.Sprintf("is not its number, which is %d", c.From),
				Remedy: fmt.Sprintf("write index = %d, or move it with \"butlr-gateway points apply --allow-moves\"", c.From),
			})
		case c.Reuse:
			unmet = append(unmet, Conflict{
				Asset: c.Asset, Number: c.To, What: "was that of an asset that has moved away",
				Remedy: "choose one that was never used, or give it away with \"butlr-gateway points apply --allow-moves\"",
			})
		}
	}
	return unmet
}
