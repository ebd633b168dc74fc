package pages

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

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
	Topics         bool   // there is a broker that is told
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
	t := &table{Query: q, Assets: len(entries), Groups: -1, Topics: p.Sources.Brokers != nil && len(p.Sources.Brokers()) > 0}
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
