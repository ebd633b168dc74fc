package gateway

import (
	"cmp"
	"slices"
)

// locate returns the assets on an event's path, as placeKinds lists them, and brings the new ones into
// being, top down. The event has been admitted.
func (s *State) locate(e *Event, now Timestamp) [6]*asset {
	var found [6]*asset
	var around *asset
	for i, p := range e.Path.places() {
		if p.ID == "" {
			continue
		}
		a := s.byID[p.ID]
		if a == nil {
			a = s.create(p.ID, placeKinds[i], p.CustomID, now)
		}
		s.describe(a, p, around, e.At)
		found[i], around = a, a
	}
	return found
}

// create gives a new asset its number: that which it is pinned to, else the lowest that was never used.
// custom is the customer's own id of it, "" if it is not known.
func (s *State) create(id AssetID, kind Kind, custom string, now Timestamp) *asset {
	number := s.pinOf(id, custom)
	if number == NoNumber || !s.vacant(number) {
		number = s.free()
	}
	return s.enter(Asset{ID: id, Kind: kind, Number: number, Appended: s.appends(now)}, custom)
}

// enter makes a new asset part of the state.
func (s *State) enter(about Asset, custom string) *asset {
	a := &asset{facts: facts{about: s.overlay(about), unknown: s.isUnknown(&about, custom)}}
	s.place(a)
	s.pending.touch(a, true)
	s.redescribe(a)
	s.pinsStale = true
	return a
}

// place enters an asset under its id and number.
func (s *State) place(a *asset) {
	s.seat(a)
	s.byID[a.about.ID] = a
	if a.unknown {
		s.unknown++
	}
	if a.about.Kind == Site {
		a.site, a.life = a, s.newLife(a.about)
	}
	if a.about.Kind <= Floor || a.about.Kind == Group {
		a.sum = new(tally)
	}
	a.settings = s.resolve(a)
	s.nameCustom(a)
	s.countTags(a.about, 1)
	s.listSensor(a)
}

// seat enters an asset under its number.
func (s *State) seat(a *asset) {
	n := a.about.Number
	if missing := int(n) + 1 - len(s.assets); missing > 0 {
		s.assets = append(s.assets, make([]*asset, missing)...)
	}
	s.assets[n] = a
	for s.at(s.lowest) != nil {
		s.lowest++
	}
}

// nameCustom enters an asset under the customer's own id. Who shares it is named by it no more.
func (s *State) nameCustom(a *asset) {
	if id := a.about.CustomID; id != "" {
		s.custom[id] = append(s.custom[id], a)
		s.moveNamesakes(id)
	}
}

// moveNamesakes has what is named by an id of the customer's worked out anew: whether it is one asset's alone
// has changed.
func (s *State) moveNamesakes(id string) {
	for _, a := range s.custom[id] {
		s.pending.move(a)
	}
}

func (s *State) unnameCustom(a *asset, id string) {
	if id == "" {
		return
	}
	s.custom[id] = slices.DeleteFunc(s.custom[id], func(other *asset) bool { return other == a })
	if len(s.custom[id]) == 0 {
		delete(s.custom, id)
	}
	s.moveNamesakes(id)
}

// displace takes back what place did.
func (s *State) displace(a *asset) {
	s.assets[a.about.Number] = nil
	delete(s.byID, a.about.ID)
	s.unnameCustom(a, a.about.CustomID)
	s.countTags(a.about, -1)
	if a.unknown {
		s.unknown--
	}
	s.lowest = min(s.lowest, a.about.Number)
}

// detail is one thing that events say of a place.
type detail uint8

const (
	givenName detail = iota
	parentPlace
	customID
	macAddress
	detailCount = iota
)

// details returns what is known of each detail.
func (a *Asset) details() [detailCount]string {
	return [detailCount]string{givenName: a.Given, parentPlace: string(a.Parent), customID: a.CustomID, macAddress: a.MAC}
}

// describe takes over what an event says of a place. Of each detail the newest event that says it counts,
// and of two of one moment the greater text, so that order never matters. Where a place lies says an event that
// names the smallest place around it: one that leaves out its room does not move a zone out of there.
func (s *State) describe(a *asset, p *Place, around *asset, at Timestamp) {
	parent := ""
	if around != nil {
		parent = string(around.about.ID)
	}
	about := a.about
	said := [detailCount]string{p.Name, parent, p.CustomID, p.MAC}
	known := about.details()
	changed := false
	for d, text := range said {
		closer := 0
		if detail(d) == parentPlace {
			closer = s.closer(around, about.Parent)
		}
		if known[d] != "" && at <= about.listed().At {
			continue // an inventory has told since, of whatever place
		}
		if text == "" || closer < 0 || closer == 0 && (at < a.told[d] || at == a.told[d] && text <= known[d]) {
			continue
		}
		s.pending.touch(a, false)
		a.told[d] = at
		if text != known[d] {
			known[d], changed = text, true
		}
	}
	if !changed {
		return
	}
	s.retell(a, known, around, at)
	s.redescribe(a)
}

