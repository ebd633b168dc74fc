package butlrtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Counts tells what was counted of a place in the minute that begins then, as far as it is over: field is "in" or "out"
// of traffic, and "" of people. ok is false where nothing is known. It is called by one goroutine at a time.
type Counts func(id, field string, minute time.Time) (n float64, ok bool)

// Count says what is counted from now on.
func (a *API) Count(c Counts) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counts = c
}

// measurements are those that can be asked for: the filter that names places, and the column that has their ids.
var measurements = map[string]struct{ filter, column string }{
	"floor_occupancy": {"spaces", "space_id"}, "room_occupancy": {"rooms", "room_id"}, "zone_occupancy": {"zones", "zone_id"},
	"traffic": {"sensors", "sensor_id"},
}

// columns are those of every point; the ids that are not used are "".
var columns = []string{"building_id", "hive_id", "mac_address", "room_id", "sensor_id", "space_id", "tag_id", "zone_id"}

// reportAsked is a request for a report.
type reportAsked struct {
	Window struct {
		Every, Function string
		CreateEmpty     bool `json:"create_empty"`
	}
	Filter struct {
		Start, Stop                   string
		Measurements                  []string
		Value                         *struct{ GTE *float64 }
		Spaces, Rooms, Zones, Sensors struct{ Eq []string }
	}
	GroupBy struct{ Order []string } `json:"group_by"`

	start, stop time.Time
}

// report answers a question for what was counted.
func (a *API) report(w http.ResponseWriter, r *http.Request, body string) {
	if !a.known(r) {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	var asked reportAsked
	if json.Unmarshal([]byte(body), &asked) != nil || len(asked.Filter.Measurements) != 1 || asked.Window.Every != "1m" {
		http.Error(w, `{"message":"invalid request"}`, http.StatusBadRequest)
		return
	}
	if _, ok := measurements[asked.Filter.Measurements[0]]; !ok {
		http.Error(w, `{"message":"unknown measurement"}`, http.StatusBadRequest)
		return
	}
	for text, into := range map[string]*time.Time{asked.Filter.Start: &asked.start, asked.Filter.Stop: &asked.stop} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || !at.Equal(at.Truncate(time.Minute)) {
			http.Error(w, `{"message":"start and stop must be absolute, and of whole minutes"}`, http.StatusBadRequest)
			return
		}
		*into = at
	}
	if order := asked.GroupBy.Order; len(order) > 0 && !a.FlatReports {
		writeJSON(w, map[string]any{"data": a.nested(&asked)})
		return
	}
	writeJSON(w, map[string]any{"data": a.flat(&asked), "page_info": map[string]any{"page": 1, "total_pages": 1}})
}

// each calls yield with everything that was counted, minute by minute. Nobody is left out unless 0 was asked for.
func (a *API) each(asked *reportAsked, yield func(id, field string, minute time.Time, n float64)) {
	f := &asked.Filter
	fields := []string{""}
	if f.Measurements[0] == "traffic" {
		fields = []string{"in", "out"}
	}
	zeros := f.Value != nil && f.Value.GTE != nil && *f.Value.GTE == 0
	for _, id := range slices.Concat(f.Spaces.Eq, f.Rooms.Eq, f.Zones.Eq, f.Sensors.Eq) {
		for minute := asked.start; minute.Before(asked.stop); minute = minute.Add(time.Minute) {
			for _, field := range fields {
				n, ok := 0.0, false
				if a.counts != nil {
					n, ok = a.counts(id, field, minute)
				}
				if asked.Window.CreateEmpty || ok && (n > 0 || zeros) {
					yield(id, field, minute, n)
				}
			}
		}
	}
}

// timeOf writes a time as the API does: sometimes without its zone.
func timeOf(t time.Time) string {
	if t.Minute()%2 == 1 {
		return t.UTC().Format("2006-01-02T15:04:05")
	}
	return t.UTC().Format(time.RFC3339)
}

func leafOf(n float64) map[string]any {
	return map[string]any{"sum": n, "min": n, "max": n, "count": 1, "mean": n, "median": n, "stddev": 0, "first": n, "last": n}
}

func (a *API) nested(asked *reportAsked) map[string]any {
	root := map[string]any{}
	column := measurements[asked.Filter.Measurements[0]].column
	a.each(asked, func(id, field string, minute time.Time, n float64) {
		node := root
		for k, name := range asked.GroupBy.Order {
			key := map[string]string{column: id, "field": field, "time": timeOf(minute)}[name]
			if k == len(asked.GroupBy.Order)-1 {
				node[key] = leafOf(n)
				break
			}
			below, ok := node[key].(map[string]any)
			if !ok {
				below = map[string]any{}
				node[key] = below
			}
			node = below
		}
	})
	return root
}

func (a *API) flat(asked *reportAsked) []map[string]any {
	points := []map[string]any{}
	measurement := asked.Filter.Measurements[0]
	a.each(asked, func(id, field string, minute time.Time, n float64) {
		point := map[string]any{
			"measurement": measurement, "field": field, "time": timeOf(minute), "start": asked.Filter.Start, "stop": asked.Filter.Stop, "value": n,
			"preprocessed": false, "timezone_offset": "0h",
		}
		for _, name := range columns {
			point[name] = ""
		}
		if field == "" {
			point["field"] = "occupancy"
		}
		point[measurements[measurement].column] = id
		points = append(points, point)
	})
	return points
}

// AskReport asks for a report as somebody who is logged in, and returns the status and the answer.
func AskReport(a *API, body string) string {
	return ask(a, "/api/v3/reporting", body)
}

// Minutes lists the minutes in which more requests were made than that, with how many there were.
func (a *API) Minutes(most int) (over []string) {
	all := a.Requests()
	for i := range all {
		n := 0
		for _, r := range all[i:] {
			if r.At.Sub(all[i].At) >= time.Minute {
				break
			}
			n++
		}
		if n > most {
			over = append(over, fmt.Sprint(n, " from ", all[i].At.UTC().Format(time.TimeOnly)))
		}
	}
	return over
}
