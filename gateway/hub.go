package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Errors of [Hub.Ingest]. After any of them the sender should send the events again, a little later.
var (
	ErrBusy      = errors.New("too many senders are waiting")
	ErrStopped   = errors.New("the gateway is stopping")
	ErrNotStored = errors.New("events could not be stored")
)

// HubOptions is what a hub needs. All of it but QueueLimit and Log must be set.
type HubOptions struct {
	State      *State  // the hub's alone from now on
	Journal    Journal //
	Sinks      []Sink  // told in this order
	Clock      Clock
	Alarms     *Alarms
	Log        *slog.Logger
	QueueLimit int // requests that may wait; 1024 if 0
}

// Hub owns the state in one goroutine, and is the only way to it.
type Hub struct {
	state   *State
	journal Journal
	sinks   []Sink
	clock   Clock
	alarms  *Alarms
	log     *slog.Logger

	inbox   chan *request
	views   chan view
	stopped chan struct{}
	waiting []*request // the requests of the batch in progress
	spare   sync.Pool  // of *request
}

// request is what one sender wants applied.
type request struct {
	events []Event
	done   chan error // capacity 1
	err    error
}

// view is a look at the state from outside.
type view struct {
	look func(*State)
	done chan struct{}
}

const (
	defaultQueueLimit = 1024
	batchLimit        = 8192 // events after which a batch is closed, however many wait
)

// NewHub checks the options. It starts nothing.
func NewHub(o HubOptions) (*Hub, error) {
	if o.State == nil || o.Journal == nil || o.Clock == nil || o.Alarms == nil {
		return nil, errors.New("making a hub: state, journal, clock and alarms must be given")
	}
	if o.QueueLimit == 0 {
		o.QueueLimit = defaultQueueLimit
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{
		state: o.State, journal: o.Journal, sinks: o.Sinks, clock: o.Clock, alarms: o.Alarms, log: o.Log,
		inbox: make(chan *request, o.QueueLimit), views: make(chan view), stopped: make(chan struct{}),
		spare: sync.Pool{New: func() any { return &request{done: make(chan error, 1)} }},
	}, nil
}

// Start stores what the configuration brought, and tells every sink every reading, so that each of them
// can be served from before the first event. Call it once, before Run.
func (h *Hub) Start(ctx context.Context) {
	now := h.clock()
	if err := h.commit(ctx); err != nil {
		h.state.Undo() // pinned assets come into being with their first event instead
	} else {
		h.state.Settle(now)
	}
	h.publish(h.state.All(now))
}

// Ingest hands events to the hub and waits. When it returns nil, what the events changed is on disk and
// has been published; so has everything that was accepted before them, should they change nothing.
// After an error other than the context's, none of them is believed that was not before, or sending them
// again does no harm. The events may be reused, unless the context ended first.
func (h *Hub) Ingest(ctx context.Context, events []Event) error {
	r := h.spare.Get().(*request)
	r.events, r.err = events, nil
	select {
	case h.inbox <- r:
	default:
		h.spare.Put(r)
		return ErrBusy
	}
	select {
	case err := <-r.done:
		r.events = nil
		h.spare.Put(r)
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-h.stopped:
	}
	select { // the answer may have come with the end
	case err := <-r.done:
		return err
	default:
		return ErrStopped
	}
}

// View lets look read the state, between two batches. It must be brief and keep nothing of it.
func (h *Hub) View(ctx context.Context, look func(*State)) error {
	v := view{look, make(chan struct{})}
	select {
	case h.views <- v:
		<-v.done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-h.stopped:
		return ErrStopped
	}
}

// Run serves until ctx ends, then answers whoever waits, and returns.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		h.setAlarmClock(timer)
		select {
		case r := <-h.inbox:
			h.serve(ctx, r)
		case v := <-h.views:
			v.look(h.state)
			close(v.done)
		case <-timer.C:
			h.publish(h.state.Wake(h.clock()))
		case <-ctx.Done():
			h.drain(ctx)
			return nil
		}
	}
}

// setAlarmClock has the timer fire when time will next change a reading.
func (h *Hub) setAlarmClock(timer *time.Timer) {
	next := h.state.Next()
	if next == 0 {
		timer.Stop()
		return
	}
	timer.Reset(max(0, next.Sub(h.clock().Timestamp())))
}

// drain answers the requests that got in before the end.
func (h *Hub) drain(ctx context.Context) {
	for {
		select {
		case r := <-h.inbox:
			h.serve(ctx, r)
		default:
			return
		}
	}
}

// serve applies what waits as one batch, makes it durable, publishes it, and only then answers.
func (h *Hub) serve(ctx context.Context, first *request) {
	now := h.clock()
	events := h.take(now, first)
	for events < batchLimit {
		select {
		case r := <-h.inbox:
			events += h.take(now, r)
			continue
		default:
		}
		break
	}
	err := h.commit(ctx)
	if err != nil {
		h.state.Undo()
	} else {
		h.publish(h.state.Settle(now))
	}
	for i, r := range h.waiting {
		h.waiting[i] = nil
		if r.err == nil {
			r.err = err
		}
		r.done <- r.err
	}
	h.waiting = h.waiting[:0]
}

// take applies one request to the batch in progress and returns how many events it brought.
func (h *Hub) take(now Instant, r *request) int {
	r.err = h.state.Apply(now, r.events)
	h.waiting = append(h.waiting, r)
	return len(r.events)
}

// commit makes the batch durable, if there is anything in it. A stop must not tear it.
func (h *Hub) commit(ctx context.Context) error {
	batch := h.state.Batch()
	if batch.Empty() {
		return nil
	}
	if err := h.journal.Commit(context.WithoutCancel(ctx), batch); err != nil {
		h.alarms.Raise(JournalFailing, err.Error())
		return fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	h.alarms.Clear(JournalFailing)
	return nil
}

func (h *Hub) publish(u *Update) {
	for _, s := range h.sinks {
		s.Publish(u)
	}
}
