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
	x.evidence(t)
	x.members(t)
	x.overrides(t)
	return t.Flush()
}

func (d *textDump) end(io.Writer) error { return nil }

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
	line(w, "quality", spaced(x.Quality))
	if x.Site.ID != "" {
		line(w, "site", x.site())
	}
	line(w, "times", "of "+x.place.String())
}

func (x explained) site() string {
	s := x.Site
	text := fmt.Sprintf("%s, newest event %s, %d minute feeds", s.ID, x.moment(s.Newest), s.MinuteFeeds)
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

// evidence prints what each feed said, and how alive it is.
func (x explained) evidence(w io.Writer) {
	for i := range x.Feeds {
		f := &x.Feeds[i]
		text := f.Life + ", kind " + f.Rule + choose(f.Counts, ", counts", ", does not count") + choose(f.Chosen, ", in use", "")
		line(w, "feed "+f.Feed, text)
		if f.Newest == 0 {
			continue
		}
		text = "newest " + x.moment(f.Newest)
		if f.StaleAt != 0 {
			text += ", stale at " + x.moment(f.StaleAt)
		}
		if f.DeadAt != 0 {
			text += ", dead at " + x.moment(f.DeadAt)
		}
		line(w, "", text)
		x.revisions(w, f)
		x.before(w, f)
	}
}

// newestRevisions is how many revisions of a feed are shown one by one.
const newestRevisions = 5

func (x explained) revisions(w io.Writer, f *web.Feed) {
	newest := f.Window[max(0, len(f.Window)-newestRevisions):]
	text := strconv.Itoa(len(f.Window)) + choose(len(f.Window) == 1, " revision", " revisions")
	line(w, "", text+choose(len(newest) < len(f.Window), ", the newest of them:", choose(len(newest) == 0, "", ":")))
	for _, r := range newest {
		line(w, "", fmt.Sprintf("  %s  %s  %s", x.moment(r.At), revisionWords(f.Feed, r.Value), r.ID))
	}
}

// before prints what is still known of the time before the revisions.
func (x explained) before(w io.Writer, f *web.Feed) {
	b := &f.Before
	if f.Feed == "traffic" {
		line(w, "", fmt.Sprintf("before them: %+d since %s", b.Sum, x.moment(b.Day)))
		return
	}
	line(w, "", fmt.Sprintf("before them: last positive %s, first clear after it %s, last clear %s",
		x.moment(b.LastPositive), x.moment(b.FirstClear), x.moment(b.LastClear)))
}

func revisionWords(feed string, value int32) string {
	switch feed {
	case "motion":
		return choose(value != 0, "motion", "no motion")
	case "traffic":
		return fmt.Sprintf("%+d", value)
	}
	return strconv.Itoa(int(value))
}

func (x explained) members(w io.Writer) {
	if x.Members == nil {
		return
	}
	line(w, "members", fmt.Sprintf("%d: %s; coverage %s %%", x.Members.Total, qualities(x.Members.Qualities), strconv.FormatFloat(x.Members.Coverage, 'f', -1, 64)))
	if len(x.Members.Missing) > 0 {
		line(w, "", "named in the configuration, but no asset: "+strings.Join(x.Members.Missing, ", "))
	}
}

func (x explained) overrides(w io.Writer) {
	for i := range x.Overrides {
		o := &x.Overrides[i]
		line(w, choose(i == 0, "overrides", ""), o.Sentence(x.place)+" (since "+x.moment(o.Since)+")")
	}
}
