package gateway

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Edition is what the ledger says beside the number of each asset. The ledger is settled when an operator
// rearranges it, and the first time by itself, a day after the first asset: from then on somebody may have
// built on every number in it. An asset that comes later is appended.
type Edition struct {
	Number  int       // a greater one with each change that is more than another asset appended
	At      Timestamp // when it was settled; 0: not yet
	Since   Timestamp // when the first asset got its number
	Vacated []Number  // in order: numbers of assets that have moved away. Nobody is given one unasked
	Gateway string    // in a batch: whose ledger it is from now on, "" leaves it
}

// SettlesAfter is how long after its first asset a ledger settles by itself.
const SettlesAfter = 24 * time.Hour

// Edition returns what the ledger says beside the numbers.
func (s *State) Edition() Edition { return s.edition }

// appends tells whether an asset that comes now is appended to a settled ledger.
func (s *State) appends(now Timestamp) bool {
	e := &s.edition
	if e.At != 0 {
		return true
	}
	if e.Since == 0 || now < e.Since { // a clock that was put back makes the day longer, never for ever
		s.touchEdition()
		e.Since = now
	}
	end := e.Since.Add(SettlesAfter)
	if now < end {
		return false
	}
	s.touchEdition()
	e.Number, e.At = e.Number+1, end
	return true
}

// touchEdition saves the edition before the batch changes it.
func (s *State) touchEdition() {
	if s.pending.edition == nil {
		before := s.edition
		s.pending.edition = &before
	}
}

// undoEdition takes back what the batch did to the edition. Part of that may be on disk: what is stored
// instead must be newer.
func (s *State) undoEdition() {
	before := s.pending.edition
	if before == nil {
		return
	}
	if s.edition.Number > before.Number {
		before.Number = s.edition.Number + 1
	}
	s.edition, s.unsure.edition = *before, true
}

// free returns the lowest number that no asset has or had, and none is pinned to.
func (s *State) free() Number {
	for n := s.lowest; ; n++ {
		if _, pinned := s.pinned[n]; !pinned && s.vacant(n) {
			return n
		}
	}
}

// vacant tells whether a number is one that no asset has, or had.
func (s *State) vacant(n Number) bool {
	_, vacated := slices.BinarySearch(s.edition.Vacated, n)
	return n <= MaxNumber && s.at(n) == nil && !vacated
}

// outOfService tells whether an asset is retired, or is a group that the configuration does not have: that
// reads the same, and ends when the configuration has it again.
func (s *State) outOfService(a *asset) bool {
	if a.about.Retired {
		return true
	}
	if a.about.Kind != Group {
		return false
	}
	_, configured := s.rules.Groups[a.about.ID.groupKey()]
	return !configured
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

// pinOf returns the number that an asset is pinned to; custom is the customer's own id of it, "" if none.
func (s *State) pinOf(id AssetID, custom string) Number {
	if n, ok := s.pins[id]; ok {
		return n
	}
	if n, ok := s.pins[AssetID(customPrefix+custom)]; ok && custom != "" {
		return n
	}
	return NoNumber
}

// reserve keeps the pinned numbers for those who are to have them. A number that another asset has stays
// that one's.
func (s *State) reserve(pins map[AssetID]Number) {
	s.pins, s.pinned, s.pinsStale = pins, make(map[Number]AssetID, len(pins)), true
	for _, id := range slices.Sorted(maps.Keys(pins)) {
		n := pins[id]
		if _, twice := s.pinned[n]; !twice && s.at(n) == nil {
			s.pinned[n] = id
		}
	}
}

// isCustom tells whether an id of the configuration is the customer's own.
func (id AssetID) isCustom() bool { return strings.HasPrefix(string(id), customPrefix) }

// findUnmetPins works out anew which pins are not met, when that may have changed.
func (s *State) findUnmetPins() {
	if !s.pinsStale {
		return
	}
	s.pinsStale = false
	s.summary.PinsUnmet, s.summary.PinUnmet = 0, ""
	if len(s.pins) == 0 {
		return
	}
	for i, u := range s.UnmetPins(s.pins) {
		if i == 0 {
			s.summary.PinUnmet = u.Sentence()
		}
		s.summary.PinsUnmet++
	}
}
