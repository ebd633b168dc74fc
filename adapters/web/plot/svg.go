package plot

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"time"
)

// Widths of a drawing in its own units. It is scaled to the width that there is, and its texts with it: a phone wants a
// narrow one.
const (
	Wide   = 960
	Narrow = 400
)

// Sizes in the units of the drawing.
const (
	left    = 40 // of the axis of people
	right   = 8
	top     = 14
	field   = 130 // height of the part with people
	lane    = 16  // height of the band of HVAC; the others are half as high
	spacing = 6
	axis    = 22
)

// SVG draws the course, [Wide] or [Narrow]. The id tells its patterns from those of other drawings on the page; it must
// be a word.
func (c *Course) SVG(id string, width int) string {
	d := &drawing{course: c, id: id, width: width, columns: width - left - right, stretches: c.stretches()}
	d.lanes = d.outputs()
	d.height = top + field + spacing + axis
	for i := range d.lanes {
		d.height += laneHeight(i) + spacing
	}
	d.begin()
	d.doubts()
	d.days()
	d.scale()
	d.line()
	for i, o := range d.lanes {
		d.band(i, o)
	}
	d.out.WriteString("</svg>")
	return d.out.String()
}

// drawing is one SVG as it is written.
type drawing struct {
	course    *Course
	id        string
	stretches []stretch
	lanes     []int // the outputs that the asset has
	width     int
	columns   int // of the width, those that time has
	height    int
	most      int // people at the top of the axis
	out       strings.Builder
}

// outputs lists those that the asset ever had.
func (d *drawing) outputs() (has []int) {
	for o := range OutputCount {
		for i := range d.stretches {
			if s := &d.stretches[i]; s.Sample != nil && s.Outputs[o] != nil {
				has = append(has, o)
				break
			}
		}
	}
	return has
}

func laneHeight(i int) int {
	if i == 0 {
		return lane
	}
	return lane / 2
}

func (d *drawing) begin() {
	title, about := d.course.Words()
	fmt.Fprintf(&d.out, `<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">`, d.width, d.height, d.id, d.id)
	fmt.Fprintf(&d.out, `<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, d.id, html.EscapeString(title), d.id, html.EscapeString(about))
	fmt.Fprintf(&d.out, `<defs><pattern id="%[1]s-doubt" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch-doubt" y2="6"/></pattern>`+
		`<pattern id="%[1]s-gap" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><line class="hatch-gap" y2="7"/></pattern></defs>`, d.id)
}

// x returns where a moment is drawn. Days that are longer or shorter than others are so here as well.
func (d *drawing) x(t time.Time) float64 {
	c := d.course
	return left + float64(d.columns)*float64(t.Sub(c.From))/float64(c.Until.Sub(c.From))
}

// y returns where a number of people is drawn.
func (d *drawing) y(n int) float64 {
	return top + field*(1-float64(n)/float64(d.most))
}

// coordinate is written no finer than anyone sees.
func coordinate(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func (d *drawing) rect(class, fill string, from, until float64, y, height int) {
	if fill != "" {
		fill = fmt.Sprintf(` fill="url(#%s-%s)"`, d.id, fill)
	}
	fmt.Fprintf(&d.out, `<rect class="%s"%s x="%s" y="%d" width="%s" height="%d"/>`, class, fill, coordinate(from), y, coordinate(max(until-from, .6)), height)
}

// joined calls draw for each time in which something was so, those that touch taken together, and so are those
// that nobody could tell apart.
func (d *drawing) joined(so func(*stretch) bool, draw func(from, until float64)) {
	var from, until float64
	open := false
	for i := range d.stretches {
		s := &d.stretches[i]
		if !so(s) {
			continue
		}
		a, b := d.x(s.from), d.x(s.until)
		if open && a-until < .3 {
			until = max(until, b)
			continue
		}
		if open {
			draw(from, until)
		}
		from, until, open = a, b, true
	}
	if open {
		draw(from, until)
	}
}

// doubts hatches what nobody knows, and what was not heard.
func (d *drawing) doubts() {
	height := d.height - top - axis
	d.joined(func(s *stretch) bool { return s.Sample == nil }, func(from, until float64) { d.rect("gap", "gap", from, until, top, height) })
	d.joined((*stretch).doubtful, func(from, until float64) { d.rect("doubt", "doubt", from, until, top, height) })
}

// level is a number of people over some width of the drawing.
type level struct {
	from, until float64
	people      int
}

// levels are the people of the course, taken together where they are narrower than anyone could see: the most of
// them counts, so that no peak is lost, and a month takes no more room than a day.
func (d *drawing) levels() (out []level) {
	for i := range d.stretches {
		s := &d.stretches[i]
		if s.Sample == nil || s.People == nil {
			continue
		}
		l := level{d.x(s.from), d.x(s.until), *s.People}
		if n := len(out); n > 0 && out[n-1].until == l.from && l.until-out[n-1].from <= 1 {
			out[n-1].until, out[n-1].people = l.until, max(out[n-1].people, l.people)
			continue
		}
		out = append(out, l)
	}
	return out
}

// line draws people as steps, with gaps where nobody could tell.
func (d *drawing) line() {
	var path, area strings.Builder
	foot := coordinate(d.y(0))
	end := math.Inf(-1)
	for _, l := range d.levels() {
		from, until, y := coordinate(l.from), coordinate(l.until), coordinate(d.y(l.people))
		if l.from == end {
			fmt.Fprintf(&path, "V%sH%s", y, until)
			fmt.Fprintf(&area, "V%sH%s", y, until)
		} else {
			if !math.IsInf(end, -1) {
				area.WriteString("V" + foot + "Z")
			}
			fmt.Fprintf(&path, "M%s %sH%s", from, y, until)
			fmt.Fprintf(&area, "M%s %sV%sH%s", from, foot, y, until)
		}
		end = l.until
	}
	if path.Len() > 0 {
		fmt.Fprintf(&d.out, `<path class="area" d="%sV%sZ"/><path class="people" d="%s"/>`, area.String(), foot, path.String())
	}
}

// band draws when an output was on.
func (d *drawing) band(i, o int) {
	y := top + field + spacing
	for k := range i {
		y += laneHeight(k) + spacing
	}
	height := laneHeight(i)
	fmt.Fprintf(&d.out, `<rect class="lane" x="%d" y="%d" width="%d" height="%d"/><text x="%d" y="%d" dy="4" text-anchor="end"><title>%s</title>%s</text>`,
		left, y, d.columns, height, left-6, y+height/2, outputNames[o], outputNames[o][:1])
	on := func(s *stretch) bool { return s.Sample != nil && s.Outputs[o] != nil && *s.Outputs[o] }
	d.joined(func(s *stretch) bool { return on(s) && !(o == HVAC && s.OffDelay) }, func(from, until float64) { d.rect("band", "", from, until, y, height) })
	if o == HVAC {
		d.joined(func(s *stretch) bool { return on(s) && s.OffDelay }, func(from, until float64) { d.rect("off-delay", "", from, until, y, height) })
	}
}
