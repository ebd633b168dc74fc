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
	Capacity  int             `json:"capacity"`  // people; 0 is not known
	Inventory *Inventory      `json:"inventory"` // null where no inventory named it
	Quality   string          `json:"quality"`
	Age       *int64          `json:"age_seconds"` // of the oldest feed behind the answer; null if nothing was ever heard
	OffDelay  int64           `json:"off_delay_seconds"`
	Points    []Point         `json:"points"`
	Feeds     []Feed          `json:"feeds"`
	Traffic   *Traffic        `json:"traffic"` // null where nobody was ever counted in or out
	Settings  []Setting       `json:"settings"`
	Members   *Members        `json:"members"` // null where the asset is no aggregate
	Overrides []Override      `json:"overrides"`
	Devices   []Device        `json:"devices"` // sensors and hives that serve it, as far as Butlr told of their health
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
	Doubt   string `json:"doubt"` // why its quality is no better
}

// Traffic is what was counted of people who passed.
type Traffic struct {
	In      uint64          `json:"in"` // since commissioning
	Out     uint64          `json:"out"`
	At      Moment          `json:"at"`
	Net     int64           `json:"net"`   // in less out since then; may be negative
	Since   Moment          `json:"since"` // midnight, or a reset on command
	Reset   bool            `json:"reset"`
	Lacks   bool            `json:"lacks"` // an event of the day was too old to be counted
	Sensors []TrafficSensor `json:"sensors"`
	More    int             `json:"more"` // sensors beside those
}

// TrafficSensor is what one sensor counted.
type TrafficSensor struct {
	Asset gateway.AssetID `json:"asset"`
	Name  string          `json:"name"`
	In    uint64          `json:"in"`
	Out   uint64          `json:"out"`
	At    Moment          `json:"at"`
}

// Setting is a setting as it is in force, and the section that says so.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"`
}

// Feed is what one feed of the asset said, and how alive it is.
type Feed struct {
	Feed    string     `json:"feed"`
	Counts  bool       `json:"counts"`    // as evidence for the outputs
	Chosen  bool       `json:"chosen"`    // of the two feeds of people: the one in use
	Life    string     `json:"life"`      // live, stale, dead or never
	Rule    string     `json:"rule"`      // minute or change: whether its own silence counts, or its site's
	Fresh   string     `json:"freshness"` // the same in words
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
	Itself    bool           `json:"itself"` // its own count is one of them
	Qualities map[string]int `json:"qualities"`
	Coverage  float64        `json:"coverage"` // percent
	Members   []Member       `json:"members"`  // those that decide first
	More      int            `json:"more"`     // members beside those
	Missing   []string       `json:"missing"`  // named in the configuration, but no asset
}

// Member is one member as it counts.
type Member struct {
	Asset    gateway.AssetID `json:"asset"`
	Name     string          `json:"name"`
	Itself   bool            `json:"itself"`
	Occupied *int64          `json:"occupied"` // null while nobody knows
	People   *int64          `json:"people"`
	Quality  string          `json:"quality"`
	Reason   string          `json:"reason"`
}

