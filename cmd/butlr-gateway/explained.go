package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// textDump prints explanations for people to read. What comes from outside is escaped.
type textDump struct{ begun bool }

func (d *textDump) print(w io.Writer, e *web.Explanation) error {
	if d.begun {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	d.begun = true
	x := explained{e, timesOf(e.Site.Timezone)}
	if _, err := fmt.Fprintf(w, "%s %s\n", e.Kind, printable(string(e.Asset))); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	x.describe(t)
	x.points(t)
	x.overrides(t)
	x.members(t)
	x.evidence(t)
	x.devices(t)
	x.traffic(t)
	x.settings(t)
	return t.Flush()
}

func (d *textDump) end(io.Writer, *web.Contents) error { return nil }

// explained is an explanation with the place whose times of day it shows.
type explained struct {
	*web.Explanation
	place *time.Location
}

// timesOf returns a time zone; one that this machine does not know is shown as UTC.
func timesOf(zone string) *time.Location {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return place
}

// line prints one line of a block; the heading is empty where the line belongs to the one above.
func line(w io.Writer, heading, text string) { fmt.Fprintf(w, "  %s\t%s\n", heading, printable(text)) }

func (x explained) describe(w io.Writer) {
	line(w, "number", strconv.Itoa(int(x.Number)))
	for _, said := range []struct{ what, text string }{
		{"name", x.Name}, {"custom id", x.CustomID}, {"MAC", x.MAC}, {"place", strings.Join(x.Path, " / ")},
	} {
		if said.text != "" {
			line(w, said.what, said.text)
		}
	}
	if x.Capacity > 0 {
		line(w, "capacity", strconv.Itoa(x.Capacity)+" people")
	}
	if i := x.Inventory; i != nil {
		line(w, "inventory", inventoryWords(i, x.moment(i.Taken)))
	}
	line(w, "quality", spaced(x.Quality))
	if x.Age == nil {
		line(w, "age", "none: nothing was ever heard that decides")
	} else {
		line(w, "age", ageWords(*x.Age)+", of the oldest feed behind the answer")
	}
	if x.OffDelay > 0 {
		line(w, "off-delay", ageWords(x.OffDelay)+" left of the HVAC output's")
	}
	if x.Site.ID != "" {
		line(w, "site", x.site())
	}
	line(w, "times", "of "+x.place.String())
}

// inventoryWords says what the inventory says that was taken over at a moment.
func inventoryWords(i *web.Inventory, taken string) string {
	text := "taken over " + taken
	if i.Capacity > 0 {
		text += ", capacity " + strconv.Itoa(i.Capacity)
	}
	if i.Timezone != "" {
		text += ", time zone " + i.Timezone
	}
	if i.Entrance {
		text += ", an entrance"
	}
	if len(i.Tags) > 0 {
		text += ", tags " + strings.Join(i.Tags, ", ")
	}
	return text
}

func (x explained) site() string {
	s := x.Site
	text := fmt.Sprintf("%s, newest event %s, %s", s.ID, x.moment(s.Newest), heartbeatWords(&s))
	if s.Silence != nil {
		text += fmt.Sprintf(", silent from %s to %s", x.moment(s.Silence.From), x.moment(s.Silence.To))
	}
	switch {
	case s.Hours == "":
		text += ", no hours"
	case s.InUse:
		text += ", in use (" + s.Hours + ")"
	default:
		text += ", after hours (" + s.Hours + ")"
	}
	return text
}

// heartbeatWords says what a site's silence means.
func heartbeatWords(s *web.Site) string {
	feeds := counted(s.MinuteFeeds, "minute feed")
	if s.Heartbeat {
		return feeds + ", its silence is a loss"
	}
	if s.Polled {
		return feeds + ", no heartbeat but its sensors' health: its silence is no loss, that all its sensors are offline is"
	}
	return feeds + ", no heartbeat: its silence is no loss"
}

// counted returns a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// ageWords returns a time in seconds as people write it.
func ageWords(seconds int64) string {
	d := lifetime(time.Duration(seconds) * time.Second)
	return d.String()
}

func (x explained) moment(m web.Moment) string {
	if m == 0 {
		return "never"
	}
	return gateway.Timestamp(m).Time().In(x.place).Format(time.DateTime)
}

// points prints each value with its quality and its reason.
func (x explained) points(w io.Writer) {
	for _, p := range x.Points {
		text := valueWords(p) + ", " + spaced(p.Quality)
		if p.Reason != "" {
			text += ": " + p.Reason
		}
		if p.Code != 0 {
			text += fmt.Sprintf(" (reason %d)", p.Code)
		}
		if p.Doubt != "" {
			text += "; " + spaced(p.Quality) + " because " + p.Doubt
		}
		line(w, p.Measure, text)
	}
}

// spaced returns a name of several words as people write it.
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

func valueWords(p web.Point) string {
	if p.Value == nil {
		return "unknown"
	}
	switch p.Measure {
	case gateway.Utilisation.String():
		return strconv.FormatFloat(float64(*p.Value)/10, 'f', -1, 64) + " %"
	case gateway.Motion.String():
		return choose(*p.Value != 0, "motion", "no motion")
	case gateway.Occupied.String(), gateway.Lighting.String(), gateway.HVAC.String(), gateway.Ventilation.String():
		return choose(*p.Value != 0, "occupied", "vacant")
	}
	return strconv.FormatInt(*p.Value, 10)
}

func choose(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}
