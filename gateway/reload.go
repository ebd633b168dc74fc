package gateway

import (
	"maps"
	"slices"
	"time"
)

// Other rules come into force as they would with a restart, but for what only a start does: what was in memory
// stays, nothing has its grace, and the clock is what it was. What they bring is stored first, and nothing else is:
// all that follows from rules is worked out again at a start.

// Reload adds to the batch in progress that other rules are in force once it is settled; of several in one batch the
// last. The groups and pinned assets that they name, and nobody knew, come into being at once. A group that they do
// not have any more is out of service. If the batch is undone, the rules before stay.
func (s *State) Reload(i Instant, rules Rules) {
	s.pending.rules = &rules
	if s.pending.pins == nil {
		s.pending.pins = s.pins
	}
	s.reserve(rules.Pins())
	s.found(&rules, s.clock.now(i))
}

// found brings into being what rules name: first the assets pinned to a number, then the groups.
func (s *State) found(rules *Rules, now Timestamp) {
	s.unfounded = false
	for _, index := range slices.Sorted(maps.Keys(s.pinned)) {
		if id := s.pinned[index]; s.byID[id] == nil && id.Kind() != NoKind && s.vacant(index) {
			s.create(id, id.Kind(), "", now)
		}
	}
	s.formGroups(rules, now)
}

// adopt takes up rules, and what is worked out from them alone.
func (s *State) adopt(rules Rules) {
	if rules.Location == nil {
		rules.Location = time.UTC
	}
	s.rules = rules
	s.allow = [3]map[AssetID]bool{setOf(rules.Organisations), setOf(rules.OnlySites), setOf(rules.Buildings)}
	s.resolved = make(map[settingsKey]*Settings)
	s.extremes, s.deadly = rules.extremes(), rules.deadAfters()
	s.groups = newGrouping(&rules)
	s.nowhere = s.newLife(&Asset{})
	s.clock.built, s.clock.future, s.clock.dead = rules.Built, rules.MaxFuture, rules.State.DeadAfter
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

// obey puts other rules in force, and marks whatever may read otherwise for that.
func (s *State) obey(i Instant, rules *Rules) {
	before, groups, place := s.rules, s.groups, s.nowhere.days.place
	s.adopt(*rules)
	all := s.rules.MaxFuture != before.MaxFuture || s.rules.Simulated != before.Simulated || s.nowhere.days.place.String() != place.String()
	lives := s.renewLives()
	s.renewAssets()
	s.markRenewed(all, lives)
	if !maps.EqualFunc(groups.naming, s.groups.naming, slices.Equal) {
		for _, a := range s.assets {
			if a != nil {
				s.enlist(a)
			}
		}
	}
	s.membersMoved = true
	s.stray = s.stray || s.rules.MaxFuture < before.MaxFuture
	now := s.clock.now(i)
	s.reinStrays(now, now)
}

// renewLives makes the lives of all sites anew, each of what is kept of it, and returns them as they were. Which
// feeds and assets live with them is for renewAssets to say.
func (s *State) renewLives() map[*asset]*siteLife {
	before := make(map[*asset]*siteLife)
	for _, site := range s.assets {
		if site == nil || site.life == nil {
			continue
		}
		old, renewed := site.life, s.newLife(site.about)
		saved := old.export(site.about.Number)
		renewed.restore(&saved)
		renewed.arrived, renewed.dirty = old.arrived, old.dirty
		before[site], site.life = old, renewed
	}
	return before
}

// renewAssets gives every asset the name and the settings that it has now, with what follows from them for its
// feeds. It marks those that have others than before.
func (s *State) renewAssets() {
	var renamed []*asset
	s.unknown = 0
	for _, a := range s.assets {
		if a == nil {
			continue
		}
		a.unknown = s.isUnknown(a.about, a.about.CustomID)
		s.unknown += one(a.unknown)
		name, capacity := s.saidOf(a.about)
		if clock := s.days(a).place; name != a.about.Name || capacity != a.about.Capacity || clock.String() != a.about.Clock.String() {
			next := *a.about
			next.Name, next.Capacity, next.Clock.Location = name, capacity, clock
			if name != a.about.Name {
				renamed = append(renamed, a)
			}
			a.about = &next
			s.pending.mark(a)
		}
		settings := s.resolve(a)
		if *settings != *a.settings {
			s.pending.mark(a)
		}
		a.settings = settings
		s.renewFeeds(a)
	}
	for _, a := range renamed {
		s.renamePaths(a)
	}
}

// renewFeeds has an asset's feeds keep what its settings ask for, and live with their site or by themselves.
func (s *State) renewFeeds(a *asset) {
	life := a.lifeOfSite()
	a.following = a.total != (Total{})
	for f, h := range a.feeds {
		if h == nil {
			continue
		}
		switch {
		case !a.hasRhythm(Feed(f)):
			a.following = true
		case life != nil:
			life.minuteFeeds++
			life.start(0, h.started())
			s.list(a.site)
		}
		h.prune(Feed(f), a.settings, s.days(a)) // when it was first heard is known until now
	}
	if a.following && life != nil {
		life.followers = append(life.followers, a)
	}
}

// renamePaths gives what lies in an asset the names of the places around it.
func (s *State) renamePaths(around *asset) {
	for _, a := range around.children {
		path := around.pathInside()
		if slices.Equal(path, a.about.Path) {
			continue
		}
		next := *a.about
		next.Path = path
		a.about = &next
		s.pending.mark(a)
		s.renamePaths(a)
	}
}

// markRenewed marks the groups, what lies in a site whose life reads otherwise than before, and all assets if asked to.
func (s *State) markRenewed(all bool, before map[*asset]*siteLife) {
	moved := make(map[*asset]bool)
	for site, old := range before {
		site.life.restored = false
		moved[site] = !site.life.readsAs(old)
	}
	for _, a := range s.assets {
		if a == nil {
			continue
		}
		if all || moved[a.site] || a.about.Kind == Group {
			s.pending.mark(a)
		}
	}
}

// readsAs tells whether what decides about the assets of a site is as in another life of it: the hours, the clocks on
// its walls, and whether its silence is a loss. Which silences were is each asset's own question, and so is known of it
// whatever the others ask.
func (l *siteLife) readsAs(other *siteLife) bool {
	return hoursText(l.hours) == hoursText(other.hours) && l.days.place.String() == other.days.place.String() && l.hasPulse() == other.hasPulse()
}

// hoursText returns hours as they were written, "" if they are not known.
func hoursText(h *Hours) string {
	if h == nil {
		return ""
	}
	return h.String()
}
