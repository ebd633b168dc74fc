package gateway

import (
	"fmt"
	"maps"
	"slices"
)

// State is what the building is believed to be. It is pure: no I/O, no clock, no goroutine; whoever
// owns it tells it the time.
//
// Changes come in batches: [State.Apply] as often as wanted, then [State.Batch] tells what must be
// stored, then either [State.Settle] (it is stored) or [State.Undo] (it is not) ends the batch.
type State struct {
	rules  Rules
	allow  [3]map[AssetID]bool // organisations, sites, buildings; nil accepts all
	pinned map[Number]AssetID

	assets  []*asset // by number; nil where no asset has the number
	byID    map[AssetID]*asset
	lowest  Number // no number below it is free
	unknown int    // assets that the rules do not name

	counted    increments
	queue      deadlines
	summary    Summary
	refusals   [RefusalCount]uint64
	refused    refusedRing
	unsure     leftover
	batch      Batch
	pending    pendingBatch
	expireHour int64
	expired    Timestamp // increments of event times before it are yet to be deleted; 0 for none
	newest     Timestamp // event time of the newest event admitted
	update     Update
}

// asset is one asset as the state keeps it.
type asset struct {
	facts
	queued  Timestamp // when the deadline queue will look at it; 0: not queued
	batch   uint64    // the batch that touched it last
	heardIn uint64    // of a site: the batch that last heard something newer
	changed bool      // readings may differ from those published
	shown   shown     // what was published last
}

// facts is what a batch may change of an asset, saved before the first change so that it can be undone.
type facts struct {
	about    *Asset
	site     *asset
	parent   *asset
	children []*asset // only ever appended to within a batch

	told      [detailCount]Timestamp // event time of the newest event that told each detail
	feeds     [FeedCount]Revision
	total     Total
	found     int       // people in the newest Detected; memory only
	foundAt   Timestamp //
	following bool      // it has a feed that speaks only on change

	// Of a site only.
	heard       Timestamp // event time of the newest event of anything in it
	rhythmFeeds int       // feeds of people in it
	followers   []*asset  // assets with feeds that speak only on change, and are as alive as their site
}

// Saved is what a journal kept.
type Saved struct {
	Assets    []Asset // Name, Path and Capacity need not be filled: they follow from the rest and from the rules
	Revisions []FeedRevision
	Histories []History
	Totals    []Total
	Sites     []SiteLife
	Overrides []Override
	Audit     []OverrideChange // oldest first
	Counted   []Increment
	Alive     Timestamp // when the process before was last known to be alive; 0 never
}

// NewState builds the state from what was saved. The assets that the rules pin to a number come into
// being; [State.Batch] has them. An error names an asset whose pinned number is another's.
func NewState(rules Rules, saved *Saved) (*State, error) {
	s := &State{
		rules:   rules,
		allow:   [3]map[AssetID]bool{setOf(rules.Organisations), setOf(rules.OnlySites), setOf(rules.Buildings)},
		pinned:  make(map[Number]AssetID),
		byID:    make(map[AssetID]*asset, len(saved.Assets)),
		counted: newIncrements(),
	}
	if err := s.restoreAssets(saved.Assets); err != nil {
		return nil, err
	}
	if err := s.restoreFeeds(saved); err != nil {
		return nil, err
	}
	for _, i := range saved.Counted {
		s.counted.add(i)
	}
	s.pending.end() // what was restored is stored
	if err := s.pin(); err != nil {
		return nil, err
	}
	return s, nil
}

