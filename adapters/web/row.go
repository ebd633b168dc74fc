package web

import (
	"time"

	"butlr-gateway/gateway"
)

// Row is one asset as a list shows it: what it says at one moment and why, where a controller finds it, and
// where it is published.
type Row struct {
	Asset    gateway.AssetID `json:"asset"`
	Number   gateway.Number  `json:"number"` // its permanent place in the map of registers
	Kind     string          `json:"kind"`   // site, building, floor, room, zone, sensor or group
	Name     string          `json:"name"`   // for people: the name, else the custom id, else the id
	CustomID string          `json:"custom_id"`
	Parent   gateway.AssetID `json:"parent"` // the asset that it lies in; "" for a site, a group, and while no event has told
	Site     gateway.AssetID `json:"site"`
	Path     []string        `json:"path"` // names of the places around it, from the site inwards
	Retired  bool            `json:"retired"`
	Made     bool            `json:"simulated"` // made up, for a demonstration

	Readings    map[string]*int64 `json:"readings"` // by measure, in its unit; null while nobody knows. What the asset lacks is absent
	Quality     string            `json:"quality"`
	Reason      string            `json:"reason"` // as a sentence; "" where the asset has no answer to give one for
	Code        int               `json:"reason_code"`
	Oldest      Moment            `json:"oldest"`       // the newest event of the oldest feed with a rhythm behind the answer
	FollowsSite bool              `json:"follows_site"` // a feed behind the answer is as old as what its site said last
	Age         *int64            `json:"age_seconds"`  // at the moment of the list; null if nothing was ever heard

	OffDelayEnds Moment     `json:"off_delay_ends"` // of HVAC; null while none runs
	OffDelay     int64      `json:"off_delay_seconds"`
	Overrides    []Override `json:"overrides"`
	Coverage     *float64   `json:"coverage"` // percent of the members that count; null where the asset is no aggregate
	Register     *Register  `json:"register"` // null without Modbus, and where the map is full
	Topic        string     `json:"topic"`    // "" without a broker
}

// Register is where an asset's block of registers begins, in both notations.
type Register struct {
	Unit    int    `json:"unit_id"`
	Address int    `json:"address"` // 0-based
	Input   string `json:"input"`   // references, such as 30149 and 40149
	Holding string `json:"holding"`
}

// rowMaker makes rows of what is on a board.
type rowMaker struct {
	board   *Board
	clock   gateway.Clock
	placeOf func(*gateway.Asset) *time.Location
	locate  func(*gateway.Asset) (Register, bool)
	topic   func(*gateway.Asset) string
}

func rowsOf(o *Options) *rowMaker {
	return &rowMaker{o.Board, o.Clock, o.PlaceOf, o.Locate, o.Topic}
}

// now returns what the state takes for the time.
func (m *rowMaker) now() gateway.Timestamp { return m.board.Time(m.clock()) }

// row returns an entry for others to read, as of a moment. It shares nothing that is ever altered.
func (m *rowMaker) row(e *Entry, now gateway.Timestamp) Row {
	a := e.Asset
	r := Row{
		Asset: a.ID, Number: a.Number, Kind: a.Kind.String(), Name: a.Label(), CustomID: a.CustomID, Parent: a.Parent, Site: a.Site,
		Path: a.Path, Retired: a.Retired, Made: e.Simulated, Readings: make(map[string]*int64, e.Has.Len()), Quality: e.Quality.String(),
		Code: int(e.Reason.Code), Oldest: Moment(e.Oldest), FollowsSite: e.FollowsSite, OffDelayEnds: Moment(e.OffDelayEnds),
		Overrides: overridesOf(e.Overrides), Topic: m.topic(a),
	}
	if r.Path == nil {
		r.Path = []string{}
	}
	for measure := range gateway.Measure(gateway.MeasureCount) {
		if e.Has.Has(measure) {
			r.Readings[measure.String()] = valueOf(&e.Readings[measure])
		}
	}
	if !e.answersNothing() {
		r.Reason = e.Reason.Text(m.placeOf(a))
	}
	if e.Heard {
		r.Age = new(int64(e.Age / time.Second))
	}
	if left := e.OffDelayEnds.Sub(now); e.OffDelayEnds != 0 && left > 0 {
		r.OffDelay = int64((left + time.Second - 1) / time.Second)
	}
	if e.Coverage >= 0 {
		r.Coverage = new(float64(e.Coverage) / 10)
	}
	if register, ok := m.locate(a); ok {
		r.Register = &register
	}
	return r
}

// answersNothing tells whether the asset has other measures, and no answer to give a reason for.
func (e *Entry) answersNothing() bool {
	return e.Has != 0 && !e.Has.Has(gateway.Occupied) && e.Reason.Code == gateway.ReasonNoData
}
