package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Conflict is why an asset does not have the number that it is pinned to.
type Conflict struct {
	Asset  AssetID // as the configuration names it
	Number Number  // that is wanted
	What   string  // goes on with the sentence that the number begins
	Remedy string  // what to do
}

// Sentence says it in words.
func (c *Conflict) Sentence() string {
	return fmt.Sprintf("number %d for %s %s: %s", c.Number, c.Asset, c.What, c.Remedy)
}

// Pins returns the numbers that the rules pin, by Butlr's id, "custom:" and the customer's own, or "group:"
// and a group's key.
func (r *Rules) Pins() map[AssetID]Number {
	pins := make(map[AssetID]Number)
	add := func(id AssetID, index Number) {
		if index != NoNumber {
			pins[id] = index
		}
	}
	for id, rule := range r.Assets {
		add(id, rule.Index)
	}
	for key, rule := range r.Groups {
		add(GroupID(key), rule.Index)
	}
	return pins
}

// reserve keeps the pinned numbers for those who are to have them. A number that an asset has stays that
// one's, whatever the configuration wants: nothing is served wrongly, and nothing stops.
func (s *State) reserve() {
	s.pins, s.pinsStale = s.rules.Pins(), true
	for _, id := range slices.Sorted(maps.Keys(s.pins)) {
		n := s.pins[id]
		known := id.Kind() != NoKind || id.isCustom()
		if _, twice := s.pinned[n]; known && !twice && n <= MaxNumber && s.at(n) == nil && s.lookUp(string(id)) == nil {
			s.pinned[n] = id
		}
	}
}

// UnmetPins tells which assets do not have the number that they are pinned to, in the order of their names.
// What is pinned by the customer's own id and has not been heard of waits for its event, and is none.
func (s *State) UnmetPins() []Conflict {
	var unmet []Conflict
	for _, id := range slices.Sorted(maps.Keys(s.pins)) {
		if what, remedy := s.unmet(id, s.pins[id]); what != "" {
			unmet = append(unmet, Conflict{id, s.pins[id], what, remedy})
		}
	}
	return unmet
}

// unmet tells why a pin is not met, "" if it is or may yet be.
func (s *State) unmet(id AssetID, n Number) (what, remedy string) {
	other := s.at(n)
	switch has := s.lookUp(string(id)); {
	case n > MaxNumber || id.Kind() == NoKind && !id.isCustom():
		return "cannot be", fmt.Sprintf("the id must begin as Butlr's ids do, and the number be at most %d", MaxNumber)
	case has != nil && has.about.Number == n:
		return "", ""
	case has != nil:
		return fmt.Sprintf("is not its number, which is %d and never moves", has.about.Number), fmt.Sprintf("write index = %d", has.about.Number)
	case other != nil && id.isCustom() && len(s.custom[strings.TrimPrefix(string(id), customPrefix)]) > 1:
		return fmt.Sprintf("is that of %s, and more than one asset has that id of your own", other.about.ID), "write Butlr's id"
	case other != nil:
		return fmt.Sprintf("is taken by %s", other.about.ID), fmt.Sprintf("pin %s to it, or write index = %d, which is free", other.about.ID, s.free())
	case s.pinned[n] != id:
		return fmt.Sprintf("is kept for %s", s.pinned[n]), "pin each to a number of its own"
	}
	return "", ""
}

// findUnmetPins works out anew which pins are not met, when that may have changed.
func (s *State) findUnmetPins() {
	if !s.pinsStale {
		return
	}
	s.pinsStale = false
	unmet := s.UnmetPins()
	s.summary.PinsUnmet, s.summary.PinUnmet = len(unmet), ""
	if len(unmet) > 0 {
		s.summary.PinUnmet = unmet[0].Sentence()
	}
}

// isCustom tells whether an id of the configuration is the customer's own.
func (id AssetID) isCustom() bool { return strings.HasPrefix(string(id), customPrefix) }
