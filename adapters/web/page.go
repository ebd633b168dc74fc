package web

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"butlr-gateway/gateway"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle []byte

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"visible": visible}).Parse(pageText))

// pageLength is how many assets one page shows.
const pageLength = 200

// WithoutHeartbeat lists the sites whose silence is never a loss.
func (s *Status) WithoutHeartbeat() (names []string) {
	for i := range s.Sites {
		if !s.Sites[i].Heartbeat {
			names = append(names, s.Sites[i].Name)
		}
	}
	return names
}

// page is what the template shows.
type page struct {
	Status         *Status
	Trouble        string // why there is no status
	Search         string
	Rows           []row
	First, Last    int
	Total          int
	Previous, Next string // addresses of the pages beside this one
	Now            string
}

// row is one asset on the page.
type row struct {
	Kind, Label, Path        string
	Occupied, People, Motion string
	In, Out, Found           string
	Quality, Reason, Age     string
	Overrides                []string
	Simulated                bool
	Register                 string
	Topic                    string
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	search := r.URL.Query().Get("q")
	from, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil || from < 0 {
		from = 0
	}
	now := s.options.Clock()
	p := page{Search: search, Now: now.Wall.In(s.options.Place).Format("15:04:05 MST")}
	if p.Status, err = s.status(r); err != nil {
		p.Trouble = err.Error()
	} else {
		slices.Reverse(p.Status.Newest)
		for i := range p.Status.Newest {
			p.Status.Newest[i].Arrived = p.Status.Newest[i].Arrived.In(s.options.Place)
		}
	}
	entries, total := s.options.Board.Find(now, search, from, pageLength)
	p.Total, p.First, p.Last = total, min(from+1, total), from+len(entries)
	for i := range entries {
		p.Rows = append(p.Rows, s.row(&entries[i]))
	}
	if from > 0 {
		p.Previous = pageAddress(search, max(0, from-pageLength))
	}
	if p.Last < total {
		p.Next = pageAddress(search, p.Last)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := pageTemplate.Execute(w, p); err != nil {
		s.options.Log.Debug("page not sent", "err", err)
	}
}

func pageAddress(search string, from int) string {
	return "/?" + url.Values{"q": {search}, "from": {strconv.Itoa(from)}}.Encode()
}

func (s *Server) row(e *Entry) row {
	a := e.Asset
	place := s.options.PlaceOf(a)
	r := row{
		Kind: a.Kind.String(), Label: visible(a.Label()), Path: visible(strings.Join(a.Path, " / ")),
		Occupied: answer(&e.Snapshot, gateway.Occupied, "occupied", "vacant"),
		Motion:   answer(&e.Snapshot, gateway.Motion, "motion", "none"),
		People:   value(&e.Snapshot, gateway.People), Found: value(&e.Snapshot, gateway.Detections),
		In: value(&e.Snapshot, gateway.TrafficIn), Out: value(&e.Snapshot, gateway.TrafficOut),
		Simulated: e.Simulated, Quality: e.Quality.String(), Reason: e.Reason.Text(place), Age: "–",
	}
	if e.Has != 0 && !e.Has.Has(gateway.Occupied) && e.Reason.Code == gateway.ReasonNoData {
		r.Reason = "" // it has other measures, and no answer to give a reason for
	}
	for i := range e.Overrides {
		o := OverrideOf(&e.Overrides[i])
		r.Overrides = append(r.Overrides, visible(o.Sentence(place)))
	}
	if e.Heard {
		r.Age = age(e.Age)
	}
	if register, ok := s.options.Locate(a); ok {
		r.Register = fmt.Sprintf("unit %d, %d = %s / %s", register.Unit, register.Address, register.Input, register.Holding)
	}
	r.Topic = visible(s.options.Topic(a))
	return r
}

// visible shows what cannot be seen, such as control characters and those that turn the direction of
// writing, as escapes: names come from outside.
func visible(text string) string {
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return out.String()
}

// value shows a number; what the asset does not have is left empty, what nobody knows is a question mark.
func value(s *gateway.Snapshot, m gateway.Measure) string {
	switch reading := s.Readings[m]; {
	case !s.Has.Has(m):
		return ""
	case !reading.Known:
		return "?"
	default:
		return strconv.FormatInt(reading.Value, 10)
	}
}

func answer(s *gateway.Snapshot, m gateway.Measure, yes, no string) string {
	switch value(s, m) {
	case "":
		return ""
	case "?":
		return "?"
	case "0":
		return no
	}
	return yes
}

// age shows how old something is, no finer than matters.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	}
	return strconv.Itoa(int(d.Hours())) + " h"
}
