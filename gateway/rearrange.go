package gateway

import (
	"errors"
	"maps"
	"slices"
)

// Errors of [State.Rearrange]. The plan that comes with them says more.
var (
	ErrConflict = errors.New("not everything that is asked for can be had")
	ErrMoves    = errors.New("numbers would come to mean other assets, which has not been allowed")
)

// Rearrange adds to the batch in progress what a wish changes, and settles the ledger anew. Without moves
// allowed no number may come to mean another asset. An error leaves the batch as it was.
func (s *State) Rearrange(i Instant, w *Wish, allowMoves bool) (*Plan, error) {
	p := s.Plan(w)
	switch {
	case len(p.Conflicts) > 0:
		return p, ErrConflict
	case p.Moves() > 0 && !allowMoves:
		return p, ErrMoves
	}
	pins := s.pins
	if w.Pins != nil {
		if s.pending.pins == nil {
			s.pending.pins = pins
		}
		pins = w.Pins
	}
	now := s.clock.now(i)
	if !p.leavesLedger() || w.Gateway != "" {
		s.carryOut(p, w, now)
	}
	s.reserve(pins)
	if !p.Empty() {
		s.learn(w.Inventory, now)
	}
	return p, nil
}

func (s *State) carryOut(p *Plan, w *Wish, now Timestamp) {
	s.touchEdition()
	s.move(p.Changes)
	s.add(p.Changes, w.Listing)
	for i := range p.Changes {
		switch c := &p.Changes[i]; c.Step {
		case StepRetire:
			s.serve(s.byID[c.Asset], false)
		case StepReinstate:
			s.serve(s.byID[c.Asset], true)
		}
	}
	s.cover(w.Listing)
	e := &s.edition
	e.Number, e.At, e.Gateway = e.Number+1, now, w.Gateway
	if e.Since == 0 {
		e.Since = now
	}
	s.vacate(w.Listing)
}

// redefine gives an asset another description.
func (s *State) redefine(a *asset, change func(*Asset)) {
	s.pending.touch(a, false)
	next := *a.about
	change(&next)
	a.about = &next
	s.pending.mark(a)
}

// move gives assets other numbers, all at once: they may exchange them.
func (s *State) move(changes []Change) {
	first := len(s.pending.moves)
	for i := range changes {
		c := &changes[i]
		if c.Step != StepMove {
			continue
		}
		a := s.byID[c.Asset]
		s.pending.moves = append(s.pending.moves, movedAsset{a, c.From, c.To})
		s.redefine(a, func(about *Asset) { about.Number = c.To })
		if a.total != (Total{}) {
			a.total.Asset = c.To
		}
		a.overrides = slices.Clone(a.overrides)
		for k := range a.overrides {
			a.overrides[k].Asset = c.To
		}
	}
	moves := s.pending.moves[first:]
	for _, m := range moves {
		s.assets[m.from] = nil
	}
	for _, m := range moves {
		s.seat(m.asset)
	}
}

// add brings the new assets of a plan into being.
func (s *State) add(changes []Change, l *Listing) {
	listed := make(map[AssetID]*Asset)
	if l != nil {
		for i := range l.Assets {
			listed[l.Assets[i].ID] = &l.Assets[i]
		}
	}
	var inside []*asset
	for i := range changes {
		c := &changes[i]
		if c.Step != StepAdd {
			continue
		}
		about := Asset{ID: c.Asset, Kind: c.Kind, Number: c.To}
		if from := listed[c.Asset]; from != nil {
			about.Given, about.CustomID, about.Parent, about.Retired = from.Given, from.CustomID, from.Parent, from.Retired
		}
		a := s.enter(about, about.CustomID)
		if about.Parent != "" {
			inside = append(inside, a)
		}
	}
	for _, a := range inside {
		if around := s.byID[a.about.Parent]; around != nil {
			s.attach(a, around)
			s.redescribe(a)
		}
	}
}

// serve takes an asset back into service, or out of it.
func (s *State) serve(a *asset, inService bool) {
	s.redefine(a, func(about *Asset) { about.Retired = !inService })
	s.pending.move(a)
	s.judgeUnknown(a)
}

// cover settles which assets somebody may have built on: all of them, or those that a listing covers.
func (s *State) cover(l *Listing) {
	covered := make(map[AssetID]bool)
	if l != nil {
		for i := range l.Assets {
			covered[l.Assets[i].ID] = !l.Assets[i].Appended
		}
	}
	for _, a := range s.assets {
		if a == nil {
			continue
		}
		if appended := l != nil && !covered[a.about.ID]; a.about.Appended != appended {
			s.redefine(a, func(about *Asset) { about.Appended = appended })
		}
	}
}

// vacate notes which numbers nobody is to have: those that were left, here or where a listing is from.
func (s *State) vacate(l *Listing) {
	vacated := make(map[Number]bool)
	for _, n := range s.edition.Vacated {
		vacated[n] = true
	}
	for _, m := range s.pending.moves {
		vacated[m.from] = true
	}
	if l != nil {
		for _, n := range l.Vacated {
			vacated[n] = true
		}
	}
	maps.DeleteFunc(vacated, func(n Number, _ bool) bool { return s.at(n) != nil })
	s.edition.Vacated = slices.Sorted(maps.Keys(vacated))
}
