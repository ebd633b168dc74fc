package butlr

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"time"

	"butlr-gateway/gateway"
)

// Hub believes events, and shows what is believed; *[gateway.Hub] is one.
type Hub interface {
	Ingest(ctx context.Context, events []gateway.Event) error
	View(ctx context.Context, look func(*gateway.State)) error
}

// How much is asked for at once, so that an answer stays some megabytes, and told at once.
const (
	mostIDs    = 500
	stretch    = 40 * time.Minute
	mostEvents = 2000
)

// pieces yields inquiries of at most so many places and minutes that together ask for all of them.
func (i Inquiry) pieces() iter.Seq[Inquiry] {
	return func(yield func(Inquiry) bool) {
		for from := i.From; from.Before(i.Until); from = from.Add(stretch) {
			for ids := range slices.Chunk(i.IDs, mostIDs) {
				until := from.Add(stretch)
				if until.After(i.Until) {
					until = i.Until
				}
				if !yield(Inquiry{Quantity: i.Quantity, IDs: ids, From: from, Until: until}) {
					return
				}
			}
		}
	}
}

// reportAll asks for one piece after the other, and hands over what is counted. Where Butlr answers in part, what came
// is taken.
func (c *Client) reportAll(ctx context.Context, i Inquiry, take func(*Report) error) error {
	for piece := range i.pieces() {
		report, err := c.Report(ctx, piece)
		if refused, ok := errors.AsType[*Refused](err); ok && refused.Partial {
			c.options.Log.DebugContext(ctx, "a report is not whole", "err", err)
			err = nil
		}
		if err == nil {
			err = take(report)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eventOf makes an event of a count. Its id is no KSUID, so that it loses every tie against what Butlr sent, and the
// same for the same minute, so that who passed counts once.
func eventOf(c *Count, q Quantity, path gateway.Path, origin gateway.Origin) gateway.Event {
	e := gateway.Event{Type: gateway.OccupancyMinute, Subject: quantities[q].kind, Origin: origin, At: c.At, Path: path, People: c.People}
	prefix := "reconcile:"
	if origin == gateway.Polled {
		prefix = "poll:"
	}
	e.ID = prefix + string(c.ID) + ":" + strconv.FormatInt(c.At.Minute(), 10)
	if q == Passages {
		e.Type, e.People, e.In, e.Out = gateway.Traffic, 0, c.In, c.Out
	}
	return e
}

// tell hands events to the hub, some at a time.
func tell(ctx context.Context, hub Hub, events []gateway.Event) error {
	for some := range slices.Chunk(events, mostEvents) {
		if err := hub.Ingest(ctx, slices.Clone(some)); err != nil {
			return err
		}
	}
	return nil
}