func setOf(ids []AssetID) map[AssetID]bool {
	if len(ids) == 0 {
		return nil
	}
	set := make(map[AssetID]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func (s *State) restoreAssets(saved []Asset) error {
	ordered := slices.Clone(saved)
	slices.SortFunc(ordered, func(a, b Asset) int { return int(a.Number) - int(b.Number) })
	for i := range ordered {
		about := &ordered[i]
		if about.Number > MaxNumber || about.Kind == NoKind || about.ID == "" {
			return fmt.Errorf("restoring asset %q: number %d or kind %d is none", about.ID, about.Number, about.Kind)
		}
		if s.byID[about.ID] != nil || s.at(about.Number) != nil {
			return fmt.Errorf("restoring asset %s: it, or number %d, is there twice", about.ID, about.Number)
		}
		a := &asset{facts: facts{about: about}}
		for d := range a.told {
			a.told[d] = about.Told
		}
		s.place(a)
	}
	for _, a := range s.assets {
		if a != nil && a.about.Parent != "" {
			s.attach(a, s.byID[a.about.Parent])
		}
	}
	for _, a := range s.assets {
		if a != nil && (a.parent == nil || a.about.Kind == Site) {
			s.redescribe(a)
		}
	}
	return nil
}

func (s *State) restoreFeeds(saved *Saved) error {
	for _, r := range saved.Revisions {
		a := s.at(r.Asset)
		if a == nil || int(r.Feed) >= FeedCount {
			return fmt.Errorf("restoring feed %d of asset number %d: no such asset or feed", r.Feed, r.Asset)
		}
		s.setFeed(a, r.Feed, r.Revision)
		s.restoreHeard(a, r.Revision.At)
		a.told[givenName] = max(a.told[givenName], r.Revision.At) // its own events name it
		a.told[parentPlace] = max(a.told[parentPlace], r.Revision.At)
	}
	for _, t := range saved.Totals {
		a := s.at(t.Asset)
		if a == nil {
			return fmt.Errorf("restoring totals of asset number %d: no such asset", t.Asset)
		}
		s.setTotal(a, t)
		s.restoreHeard(a, t.At)
	}
	return nil
}

func (s *State) restoreHeard(a *asset, at Timestamp) {
	s.newest = max(s.newest, at)
	if a.site != nil {
		a.site.heard = max(a.site.heard, at)
	}
}

// pin reserves the numbers that the rules pin, and brings their assets into being.
func (s *State) pin() error {
	for _, id := range slices.Sorted(maps.Keys(s.rules.Assets)) {
		index := s.rules.Assets[id].Index
		if index == NoNumber {
			continue
		}
		if index > MaxNumber || id.Kind() == NoKind {
			return fmt.Errorf("pinning %s to number %d: the id must begin as Butlr's ids do, and the number be at most %d", id, index, MaxNumber)
		}
		if other, ok := s.pinned[index]; ok {
			return fmt.Errorf("pinning %s to number %d: %s is pinned to it", id, index, other)
		}
		if a := s.byID[id]; a != nil && a.about.Number != index {
			return fmt.Errorf("pinning %s to number %d: it has number %d already, and a number never moves", id, index, a.about.Number)
		}
		if a := s.at(index); a != nil && a.about.ID != id {
			return fmt.Errorf("pinning %s to number %d: %s has that number; %d is free", id, index, a.about.ID, s.free())
		}
		s.pinned[index] = id
	}
	for _, index := range slices.Sorted(maps.Keys(s.pinned)) {
		if id := s.pinned[index]; s.byID[id] == nil {
			s.create(id, id.Kind())
		}
	}
	return nil
}

// at returns the asset with that number, or nil.
func (s *State) at(n Number) *asset {
	if int64(n) >= int64(len(s.assets)) {
		return nil
	}
	return s.assets[n]
}

// Assets returns every asset in the order of numbers.
func (s *State) Assets() []*Asset {
	out := make([]*Asset, 0, len(s.byID))
	for _, a := range s.assets {
		if a != nil {
			out = append(out, a.about)
		}
	}
	return out
}

// Refusals returns how many events were refused for each reason since the process started, and the
// newest of them, oldest first.
func (s *State) Refusals() ([RefusalCount]uint64, []RefusedEvent) {
	return s.refusals, s.refused.list()
}

// Summary returns the counts as they were last published.
func (s *State) Summary() Summary { return s.summary }
