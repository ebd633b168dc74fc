package gateway

import (
	"slices"
	"strings"
)

// aggregate returns what a site, building, floor or group shows.
func (r *reference) aggregate(now Timestamp, id AssetID) refSnapshot {
	g := r.gather(now, id)
	if len(g.members) == 0 {
		return r.snapshot(now, id)
	}
	s := refSnapshot{}
	g.showOwn(&s)
	for o := range Output(OutputCount) {
		g.showOutput(&s, o)
	}
	g.showPeople(&s)
	g.showMotion(&s)
	if g.own != nil && s.Quality == Never {
		s.Quality = referenceNewestQuality(&s)
	}
	if g.id.Kind() == Group {
		g.showTraffic(&s)
	}
	s.utilise(g.capacity())
	s.override(now, r.overrides[id])
	return s
}

// referenceAggregate is an aggregate and its members at one moment.
type referenceAggregate struct {
	*reference
	id      AssetID
	now     Timestamp
	minimum int            // percent
	own     *referenceLook // nil if nothing was said of itself
	members []referenceMember
}

// referenceMember is one of them. One that nobody ever spoke of shows nothing.
type referenceMember struct {
	refSnapshot
	id       AssetID
	settings Settings
	site     AssetID
}

func (r *reference) gather(now Timestamp, id AssetID) *referenceAggregate {
	w := r.look()
	g := &referenceAggregate{reference: r, id: id, now: now}
	if a := w.assets[id]; a == nil {
		settings := r.rules.For(id, Group, "", "")
		g.minimum = settings.MinCoverage
	} else {
		g.minimum = a.settings.MinCoverage
		if a.spoken {
			g.own = r.at(now, id)
		}
	}
	found, missing := r.membersOf(id)
	for _, m := range found {
		g.members = append(g.members, referenceMember{r.snapshot(now, m), m, w.assets[m].settings, w.assets[m].site})
	}
	site := g.siteOfAll()
	for _, name := range missing {
		m := AssetID(name)
		g.members = append(g.members, referenceMember{id: m, settings: r.rules.For(m, m.Kind(), site, ""), site: site})
	}
	return g
}

// siteOfAll returns the site that all members lie in, "" if there is no such.
func (g *referenceAggregate) siteOfAll() (site AssetID) {
	for i, m := range g.members {
		if i > 0 && m.site != site {
			return ""
		}
		site = m.site
	}
	return site
}

// membersOf returns the assets that an aggregate consists of, and the names of a group's members that no
// asset is.
func (r *reference) membersOf(id AssetID) (found []AssetID, missing []string) {
	w := r.look()
	if a := w.assets[id]; a != nil {
		found = r.inside(a)
		own := a.revisions
		if len(own[PeopleFeed])+len(own[PeopleMinuteFeed]) > 0 || a.settings.Evidence == EvidenceTraffic && len(a.passed) > 0 {
			found = append(found, id)
		}
	} else {
		found, missing = r.named(id, nil)
	}
	slices.Sort(found)
	slices.Sort(missing)
	return slices.Compact(found), slices.Compact(missing)
}

// inside returns the rooms of a place, its zones that lie in no room, and its floors without either. What
// is none of these is itself.
func (r *reference) inside(place *referenceAsset) (found []AssetID) {
	if place.kind > Floor {
		return []AssetID{place.id}
	}
	w := r.look()
	within := func(a, place *referenceAsset) bool { return slices.Contains(w.around(a), place) }
	roomOrZone := func(a *referenceAsset) bool {
		inRoom := slices.ContainsFunc(w.around(a), func(up *referenceAsset) bool { return up.kind == Room })
		return a.kind == Room || a.kind == Zone && !inRoom
	}
	for _, a := range w.assets {
		if roomOrZone(a) && within(a, place) {
			found = append(found, a.id)
		}
	}
	for _, floor := range w.assets {
		if floor.kind != Floor || floor != place && !within(floor, place) {
			continue
		}
		empty := true
		for _, a := range w.assets {
			empty = empty && !(roomOrZone(a) && within(a, floor))
		}
		if empty {
			found = append(found, floor.id)
		}
	}
	return found
}

