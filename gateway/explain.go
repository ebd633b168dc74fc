package gateway

import (
	"fmt"
	"slices"
	"time"
)

// Explanation is everything that there is to say about one asset at one moment.
type Explanation struct {
	Asset     *Asset
	Quality   Quality
	Number    Number
	Heard     bool                // false: it has no age, because nothing was ever heard
	Age       time.Duration       // of the oldest feed behind the answer
	OffDelay  time.Duration       // until the HVAC output turns off; 0 while no off-delay runs
	Points    []PointExplanation  // of every measure that it has, and of those that every asset could have
	Feeds     []FeedExplanation   // the evidence: of each feed that was ever heard, or that counts
	Traffic   *TrafficExplanation // nil where nobody was ever counted in or out
	Members   *MembersExplanation // of an aggregate; nil else
	Settings  []SettingExplanation
	Overrides []Override
	Devices   []DeviceHealth // sensors and hives that serve it, as far as Butlr told of their health
	Site      SiteExplanation
}

// PointExplanation is one point: its value, and why.
type PointExplanation struct {
	Measure Measure
	Reading Reading
	Reason  string // a sentence, with the times of day of the asset's site
	Code    ReasonCode
	Doubt   string // why its quality is no better; "" where it is good, or the reason says so
}

// FeedExplanation is one feed: what of its evidence is kept, and how alive it is.
type FeedExplanation struct {
	Feed      Feed
	Counts    bool   // as evidence for the outputs
	Chosen    bool   // of the two feeds of people: the one in use
	Life      string // "live", "stale", "dead", "never"
	Rule      string // "minute" or "change": whether its own silence counts, or its site's
	Freshness string // the same in words: what its silence means, and when
	Newest    Timestamp
	StaleAt   Timestamp // when silence makes it so; 0 never
	DeadAt    Timestamp
	History   History
}

// SiteExplanation is the life of a site.
type SiteExplanation struct {
	ID          AssetID
	Name        string
	Newest      Timestamp
	MinuteFeeds int          // of its assets
	Heartbeat   bool         // it has so many of them that its silence is a loss
	Polled      bool         // Butlr is asked how its sensors are, which is the heartbeat of a site without another
	Sensors     int          // of which Butlr has told
	Offline     int          // of them
	Silence     Silence      // the newest that was a loss by the asset's dead_after; the zero Silence for none
	Starts      [2]Timestamp // when the first of those feeds were first heard
	Minutes     string       // a digest of the minutes in which it was heard
	Hours       string       // "" if it has none
	InUse       bool         // inside its hours, or it has none
	Timezone    string
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
	now := s.clock.now(i)
	var snapshot Snapshot
	s.evaluate(a, now, &snapshot)
	e := &s.work
	x := &Explanation{
		Asset: a.about, Number: a.about.Number, Quality: snapshot.Quality, Overrides: snapshot.Overrides,
		Points: e.explainPoints(), Site: s.explainSite(a, e), Settings: s.explainSettings(a), Devices: s.DevicesOf(id),
	}
	if s.outOfService(a) {
		return x
	}
	x.Feeds, x.Traffic = e.explainFeeds(), s.explainTraffic(a)
	x.Age, x.Heard = s.ageOf(&snapshot, a, now)
	if snapshot.OffDelayEnds != 0 {
		x.OffDelay = max(0, snapshot.OffDelayEnds.Sub(now))
	}
	if snapshot.Coverage >= 0 {
		x.Members = s.explainMembers(a, now, snapshot.Coverage)
	}
	return x
}

// ageOf tells how old the oldest feed behind an answer is.
func (s *State) ageOf(snapshot *Snapshot, a *asset, now Timestamp) (time.Duration, bool) {
	oldest := snapshot.Oldest
	if snapshot.FollowsSite {
		for _, site := range s.sitesOf(a) {
			oldest = earlier(oldest, site.life.heard)
		}
	}
	return max(0, now.Sub(oldest)), oldest != 0
}

// sitesOf lists the sites that an asset is as alive as: its own, or any for one that lies in none.
func (s *State) sitesOf(a *asset) []*asset {
	if a.site != nil {
		return []*asset{a.site}
	}
	var out []*asset
	for _, other := range s.assets {
		if other != nil && other.life != nil {
			out = append(out, other)
		}
	}
	return out
}

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
		x := FeedExplanation{
			Feed: f, Counts: counts, Chosen: v == e.people, Rule: "minute", Life: "never", Freshness: e.freshness(v),
			Newest: v.newest, StaleAt: v.liveUntil, DeadAt: v.deadAt,
		}
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

