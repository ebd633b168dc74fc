package plot

import (
	"slices"
	"time"
)

// Sample is how the asset was from a moment on, until the next sample. Nil: nobody could tell, or the asset has no
// such measure.
type Sample struct {
	At       time.Time
	People   *int
	Quality  string
	Outputs  [OutputCount]*bool
	OffDelay bool // HVAC was on only because its off-delay ran
}

// The outputs, in the order in which they are drawn.
const (
	HVAC = iota
	Lighting
	Ventilation
	OutputCount
)

var outputNames = [OutputCount]string{"HVAC", "Lighting", "Ventilation"}

// Run is a time in which a gateway ran: outside of these nobody knows how anything was.
type Run struct{ From, Until time.Time }

// Course is what is drawn: the time from From until Until, by the clocks of Place.
type Course struct {
	Name        string // of the asset
	From, Until time.Time
	Place       *time.Location
	Before      *Sample // the last one before From
	Samples     []Sample
	Runs        []Run
}

// stretch is a time in which nothing changed.
type stretch struct {
	from, until time.Time
	*Sample     // nil while no gateway ran, and before the first sample
	ran         bool
}

// doubtful tells whether what was shown was not what was heard.
func (s *stretch) doubtful() bool {
	if s.Sample == nil {
		return false
	}
	switch s.Quality {
	case "good", "uncertain", "forced":
		return false
	}
	return true
}

// stretches cuts the time of the course where anything changed. They follow each other without a gap.
func (c *Course) stretches() []stretch {
	var out []stretch
	add := func(from, until time.Time, s *Sample, ran bool) {
		if from, until = later(from, c.From), earlier(until, c.Until); from.Before(until) {
			out = append(out, stretch{from, until, s, ran})
		}
	}
	runs := slices.Clone(c.Runs)
	slices.SortFunc(runs, func(a, b Run) int { return a.From.Compare(b.From) })
	at, next, current := c.From, 0, c.Before
	for _, run := range runs {
		if !run.Until.After(at) {
			continue
		}
		add(at, run.From, nil, false)
		at = later(at, run.From)
		for next < len(c.Samples) && c.Samples[next].At.Before(run.Until) {
			add(at, c.Samples[next].At, current, true)
			at = later(at, c.Samples[next].At)
			current = &c.Samples[next]
			next++
		}
		add(at, run.Until, current, true)
		at = later(at, run.Until)
	}
	add(at, c.Until, nil, false)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// midnights returns the beginnings of the days between From and Until, which are not always 24 hours apart.
func (c *Course) midnights() (out []time.Time) {
	year, month, day := c.From.In(c.Place).Date()
	for n := 1; ; n++ {
		at := time.Date(year, month, day+n, 0, 0, 0, 0, c.Place)
		if !at.Before(c.Until) {
			return out
		}
		out = append(out, at)
	}
}

// Sum says of a time how the asset was.
type Sum struct {
	From, Until time.Time
	Known       bool // people were counted at some time
	Least, Most int  // people
	Occupied    time.Duration
	OffDelay    time.Duration // part of Occupied
	Doubtful    time.Duration // nothing was heard, and something stood in
	Without     time.Duration // no gateway ran, or nothing was known yet
	HasOccupied bool
}

// Sums cuts the course at the moments given and sums each part up.
func (c *Course) Sums(cuts []time.Time) []Sum {
	edges := append(append([]time.Time{c.From}, cuts...), c.Until)
	out := make([]Sum, len(edges)-1)
	for i := range out {
		out[i].From, out[i].Until = edges[i], edges[i+1]
	}
	k := 0
	for _, s := range c.stretches() {
		for k > 0 && s.from.Before(out[k].From) {
			k--
		}
		for k < len(out) && !out[k].Until.After(s.from) {
			k++
		}
		for j := k; j < len(out) && out[j].From.Before(s.until); j++ {
			out[j].add(&s, earlier(s.until, out[j].Until).Sub(later(s.from, out[j].From)))
		}
	}
	return out
}

func (o *Sum) add(s *stretch, lasted time.Duration) {
	if s.Sample == nil {
		o.Without += lasted
		return
	}
	if s.doubtful() {
		o.Doubtful += lasted
	}
	if s.People != nil {
		if !o.Known {
			o.Least, o.Most, o.Known = *s.People, *s.People, true
		}
		o.Least, o.Most = min(o.Least, *s.People), max(o.Most, *s.People)
	}
	if on := s.Outputs[HVAC]; on != nil {
		o.HasOccupied = true
		if *on {
			o.Occupied += lasted
			if s.OffDelay {
				o.OffDelay += lasted
			}
		}
	}
}

// Hours returns the full hours in the course: where a table of its numbers may be cut.
func (c *Course) Hours() (out []time.Time) {
	for at := c.From.Truncate(time.Hour).Add(time.Hour); at.Before(c.Until); at = at.Add(time.Hour) {
		out = append(out, at)
	}
	return out
}

// Days returns the midnights in the course.
func (c *Course) Days() []time.Time { return c.midnights() }