// named returns what a group's members are.
func (r *reference) named(group AssetID, known []AssetID) (found []AssetID, missing []string) {
	rule, ok := r.rules.Groups[strings.TrimPrefix(string(group), "group:")]
	if !ok {
		return nil, []string{string(group)}
	}
	for _, name := range rule.Members {
		id := AssetID(name)
		if slices.Contains(known, id) || id == group {
			continue
		}
		if id.Kind() == Group {
			more, lost := r.named(id, append(known, group))
			found, missing = append(found, more...), append(missing, lost...)
			continue
		}
		if a := r.called(name); a != nil {
			found = append(found, r.inside(a)...)
		} else {
			missing = append(missing, name)
		}
	}
	// A zone in a room that is a member too is in it, and a sensor adds nothing.
	found = slices.DeleteFunc(found, func(id AssetID) bool {
		a := r.look().assets[id]
		inMember := slices.ContainsFunc(r.look().around(a), func(up *referenceAsset) bool { return slices.Contains(found, up.id) })
		return a.kind == Sensor || a.kind == Zone && inMember
	})
	return found, missing
}

// called returns the asset that a member's name means.
func (r *reference) called(name string) *referenceAsset {
	w := r.look()
	if custom, ok := strings.CutPrefix(name, "custom:"); ok {
		var named []*referenceAsset
		for _, a := range w.assets {
			if a.custom == custom {
				named = append(named, a)
			}
		}
		if len(named) != 1 {
			return nil // nobody knows which of them is meant
		}
		return named[0]
	}
	return w.assets[AssetID(name)]
}

// referenceCover returns the quality of an aggregate of members with these qualities, how many of them
// cover it in 0.1 %, and whether all of them count because too few do.
func referenceCover(qualities []Quality, minimum int) (quality Quality, coverage int, all bool) {
	var n [QualityCount]int
	for _, q := range qualities {
		n[q]++
	}
	total := len(qualities)
	cover := n[Good] + n[Uncertain] + n[Forced]
	coverage = cover * 1000 / total
	switch {
	case n[Never] == total:
		return Never, coverage, false
	case cover == total && n[Uncertain] == 0:
		return Good, coverage, false
	case cover == total, cover*100 >= minimum*total && cover+n[Held] > 0:
		return Uncertain, coverage, false
	case cover+n[Held] == total:
		return Held, coverage, true
	}
	return Substituted, coverage, true
}

// referenceCounts tells whether a member of that quality counts.
func referenceCounts(quality Quality, all bool) bool {
	return all || quality != Never && quality != Substituted
}

// showOutput shows whether any of the members is occupied.
func (g *referenceAggregate) showOutput(s *refSnapshot, o Output) {
	var qualities []Quality
	for _, m := range g.members {
		qualities = append(qualities, m.outputQuality(o))
	}
	quality, coverage, all := referenceCover(qualities, g.minimum)
	known, on := false, false
	for i, m := range g.members {
		if !referenceCounts(qualities[i], all) {
			continue
		}
		switch r := m.Readings[o.Measure()]; {
		case r.Known:
			known, on = true, on || r.Value == 1
		case qualities[i] == Never:
			known, on = true, on || g.takenOn(m, o)
		}
	}
	if o == HVACOutput {
		s.Quality, s.Coverage = quality, coverage
	}
	if quality != Never && known {
		s.setOutput(o, Reading{Value: referenceBit(on), Known: true, Quality: quality}, ReasonMembers)
	}
}

// outputQuality returns how far a member can be trusted about an output: if it has none, how far it can
// be trusted at all.
func (m *referenceMember) outputQuality(o Output) Quality {
	if m.Has.Has(o.Measure()) {
		return m.Readings[o.Measure()].Quality
	}
	return m.Quality
}

