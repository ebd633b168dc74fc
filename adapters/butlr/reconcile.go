package butlr

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"butlr-gateway/gateway"
)

// Reconcile asks Butlr's API, at the start and after a gap, for the people of the last minutes: in every place that
// they were told of before, as events of each minute that lose every tie. A little later it compares who passed each
// traffic sensor with what was counted here, and tells the difference: it corrects nothing. Motion cannot be asked for.
type Reconcile struct {
	Client *Client
	Hub    Hub
	Gaps   *Gaps // must be one of the hub's sinks
	Back   time.Duration
	Clock  func() time.Time // of this machine: it tells which minutes are over
	Log    *slog.Logger

	said bool // that a report had what nobody asked for

	mu     sync.Mutex
	status ReconcileStatus
}

// ReconcileStatus is how it is with reconciling.
type ReconcileStatus struct {
	Last    time.Time // when it was done; zero: never since the start
	After   string    // what made it necessary
	Counts  int       // minutes of places that were told
	Why     string    // it fails, "" if it does not
	Traffic string    // how who passed compares, as a sentence; "" where nothing was compared yet
}

const (
	firstNewFill   = 10 * time.Second // after trouble
	longestNewFill = 10 * time.Minute
	// lateEvents is how long it is waited for events that Butlr kept, before who passed is compared.
	lateEvents = 5 * time.Minute
)

// Status tells how it is with reconciling. It is safe beside Run.
func (r *Reconcile) Status() ReconcileStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

func (r *Reconcile) note(change func(*ReconcileStatus)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.status)
}

// Run fills gaps until ctx ends; the first is what was missed before the start.
func (r *Reconcile) Run(ctx context.Context) error {
	of, after := everySite, "the start"
	for {
		told, until, err := r.fill(ctx, of, after)
		if err == nil {
			err = sleep(ctx, lateEvents)
		}
		if err == nil {
			r.compare(ctx, told, until)
			of, after, err = r.next(ctx)
		}
		if err != nil {
			return nil
		}
	}
}

// sites chooses some of them.
type sites func(gateway.Number) bool

func everySite(gateway.Number) bool { return true }

// next waits for a gap that is over. Where a site's silence means nothing, there was none. Its error is that of ctx.
func (r *Reconcile) next(ctx context.Context) (of sites, after string, err error) {
	for {
		select {
		case <-ctx.Done():
			return nil, "", ctx.Err()
		case <-r.Gaps.signal:
		}
		open, all := r.Gaps.take()
		if all {
			return everySite, "events were turned away", nil
		}
		name := ""
		err = r.Hub.View(ctx, func(state *gateway.State) {
			for number := range open {
				site := state.Numbered(number)
				if site == nil || !state.Heartbeat(site.ID) {
					delete(open, number)
				} else {
					name = site.Label()
				}
			}
		})
		if err != nil {
			return nil, "", err
		}
		if len(open) > 0 {
			return func(n gateway.Number) bool { return open[n] }, "a silence of " + name, nil
		}
	}
}

// fill asks for the last minutes until they are had. It returns what may be asked for, and when the minutes end. Its
// error is that of ctx, or of a hub that has ended.
func (r *Reconcile) fill(ctx context.Context, of sites, after string) (told []gateway.Told, until time.Time, err error) {
	for failed := 1; ; failed++ {
		if told, err = r.told(ctx, of); err != nil {
			return nil, until, err
		}
		until = minuteOf(r.Clock()).Time()
		n, err := r.ask(ctx, told, until)
		if ctx.Err() != nil {
			return nil, until, ctx.Err()
		}
		if err == nil {
			r.note(func(s *ReconcileStatus) { s.Last, s.After, s.Counts, s.Why = r.Clock(), after, n, "" })
			if len(told) == 0 {
				return nil, until, nil // nothing was told yet that could have been missed
			}
			r.Log.InfoContext(ctx, "reconciled: people of the last minutes are as Butlr has them; motion cannot be asked for", "after", after, "places", len(told), "minutes", n)
			return told, until, nil
		}
		r.note(func(s *ReconcileStatus) { s.Why = err.Error() })
		if failed == 1 {
			r.Log.WarnContext(ctx, "what was missed cannot be asked for; this is tried again", "after", after, "err", err)
		}
		wait := backOff(failed, firstNewFill, longestNewFill)
		if down, ok := errors.AsType[*Down](err); ok {
			wait = max(wait, down.After)
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, until, err
		}
	}
}

func (r *Reconcile) told(ctx context.Context, of sites) (told []gateway.Told, err error) {
	err = r.Hub.View(ctx, func(state *gateway.State) {
		for _, t := range state.Told() {
			if of(t.Site) {
				told = append(told, t)
			}
		}
	})
	return told, err
}

// ask asks for people, and tells the hub. It returns of how many minutes.
func (r *Reconcile) ask(ctx context.Context, told []gateway.Told, until time.Time) (n int, err error) {
	for q := range Passages {
		i := Inquiry{Quantity: q, From: until.Add(-r.Back), Until: until}
		paths := map[gateway.AssetID]gateway.Path{}
		for k := range told {
			if t := &told[k]; t.Subject == quantities[q].kind {
				id := t.ID()
				i.IDs, paths[id] = append(i.IDs, id), t.Path
			}
		}
		err := r.Client.reportAll(ctx, i, func(report *Report) error {
			if !r.said && report.Odd+report.Strange > 0 {
				r.said = true
				r.Log.WarnContext(ctx, "some numbers of a report are left out", "unreadable", report.Odd, "not_asked_for", report.Strange, "such_as", report.Stranger)
			}
			events := make([]gateway.Event, 0, len(report.Counts))
			for k := range report.Counts {
				c := &report.Counts[k]
				events = append(events, eventOf(c, q, paths[c.ID], gateway.Reconciled))
			}
			n += len(events)
			return tell(ctx, r.Hub, events)
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
