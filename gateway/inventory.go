package gateway

import (
	"slices"
	"time"
)

// Facts is what an inventory says of an asset and no event does. An asset that has facts, even empty ones, was
// named by an inventory. Facts are never altered, so that a pointer to them may be kept and shared.
type Facts struct {
	At       Timestamp      // when the inventory was taken over; never 0
	Capacity int            // people, 1 to 65534; 0 is not known
	Clock    *time.Location // of a site: whose time of day its people go by; nil is not known
	Tags     []string       // in order, each once
	Entrance bool           // of a sensor: who passes it enters or leaves the building
	Shifted  Timestamp      // of a site: when its days came to begin at another moment than before; 0 never
}

// Timezone returns the name of the clock, "" if it is not known.
func (f *Facts) Timezone() string {
	if f == nil || f.Clock == nil {
		return ""
	}
	return f.Clock.String()
}

// Agrees tells whether an inventory says the same; when it said so does not matter.
func (f *Facts) Agrees(other *Facts) bool {
	if f == nil || other == nil {
		return f == other
	}
	return f.Capacity == other.Capacity && f.Timezone() == other.Timezone() && f.Entrance == other.Entrance &&
		slices.Equal(f.Tags, other.Tags)
}

// Equal tells whether two facts are the same in everything.
func (f *Facts) Equal(other *Facts) bool {
	return f.Agrees(other) && (f == nil || f.At == other.At && f.Shifted == other.Shifted)
}

// listed returns what an inventory says, nothing if it said nothing.
func (a *Asset) listed() Facts {
	if a == nil || a.Facts == nil {
		return Facts{}
	}
	return *a.Facts
}

// isEntrance tells whether the inventory calls a sensor an entrance.
func (a *asset) isEntrance() bool { return a != nil && a.about.Facts != nil && a.about.Facts.Entrance }

// learn takes over what an inventory says of assets that have a number. Of each detail it is told as of now: what
// an older event says comes too late, and what a newer one says counts. A name, a custom id or a parent that it
// leaves open stays as it was; the facts are all replaced, also by the same ones, which are then of now.
func (s *State) learn(inventory []Asset, now Timestamp) {
	now = max(now, 1)
	for i := range inventory {
		said := &inventory[i]
		if a := s.byID[said.ID]; a != nil && a.about.Kind == said.Kind && a.about.Kind != Group {
			s.learnOf(a, said, now)
		}
	}
}

func (s *State) learnOf(a *asset, said *Asset, now Timestamp) {
	s.pending.touch(a, false)
	known := a.about.details()
	around := s.byID[said.Parent]
	for d, text := range said.details() {
		if text == "" || detail(d) == parentPlace && !a.about.liesIn(around.kind()) {
			continue
		}
		known[d], a.told[d] = text, max(a.told[d], now)
	}
	facts := factsOf(a.about.Kind, said.Facts)
	facts.At, facts.Shifted = now, a.about.listed().Shifted
	same := known == a.about.details() && a.about.Facts.Agrees(facts)
	s.setFacts(a, facts)
	if same {
		return
	}
	if known[parentPlace] == string(a.about.Parent) {
		around = a.parent
	}
	s.retell(a, known, around, now)
	if a.life != nil {
		s.setClock(a, now)
	}
	s.redescribe(a)
}

// kind returns what an asset is, NoKind if there is none.
func (a *asset) kind() Kind {
	if a == nil {
		return NoKind
	}
	return a.about.Kind
}

// liesIn tells whether an asset may lie in a place of that kind: it must be a larger one.
func (a *Asset) liesIn(around Kind) bool { return around != NoKind && around < a.Kind }

// factsOf returns what of an inventory's facts there can be of an asset of that kind.
func factsOf(kind Kind, said *Facts) *Facts {
	facts := (&Asset{Facts: said}).listed()
	if kind != Site {
		facts.Clock = nil
	}
	if kind != Sensor {
		facts.Entrance = false
	}
	return &facts
}

// setFacts gives an asset other facts.
func (s *State) setFacts(a *asset, facts *Facts) {
	next := *a.about
	next.Facts = facts
	s.countTags(a.about, -1)
	s.countTags(&next, 1)
	a.about = &next
	s.listSensor(a)
	s.judgeUnknown(a)
}