// takenOn tells whether the policy takes a member that nobody ever spoke of for occupied.
func (g *referenceAggregate) takenOn(m referenceMember, o Output) bool {
	l := &referenceLook{reference: g.reference, asset: &referenceAsset{site: m.site}, settings: m.settings, now: g.now}
	return l.policy(o, g.now, false, 0) == PolicyOccupied
}

// showOwn shows what was said of the aggregate itself: what passed its entrances, and a floor's day.
func (g *referenceAggregate) showOwn(s *refSnapshot) {
	if g.own == nil {
		return
	}
	g.own.showTraffic(s)
	g.own.showToday(s)
}

// showPeople shows a floor's own count while it is not dead, else how many the members have.
func (g *referenceAggregate) showPeople(s *refSnapshot) {
	own := g.own != nil && g.own.people.seen
	if own && g.own.people.life != referenceDead {
		g.own.showPeople(s)
		return
	}
	if !g.sum(s, People) && g.own != nil {
		g.own.showPeople(s)
	}
}

// sum shows a measure as the sum over the members that have it, and tells whether there were any. What a
// floor counted itself is no part of what is in it.
func (g *referenceAggregate) sum(s *refSnapshot, m Measure) bool {
	var having []referenceMember
	var qualities []Quality
	for _, member := range g.members {
		if r := member.Readings[m]; r.Known && (member.id != g.id) {
			having, qualities = append(having, member), append(qualities, r.Quality)
		}
	}
	if len(having) == 0 {
		return false
	}
	quality, _, all := referenceCover(qualities, g.minimum)
	quality = g.incomplete(quality)
	var sum int64
	for i, member := range having {
		if referenceCounts(qualities[i], all) {
			sum += member.Readings[m].Value
		}
	}
	s.set(m, Reading{Value: sum, Known: true, Quality: quality})
	return true
}

// showMotion shows whether there is motion in any of the members that have any.
func (g *referenceAggregate) showMotion(s *refSnapshot) {
	var having []Reading
	var qualities []Quality
	for _, m := range g.members {
		if m.Has.Has(Motion) {
			having, qualities = append(having, m.Readings[Motion]), append(qualities, m.Readings[Motion].Quality)
		}
	}
	if len(having) == 0 {
		return
	}
	quality, _, all := referenceCover(qualities, g.minimum)
	shown := Reading{Quality: g.incomplete(quality)}
	unknown := false
	for i, r := range having {
		switch {
		case !referenceCounts(qualities[i], all):
		case r.Known:
			shown.Known, shown.Value = true, max(shown.Value, r.Value)
		default:
			unknown = true
		}
	}
	if unknown && shown.Value == 0 {
		shown.Known = false
	}
	s.set(Motion, shown)
}

// incomplete doubts what some members have while there are others of which nothing was ever heard.
func (g *referenceAggregate) incomplete(quality Quality) Quality {
	never := slices.ContainsFunc(g.members, func(m referenceMember) bool { return m.outputQuality(HVACOutput) == Never })
	if never && quality == Good {
		return Uncertain
	}
	return quality
}

// showTraffic shows what passed the sensors of a group's members.
func (g *referenceAggregate) showTraffic(s *refSnapshot) {
	for _, m := range []Measure{TrafficIn, TrafficOut, TrafficEstimate} {
		g.sum(s, m)
	}
}

// capacity returns what an aggregate holds: as it was said of itself, else what is known of its members.
func (g *referenceAggregate) capacity() int {
	own := g.rules.Assets[g.id].Capacity
	if g.id.Kind() == Group {
		own = g.rules.Groups[strings.TrimPrefix(string(g.id), "group:")].Capacity
	}
	if own > 0 {
		return own
	}
	sum := 0
	for _, m := range g.members {
		if a := g.look().assets[m.id]; a != nil && m.id != g.id {
			l := &referenceLook{reference: g.reference, asset: a}
			sum += l.capacity()
		}
	}
	return sum
}