// freshness says which rule tells how alive a feed is.
func (e *evaluation) freshness(v *evidence) string {
	s := e.settings
	loss := " is stale after " + brief(s.StaleAfter) + ", a loss after " + brief(s.DeadAfter)
	switch {
	case !v.change:
		return "its own silence" + loss
	case e.site != nil && e.site.hasPulse() && e.beat != nil:
		return "its site's silence" + loss + "; and so is a time in which its sensors are all offline"
	case e.site != nil && e.site.hasPulse():
		return "its site's silence" + loss
	case e.beat != nil:
		return "its sensors' health: that all are offline" + loss + "; without a sign of life it is uncertain after " + brief(s.ChangeUncertainAfter)
	}
	return "its site has no heartbeat: silence is no loss, and uncertain after " + brief(s.ChangeUncertainAfter)
}

func (s *State) explainSite(a *asset, e *evaluation) SiteExplanation {
	x := SiteExplanation{ID: a.about.Site, InUse: e.inUse(e.now), Timezone: e.days.place.String()}
	if l := e.site; l != nil {
		x.Newest, x.MinuteFeeds, x.Heartbeat, x.Silence, x.Starts = l.heard, l.minuteFeeds, l.hasPulse(), l.lastBeyond(a.settings.DeadAfter), l.starts
	}
	if a.site != nil {
		x.Name = a.site.about.Label()
		s.explainBeat(&x)
	}
	if a.life != nil {
		x.Minutes = a.life.minutesDigest()
	}
	if e.hours != nil {
		x.Hours = e.hours.String()
	}
	return x
}

// minutesDigest stands for when a site was heard of: two sites that were heard in the same seconds have the
// same.
func (l *siteLife) minutesDigest() string {
	d := digest(l.last)
	for m := max(1, l.last-l.kept()+1); m <= l.last; m++ {
		if said := l.at(m); said.first != 0 {
			d = d.with(uint64(m)<<16 | uint64(said.first)<<8 | uint64(said.last))
		}
	}
	return fmt.Sprintf("%016x", uint64(d))
}

// Sites tells of the life of every site, in the order of numbers.
func (s *State) Sites(i Instant) []SiteExplanation {
	var out []SiteExplanation
	for _, a := range s.assets {
		if a == nil || a.life == nil {
			continue
		}
		now := s.clock.now(i)
		out = append(out, SiteExplanation{
			ID: a.about.ID, Name: a.about.Label(), Newest: a.life.heard, MinuteFeeds: a.life.minuteFeeds,
			Heartbeat: a.life.hasPulse(), Silence: a.life.lastBeyond(a.settings.DeadAfter), Timezone: a.life.days.place.String(),
			InUse: a.life.hours == nil || a.life.hours.Inside(now, a.life.days.place),
		})
		s.explainBeat(&out[len(out)-1])
		if a.life.hours != nil {
			out[len(out)-1].Hours = a.life.hours.String()
		}
	}
	return out
}

// Contents is what a state has, without what it says.
type Contents struct {
	Assets     []AssetID    // from each site inwards, then the groups
	Remembered int          // TRAFFIC events that would not be counted again
	Digest     IncrementKey // of them: two states that remember the same have the same
	Alive      Timestamp    // when the process before was last known to be alive; 0 never
}

// Contents lists the assets in an order that follows from what events said of them.
func (s *State) Contents() Contents {
	c := Contents{Assets: make([]AssetID, 0, len(s.byID)), Remembered: s.counted.count, Alive: s.seen}
	var outermost, groups []*asset
	for _, a := range s.assets {
		switch {
		case a == nil:
		case a.about.Kind == Group:
			groups = append(groups, a)
		case a.parent == nil:
			outermost = append(outermost, a)
		}
	}
	c.add(outermost)
	c.add(groups)
	for _, hour := range s.counted.hours {
		for key := range hour {
			for i := range c.Digest {
				c.Digest[i] ^= key[i]
			}
		}
	}
	return c
}

// add adds assets, and below each of them what lies in it.
func (c *Contents) add(beside []*asset) {
	for _, a := range slices.SortedFunc(slices.Values(beside), topDown) {
		c.Assets = append(c.Assets, a.about.ID)
		c.add(a.children)
	}
}

// brief returns a duration without parts that are zero.
func brief(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(text) - len(zero); n > 0 && text[n:] == zero {
			text = text[:n+1]
		}
	}
	return text
}
