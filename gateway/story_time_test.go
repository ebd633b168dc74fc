package gateway_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// firstDay is the Monday on which stories begin that name no date.
var firstDay = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)

// almanac reads moments as stories write them: "09:00", "09:00:30", "Fri 20:15", "+1d 09:00" and
// "yesterday 23:59".
type almanac struct {
	place *time.Location
	day   time.Time // its date is the day of which a time is
}

const (
	clockTime   = `\d\d:\d\d(?::\d\d)?`
	storyDay    = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|\+\d+d|yesterday)`
	storyMoment = `(?:` + storyDay + ` )?` + clockTime
)

// storyLine is a line that begins with a moment, or with two of them and dots between.
var storyLine = regexp.MustCompile(`^(` + storyMoment + `)(?:\.\.(` + storyMoment + `))? +(.*)$`)

// span reads the moments at which a line begins and ends. The day of the first is that of the lines
// after it.
func (a *almanac) span(first, last string) (from, until gateway.Timestamp, err error) {
	if a.day, from, err = a.moment(first); err != nil || last == "" {
		return from, from, err
	}
	if _, until, err = a.moment(last); err == nil && until <= from {
		err = fmt.Errorf("%s is not after %s", last, first)
	}
	return from, until, err
}

// moment reads one moment, and the day that it lies on.
func (a *almanac) moment(text string) (time.Time, gateway.Timestamp, error) {
	day, clock := a.day, text
	if name, rest, ok := strings.Cut(text, " "); ok {
		clock = rest
		var err error
		if day, err = dayAfter(a.day, name); err != nil {
			return day, 0, err
		}
	}
	layout := "15:04:05"[:len(clock)]
	t, err := time.Parse(layout, clock)
	if err != nil {
		return day, 0, fmt.Errorf("%q is no moment", text)
	}
	year, month, date := day.Date()
	moment := time.Date(year, month, date, t.Hour(), t.Minute(), t.Second(), 0, a.place)
	return day, gateway.TimestampOf(moment), nil
}

// dayAfter returns the day of that name: the next of a week's, today if it is one.
func dayAfter(day time.Time, name string) (time.Time, error) {
	if name == "yesterday" {
		return day.AddDate(0, 0, -1), nil
	}
	var days int
	if n, err := fmt.Sscanf(name, "+%dd", &days); n == 1 && err == nil {
		return day.AddDate(0, 0, days), nil
	}
	names := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	wanted := slices.Index(names, name)
	if wanted < 0 {
		return day, fmt.Errorf("%q is no day", name)
	}
	return day.AddDate(0, 0, (wanted-int(day.Weekday())+7)%7), nil
}
