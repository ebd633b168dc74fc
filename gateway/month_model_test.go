package gateway

import (
	"slices"
	"time"
)

// monthModel is the reference for somebody who asks it two thousand times in a month. It says the same,
// but what the events add up to grows with each of them instead of being worked out from all of them, and
// every hour it forgets what can no longer be told from never having been:
//
// Revisions older than a day of 25 hours and a little, counted from their feed's newest, which stays however
// old it is. The measures of today look back that far; latches, delays and windows look back less; and what
// an output was on a day before cannot matter, because every place is empty for longer than any off-delay
// each night. Of clear revisions in a row all but the first and the last: they end and begin nothing, and
// are no minutes and no peak of a day. Late ones and corrections come within monthSettles. Passings of older
// days are added up in one. Of when a site was heard of, what came before its latest loss, and what does
// not bound a silence. The ids of passings, and when a feed was first heard, stay for ever.
//
// [TestTheMonthsModelIsTheReference] compares it with the reference that keeps everything.
type monthModel struct {
	*reference
	settled map[AssetID]bool // assets whose site and settings are known
	counted map[[2]string]bool
}

const (
	monthKept    = 26 * time.Hour
	monthSettles = time.Hour        // after which nothing comes late any more
	monthPulse   = 5 * time.Minute  // a site that spoke this often was not silent
	monthSilence = 21 * time.Minute // of more than that every site's feeds die
)

func newMonthModel(rules Rules, start Timestamp) *monthModel {
	r := newReference(rules, start, 0)
	r.world = &referenceWorld{assets: make(map[AssetID]*referenceAsset), sites: make(map[AssetID]*referenceSite)}
	return &monthModel{r, make(map[AssetID]bool), make(map[[2]string]bool)}
}

// take takes over an event, in the steps in which [reference.look] takes over all of them. Assets stay where
// they are and keep their custom ids.
func (m *monthModel) take(e *Event) {
	w := m.world
	w.locate(e)
	places, _ := referencePlaces(e.Path)
	for _, p := range places {
		if a := w.assets[p.ID]; !m.settled[p.ID] {
			m.settled[p.ID] = true
			a.site = w.siteOf(a)
			a.settings = m.rules.For(a.id, a.kind, a.site, a.custom)
		}
	}
	w.hear(e)
	site := w.sites[e.Path.Site.ID]
	if n := len(site.heard); n > 1 && site.heard[n-1] < site.heard[n-2] {
		slices.Sort(site.heard)
	}
	if e.Type == Traffic {
		if key := [2]string{string(e.Path.Sensor.ID), e.ID}; !m.counted[key] {
			m.counted[key] = true
			w.count(e)
		}
		return
	}
	a := w.assets[referenceSubject(e)]
	first := e.Type == Occupancy && len(a.revisions[PeopleFeed]) == 0 || e.Type == OccupancyMinute && len(a.revisions[PeopleMinuteFeed]) == 0
	w.merge(e)
	if first && a.settings.Feed == FeedMinute {
		site.minuteFeeds++
		site.starts = append(site.starts, e.At)
	}
}

// forget lets go of what can no longer be told from never having been.
func (m *monthModel) forget(now Timestamp) {
	for _, a := range m.world.assets {
		l := &referenceLook{settings: a.settings}
		for f := range a.revisions {
			a.revisions[f] = withoutOldRevisions(a.revisions[f], now)
			if Feed(f) != MotionFeed {
				a.revisions[f] = l.withoutQuietRevisions(a.revisions[f])
			}
		}
		a.passed = sumOfOldPassings(a.passed)
	}
	for _, s := range m.world.sites {
		s.heard = withoutPulse(s.heard, now)
	}
}

func withoutOldRevisions(revisions []referenceRevision, now Timestamp) []referenceRevision {
	if len(revisions) == 0 {
		return nil
	}
	old := min(now, revisions[len(revisions)-1].At).Add(-monthKept)
	return slices.DeleteFunc(revisions, func(r referenceRevision) bool { return r.At < old })
}

// withoutQuietRevisions leaves out the clear ones between two clear ones.
func (l *referenceLook) withoutQuietRevisions(revisions []referenceRevision) []referenceRevision {
	quiet := func(i int) bool {
		_, clear := l.verdict(revisions[i].Value)
		return clear
	}
	kept := revisions[:0:0]
	for i, r := range revisions {
		settled := revisions[len(revisions)-1].At.Sub(r.At) > monthSettles
		if settled && i > 0 && i+1 < len(revisions) && quiet(i-1) && quiet(i) && quiet(i+1) {
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// sumOfOldPassings puts one passing in the place of the old ones.
func sumOfOldPassings(passed []referencePassing) []referencePassing {
	if len(passed) == 0 {
		return nil
	}
	old, n := passed[len(passed)-1].At.Add(-monthKept), 0
	var sum referencePassing
	for n < len(passed) && passed[n].At < old {
		sum = referencePassing{passed[n].At, sum.In + passed[n].In, sum.Out + passed[n].Out}
		n++
	}
	if n == 0 {
		return passed
	}
	return append([]referencePassing{sum}, passed[n:]...)
}

// withoutPulse leaves out the moments between two others that lie no farther apart than a pulse, and all
// before the latest loss. Both ends of every silence after it stay.
func withoutPulse(heard []Timestamp, now Timestamp) (kept []Timestamp) {
	for i, at := range heard {
		switch n := len(kept); {
		case n > 0 && at.Sub(kept[n-1]) > monthSilence && now.Sub(at) > monthSettles:
			kept = kept[n-1:]
		case n > 0 && i+1 < len(heard) && heard[i+1].Sub(kept[n-1]) <= monthPulse:
			continue
		}
		kept = append(kept, at)
	}
	return kept
}