// Site is the life of the asset's site.
type Site struct {
	ID          gateway.AssetID `json:"id"`
	Name        string          `json:"name"`
	Newest      Moment          `json:"newest"`
	MinuteFeeds int             `json:"minute_feeds"`
	Heartbeat   bool            `json:"heartbeat"` // it has so many of them that its silence is a loss
	Starts      []Moment        `json:"starts"`    // when the first of them were first heard
	Minutes     string          `json:"minutes"`   // a digest of the minutes in which it was heard
	Silence     *Silence        `json:"silence"`   // null for none
	Hours       string          `json:"hours"`
	InUse       bool            `json:"in_use"`
	Timezone    string          `json:"timezone"`
	Polled      bool            `json:"health_polled"`   // Butlr is asked how its sensors are, which is the heartbeat of a site without another
	Sensors     int             `json:"sensors"`         // of which Butlr has told
	Offline     int             `json:"sensors_offline"` // of them
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
		MAC: a.MAC, Parent: a.Parent, Path: append([]string{}, a.Path...), Capacity: a.Capacity, Inventory: inventoryOf(a.Facts), Quality: e.Quality.String(),
		OffDelay: int64((e.OffDelay + time.Second - 1) / time.Second), Traffic: trafficOf(e.Traffic), Members: membersOf(e.Members),
		Points: []Point{}, Feeds: []Feed{}, Settings: []Setting{}, Overrides: overridesOf(e.Overrides),
		Devices: devicesOf(e.Devices), Site: SiteOf(&e.Site),
	}
	if e.Heard {
		out.Age = new(int64(e.Age / time.Second))
	}
	for _, s := range e.Settings {
		out.Settings = append(out.Settings, Setting(s))
	}
	for i := range e.Points {
		out.Points = append(out.Points, pointOf(&e.Points[i]))
	}
	for i := range e.Feeds {
		out.Feeds = append(out.Feeds, feedOf(&e.Feeds[i]))
	}
	return out
}

func pointOf(p *gateway.PointExplanation) Point {
	return Point{
		Measure: p.Measure.String(), At: Moment(p.Reading.At), Quality: p.Reading.Quality.String(),
		Reason: p.Reason, Code: int(p.Code), Doubt: p.Doubt, Value: valueOf(&p.Reading),
	}
}

// valueOf returns a reading's value, nil while nobody knows it.
func valueOf(r *gateway.Reading) *int64 {
	if !r.Known {
		return nil
	}
	return new(r.Value)
}

func trafficOf(t *gateway.TrafficExplanation) *Traffic {
	if t == nil {
		return nil
	}
	out := &Traffic{
		In: t.In, Out: t.Out, At: Moment(t.At), Net: t.Net, Since: Moment(t.Since), Reset: t.Reset, Lacks: t.Lacks,
		Sensors: []TrafficSensor{}, More: t.More,
	}
	for _, s := range t.Sensors {
		out.Sensors = append(out.Sensors, TrafficSensor{s.ID, s.Name, s.In, s.Out, Moment(s.At)})
	}
	return out
}

func membersOf(m *gateway.MembersExplanation) *Members {
	if m == nil {
		return nil
	}
	out := &Members{
		Total: m.Total, Itself: m.Itself, Qualities: qualitiesOf(&m.Qualities), Coverage: float64(m.Coverage) / 10,
		Members: []Member{}, More: m.More, Missing: append([]string{}, m.Missing...),
	}
	for i := range m.Members {
		of := &m.Members[i]
		out.Members = append(out.Members, Member{
			Asset: of.ID, Name: of.Name, Itself: of.Itself, Occupied: valueOf(&of.Occupied), People: valueOf(&of.People),
			Quality: of.Quality.String(), Reason: of.Reason,
		})
	}
	return out
}

var feedNames = [gateway.FeedCount]string{"people", "people_1min", "motion", "traffic"}

func feedOf(f *gateway.FeedExplanation) Feed {
	out := Feed{
		Feed: feedNames[f.Feed], Counts: f.Counts, Chosen: f.Chosen, Life: f.Life, Rule: f.Rule, Fresh: f.Freshness,
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

// SiteOf returns the life of a site for others to read.
func SiteOf(s *gateway.SiteExplanation) Site {
	out := Site{
		ID: s.ID, Name: s.Name, Newest: Moment(s.Newest), MinuteFeeds: s.MinuteFeeds, Heartbeat: s.Heartbeat,
		Starts: []Moment{}, Minutes: s.Minutes, Hours: s.Hours, InUse: s.InUse, Timezone: s.Timezone,
		Polled: s.Polled, Sensors: s.Sensors, Offline: s.Offline,
	}
	for _, at := range s.Starts {
		if at != 0 {
			out.Starts = append(out.Starts, Moment(at))
		}
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
