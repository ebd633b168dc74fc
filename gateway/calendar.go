package gateway

import "time"

// calendar knows where the days begin in one place. It remembers the day that it was asked for last.
type calendar struct {
	place    *time.Location
	from, to Timestamp
}

// midnight returns when the day of a moment began.
func (c *calendar) midnight(t Timestamp) Timestamp {
	c.find(t)
	return c.from
}

// next returns when the day of a moment ends.
func (c *calendar) next(t Timestamp) Timestamp {
	c.find(t)
	return c.to
}

func (c *calendar) find(t Timestamp) {
	if t >= c.from && t < c.to {
		return
	}
	year, month, day := t.Time().In(c.place).Date()
	c.from, c.to = c.begin(year, month, day), c.begin(year, month, day+1)
}

// begin returns the first moment of a day. Where the clocks are put forward at midnight there is no
// midnight, and the library may answer with a moment of the day before.
func (c *calendar) begin(year int, month time.Month, day int) Timestamp {
	begins := time.Date(year, month, day, 0, 0, 0, 0, c.place)
	for noon := time.Date(year, month, day, 12, 0, 0, 0, c.place); begins.Day() != noon.Day(); {
		begins = begins.Add(time.Minute)
	}
	return TimestampOf(begins)
}
