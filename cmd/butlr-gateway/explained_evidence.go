package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"butlr-gateway/adapters/web"
)

// evidence prints what each feed said, and how alive it is.
func (x explained) evidence(w io.Writer) {
	for i := range x.Feeds {
		f := &x.Feeds[i]
		text := f.Life + ", kind " + f.Rule + choose(f.Counts, ", counts", ", does not count") + choose(f.Chosen, ", in use", "")
		line(w, "feed "+f.Feed, text)
		if f.Fresh != "" {
			line(w, "", "freshness: "+f.Fresh)
		}
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

// members prints what an aggregate is made of: those that decide first.
func (x explained) members(w io.Writer) {
	m := x.Members
	if m == nil {
		return
	}
	known := qualities(m.Qualities)
	if n := len(m.Missing); n > 0 {
		known += fmt.Sprintf(", %d missing", n)
	}
	line(w, "members", fmt.Sprintf("%d%s: %s; coverage %s %%", m.Total, choose(m.Itself, ", with its own count", ""), known, strconv.FormatFloat(m.Coverage, 'f', -1, 64)))
	for i := range m.Members {
		of := &m.Members[i]
		who := string(of.Asset)
		switch {
		case of.Itself:
			who = "its own count"
		case of.Name != who:
			who += " " + of.Name
		}
		text := choose(of.Occupied == nil, "unknown", "vacant")
		if of.Occupied != nil && *of.Occupied != 0 {
			text = "occupied"
		}
		if of.People != nil {
			text += fmt.Sprintf(", people %d", *of.People)
		}
		line(w, "", fmt.Sprintf("  %s: %s, %s: %s", who, text, spaced(of.Quality), of.Reason))
	}
	if m.More > 0 {
		line(w, "", fmt.Sprintf("  and %d more", m.More))
	}
	if len(m.Missing) > 0 {
		line(w, "", "named in the configuration, and met by no asset: "+strings.Join(m.Missing, ", "))
	}
}

// traffic prints what the totals and the estimate are made of.
func (x explained) traffic(w io.Writer) {
	t := x.Traffic
	if t == nil {
		return
	}
	line(w, "traffic", fmt.Sprintf("%d in, %d out since commissioning, newest %s", t.In, t.Out, x.moment(t.At)))
	line(w, "", fmt.Sprintf("in less out %+d since %s, %s", t.Net, x.moment(t.Since), choose(t.Reset, "a reset on command", "midnight")))
	if t.Lacks {
		line(w, "", "something of that day may be missing: an event was too old to be counted, or the state was restored")
	}
	for i := range t.Sensors {
		s := &t.Sensors[i]
		who := string(s.Asset)
		if s.Name != who {
			who += " " + s.Name
		}
		line(w, "", fmt.Sprintf("  %s: %d in, %d out, newest %s", who, s.In, s.Out, x.moment(s.At)))
	}
	if t.More > 0 {
		line(w, "", fmt.Sprintf("  and %s more", counted(t.More, "sensor")))
	}
}

// settings prints what is in force, by the sections that say so.
func (x explained) settings(w io.Writer) {
	var sections []string
	said := make(map[string][]string)
	for _, s := range x.Settings {
		if said[s.From] == nil {
			sections = append(sections, s.From)
		}
		said[s.From] = append(said[s.From], s.Key+" "+s.Value)
	}
	slices.SortStableFunc(sections, func(a, b string) int {
		return strings.Compare(choose(a == "default", "~", ""), choose(b == "default", "~", ""))
	})
	for i, section := range sections {
		line(w, choose(i == 0, "settings", ""), section+": "+strings.Join(said[section], ", "))
	}
}

func (x explained) overrides(w io.Writer) {
	for i := range x.Overrides {
		o := &x.Overrides[i]
		line(w, choose(i == 0, "overrides", ""), o.Sentence(x.place)+" (since "+x.moment(o.Since)+")")
	}
}
