package web

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"butlr-gateway/gateway"
)

// selection says which assets a list has, and in which order.
type selection struct {
	text     string // in lower case; in a name, an id, the kind or the names around
	kinds    []gateway.Kind
	quality  [gateway.QualityCount]bool
	any      bool // of every quality
	sort     string
	backward bool
	from     int
	limit    int
}

// sortKeys are what a list can be sorted by.
var sortKeys = []string{"number", "name", "place", "kind", "quality", "age", "people"}

func selectionOf(q url.Values) (s selection, err error) {
	s = selection{text: strings.ToLower(q.Get("q")), any: q.Get("quality") == "", sort: "number"}
	for _, name := range list(q.Get("kind")) {
		kind := gateway.ParseKind(name)
		if kind == gateway.NoKind {
			return s, BadOrder(fmt.Sprintf("kind %q is none: use site, building, floor, room, zone, sensor or group, with commas between", name))
		}
		s.kinds = append(s.kinds, kind)
	}
	for _, name := range list(q.Get("quality")) {
		quality, ok := gateway.ParseQuality(name)
		if !ok {
			return s, BadOrder(fmt.Sprintf("quality %q is none: use never, good, uncertain, held, substituted, forced or out_of_service, with commas between", name))
		}
		s.quality[quality] = true
	}
	if by := q.Get("sort"); by != "" {
		s.sort, s.backward = strings.CutPrefix(by, "-")
		if !slices.Contains(sortKeys, s.sort) {
			return s, BadOrder(fmt.Sprintf("sort %q is not possible: use one of %s, with - before it for the reverse", by, strings.Join(sortKeys, ", ")))
		}
	}
	if s.from, err = number(q, "from", 0); err != nil {
		return s, err
	}
	s.limit, err = number(q, "limit", math.MaxInt)
	return s, err
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// page returns the part of a list that was asked for.
func (s *selection) page(numbers []gateway.Number) []gateway.Number {
	from := min(s.from, len(numbers))
	return numbers[from : from+min(s.limit, len(numbers)-from)]
}

func (s *selection) takes(p *gateway.Compact) bool {
	return (len(s.kinds) == 0 || slices.Contains(s.kinds, p.Asset.Kind)) && (s.any || s.quality[p.Quality]) && matches(p.Asset, s.text)
}

// found is an asset in a list that is being sorted.
type found struct {
	number gateway.Number
	text   string
	value  int64
}

// find returns the numbers of the assets that are asked for, in order. It lets others at the board in between.
func (b *Board) find(now gateway.Instant, s *selection) []gateway.Number {
	var all []found
	for from := 0; from >= 0; {
		from = b.findSome(now, s, from, &all)
	}
	if s.sort != "number" {
		slices.SortStableFunc(all, func(x, y found) int { return cmp.Or(cmp.Compare(x.text, y.text), cmp.Compare(x.value, y.value)) })
	}
	if s.backward {
		slices.Reverse(all)
	}
	numbers := make([]gateway.Number, len(all))
	for i := range all {
		numbers[i] = all[i].number
	}
	return numbers
}

// numbersAtOnce is how many numbers are looked at while nothing is published.
const numbersAtOnce = 1024

func (b *Board) findSome(now gateway.Instant, s *selection, from int, all *[]found) (next int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	until := min(from+numbersAtOnce, len(b.shown))
	for n := from; n < until; n++ {
		if p := b.shown[n]; p != nil && s.takes(p) {
			f := found{number: gateway.Number(n)}
			f.text, f.value = b.sortKey(p, s.sort, b.epoch.Add(now.Mono))
			*all = append(*all, f)
		}
	}
	if until == len(b.shown) {
		return -1
	}
	return until
}

// sortKey returns what an asset is sorted by.
func (b *Board) sortKey(p *gateway.Compact, by string, now gateway.Timestamp) (text string, value int64) {
	switch by {
	case "name":
		return strings.ToLower(p.Asset.Label()), 0
	case "place":
		return strings.ToLower(strings.Join(append(slices.Clip(p.Asset.Path), p.Asset.Label()), "\x00")), 0
	case "kind":
		return "", int64(p.Asset.Kind)
	case "quality":
		return "", int64(p.Quality)
	case "age", "people":
		s := p.Snapshot()
		if by == "people" {
			if r := s.Readings[gateway.People]; r.Known {
				return "", r.Value
			}
			return "", -1 // unknown before nobody
		}
		if age, heard := b.age(&s, now); heard {
			return "", age.Milliseconds()
		}
		return "", math.MaxInt64 // never is the oldest
	}
	return "", 0
}

// entries returns the assets of some numbers as they are now, without those that nobody has any more.
func (b *Board) entries(now gateway.Instant, numbers []gateway.Number) []Entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make([]Entry, 0, len(numbers))
	for _, n := range numbers {
		if e, ok := b.entryAt(b.epoch.Add(now.Mono), n); ok {
			out = append(out, e)
		}
	}
	return out
}