// judgeUnknown counts an asset among those that nobody named, or no longer.
func (s *State) judgeUnknown(a *asset) {
	if unknown := s.isUnknown(a.about, a.about.CustomID); unknown != a.unknown {
		a.unknown = unknown
		s.unknown += 2*one(unknown) - 1
	}
}

// isUnknown tells whether neither the operator nor an inventory named an asset that is in service. custom is the
// customer's own id of it, "" if it is not known.
func (s *State) isUnknown(about *Asset, custom string) bool {
	return !about.Retired && about.Facts == nil && !s.named(about.ID, custom)
}

// listSensor has a sensor that an inventory named be found by its MAC.
func (s *State) listSensor(a *asset) {
	if a.about.Kind == Sensor && a.about.Facts != nil && a.about.MAC != "" {
		s.sensors[a.about.MAC] = a
	}
}

// recognise gives an event's sensor the id that an inventory has for it. Butlr's events and its API may name a sensor
// by different ids; its MAC is the same. A sensor that events were told of under the id that they have keeps that.
func (s *State) recognise(p *Place) {
	if p.ID == "" || p.MAC == "" || s.byID[p.ID] != nil {
		return
	}
	if a := s.sensors[p.MAC]; a != nil && a.about.MAC == p.MAC && a.about.Facts != nil && s.byID[a.about.ID] == a {
		p.ID = a.about.ID
	}
}

// countTags counts how many assets have each tag.
func (s *State) countTags(about *Asset, sign int) {
	if about.Facts == nil {
		return
	}
	for _, tag := range about.Facts.Tags {
		if s.tagged[tag] += sign; s.tagged[tag] == 0 {
			delete(s.tagged, tag)
		}
	}
}

// Tagged tells whether any asset has a tag.
func (s *State) Tagged(tag string) bool { return s.tagged[tag] > 0 }

// Inventoried tells whether an inventory was ever taken over.
func (s *State) Inventoried() bool {
	return slices.ContainsFunc(s.assets, func(a *asset) bool { return a != nil && a.about.Facts != nil })
}

// clockOf returns by whose time of day the people of a site go: the operator's word counts, then the inventory's,
// then that of the whole gateway. A site of no id is that of what lies in none.
func (s *State) clockOf(site *Asset) *time.Location {
	if place := s.rules.Sites[site.ID].Location; place != nil {
		return place
	}
	if place := site.listed().Clock; place != nil {
		return place
	}
	return s.rules.Location
}

// setClock gives a site the clock that it is to have now. What of today was counted by the old one stays, as far as
// it can be today's by the new one, and is marked: see [Facts] and [State.shift].
func (s *State) setClock(site *asset, now Timestamp) {
	l, place := site.life, s.clockOf(site.about)
	if place.String() == l.days.place.String() {
		return
	}
	s.pending.touchSite(site)
	before := l.days.midnight(now)
	l.days = calendar{place: place}
	for _, key := range s.rules.groupKeys() { // those with members missing go by the hours of a site
		if group := s.byID[GroupID(key)]; group != nil {
			s.pending.mark(group)
		}
	}
	after := l.days.midnight(now)
	if before == after {
		return
	}
	facts := site.about.listed()
	facts.Shifted = now
	s.setFacts(site, &facts)
	l.shifted = now
	s.shift(site, before, after)
}

// shift moves the beginning of today, of a place and of all that is in it. What was counted since the old midnight
// goes on being today's: of a day that begins later it may be too much, which is the safe side, and of one that
// begins sooner what was yesterday's is missing. What is known to be of yesterday alone is dropped.
func (s *State) shift(a *asset, before, after Timestamp) {
	if t := a.total; t.At != 0 && (t.Day == before || t.Day > before && t.Day < after) {
		s.pending.touch(a, false)
		a.total.Day = after
	}
	for f, h := range a.feeds {
		if h != nil && h.before.Day == before && (after < before || h.before.Newest >= after) {
			s.pending.touchHistory(a, Feed(f))
			h.before.Day = after
		}
	}
	for _, c := range a.children {
		s.shift(c, before, after)
	}
}

// dayIsOlder tells whether a day began before the days of an asset's site came to begin by another clock.
func (a *asset) dayIsOlder(day Timestamp) bool {
	l := a.lifeOfSite()
	return l != nil && day <= l.shifted
}

// shiftedToday tells whether the day of an asset's site began by another clock than it goes on by.
func (e *evaluation) shiftedToday() bool {
	return e.site != nil && e.site.shifted >= e.days.midnight(e.now) && e.site.shifted != 0
}
