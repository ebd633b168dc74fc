package web

import (
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// Explanation is everything that there is to say about one asset at one moment, as JSON under
// /api/v1/explain.
type Explanation struct {
	Asset     gateway.AssetID `json:"asset"`
	Number    gateway.Number  `json:"number"`
	Kind      string          `json:"kind"`
	Name      string          `json:"name"`
	Given     string          `json:"given"` // Butlr's name
	CustomID  string          `json:"custom_id"`
	MAC       string          `json:"mac"`
	Parent    gateway.AssetID `json:"parent"`
	Path      []string        `json:"path"`
	Capacity  int             `json:"capacity"` // people; 0 is not known
	Quality   string          `json:"quality"`
	Points    []Point         `json:"points"`
	Feeds     []Feed          `json:"feeds"`
	Members   *Members        `json:"members"` // null where the asset is no aggregate
	Overrides []Override      `json:"overrides"`
	Site      Site            `json:"site"`
}

// Point is one measure of the asset.
type Point struct {
	Measure string `json:"measure"`
	Value   *int64 `json:"value"` // in the measure's unit; null while nobody knows
	At      Moment `json:"at"`    // when it was sensed
	Quality string `json:"quality"`
	Reason  string `json:"reason"`
	Code    int    `json:"reason_code"`
}

// Feed is what one feed of the asset said, and how alive it is.
type Feed struct {
	Feed    string     `json:"feed"`
	Counts  bool       `json:"counts"` // as evidence for the outputs
	Chosen  bool       `json:"chosen"` // of the two feeds of people: the one in use
	Life    string     `json:"life"`   // live, stale, dead or never
	Rule    string     `json:"rule"`   // minute or change: whether its own silence counts, or its site's
	Newest  Moment     `json:"newest"`
	StaleAt Moment     `json:"stale_at"`
	DeadAt  Moment     `json:"dead_at"`
	Window  []Revision `json:"window"`
	Before  Before     `json:"before"`
}

// Revision is what a feed said about one moment.
type Revision struct {
	At    Moment `json:"at"`
	ID    string `json:"id"`
	Value int32  `json:"value"`
}

// Before is what is still known of the time before the window. Its keys are in the order of a canonical
// text.
type Before struct {
	Day          Moment          `json:"day"`
	FirstClear   Moment          `json:"first_clear"`
	LastClear    Moment          `json:"last_clear"`
	LastMinute   Moment          `json:"last_minute"`
	LastPositive Moment          `json:"last_positive"`
	Minutes      int             `json:"minutes"`
	Newest       Moment          `json:"newest"`
	Outputs      map[string]Past `json:"outputs"`
	OutputsAt    Moment          `json:"outputs_at"`
	Peak         int             `json:"peak"`
	Sum          int             `json:"sum"`
}

// Past is where one output stood before the window.
type Past struct {
	On    bool   `json:"on"`
	Since Moment `json:"since"` // since when the evidence was positive without a break
}

// Members says what an aggregate was made of.
type Members struct {
	Total     int            `json:"total"`
	Qualities map[string]int `json:"qualities"`
	Coverage  float64        `json:"coverage"` // percent
	Missing   []string       `json:"missing"`  // named in the configuration, but no asset
}

// Site is the life of the asset's site.
type Site struct {
	ID          gateway.AssetID `json:"id"`
	Newest      Moment          `json:"newest"`
	MinuteFeeds int             `json:"minute_feeds"`
	Silence     *Silence        `json:"silence"` // null for none
	Hours       string          `json:"hours"`
	InUse       bool            `json:"in_use"`
	Timezone    string          `json:"timezone"`
}

// Silence is a time in which a site said nothing at all.
type Silence struct {
	From Moment `json:"from"`
	To   Moment `json:"to"`
}

// Explained returns the explanation for others to read. It shares nothing with what it was made from.
func Explained(e *gateway.Explanation) *Explanation {
	a := e.Asset
	out := &Explanation{
		Asset: a.ID, Number: e.Number, Kind: a.Kind.String(), Name: a.Name, Given: a.Given, CustomID: a.CustomID,
		MAC: a.MAC, Parent: a.Parent, Path: append([]string{}, a.Path...), Capacity: a.Capacity, Quality: e.Quality.String(),
		Points: []Point{}, Feeds: []Feed{}, Overrides: []Override{}, Site: siteOf(&e.Site),
	}
	for i := range e.Points {
		out.Points = append(out.Points, pointOf(&e.Points[i]))
	}
	for i := range e.Feeds {
		out.Feeds = append(out.Feeds, feedOf(&e.Feeds[i]))
	}
	for i := range e.Overrides {
		out.Overrides = append(out.Overrides, OverrideOf(&e.Overrides[i]))
	}
	if m := e.Members; m != nil {
		out.Members = &Members{
			Total: m.Total, Qualities: qualitiesOf(&m.Qualities), Coverage: float64(m.Coverage) / 10,
			Missing: append([]string{}, m.Missing...),
		}
	}
	return out
}

func pointOf(p *gateway.PointExplanation) Point {
	out := Point{
		Measure: p.Measure.String(), At: Moment(p.Reading.At), Quality: p.Reading.Quality.String(),
		Reason: p.Reason, Code: int(p.Code),
	}
	if p.Reading.Known {
		out.Value = new(p.Reading.Value)
	}
	return out
}

var feedNames = [gateway.FeedCount]string{"people", "people_1min", "motion", "traffic"}

func feedOf(f *gateway.FeedExplanation) Feed {
	out := Feed{
		Feed: feedNames[f.Feed], Counts: f.Counts, Chosen: f.Chosen, Life: f.Life, Rule: f.Rule,
		Newest: Moment(f.Newest), StaleAt: Moment(f.StaleAt), DeadAt: Moment(f.DeadAt),
		Window: make([]Revision, len(f.History.Window)), Before: beforeOf(&f.History.Before),
	}
	for i, e := range f.History.Window {
		out.Window[i] = Revision{Moment(e.At), e.ID.String(), e.Value}
	}
	return out
}

func beforeOf(b *gateway.Before) Before {
	out := Before{
		LastPositive: Moment(b.LastPositive), FirstClear: Moment(b.FirstClear), LastClear: Moment(b.LastClear),
		Newest: Moment(b.Newest), Sum: b.Sum, Day: Moment(b.Day), Peak: b.Peak, Minutes: b.Minutes,
		LastMinute: Moment(b.LastMinute * time.Minute.Milliseconds()), OutputsAt: Moment(b.Output.At), Outputs: map[string]Past{},
	}
	if b.Output.At != 0 {
		for o := range gateway.Output(gateway.OutputCount) {
			out.Outputs[o.String()] = Past{b.Output.On[o], Moment(b.Output.Since[o])}
		}
	}
	return out
}

func siteOf(s *gateway.SiteExplanation) Site {
	out := Site{
		ID: s.ID, Newest: Moment(s.Newest), MinuteFeeds: s.MinuteFeeds, Hours: s.Hours, InUse: s.InUse, Timezone: s.Timezone,
	}
	if s.Silence != (gateway.Silence{}) {
		out.Silence = &Silence{Moment(s.Silence.From), Moment(s.Silence.To)}
	}
	return out
}

func qualitiesOf(counts *[gateway.QualityCount]int) map[string]int {
	out := make(map[string]int, len(counts))
	for q, n := range slices.All(counts[:]) {
		out[gateway.Quality(q).String()] = n
	}
	return out
}
