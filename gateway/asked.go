package gateway

// Told is something of which events came, and of which Butlr can be asked what was missed.
type Told struct {
	Subject Kind // Floor, Room or Zone, of which people were told; Sensor, which people passed
	Path    Path // to it, of ids only: an event of this path describes nothing anew
	Site    Number
}

// Told lists what may be asked for again: each floor, room and zone of which a count of people was ever told, and
// each sensor that people passed. What was never told is not in it: an answer would bring a feed into being that
// nothing renews, and whose silence would soon be a loss. Nor is a single count that would get a second feed, and give a
// heartbeat to a site that has none. Neither is what is out of service or lies in no site that is known, nor that of
// which no events are wanted.
func (s *State) Told() []Told {
	var out []Told
	for _, a := range s.assets {
		if a == nil || a.site == nil || s.outOfService(a) {
			continue
		}
		t := Told{Subject: a.about.Kind, Site: a.site.about.Number}
		switch {
		case t.Subject == Sensor && a.total.At != 0:
		case Floor <= t.Subject && t.Subject <= Zone && a.mayBeTold():
		default:
			continue
		}
		for up := a; up != nil; up = up.parent {
			if k := up.about.Kind; Site <= k && k <= Sensor {
				t.Path.places()[k-Site].ID = up.about.ID
			}
		}
		if s.accepts(&Event{Path: t.Path, Origin: Reconciled}) {
			out = append(out, t)
		}
	}
	return out
}

// mayBeTold tells whether a count for the minute would bring nothing into being that events did not.
func (a *asset) mayBeTold() bool {
	return a.feeds[PeopleMinuteFeed] != nil || a.feeds[PeopleFeed] != nil && (a.site.life.hasPulse() || !a.hasRhythm(PeopleMinuteFeed))
}

// Passed adds up who passed a sensor between two moments, the second of which is no part of it, as far as events told
// it since the start. ok is false where that is not known any more: so many newer events came.
func (s *State) Passed(id AssetID, from, until Timestamp) (in, out int, ok bool) {
	a := s.byID[id]
	if a == nil {
		return 0, 0, true
	}
	next := a.newestEvent
	for next != 0 {
		e := s.recent.at(next)
		if e == nil {
			return in, out, false
		}
		if e.kind == Traffic && e.fate == Accepted && e.at >= from && e.at < until {
			in, out = in+int(e.values[0]), out+int(e.values[1])
		}
		next = e.before
	}
	return in, out, true
}

// ID returns what it is.
func (t *Told) ID() AssetID { return t.Path.places()[t.Subject-Site].ID }

// Heartbeat tells whether a site has so many feeds that speak every minute that its silence is a loss.
func (s *State) Heartbeat(site AssetID) bool {
	a := s.byID[site]
	return a != nil && a.life != nil && a.life.hasPulse()
}

// Numbered describes the asset that has a number, nil if none has it. It may be kept.
func (s *State) Numbered(n Number) *Asset {
	if a := s.at(n); a != nil {
		return a.about
	}
	return nil
}
