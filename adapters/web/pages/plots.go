package pages

import (
	"context"
	"html/template"
	"slices"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/plot"
	"butlr-gateway/gateway"
)

// chart is a drawing with what it says in words and numbers.
type chart struct {
	Title   string
	Wide    template.HTML
	Narrow  template.HTML // the same for a phone
	About   string
	Layout  string // how a table of its numbers says when
	Numbers []plot.Sum
}

// spans are the times that are drawn.
var spans = []struct {
	id, title string
	length    time.Duration
}{{"day", "The last 24 hours", 24 * time.Hour}, {"month", "The last 31 days", 31 * 24 * time.Hour}}

func (p *Pages) fillPlots(ctx context.Context, out *assetPage) {
	if p.Sources.History == nil {
		return
	}
	now := p.now()
	longest := spans[len(spans)-1].length
	history, err := p.Sources.History(ctx, out.Asset, now.Add(-longest), now)
	if err != nil {
		out.Missing = append(out.Missing, "The history: "+err.Error())
		return
	}
	whole := courseOf(out, history)
	whole.Until = now.Time()
	for _, s := range spans {
		c := whole
		c.From = now.Add(-s.length).Time()
		c.startAt(c.From)
		made := chart{Title: s.title, Layout: "Mon 2 Jan"}
		_, made.About = c.Words()
		// Made by the gateway from numbers; the name in it is escaped.
		made.Wide = template.HTML(c.SVG(s.id, plot.Wide))
		made.Narrow = template.HTML(c.SVG(s.id+"-narrow", plot.Narrow))
		cuts := c.Days()
		if s.length <= 48*time.Hour {
			made.Layout, cuts = "15:04", c.Hours()
		}
		made.Numbers = c.Sums(cuts)
		slices.Reverse(made.Numbers)
		out.Plots = append(out.Plots, made)
	}
}

// course is what is drawn of an asset.
type course struct{ plot.Course }

// startAt leaves out what is before a moment, but for the last of it.
func (c *course) startAt(from time.Time) {
	first, _ := slices.BinarySearchFunc(c.Samples, from, func(s plot.Sample, t time.Time) int { return s.At.Compare(t) })
	if first > 0 {
		c.Before = &c.Samples[first-1]
	}
	c.Samples = c.Samples[first:]
}

func courseOf(about *assetPage, h *web.History) course {
	c := course{plot.Course{Name: visible(about.Label), Place: about.Place, Samples: make([]plot.Sample, len(h.Samples))}}
	if h.Before != nil {
		c.Before = new(sampleOf(h.Before))
	}
	for i := range h.Samples {
		c.Samples[i] = sampleOf(&h.Samples[i])
	}
	for _, r := range h.Runs {
		c.Runs = append(c.Runs, plot.Run{From: gateway.Timestamp(r.From).Time(), Until: gateway.Timestamp(r.Until).Time()})
	}
	return c
}

func sampleOf(s *web.HistorySample) plot.Sample {
	out := plot.Sample{At: gateway.Timestamp(s.Minute).Time(), People: s.People, Quality: s.Quality, OffDelay: s.OffDelay}
	out.Outputs[plot.HVAC], out.Outputs[plot.Lighting], out.Outputs[plot.Ventilation] = s.HVAC, s.Lighting, s.Ventilation
	return out
}
