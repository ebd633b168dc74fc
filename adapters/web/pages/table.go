package pages

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// pageLength is how many assets the table has as it is served; with the script it has all of them.
const pageLength = 100

// table is the content of the page of all assets.
type table struct {
	Rows           []row
	Query          query
	Qualities      []choice // to filter by, with how many there are of each
	Kinds          []choice
	Columns        []column
	Total          int // assets that the filter leaves
	First, Last    int
	Previous, Next string // addresses of the pages beside this one; "" for none
	Assets         int    // with and without the filter
	Groups         int    // index of the first row that is a group, -1 for none: they are a part of their own
	SiteLost       string
	ClockDoubt     string
}

// query is what somebody wants to see.
type query struct {
	Text, Kind, Quality string
	Sort                string // a column's name, after a minus sign for the greatest first; "" is the tree
	From                int
}

// choice is one value of a filter.
type choice struct {
	Value, Text string
	Count       int
	Chosen      bool
	Address     string
}

// column is one that the table can be sorted by.
type column struct {
	Name, Text, Class string
	Order             string // as aria-sort has it
	Address           string
}

// filtered tells whether the tree is not wanted as it is.
func (q query) filtered() bool {
	return q.Text != "" || q.Kind != "" || q.Quality != "" || q.Sort != ""
}

func (q query) address() string {
	v := url.Values{}
	for key, value := range map[string]string{"q": q.Text, "kind": q.Kind, "quality": q.Quality, "sort": q.Sort} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if q.From > 0 {
		v.Set("from", strconv.Itoa(q.From))
	}
	if len(v) == 0 {
		return "/"
	}
	return "/?" + v.Encode()
}

func (q query) with(change func(*query)) string {
	q.From = 0
	change(&q)
	return q.address()
}

func queryOf(v url.Values) query {
	q := query{Text: v.Get("q"), Kind: v.Get("kind"), Quality: v.Get("quality"), Sort: v.Get("sort")}
	if gateway.ParseKind(q.Kind) == gateway.NoKind {
		q.Kind = ""
	}
	if _, ok := gateway.ParseQuality(q.Quality); !ok {
		q.Quality = ""
	}
	if _, ok := orders[strings.TrimPrefix(q.Sort, "-")]; !ok {
		q.Sort = ""
	}
	if from, err := strconv.Atoi(v.Get("from")); err == nil {
		q.From = max(0, from)
	}
	return q
}

func (p *Pages) serveTable(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r.URL.Query())
	entries := p.Board.All(p.Clock())
	found := entries
	if q.Text != "" {
		found, _ = p.Board.Find(p.Clock(), q.Text, 0, math.MaxInt)
	}
	t := &table{Query: q, Assets: len(entries), Groups: -1}
	sum := p.Board.Summary()
	t.SiteLost, t.ClockDoubt = sum.SiteLost, sum.ClockDoubt
	t.choices(entries)
	branches := inTree(found)
	branches = slices.DeleteFunc(branches, func(b branch) bool {
		return q.Kind != "" && b.Asset.Kind.String() != q.Kind || q.Quality != "" && b.Quality.String() != q.Quality
	})
	if q.Sort != "" {
		name := strings.TrimPrefix(q.Sort, "-")
		slices.SortStableFunc(branches, func(a, b branch) int { return sorted(orders[name], a.Entry, b.Entry, name != q.Sort) })
	}
	t.page(branches, p)
	f := p.frame(r, "/", "Rooms")
	f.Content, f.Scripts = t, []string{"live.js", "rows.js", "table.js"}
	p.show(w, http.StatusOK, "table", f)
}

// page takes the rows that are shown out of all that were found.
func (t *table) page(branches []branch, p *Pages) {
	q := t.Query
	t.Total = len(branches)
	from := min(q.From, t.Total)
	to := min(from+pageLength, t.Total)
	t.First, t.Last = min(from+1, t.Total), to
	for i, b := range branches[from:to] {
		if !q.filtered() && b.Asset.Kind == gateway.Group && t.Groups < 0 {
			t.Groups = i
		}
		if q.filtered() {
			b.Level = 0
		}
		t.Rows = append(t.Rows, p.row(b, q.filtered()))
	}
	if from > 0 {
		q.From = max(0, from-pageLength)
		t.Previous = q.address()
	}
	if to < t.Total {
		q.From = to
		t.Next = q.address()
	}
}

