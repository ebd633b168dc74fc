package gateway

import (
	"slices"
	"strings"
)

// grouping knows which groups name what: by Butlr's id, "custom:" and the customer's own, or "tag:" and a tag.
type grouping struct {
	naming map[string][]string // the groups that name it, themselves or through a group in them
	named  map[string][]string // of each group, what it names
}

// newGrouping resolves the groups in groups. A group that is part of itself has its other members.
func newGrouping(rules *Rules) grouping {
	g := grouping{naming: make(map[string][]string), named: make(map[string][]string)}
	for _, key := range rules.groupKeys() {
		seen := map[string]bool{key: true}
		g.collect(rules, key, key, seen)
		slices.Sort(g.named[key])
		g.named[key] = slices.Compact(g.named[key])
		for _, name := range g.named[key] {
			g.naming[name] = append(g.naming[name], key)
		}
	}
	return g
}

func (g *grouping) collect(rules *Rules, into, key string, seen map[string]bool) {
	for _, member := range rules.Groups[key].Members {
		inner, nested := strings.CutPrefix(member, groupPrefix)
		if !nested {
			g.named[into] = append(g.named[into], member)
			continue
		}
		if !seen[inner] {
			seen[inner] = true
			g.collect(rules, into, inner, seen)
		}
	}
}

// formGroups brings the groups of rules into being, in the order of their keys.
func (s *State) formGroups(rules *Rules, now Timestamp) {
	for _, key := range rules.groupKeys() {
		if s.byID[GroupID(key)] == nil {
			s.create(GroupID(key), Group, "", now)
		}
	}
}

// counts tells whether an asset is itself a member of what is around it: a room, a zone that lies in no
// room, or a floor that has neither.
func (a *asset) counts() bool {
	switch a.about.Kind {
	case Room:
		return true
	case Zone:
		for up := a.parent; up != nil; up = up.parent {
			if up.about.Kind == Room {
				return false
			}
		}
		return true
	case Floor:
		return len(a.sum.roll) == 0
	}
	return false
}

// enlist makes an asset a member of the aggregates that it belongs to now, and of no other.
func (s *State) enlist(a *asset) {
	if s.byID[a.about.ID] != a {
		return
	}
	wanted := s.aggregatesOf(a)
	a.memberOf = slices.DeleteFunc(a.memberOf, func(m *membership) bool {
		if slices.Contains(wanted, m.aggregate) {
			return false
		}
		s.withdraw(m)
		return true
	})
	for _, aggregate := range wanted {
		if !slices.ContainsFunc(a.memberOf, func(m *membership) bool { return m.aggregate == aggregate }) {
			s.enrol(a, aggregate)
		}
	}
}

func (s *State) enrol(a, aggregate *asset) {
	m := &membership{aggregate: aggregate, member: a}
	a.memberOf = append(a.memberOf, m)
	t := aggregate.sum
	m.place = int32(len(t.roll))
	t.roll = append(t.roll, m)
	t.add(&a.shown.contribution, 1)
	for kind := range extremeCount {
		t.raise(m, kind)
	}
	s.disturb(aggregate)
	if len(t.roll) == 1 && aggregate.about.Kind == Floor {
		s.enlist(aggregate)
	}
}

func (s *State) withdraw(m *membership) {
	t := m.aggregate.sum
	m.forget()
	last := t.roll[len(t.roll)-1]
	t.roll[m.place], last.place = last, m.place
	t.roll = t.roll[:len(t.roll)-1]
	t.add(&m.member.shown.contribution, -1)
	t.unsure = t.unsure || m.member.shown.contribution.newest == t.newest
	s.disturb(m.aggregate)
	if len(t.roll) == 0 && m.aggregate.about.Kind == Floor {
		s.enlist(m.aggregate)
	}
}

