package butlr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"butlr-gateway/gateway"
)

// Quantity is something that Butlr can tell of every minute that is over.
type Quantity uint8

// The quantities.
const (
	FloorPeople   Quantity = iota // people on floors
	RoomPeople                    // people in rooms
	ZonePeople                    // people in zones
	Passages                      // people who passed traffic sensors, each way
	quantityCount = iota
)

// quantities are how each is asked for: the measurement, the filter that names places, what an id is called, and
// which of the numbers of a minute is meant.
var quantities = [quantityCount]struct {
	kind                               gateway.Kind
	measurement, filter, key, function string
}{
	FloorPeople: {gateway.Floor, "floor_occupancy", "spaces", "space_id", "median"},
	RoomPeople:  {gateway.Room, "room_occupancy", "rooms", "room_id", "median"},
	ZonePeople:  {gateway.Zone, "zone_occupancy", "zones", "zone_id", "median"},
	Passages:    {gateway.Sensor, "traffic", "sensors", "sensor_id", "sum"},
}

// quantityOf returns what is counted of a kind of asset: the people of a floor, a room or a zone, the passages of a
// sensor.
func quantityOf(k gateway.Kind) (Quantity, bool) {
	for q := range Quantity(quantityCount) {
		if quantities[q].kind == k {
			return q, true
		}
	}
	return 0, false
}

// Inquiry is which minutes of which places are asked for, from a moment to another that is no part of it: both are
// taken for the whole minutes that they lie in.
type Inquiry struct {
	Quantity    Quantity
	IDs         []gateway.AssetID
	From, Until time.Time
}

// Report is what Butlr counted.
type Report struct {
	Counts []Count // by minute, and of one minute by id; a minute of which nothing is known is not among them
	Odd    int     // numbers that are none, or of nothing that can be made out
	// Strange counts numbers of places that were not asked for; Stranger is one of these.
	Strange  int
	Stranger string // safe to be shown
}

// Count is what Butlr counted of one place in one minute.
type Count struct {
	ID      gateway.AssetID
	At      gateway.Timestamp // when the minute began, as far as Butlr says: it may mean its end
	People  int
	In, Out int // of Passages
}

const reportingPath = "/api/v3/reporting"

// Report asks how many people there were, or who passed, in every minute. What is not known is left out, and never
// said to be nobody. Its error is as of every question; with a [*Refused] that is partial, the report has what came.
func (c *Client) Report(ctx context.Context, i Inquiry) (*Report, error) {
	body, err := json.Marshal(i.body())
	if err != nil {
		return nil, fmt.Errorf("asking for a report: %w", err)
	}
	var report *Report
	err = c.persist(ctx, false, func() (err error) {
		report, err = c.reportOnce(ctx, &i, body)
		return err
	})
	if err != nil {
		return report, fmt.Errorf("asking for %s: %w", quantities[i.Quantity].measurement, err)
	}
	return report, nil
}

// body is the request. Minutes that Butlr knows nothing of must not be filled in: create_empty would make empty rooms
// of them.
func (i *Inquiry) body() map[string]any {
	q := &quantities[i.Quantity]
	order := []string{q.key, "time"}
	if i.Quantity == Passages {
		order = []string{q.key, "field", "time"}
	}
	from, until := i.minutes()
	return map[string]any{
		"window": map[string]any{"every": "1m", "function": q.function, "timezone": "UTC"},
		"filter": map[string]any{
			"start": from.Time().Format(time.RFC3339), "stop": until.Time().Format(time.RFC3339), "measurements": []string{q.measurement},
			"value": map[string]any{"gte": 0}, q.filter: map[string]any{"eq": i.IDs},
		},
		"group_by": map[string]any{"order": order},
	}
}

// minutes returns the beginnings of the first minute and of that after the last.
func (i *Inquiry) minutes() (from, until gateway.Timestamp) {
	return minuteOf(i.From), minuteOf(i.Until)
}

// minuteOf returns when the minute of a moment began.
func minuteOf(t time.Time) gateway.Timestamp { return gateway.TimestampOf(t.Truncate(time.Minute)) }

// reportOnce asks once, and logs in before where that is needed.
func (c *Client) reportOnce(ctx context.Context, i *Inquiry, body []byte) (*Report, error) {
	token, err := c.token.get(ctx, c.login)
	if err != nil {
		return nil, err
	}
	secrets := c.secrets(token)
	text, err := c.post(ctx, reportingPath, body, token, longestAnswer, secrets)
	if _, locked := errors.AsType[*lockedOut](err); locked {
		c.token.drop(token)
	}
	if err != nil {
		return nil, err
	}
	a, err := parseAnswer(text, secrets)
	if err != nil {
		return nil, &again{err: err}
	}
	refused := &Refused{Faults: a.faults}
	switch {
	case len(a.faults) > 0 && refused.unlettered():
		c.token.drop(token)
		return nil, &lockedOut{"the token is not taken"}
	case len(a.faults) > 0 && !a.hasData():
		return nil, refused
	case len(a.Data) == 0:
		return nil, &again{err: errors.New("it answered with neither data nor an error")}
	}
	report, err := i.read(a.Data, secrets)
	if err != nil {
		return nil, &again{err: err}
	}
	if len(a.faults) > 0 {
		refused.Partial = true
		return report, refused
	}
	return report, nil
}
