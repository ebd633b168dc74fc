package plot

import (
	"fmt"
	"time"
)

// days marks midnights, and the time of day where there are few of them.
func (d *drawing) days() {
	bottom := d.height - axis
	label := func(x float64, text string) {
		fmt.Fprintf(&d.out, `<text x="%s" y="%d" text-anchor="middle">%s</text>`, coordinate(x), d.height-6, text)
	}
	midnights := d.course.midnights()
	labels := d.width / 100 // as many as there is room for
	each := (len(midnights) + labels - 1) / labels
	for i, at := range midnights {
		x := d.x(at)
		fmt.Fprintf(&d.out, `<line class="midnight" x1="%s" x2="%[1]s" y1="%d" y2="%d"/>`, coordinate(x), top, bottom)
		if i%max(each, 1) == 0 && x > left+20 && x < float64(d.width-30) {
			label(x, at.Format("2 Jan"))
		}
	}
	if d.course.Until.Sub(d.course.From) > 72*time.Hour {
		return
	}
	for _, at := range d.course.Hours() {
		local := at.In(d.course.Place)
		if local.Hour()%3 != 0 || local.Hour() == 0 || local.Minute() != 0 {
			continue
		}
		x := d.x(at)
		fmt.Fprintf(&d.out, `<line class="grid" x1="%s" x2="%[1]s" y1="%d" y2="%d"/>`, coordinate(x), top, bottom)
		if x > left+16 && x < float64(d.width-24) {
			label(x, local.Format("15:04"))
		}
	}
}

// scale draws the axis of people.
func (d *drawing) scale() {
	most := 0
	for i := range d.stretches {
		if s := &d.stretches[i]; s.Sample != nil && s.People != nil {
			most = max(most, *s.People)
		}
	}
	step := niceStep(most)
	d.most = max(step, (most+step-1)/step*step)
	for n := 0; n <= d.most; n += step {
		y := coordinate(d.y(n))
		fmt.Fprintf(&d.out, `<line class="grid" x1="%d" x2="%d" y1="%s" y2="%[3]s"/><text x="%[4]d" y="%[3]s" dy="4" text-anchor="end">%[5]d</text>`, left, d.width-right, y, left-6, n)
	}
}

// niceStep returns a step of 1, 2 or 5 and noughts that gives an axis at most five lines above its foot.
func niceStep(most int) int {
	for unit := 1; ; unit *= 10 {
		for _, step := range []int{1, 2, 5} {
			if most <= 5*step*unit {
				return step * unit
			}
		}
	}
}
