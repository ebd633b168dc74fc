package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// State is what the building is believed to be. It is pure: no I/O, no clock, no goroutine; whoever
// owns it tells it the time.
//
// Changes come in batches: [State.Apply] and [State.Force] as often as wanted, then [State.Batch] tells
// what must be stored, then either [State.Settle] (it is stored) or [State.Undo] (it is not) ends the
// batch. No output and no timer is kept: every answer follows from what the events said, from when this
// process started, and from the time.
type State struct {
	rules     Rules
	allow     [3]map[AssetID]bool // organisations, sites, buildings; nil accepts all
	edition   Edition
	pins      map[AssetID]Number // what the operator wants
	pinned    map[Number]AssetID // numbers that are kept for the asset that is pinned to them
	pinsStale bool               // which pins are met may have changed

	assets  []*asset // by number; nil where no asset has the number
	byID    map[AssetID]*asset
	custom  map[string][]*asset // by the customer's own id
	tagged  map[string]int      // assets by tag
	sensors map[string]*asset   // by MAC: those that an inventory named, and some that are no longer so
	lowest  Number              // no number below it is free
	unknown int                 // assets that neither the rules nor an inventory name

	resolved map[settingsKey]*Settings
	nothing  history
	nowhere  *siteLife       // stands in for the site of what lies in none
	extremes Settings        // the longest delays and the shortest silences of any asset
	deadly   []time.Duration // how long silences have to last to be losses: see siteLife

	clock clock
	mono  time.Duration // of the event that is applied
	stray bool          // something may lie ahead of the clock by more than it should
	seen  Timestamp     // when the process before was last known to be alive

	starts  []Start // see Process; the last is this process's
	process Process // as it is to be stored

	counted      increments
	queue        deadlines
	groups       grouping
	summary      Summary
	refusals     [RefusalCount]uint64
	refused      refusedRing
	recent       recentEvents
	audit        auditRing
	unsure       leftover
	batch        Batch
	pending      pendingBatch
	work         evaluation
	expireHour   int64
	expired      Timestamp // increments of event times before it are yet to be deleted; 0 for none
	newest       Timestamp // event time of the newest event admitted
	shownDoubt   doubt     // with which the readings were published
	lostSites    map[*asset]bool
	losses       uint64          // how often a site was lost or came back
	forced       map[*asset]bool // assets that may have overrides
	disturbed    [2][]*asset     // aggregates to be worked out: floors, then the others
	membersMoved bool
	founding     bool     // what the rules name comes into being
	unfounded    bool     // it did, in a batch that failed
	dirtySites   []*asset // with news that is yet to be stored
	update       Update

	devices  map[AssetID]*tracked   // sensors and hives of which a report told
	placed   map[AssetID][]*tracked // the same by themselves, their rooms and their floors
	beats    map[AssetID]*beat      // of places with sensors; nil before the first report
	healthAt Timestamp              // of the newest report; 0 none came since the start
}

// asset is one asset as the state keeps it.
type asset struct {
	facts
	life     *siteLife     // of a site
	sum      *tally        // of what can have members
	memberOf []*membership // in the aggregates that it is a member of

	queued      ticket // of its place in the deadline queue; at 0: it will not be looked at
	batch       uint64 // the batch that touched it last
	brought     uint64 // the batch that brought it
	newestEvent uint64 // its number in State.recent; 0: there was none
	heardIn     uint64 // of a site: the batch that last heard something newer
	changed     bool   // readings may differ from those published
	moved       bool   // what it is a member of may differ
	listed      bool   // in State.dirtySites
	disturbed   bool   // in State.disturbed
	shown       shown  // what was published last
}

// facts is what a batch may change of an asset, saved before the first change so that it can be undone.
type facts struct {
	about    *Asset
	settings *Settings
	site     *asset
	parent   *asset
	children []*asset // only ever appended to within a batch

	told      [detailCount]Timestamp // event time of the newest event that told each detail
	feeds     [FeedCount]*history    // nil: never heard
	total     Total
	overrides []Override // by target; replaced, never altered
	found     int        // people in the newest Detected; memory only: notKept after a start
	foundAt   Timestamp
	foundBy   uint32 // when its id was minted
	following bool   // it has a feed that speaks only on change
	unknown   bool   // no operator named it: it counts against the limit of such assets
}

// Saved is what a journal kept.
type Saved struct {
	Assets    []Asset // Name, Path and Capacity need not be filled: they follow from the rest and from the rules
	Histories []History
	Totals    []Total
	Sites     []SiteLife
	Overrides []Override
	Audit     []OverrideChange // oldest first
	Counted   []Increment
	Alive     Timestamp // when the process before was last known to be alive; 0 never
	Process   Process   // that it was
	Edition   Edition
}

// NewState builds the state, as of an instant, from what was saved. The groups of the rules and the assets
// that they pin to a number come into being; [State.Batch] has them. A pin to a number that another asset
// has, or had, is not met: [State.UnmetPins] tells, and everything else is served.
func NewState(rules Rules, saved *Saved, start Instant) (*State, error) {
	s, err := RestoreState(rules, saved, start)
	if err != nil {
		return nil, err
	}
	s.founding = true
	s.found(&s.rules, s.clock.now(start))
	return s, nil
}