// choices lists what can be filtered and sorted by.
func (t *table) choices(entries []web.Entry) {
	q := t.Query
	var qualities, kinds [16]int
	for i := range entries {
		qualities[entries[i].Quality]++
		kinds[entries[i].Asset.Kind]++
	}
	for quality := range gateway.Quality(gateway.QualityCount) {
		name := quality.String()
		c := choice{Value: name, Text: qualityWord(name), Count: qualities[quality], Chosen: q.Quality == name}
		c.Address = q.with(func(q *query) {
			if q.Quality = name; c.Chosen {
				q.Quality = ""
			}
		})
		t.Qualities = append(t.Qualities, c)
	}
	for kind := gateway.Site; kind <= gateway.Group; kind++ {
		t.Kinds = append(t.Kinds, choice{Value: kind.String(), Text: kind.String() + "s", Count: kinds[kind], Chosen: q.Kind == kind.String()})
	}
	for _, c := range columns {
		c.Order = "none"
		next := c.Name
		switch q.Sort {
		case c.Name:
			c.Order, next = "ascending", "-"+c.Name
		case "-" + c.Name:
			c.Order, next = "descending", ""
		}
		c.Address = q.with(func(q *query) { q.Sort = next })
		t.Columns = append(t.Columns, c)
	}
}

// columns are those of the table, in their order.
var columns = []column{
	{Name: "name", Text: "Asset", Class: "asset"}, {Name: "occupied", Text: "Occupied", Class: "occupied"},
	{Name: "people", Text: "People", Class: "people number"}, {Name: "motion", Text: "Motion", Class: "motion"},
	{Name: "quality", Text: "Quality", Class: "quality"}, {Name: "age", Text: "Age", Class: "age number"},
	{Name: "left", Text: "Off in", Class: "left number"}, {Name: "why", Text: "Why", Class: "why"},
	{Name: "register", Text: "Modbus", Class: "register"}, {Name: "topic", Text: "MQTT topic", Class: "topic"},
}

// unsaid is the order of what has no value: always the last.
const unsaid = math.MinInt64

// orders compare by a column.
var orders = map[string]func(a, b *web.Entry) (x, y int64, words int){
	"name": func(a, b *web.Entry) (int64, int64, int) {
		return 0, 0, natural(strings.ToLower(a.Asset.Label()), strings.ToLower(b.Asset.Label()))
	},
	"occupied": byMeasure(gateway.Occupied), "people": byMeasure(gateway.People), "motion": byMeasure(gateway.Motion),
	"quality":  func(a, b *web.Entry) (int64, int64, int) { return int64(a.Quality), int64(b.Quality), 0 },
	"age":      func(a, b *web.Entry) (int64, int64, int) { return ageOrder(a), ageOrder(b), 0 },
	"left":     func(a, b *web.Entry) (int64, int64, int) { return leftOrder(a), leftOrder(b), 0 },
	"why":      func(a, b *web.Entry) (int64, int64, int) { return int64(a.Reason.Code), int64(b.Reason.Code), 0 },
	"register": func(a, b *web.Entry) (int64, int64, int) { return int64(a.Asset.Number), int64(b.Asset.Number), 0 },
	"topic": func(a, b *web.Entry) (int64, int64, int) {
		return 0, 0, cmp.Or(cmp.Compare(a.Asset.Kind, b.Asset.Kind), cmp.Compare(a.Asset.ID, b.Asset.ID))
	},
}

func byMeasure(m gateway.Measure) func(a, b *web.Entry) (int64, int64, int) {
	of := func(e *web.Entry) int64 {
		if !e.Has.Has(m) || !e.Readings[m].Known {
			return unsaid
		}
		return e.Readings[m].Value
	}
	return func(a, b *web.Entry) (int64, int64, int) { return of(a), of(b), 0 }
}

func ageOrder(e *web.Entry) int64 {
	if !e.Heard {
		return unsaid
	}
	return int64(e.Age)
}

func leftOrder(e *web.Entry) int64 {
	if e.OffDelayEnds == 0 {
		return unsaid
	}
	return int64(e.OffDelayEnds)
}

// sorted compares two assets by a column.
func sorted(by func(a, b *web.Entry) (int64, int64, int), a, b *web.Entry, reverse bool) int {
	x, y, c := by(a, b)
	switch {
	case x == y && c == 0:
		return 0
	case x == unsaid && x != y:
		return 1
	case y == unsaid && x != y:
		return -1
	case x != y:
		c = cmp.Compare(x, y)
	}
	if reverse {
		return -c
	}
	return c
}

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