// retell gives an asset's description other details; around is the place that it lies in then. What follows from
// them is for redescribe.
func (s *State) retell(a *asset, known [detailCount]string, around *asset, at Timestamp) {
	about := a.about
	next := *about
	next.Given, next.Parent, next.CustomID, next.MAC = known[givenName], AssetID(known[parentPlace]), known[customID], known[macAddress]
	next.Told = max(at, about.Told)
	if next.CustomID != about.CustomID {
		s.unnameCustom(a, about.CustomID)
	}
	a.about = &next
	if next.CustomID != about.CustomID {
		s.nameCustom(a)
		s.judgeUnknown(a)
		s.pending.move(a)
		s.pinsStale = true
	}
	if next.MAC != about.MAC {
		s.listSensor(a)
	}
	if next.Parent != about.Parent {
		s.attach(a, around)
	}
}

// closer tells whether a place is of a smaller kind than another, 1, or of a larger one, -1. Any place is closer
// than none.
func (s *State) closer(place *asset, than AssetID) int {
	other := s.byID[than]
	switch {
	case place == nil:
		return 0
	case other == nil:
		return 1
	}
	return cmp.Compare(place.about.Kind, other.about.Kind)
}

// attach puts an asset into the place around it; a place can not lie in itself.
func (s *State) attach(a, around *asset) {
	for up := around; up != nil; up = up.parent {
		if up == a {
			return
		}
	}
	if old := a.parent; old != nil {
		s.pending.touch(old, false)
		old.children = slices.DeleteFunc(slices.Clone(old.children), func(c *asset) bool { return c == a })
	}
	a.parent = around
	if around != nil {
		s.pending.touch(around, false)
		around.children = append(around.children, a)
	}
}

// redescribe works out what follows from an asset's description and that of the places around it, for
// itself and for everything in it. Its cost is that of a rename, not of an event.
func (s *State) redescribe(a *asset) {
	s.pending.touch(a, false)
	about := *s.overlay(*a.about)
	about.Path = nil
	if a.parent != nil {
		about.Path = a.parent.pathInside()
		if about.Parent == a.parent.about.ID {
			about.Parent = a.parent.about.ID // the same text, kept once
		}
	}
	s.join(a)
	about.Site, about.Clock.Location = "", s.days(a).place
	if a.site != nil {
		about.Site = a.site.about.ID
	}
	a.about = &about
	s.setSettings(a, s.resolve(a))
	s.pending.move(a)
	for _, c := range a.children {
		s.redescribe(c)
	}
}

// setSettings gives an asset other settings, with what follows from them for its feeds.
func (s *State) setSettings(a *asset, settings *Settings) {
	before := a.settings
	a.settings = settings
	if before == settings {
		return
	}
	for f, h := range a.feeds {
		if h != nil && settings.windowOf(Feed(f)) < before.windowOf(Feed(f)) {
			s.pending.touchHistory(a, Feed(f))
			s.prune(a, Feed(f))
		}
	}
	if before.Feed == settings.Feed || a.site == nil {
		return
	}
	a.settings = before
	rhythm := a.rhythmCount()
	a.settings = settings
	s.addRhythm(a.site, a.rhythmCount()-rhythm)
	for f, h := range a.feeds {
		switch {
		case h == nil:
		case a.hasRhythm(Feed(f)):
			a.site.life.start(0, h.started())
			s.list(a.site)
		default:
			s.follow(a)
		}
	}
	if rhythm > 0 && a.rhythmCount() == 0 {
		s.findStarts(a.site)
	}
}

// pathInside returns the names around what lies in an asset: one list for all of that.
func (a *asset) pathInside() []string {
	outside, label := a.about.Path, a.about.Label()
	if len(a.children) > 0 {
		known := a.children[0].about.Path
		if n := len(outside); len(known) == n+1 && known[n] == label && slices.Equal(known[:n], outside) {
			return known
		}
	}
	return append(slices.Clip(slices.Clone(outside)), label)
}

// join makes an asset part of the site that the place around it is part of.
func (s *State) join(a *asset) {
	if a.about.Kind == Site {
		return
	}
	var site *asset
	if a.parent != nil {
		site = a.parent.site
	}
	if site == a.site {
		return
	}
	left := a.site
	s.leaveSite(a)
	a.site = site
	s.enterSite(a)
	if left != nil && a.rhythmCount() > 0 {
		s.findStarts(left)
	}
}

// overlay returns the description with what the operator said of the asset laid over what others did.
func (s *State) overlay(about Asset) *Asset {
	about.Name, about.Capacity = s.saidOf(&about)
	return &about
}

// saidOf returns what the operator said of an asset: its name, else Butlr's, and its capacity, else the inventory's.
func (s *State) saidOf(about *Asset) (name string, capacity int) {
	if about.Kind == Group {
		rule := s.rules.Groups[about.ID.groupKey()]
		return rule.Name, rule.Capacity
	}
	rule, _ := s.rules.asset(about.ID, about.CustomID)
	return cmp.Or(rule.Name, about.Given), cmp.Or(rule.Capacity, about.listed().Capacity)
}