// RestoreState builds the state as NewState does, of the saved assets alone: for who only looks at it, or
// rearranges it before anything else gets a number.
func RestoreState(rules Rules, saved *Saved, start Instant) (*State, error) {
	s := &State{
		byID:      make(map[AssetID]*asset, len(saved.Assets)),
		custom:    make(map[string][]*asset),
		tagged:    make(map[string]int),
		sensors:   make(map[string]*asset),
		counted:   newIncrements(),
		starts:    saved.Process.Starts,
		edition:   saved.Edition,
		lostSites: make(map[*asset]bool),
		forced:    make(map[*asset]bool),
	}
	s.adopt(rules)
	if err := s.restoreAssets(saved.Assets); err != nil {
		return nil, err
	}
	if err := s.restoreFeeds(saved); err != nil {
		return nil, err
	}
	for _, i := range saved.Counted {
		s.counted.add(i)
	}
	for _, c := range saved.Audit {
		s.audit.add(c)
	}
	s.clock.start(start, saved.Alive, s.newest, saved.Process.ClockWrong)
	s.seen = saved.Alive
	s.begun(saved.Alive, s.clock.now(start))
	s.stray = true
	s.reinStrays(s.clock.now(start), cmp.Or(saved.Alive, s.clock.now(start)))
	s.pending.end() // what was restored is stored
	s.reserve(rules.Pins())
	if len(s.byID) > 0 && s.edition.Since == 0 { // a gateway that did not note it
		s.touchEdition()
		s.edition.Since = s.clock.now(start)
	}
	return s, nil
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
		a := &asset{facts: facts{about: about, unknown: s.isUnknown(about, about.CustomID)}}
		for d, text := range about.details() {
			if text != "" { // what was never told may still come, of whatever moment
				a.told[d] = max(about.Told, about.listed().At)
			}
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
	for i := range saved.Sites {
		l := &saved.Sites[i]
		a := s.at(l.Site)
		if a == nil || a.life == nil {
			return fmt.Errorf("restoring the life of site number %d: no such site", l.Site)
		}
		a.life.restore(l)
	}
	for i := range saved.Histories {
		r := &saved.Histories[i]
		a := s.at(r.Asset)
		if a == nil || int(r.Feed) >= FeedCount || len(r.Window) == 0 {
			return fmt.Errorf("restoring feed %d of asset number %d: no such asset or feed, or nothing in it", r.Feed, r.Asset)
		}
		s.setFeed(a, r.Feed, &history{window: r.Window, before: r.Before})
		a.feeds[r.Feed].prune(r.Feed, a.settings, s.days(a))
		newest := a.feeds[r.Feed].newest()
		s.restoreHeard(a, newest)
		for _, d := range [...]detail{givenName, parentPlace} { // its own events tell them
			if a.told[d] != 0 {
				a.told[d] = max(a.told[d], newest)
			}
		}
	}
	for _, a := range s.assets {
		if a != nil && a.life != nil {
			a.life.restored = false
		}
	}
	for _, t := range saved.Totals {
		a := s.at(t.Asset)
		if a == nil {
			return fmt.Errorf("restoring totals of asset number %d: no such asset", t.Asset)
		}
		s.setTotal(a, t)
		a.found, a.foundAt = notKept, t.Detected
		s.restoreHeard(a, a.newest())
	}
	for _, o := range saved.Overrides {
		a := s.at(o.Asset)
		if a == nil || int(o.Target) >= TargetCount || int(o.Source) >= sourceCount {
			return fmt.Errorf("restoring an override of asset number %d: no such asset, target or source", o.Asset)
		}
		a.overrides = withOverride(a.overrides, o)
		s.forced[a] = true
	}
	return nil
}

// notKept stands for how many people a sensor saw before a start.
const notKept = -1

func (s *State) restoreHeard(a *asset, at Timestamp) {
	s.newest = max(s.newest, at)
	if life := a.lifeOfSite(); life != nil {
		life.heard = max(life.heard, at)
	}
}

// lifeOfSite returns the life of the site that an asset lies in, nil if it lies in none.
func (a *asset) lifeOfSite() *siteLife {
	if a.site == nil {
		return nil
	}
	return a.site.life
}

// newLife makes the life of a site that nothing is known of yet.
func (s *State) newLife(site *Asset) *siteLife {
	l := &siteLife{
		days: calendar{place: s.clockOf(site)}, hours: s.rules.Sites[site.ID].Hours, losses: s.deadly, shifted: site.listed().Shifted,
	}
	if site.ID != "" {
		l.minutes = make([]byte, 2*(s.extremes.window()/time.Minute+1))
	}
	return l
}

// days returns the calendar of an asset's site.
func (s *State) days(a *asset) *calendar {
	if l := a.lifeOfSite(); l != nil {
		return &l.days
	}
	return &s.nowhere.days
}

// settingsKey is what settings depend on.
type settingsKey struct {
	site   AssetID
	kind   Kind
	asset  AssetID // "" where the rules have no section for it
	custom string
}

// resolve looks up an asset's settings; assets of one kind and site share theirs.
func (s *State) resolve(a *asset) *Settings {
	about := a.about
	key := settingsKey{site: about.Site, kind: about.Kind}
	if _, named := s.rules.asset(about.ID, about.CustomID); named || about.Kind == Group {
		key.asset, key.custom = about.ID, about.CustomID
	}
	known := s.resolved[key]
	if known == nil {
		settings := s.rules.For(about.ID, about.Kind, about.Site, about.CustomID)
		known = &settings
		s.resolved[key] = known
	}
	return known
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
	list := s.refused.list()
	for i := range list {
		list[i].Why = s.explainRefusal(&list[i])
	}
	return s.refusals, list
}

// Summary returns the counts as they were last published.
func (s *State) Summary() Summary { return s.summary }
