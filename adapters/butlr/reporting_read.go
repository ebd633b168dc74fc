package butlr

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Butlr answers in two shapes: nested in the order that was asked for, with the numbers of a minute innermost, or a
// flat list of points. Neither is promised for a question, so both are read, and what is what is told by how it looks:
// a moment, a way, the id of a place.

// read reads the data of an answer. Its error says that it has no shape that is known.
func (i *Inquiry) read(data json.RawMessage, secrets []Secret) (*Report, error) {
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber() // a number may be larger than any
	var root any
	if in.Decode(&root) != nil {
		return nil, errors.New("it answered with data that cannot be read")
	}
	switch root.(type) {
	case nil, []any, map[string]any:
	default:
		return nil, errors.New("it answered with data that is no report")
	}
	r := reportReader{quantity: i.Quantity, asked: make(map[gateway.AssetID]bool, len(i.IDs)), cells: map[cell]float64{}}
	r.from, r.until = i.minutes()
	for _, id := range i.IDs {
		r.asked[id] = true
	}
	r.walk(root, spot{})
	counts := r.counts()
	return &Report{Counts: counts, Odd: r.odd, Strange: r.strange, Stranger: safe(r.stranger, secrets...)}, nil
}

// reportReader reads one answer.
type reportReader struct {
	quantity     Quantity
	asked        map[gateway.AssetID]bool
	from, until  gateway.Timestamp
	cells        map[cell]float64
	odd, strange int
	stranger     string
}

// cell is what a number is of.
type cell struct {
	id gateway.AssetID
	at gateway.Timestamp
	in bool // of Passages
}

// spot is what is known of where in an answer one is.
type spot struct {
	id       gateway.AssetID // one that was asked for, "" if there was none yet
	stranger string          // an id that was not
	at       gateway.Timestamp
	way      string // "in" or "out"
	depth    int
}

// deepest is how deep an answer is looked into: it has an id, a way, a moment, the numbers, and a list perhaps.
const deepest = 8

// numbers are what a minute may have, the one that is meant first among those that would do.
var numbers = map[string][]string{"median": {"median", "mean", "last", "max", "value"}, "sum": {"sum", "value"}}

func (r *reportReader) walk(node any, s spot) {
	if s.depth++; s.depth > deepest {
		r.odd++
		return
	}
	switch node := node.(type) {
	case nil: // nothing is known
	case json.Number:
		r.take(node, s)
	case []any:
		for _, each := range node {
			r.walk(each, s)
		}
	case map[string]any:
		if isPoint(node) {
			r.point(node, s)
			return
		}
		for name, below := range node {
			r.walk(below, r.into(s, name))
		}
	default:
		r.odd++
	}
}

// isPoint tells whether an object has the numbers of a minute, or a point of a flat list.
func isPoint(node map[string]any) bool {
	for _, name := range []string{"value", "sum", "median", "mean", "count", "last", "max"} {
		if _, ok := node[name]; ok {
			return true
		}
	}
	return false
}

// point takes an object that has numbers, and may say itself what they are of.
func (r *reportReader) point(node map[string]any, s spot) {
	for _, name := range []string{quantities[r.quantity].key, "field", "time"} {
		if text, ok := node[name].(string); ok && text != "" {
			s = r.into(s, text)
		}
	}
	for _, name := range numbers[quantities[r.quantity].function] {
		switch number := node[name].(type) {
		case nil:
			continue
		case json.Number:
			r.take(number, s)
		default:
			r.odd++
		}
		return
	}
}

// into returns where one is below a name.
func (r *reportReader) into(s spot, name string) spot {
	if at, ok := momentOf(name); ok {
		s.at = at
		return s
	}
	if way := strings.ToLower(name); way == "in" || way == "out" {
		s.way = way
		return s
	}
	id := gateway.AssetID(name)
	if r.quantity == Passages && !strings.HasPrefix(name, sensorPrefix) {
		id = sensorPrefix + id
	}
	switch {
	case r.asked[id]:
		s.id = id
	case id.Kind() == quantities[r.quantity].kind:
		s.stranger = name
	}
	return s
}

// momentOf reads a time, which Butlr writes with its zone or without one: then it is UTC, as was asked for.
func momentOf(text string) (gateway.Timestamp, bool) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05", text)
	}
	if err != nil || t.Year() < 2000 || t.Year() > 9999 {
		return 0, false
	}
	return gateway.TimestampOf(t), true
}

const mostPeople = 65534 // as of the events: one below what a controller reads as unknown

// take takes a number.
func (r *reportReader) take(text json.Number, s spot) {
	value, err := text.Float64()
	switch {
	case s.id == "" && s.stranger != "":
		r.strange++
		r.stranger = s.stranger
	case s.id == "" || s.at == 0 || s.way == "" && r.quantity == Passages,
		err != nil, math.IsNaN(value), value < 0, value > mostPeople:
		r.odd++
	case s.at >= r.from && s.at < r.until:
		r.cells[cell{s.id, s.at, s.way == "in"}] = value
	}
}

// counts makes whole minutes of what was read: of several numbers in one minute the last one counts, and those who
// passed add up.
func (r *reportReader) counts() []Count {
	type minute struct {
		id gateway.AssetID
		at gateway.Timestamp
	}
	type sums struct {
		at              gateway.Timestamp
		people, in, out float64
	}
	minutes := make(map[minute]sums, len(r.cells))
	for c, value := range r.cells {
		key := minute{c.id, minuteOf(c.at.Time())}
		sum := minutes[key]
		switch {
		case r.quantity != Passages && c.at >= sum.at:
			sum.at, sum.people = c.at, value
		case r.quantity == Passages && c.in:
			sum.in += value
		case r.quantity == Passages:
			sum.out += value
		}
		minutes[key] = sum
	}
	out := make([]Count, 0, len(minutes))
	for key, sum := range minutes {
		if sum.in > mostPeople || sum.out > mostPeople {
			r.odd++
			continue
		}
		out = append(out, Count{ID: key.id, At: key.at, People: int(math.Round(sum.people)), In: int(math.Round(sum.in)), Out: int(math.Round(sum.out))})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	return out
}
