package gateway

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Explanation is everything that there is to say about one asset at one moment.
type Explanation struct {
	Asset     *Asset
	Quality   Quality
	Number    Number
	Points    []PointExplanation  // of every measure that the asset has
	Feeds     []FeedExplanation   // the evidence: of each feed that was ever heard, or that counts
	Members   *MembersExplanation // of an aggregate; nil else
	Overrides []Override
	Site      SiteExplanation
}

// PointExplanation is one point: its value, and why.
type PointExplanation struct {
	Measure Measure
	Reading Reading
	Reason  string // a sentence, with the times of day of the asset's site
	Code    ReasonCode
}

// FeedExplanation is one feed: what of its evidence is kept, and how alive it is.
type FeedExplanation struct {
	Feed    Feed
	Counts  bool   // as evidence for the outputs
	Chosen  bool   // of the two feeds of people: the one in use
	Life    string // "live", "stale", "dead", "never"
	Rule    string // "minute" or "change": whether its own silence counts, or its site's
	Newest  Timestamp
	StaleAt Timestamp // when silence makes it so; 0 never
	DeadAt  Timestamp
	History History
}

// MembersExplanation says what an aggregate was made of.
type MembersExplanation struct {
	Total     int
	Qualities [QualityCount]int
	Coverage  int      // 0.1 %
	Missing   []string // members named in the configuration that no asset is
}

// SiteExplanation is the life of the asset's site.
type SiteExplanation struct {
	ID          AssetID
	Newest      Timestamp
	MinuteFeeds int // its silence is a loss from two on
	Silence     Silence
	Hours       string // "" if it has none
	InUse       bool   // inside its hours, or it has none
	Timezone    string
}

// Find returns the asset that a name means, as the configuration and commands write it: Butlr's id,
// "custom:" and the customer's own, or "group:" and a group's key. An error says what to do.
func (s *State) Find(name string) (AssetID, error) {
	if a := s.lookUp(name); a != nil {
		return a.about.ID, nil
	}
	if custom, ok := strings.CutPrefix(name, customPrefix); ok {
		if named := s.custom[custom]; len(named) > 1 {
			return "", fmt.Errorf("finding %s: %d assets have that id, among them %s and %s; use Butlr's id", name, len(named), named[0].about.ID, named[1].about.ID)
		}
	}
	return "", fmt.Errorf("finding %s: there is no such asset; \"butlr-gateway points list\" shows those that are known", name)
}

// Location returns the time zone of an asset's site.
func (s *State) Location(id AssetID) *time.Location {
	if a := s.byID[id]; a != nil {
		return s.days(a).place
	}
	return s.rules.Location
}

// Explain says everything about an asset; nil if there is none of that id.
func (s *State) Explain(i Instant, id AssetID) *Explanation {
	a := s.byID[id]
	if a == nil {
		return nil
	}
	var snapshot Snapshot
	s.evaluate(a, s.clock.now(i), &snapshot)
	x := &Explanation{
		Asset: a.about, Number: a.about.Number, Quality: snapshot.Quality, Overrides: snapshot.Overrides,
		Points: s.work.explainPoints(), Feeds: s.work.explainFeeds(), Site: s.explainSite(a, &s.work),
	}
	if snapshot.Coverage >= 0 {
		x.Members = s.explainMembers(a, snapshot.Coverage)
	}
	return x
}

// explainPoints says of each point why it is what it is.
func (e *evaluation) explainPoints() []PointExplanation {
	var out []PointExplanation
	for m := range Measure(MeasureCount) {
		if !e.out.Has.Has(m) {
			continue
		}
		code, sentence := e.explainPoint(m)
		out = append(out, PointExplanation{Measure: m, Reading: e.out.Readings[m], Reason: sentence, Code: code})
	}
	return out
}

func (e *evaluation) explainPoint(m Measure) (ReasonCode, string) {
	place := e.days.place
	r := e.out.Readings[m]
	at := func(words string) string { return words + " at " + r.At.Time().In(place).Format(time.DateTime) }
	switch m {
	case Occupied, HVAC:
		return e.out.Reason.Code, e.out.Reason.Text(place)
	case Lighting, Ventilation:
		reason := e.answers[m-Lighting].reason
		return reason.Code, reason.Text(place)
	}
	if r.Quality == Forced {
		reason := Reason{Code: ReasonForced, By: e.inForce(TargetPeople)}
		return reason.Code, reason.Text(place)
	}
	switch {
	case m == People && e.out.Estimate:
		return ReasonTrafficEstimate, "no feed of people: in less out since midnight"
	case e.asset.sum != nil && e.out.Coverage >= 0 && (m == People && (e.people == nil || e.people.life == feedDead) || m == Motion):
		return ReasonMembers, "from its members"
	case m == People:
		return ReasonPeople, at(feedWords[e.people.feed])
	case m == Motion && !r.Known:
		return ReasonLatchEnded, at("motion never ended, too long ago to tell; it began")
	case m == Motion:
		return ReasonMotion, at("the PIR")
	case m == TrafficIn || m == TrafficOut:
		return ReasonNoData, at("counted since commissioning, last")
	case m == TrafficEstimate:
		return ReasonTrafficEstimate, "in less out since midnight"
	case m == PeakToday || m == OccupiedMinutesToday:
		return ReasonNoData, "since midnight in " + place.String()
	}
	return ReasonNoData, at("last")
}

var feedWords = [FeedCount]string{"the raw count", "the minute's count", "motion", "traffic"}

// String returns the feed's name for people.
func (f Feed) String() string {
	return [FeedCount]string{"people", "people_1min", "motion", "traffic"}[f]
}

// explainFeeds lists the evidence.
func (e *evaluation) explainFeeds() []FeedExplanation {
	var out []FeedExplanation
	for f := range Feed(FeedCount) {
		v := &e.feeds[f]
		counts := slices.Contains(e.counted, v)
		if v.history == nil && !counts {
			continue
		}
		x := FeedExplanation{Feed: f, Counts: counts, Chosen: v == e.people, Rule: "minute", Life: "never", Newest: v.newest, StaleAt: v.liveUntil, DeadAt: v.deadAt}
		if v.change {
			x.Rule = "change"
		}
		if v.history != nil {
			x.Life = [...]string{feedDead: "dead", feedStale: "stale", feedLive: "live"}[v.life]
			x.History = v.history.export(e.asset.about.Number, f)
			x.History.Window = slices.Clone(x.History.Window)
		}
		out = append(out, x)
	}
	return out
}

func (s *State) explainSite(a *asset, e *evaluation) SiteExplanation {
	x := SiteExplanation{ID: a.about.Site, InUse: e.inUse(e.now), Timezone: e.days.place.String()}
	if l := e.site; l != nil {
		x.Newest, x.MinuteFeeds, x.Silence = l.heard, l.minuteFeeds, l.silence
	}
	if e.hours != nil {
		x.Hours = e.hours.String()
	}
	return x
}

func (s *State) explainMembers(a *asset, coverage int) *MembersExplanation {
	x := &MembersExplanation{Total: len(a.sum.roll) + a.sum.absent.members, Coverage: coverage}
	for _, m := range a.sum.roll {
		x.Qualities[m.member.shown.quality]++
	}
	if a.about.Kind == Group {
		for _, name := range s.groups.named[a.about.ID.groupKey()] {
			if s.lookUp(name) == nil {
				x.Missing = append(x.Missing, name)
			}
		}
	}
	return x
}
