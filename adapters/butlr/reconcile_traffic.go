package butlr

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// passage is how many passed a sensor, as Butlr has it and as it was counted here.
type passage struct {
	sensor          gateway.AssetID
	from, until     gateway.Timestamp
	in, out         int
	hereIn, hereOut int
	unknown         bool // here: too much came since
}

func (p *passage) missed() int { return distance(p.in, p.hereIn) + distance(p.out, p.hereOut) }

// compare tells how who passed in the minutes that were asked for compares with what was counted here. Nothing follows
// from it: Butlr may still send what is missing, and a total that was corrected and then sent would count twice.
func (r *Reconcile) compare(ctx context.Context, told []gateway.Told, until time.Time) {
	passages := r.sensors(told, until)
	if len(passages) == 0 {
		return
	}
	if err := r.count(ctx, passages); err != nil {
		r.Log.DebugContext(ctx, "who passed cannot be compared", "err", err)
		return
	}
	text, differ := r.inWords(ctx, passages)
	if text == "" {
		return
	}
	r.note(func(s *ReconcileStatus) { s.Traffic = text })
	if differ {
		r.Log.WarnContext(ctx, text)
	} else {
		r.Log.InfoContext(ctx, text)
	}
}

// sensors returns what is to be compared: of each sensor the minutes since its site was heard of before the start, for
// what came earlier the process before counted, and did not keep when.
func (r *Reconcile) sensors(told []gateway.Told, until time.Time) (passages []passage) {
	before := r.Gaps.before()
	for i := range told {
		t := &told[i]
		if t.Subject != gateway.Sensor {
			continue
		}
		p := passage{sensor: t.ID(), from: gateway.TimestampOf(until.Add(-r.Back)), until: gateway.TimestampOf(until)}
		if heard := before[t.Site]; heard >= p.from {
			p.from = minuteOf(heard.Time()).Add(time.Minute)
		}
		if p.from < p.until {
			passages = append(passages, p)
		}
	}
	return passages
}

// count asks Butlr and the state.
func (r *Reconcile) count(ctx context.Context, passages []passage) error {
	place, i := map[gateway.AssetID]*passage{}, Inquiry{Quantity: Passages, Until: passages[0].until.Time()}
	for k := range passages {
		p := &passages[k]
		place[p.sensor] = p
		i.IDs = append(i.IDs, p.sensor)
		if from := p.from.Time(); i.From.IsZero() || from.Before(i.From) {
			i.From = from
		}
	}
	err := r.Client.reportAll(ctx, i, func(report *Report) error {
		for _, c := range report.Counts {
			if p := place[c.ID]; c.At >= p.from {
				p.in, p.out = p.in+c.In, p.out+c.Out
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.Hub.View(ctx, func(state *gateway.State) {
		for k := range passages {
			p := &passages[k]
			var ok bool
			p.hereIn, p.hereOut, ok = state.Passed(p.sensor, p.from, p.until)
			p.unknown = !ok
		}
	})
}

// sensorsNamed is how many sensors are named that differ.
const sensorsNamed = 5

// inWords says how it compares, "" if nobody knows.
func (r *Reconcile) inWords(ctx context.Context, passages []passage) (text string, differ bool) {
	passages = slices.DeleteFunc(passages, func(p passage) bool { return p.unknown })
	if len(passages) == 0 {
		return "", false
	}
	from := slices.MinFunc(passages, func(a, b passage) int { return cmp.Compare(a.from, b.from) }).from
	when := "from " + from.Time().Format("15:04") + " to " + passages[0].until.Time().Format("15:04") + " UTC"
	var in, out, hereIn, hereOut int
	var wrong []passage
	for _, p := range passages {
		in, out, hereIn, hereOut = in+p.in, out+p.out, hereIn+p.hereIn, hereOut+p.hereOut
		if p.missed() > 0 {
			wrong = append(wrong, p)
		}
	}
	if len(wrong) == 0 {
		return fmt.Sprintf("traffic is as Butlr has it: %d in, %d out at %d sensors %s", in, out, len(passages), when), false
	}
	slices.SortStableFunc(wrong, func(a, b passage) int { return cmp.Compare(b.missed(), a.missed()) })
	var names []string
	for _, p := range wrong[:min(len(wrong), sensorsNamed)] {
		name := string(p.sensor)
		_ = r.Hub.View(ctx, func(state *gateway.State) {
			if a := state.Asset(p.sensor); a != nil {
				name = a.Label()
			}
		})
		names = append(names, fmt.Sprintf("%s %d in, %d out here and %d in, %d out at Butlr", name, p.hereIn, p.hereOut, p.in, p.out))
	}
	if more := len(wrong) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("traffic differs and is not corrected: %d in, %d out were counted here and %d in, %d out by Butlr at %d sensors %s (%s)",
		hereIn, hereOut, in, out, len(passages), when, strings.Join(names, "; ")), true
}