// aggregatesOf lists what an asset is a member of: the places around it, and the groups that name it or
// one of those places.
func (s *State) aggregatesOf(a *asset) []*asset {
	var out []*asset
	add := func(aggregate *asset) {
		if aggregate != nil && aggregate != a && !slices.Contains(out, aggregate) {
			out = append(out, aggregate)
		}
	}
	named := func(place *asset) {
		for _, name := range s.namesOf(place) {
			for _, key := range s.groups.naming[name] {
				add(s.byID[GroupID(key)])
			}
		}
	}
	if a.about.Retired {
		return nil
	}
	if !a.counts() {
		if a.about.Kind == Zone { // in a room: it counts where it is named, and the room is not
			for up := a.parent; up != nil; up = up.parent {
				named(up)
			}
			around := out
			out = nil
			named(a)
			out = slices.DeleteFunc(out, func(group *asset) bool { return slices.Contains(around, group) })
		}
		return out
	}
	if len(s.groups.naming) > 0 {
		named(a)
	}
	for up := a.parent; up != nil; up = up.parent {
		if up.sum != nil && up.about.Kind <= Floor {
			add(up)
		}
		if len(s.groups.naming) > 0 {
			named(up)
		}
	}
	return out
}

// namesOf lists how the configuration may name an asset. The customer's own id names one that shares it
// with no other.
func (s *State) namesOf(a *asset) []string {
	names := []string{string(a.about.ID)}
	if id := a.about.CustomID; id != "" && len(s.custom[id]) == 1 {
		names = append(names, customPrefix+id)
	}
	if a.about.Facts != nil {
		for _, tag := range a.about.Facts.Tags {
			names = append(names, tagPrefix+tag)
		}
	}
	return names
}

// meets tells whether a name of the configuration means an asset, or a tag that any has.
func (s *State) meets(name string) bool {
	if tag, ok := strings.CutPrefix(name, tagPrefix); ok {
		return s.Tagged(tag)
	}
	return s.lookUp(name) != nil
}

// countAbsent works out how many of the members that a group names are missing, and what their policies
// say of them. A tag that nothing has is one: somebody expects at least that much of it.
func (s *State) countAbsent() {
	for key, names := range s.groups.named {
		group := s.byID[GroupID(key)]
		if group == nil {
			continue
		}
		absent := absence{site: group.sum.site()}
		for _, name := range names {
			if !s.meets(name) {
				absent.add(&s.rules, AssetID(name))
			}
		}
		if absent != group.sum.absent {
			group.sum.absent = absent
			s.disturb(group)
		}
	}
}

// absence is what a group's missing members come to. Nobody knows where they lie; they are taken to be in the
// site of all other members.
type absence struct {
	members int
	site    *asset              // nil if the others lie in several
	on      [2][OutputCount]int // whose policy takes an output for occupied while the site is not in use, and while it is
}

func (a *absence) add(r *Rules, id AssetID) {
	site := AssetID("")
	if a.site != nil {
		site = a.site.about.ID
	}
	settings := r.For(id, id.Kind(), site, "")
	a.members++
	for o := range Output(OutputCount) {
		a.on[0][o] += one(settings.unheard(o, false))
		a.on[1][o] += one(settings.unheard(o, true))
	}
}

// site returns the site that all members lie in, nil if they lie in several or in none.
func (t *tally) site() *asset {
	var site *asset
	for _, m := range t.roll {
		switch {
		case m.member.site == nil, site != nil && site != m.member.site:
			return nil
		}
		site = m.member.site
	}
	return site
}

// absentOn returns how many of the missing members of a group are taken for occupied.
func (e *evaluation) absentOn(o Output) int {
	absent := &e.asset.sum.absent
	if absent.site == nil || absent.site.life.hours == nil || absent.on[0][o] == absent.on[1][o] {
		return absent.on[1][o]
	}
	life := absent.site.life
	e.wakeAt(life.hours.Next(e.now, life.days.place))
	return absent.on[one(life.hours.Inside(e.now, life.days.place))][o]
}

// lookUp returns the one asset that a name means, nil if there is none.
func (s *State) lookUp(name string) *asset {
	if custom, ok := strings.CutPrefix(name, customPrefix); ok {
		if named := s.custom[custom]; len(named) == 1 {
			return named[0]
		}
		return nil
	}
	return s.byID[AssetID(name)]
}
