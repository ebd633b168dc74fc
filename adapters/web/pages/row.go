package pages

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// row is one asset in the table.
type row struct {
	Number    gateway.Number
	Level     int
	ID        gateway.AssetID
	Kind      string
	Label     string
	Path      string // "" in the tree, which shows it already
	Answer    string // occupied, vacant, ? or "" for an asset that has none
	Outputs   []output
	People    string
	Motion    string
	Quality   string
	Simulated bool
	Age, Left string
	Why       string
	Register  *web.Register
	Topic     string
}

// output is what one output says.
type output struct {
	Letter, Name string
	State        string // on, off or unknown
}

// outputs are the measures of the outputs and how a narrow cell calls them.
var outputs = []struct {
	measure gateway.Measure
	letter  string
	name    string
}{{gateway.Lighting, "L", "lighting"}, {gateway.HVAC, "H", "HVAC"}, {gateway.Ventilation, "V", "ventilation"}}

func (p *Pages) row(b branch, path bool) row {
	e, a := b.Entry, b.Asset
	place := p.PlaceOf(a)
	r := row{
		Number: a.Number, Level: min(b.Level, 5), ID: a.ID, Kind: a.Kind.String(), Label: visible(a.Label()),
		Answer: answer(&e.Snapshot, gateway.Occupied, "occupied", "vacant"), Motion: answer(&e.Snapshot, gateway.Motion, "motion", "none"),
		People: value(&e.Snapshot, gateway.People), Quality: e.Quality.String(), Simulated: e.Simulated, Age: "–",
		Why: e.Reason.Text(place), Topic: visible(p.Topic(a)),
	}
	if path {
		around := slices.Clone(a.Path)
		slices.Reverse(around) // the nearest is what tells rooms apart
		r.Path = visible(strings.Join(around, ", "))
	}
	if e.Has != 0 && !e.Has.Has(gateway.Occupied) && e.Reason.Code == gateway.ReasonNoData {
		r.Why = "" // it has other measures, and no answer to give a reason for
	}
	if !e.Has.Has(gateway.Occupied) {
		r.Why = strings.TrimPrefix(r.Why+"; "+passed(&e.Snapshot), "; ")
	}
	for i := range e.Overrides {
		if o := web.OverrideOf(&e.Overrides[i]); e.Overrides[i].Target != gateway.TargetOutputs {
			r.Why += "; " + visible(o.Sentence(place))
		}
	}
	r.Why = strings.Trim(visible(r.Why), "; ")
	for _, o := range outputs {
		if e.Has.Has(o.measure) {
			r.Outputs = append(r.Outputs, output{o.letter, o.name, answer(&e.Snapshot, o.measure, "on", "off")})
		}
	}
	if e.Heard {
		r.Age = age(e.Age)
	}
	if ends := e.OffDelayEnds; ends != 0 {
		if rest := ends.Sub(p.now()); rest > 0 {
			r.Left = left(int64((rest + time.Second - 1) / time.Second))
		}
	}
	if register, ok := p.Locate(a); ok {
		r.Register = &register
	}
	return r
}

// passed says what a sensor has that counts who passes, or sees, and decides nothing.
func passed(s *gateway.Snapshot) string {
	var parts []string
	for _, m := range []struct {
		measure gateway.Measure
		word    string
	}{{gateway.TrafficIn, "in"}, {gateway.TrafficOut, "out"}, {gateway.Detections, "seen"}} {
		if v := value(s, m.measure); v != "" {
			parts = append(parts, v+" "+m.word)
		}
	}
	return strings.Join(parts, ", ")
}

// value shows a number; what the asset does not have is left empty, what nobody knows is a question mark.
func value(s *gateway.Snapshot, m gateway.Measure) string {
	switch reading := s.Readings[m]; {
	case !s.Has.Has(m):
		return ""
	case !reading.Known:
		return "?"
	default:
		return fmt.Sprint(reading.Value)
	}
}

func answer(s *gateway.Snapshot, m gateway.Measure, yes, no string) string {
	switch v := value(s, m); v {
	case "", "?":
		return v
	case "0":
		return no
	}
	return yes
}
