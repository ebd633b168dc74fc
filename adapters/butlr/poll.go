package butlr

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"butlr-gateway/gateway"
)

// Poll asks Butlr's API all the time for what is sent nowhere else: people and traffic of every minute that is over,
// of every place that the inventory has. Motion cannot be asked for.
//
// A minute is taken when it is over, and looked at again for a while: people are corrected, and merge as all events
// do. Who passed in a minute counts once, as it was first told; that a minute was told later than others does no harm.
// After an outage, of the API or of the gateway, it goes on where it was, at most Horizon ago.
type Poll struct {
	Client   *Client
	Hub      Hub
	Memory   Memory
	Takes    func(*Inventory) []Place // which places are asked for; must not be nil
	Clock    func() time.Time         // of this machine: it tells which minutes are over
	Every    time.Duration
	Horizon  time.Duration // as of the rules
	Patience time.Duration // how long nothing may be read before it is an alarm
	Alarms   *gateway.Alarms
	Log      *slog.Logger

	places placesAsked
	course pollCourse
	told   map[gateway.Timestamp]map[gateway.AssetID]Count // what was taken of the minutes that are looked at again
	failed int                                             // times in a row

	mu     sync.Mutex
	status PollStatus
}

// Memory keeps texts by keys over a restart; one that is to have "" goes. A table of the store is one.
type Memory interface {
	Load(ctx context.Context) (map[string]string, error)
	Write(ctx context.Context, changes map[string]string) error
}

// PollStatus is how it is with polling.
type PollStatus struct {
	Last      time.Time         // when all that was over had been read; zero: never yet
	Until     gateway.Timestamp // the minutes before it are taken; 0: none yet
	Why       string            // it fails, "" if it does not
	Counted   int               // floors, rooms and zones that are asked for
	Sensors   int               // that count traffic
	Corrected int               // people who passed by a correction of a minute that had counted already: they are not taken
}

const (
	settled  = 5 * time.Second // after its end a minute is complete
	lookBack = 5 * time.Minute // for so long Butlr corrects a minute

	firstNewPoll   = 5 * time.Second // after trouble
	longestNewPoll = 5 * time.Minute
)

// Status tells how it is with polling. It is safe beside Run.
func (p *Poll) Status() PollStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

func (p *Poll) note(change func(*PollStatus)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.status)
}

// Run asks until ctx ends.
func (p *Poll) Run(ctx context.Context) error {
	p.told = map[gateway.Timestamp]map[gateway.AssetID]Count{}
	begun := p.Clock()
	offset := settled + rand.N(15*time.Second) // many gateways do not ask together
	for {
		err := p.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if sleep(ctx, p.judge(ctx, begun, offset, err)) != nil {
			return nil
		}
	}
}

// judge says how a round went, and returns how long it is until the next.
func (p *Poll) judge(ctx context.Context, begun time.Time, offset time.Duration, err error) time.Duration {
	now := p.Clock()
	if err == nil {
		var before PollStatus
		p.note(func(s *PollStatus) { before, s.Last, s.Why = *s, now, "" })
		switch {
		case before.Last.IsZero():
			p.Log.InfoContext(ctx, "people and traffic are read", "places", before.Counted, "sensors", before.Sensors)
		case p.failed > 0:
			p.Log.InfoContext(ctx, "people and traffic are read again: what was missed is taken")
		}
		p.failed = 0
		p.Alarms.Clear(gateway.PollFailing)
		next := now.Add(-offset).Truncate(p.Every).Add(p.Every + offset)
		return next.Sub(now)
	}
	if p.failed++; p.failed == 1 {
		p.Log.WarnContext(ctx, "people and traffic cannot be read; this is tried again", "err", err)
	}
	var last time.Time
	p.note(func(s *PollStatus) { s.Why, last = err.Error(), s.Last })
	if last.IsZero() {
		last = begun
	}
	if now.Sub(last) >= p.Patience {
		p.Alarms.Raise(gateway.PollFailing, "nothing could be read since "+last.UTC().Format(time.DateTime)+" UTC: "+err.Error())
	}
	wait := backOff(p.failed, firstNewPoll, longestNewPoll)
	if down, ok := errors.AsType[*Down](err); ok {
		wait = max(wait, down.After)
	}
	return wait
}

// round reads whatever is over and not taken yet, and looks again at the minutes before it.
func (p *Poll) round(ctx context.Context) error {
	if err := p.furnish(ctx); err != nil {
		return err
	}
	now := p.Clock()
	if err := p.course.resume(ctx, p.Memory, now); err != nil {
		return err
	}
	from, over := p.course.window(now, p.Horizon)
	p.forget(gateway.TimestampOf(from))
	for from.Before(over) {
		until := from.Add(stretch)
		if until.After(over) {
			until = over
		}
		if err := p.take(ctx, from, until); err != nil {
			return err
		}
		if err := p.course.advance(ctx, p.Memory, minuteOf(until)); err != nil {
			return err
		}
		p.note(func(s *PollStatus) { s.Until = p.course.until })
		from = until
	}
	return nil
}

// take reads some minutes of everything.
func (p *Poll) take(ctx context.Context, from, until time.Time) error {
	for q := range Quantity(quantityCount) {
		i := Inquiry{Quantity: q, IDs: p.places.ids[q], From: from, Until: until}
		if since := p.course.since.Time(); q == Passages && i.From.Before(since) {
			i.From = since
		}
		err := p.Client.reportAll(ctx, i, func(r *Report) error { return p.believe(ctx, q, r) })
		if err != nil {
			return err
		}
	}
	return nil
}

// believe tells the hub what is news.
func (p *Poll) believe(ctx context.Context, q Quantity, r *Report) error {
	p.places.sayOdd(ctx, p.Log, r)
	var news []Count
	var events []gateway.Event
	corrected := 0
	for _, c := range r.Counts {
		before, known := p.told[c.At][c.ID]
		switch {
		case c == before && known, q == Passages && c.In+c.Out == 0:
			continue // nobody passed: if that is corrected it may count yet
		case q == Passages && known:
			corrected += distance(c.In, before.In) + distance(c.Out, before.Out)
		default:
			e := eventOf(&c, q, p.places.paths[c.ID], gateway.Polled)
			e.Entrance = p.places.doors[c.ID]
			events = append(events, e)
		}
		news = append(news, c)
	}
	if err := tell(ctx, p.Hub, events); err != nil {
		return err
	}
	for _, c := range news {
		if p.told[c.At] == nil {
			p.told[c.At] = map[gateway.AssetID]Count{}
		}
		p.told[c.At][c.ID] = c
		if q != Passages {
			p.course.newest = max(p.course.newest, c.At)
		}
	}
	p.note(func(s *PollStatus) { s.Corrected += corrected })
	return nil
}

func distance(a, b int) int { return max(a-b, b-a) }

// forget lets go of the minutes that are not looked at again.
func (p *Poll) forget(from gateway.Timestamp) {
	for at := range p.told {
		if at < from {
			delete(p.told, at)
		}
	}
}
