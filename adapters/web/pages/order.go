package pages

import (
	"cmp"
	"math"
	"strings"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

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
