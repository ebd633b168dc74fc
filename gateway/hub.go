package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of [Hub.Ingest]. After any of them the sender should send the events again, a little later.
var (
	ErrBusy      = errors.New("too many senders are waiting")
	ErrStopped   = errors.New("the gateway is stopping")
	ErrNotStored = errors.New("events could not be stored")
	ErrLate      = errors.New("events were not stored in time")
)

// IngestPatience is how long [Hub.Ingest] waits at the most. Butlr gives up after 15 s.
const IngestPatience = 15 * time.Second

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
	commits chan *Batch // to the one goroutine that waits for the disk
	results chan error  // from it

	queued  atomic.Int64 // events that wait
	timer   *time.Timer  // fires when time will next change a reading
	waiting []*request   // the requests of the batch in progress
	full    error        // why some of them cannot be remembered
	lost    string       // the sites whose loss was told
	doubt   string       // of the clock, as it was told
	unmet   string       // pins, as they were told
	missed  string       // sensors and hives, as they were told
	diary   diary        // what was logged
	spare   sync.Pool    // of *request
}

// request is what one sender wants applied.
type request struct {
	events []Event
	change func(*State, Instant) error // instead of events
	done   chan error                  // capacity 1
	err    error
	limit  *time.Timer // of whoever waits for it; stopped while nobody does
}

// newRequest returns one to be used again and again.
func newRequest() any {
	r := &request{done: make(chan error, 1), limit: time.NewTimer(IngestPatience)}
	r.limit.Stop()
	return r
}

// view is a look at the state from outside.
type view struct {
	look func(*State)
	done chan struct{}
}

func (v view) show(s *State) {
	v.look(s)
	close(v.done)
}

const (
	defaultQueueLimit = 1024
	queuedEventsLimit = 65_536           // some 40 MB of events
	batchLimit        = 8192             // events after which a batch is closed, however many wait
	heartbeat         = time.Minute      // how often it is stored that the gateway is alive
	diskPatience      = 10 * time.Second // after which a commit that does not end is an alarm
	stopPatience      = 10 * time.Second // how long a stop waits for a commit that does not end
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
		commits: make(chan *Batch), results: make(chan error, 1),
		spare: sync.Pool{New: newRequest},
	}, nil
}

// Start stores what the configuration brought, and tells every sink every reading, so that each of them
// can be served from before the first event. Call it once, before Run.
func (h *Hub) Start(ctx context.Context) {
	now := h.clock()
	if b := h.state.Batch(); !b.Empty() {
		if err := h.judge(h.journal.Commit(ctx, b)); err != nil {
			h.state.Undo() // what the configuration brings comes into being with the next batch instead
		}
	}
	h.state.Settle(now)
	h.publish(h.state.All(now))
}

// Ingest hands events to the hub and waits. When it returns nil, what the events changed is on disk and
// has been published; so has everything that was accepted before them, should they change nothing.
// After an error none of them is believed that was not before, or sending them again does no harm. The events may be
// reused after nil; after an error they may still be looked at.
func (h *Hub) Ingest(ctx context.Context, events []Event) error {
	if h.queued.Add(int64(len(events))) > queuedEventsLimit {
		h.queued.Add(-int64(len(events)))
		return ErrBusy
	}
	r := h.spare.Get().(*request)
	r.events, r.err = events, nil
	select {
	case h.inbox <- r:
	default:
		h.queued.Add(-int64(len(events)))
		h.spare.Put(r)
		return ErrBusy
	}
	r.limit.Reset(IngestPatience)
	select {
	case err := <-r.done:
		r.limit.Stop()
		r.events = nil
		h.spare.Put(r)
		return err
	case <-r.limit.C:
		return ErrLate
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

// View lets look read what the state has published. It must be brief and keep nothing of it.
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

// Run serves until ctx ends, then answers whoever waits, and returns. It returns an error if the disk
// does not let it end.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.stopped)
	go h.write(context.WithoutCancel(ctx))
	defer close(h.commits)
	h.timer = time.NewTimer(0)
	defer h.timer.Stop()
	heart := time.NewTicker(heartbeat)
	defer heart.Stop()
	for {
		h.setTimer()
		select {
		case r := <-h.inbox:
			if err := h.serve(ctx, r); err != nil {
				return err
			}
		case v := <-h.views:
			v.show(h.state)
		case <-h.timer.C:
			h.publish(h.state.Wake(h.clock()))
		case <-heart.C:
			if err := h.beat(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			if err := h.drain(ctx); err != nil {
				return err
			}
			return h.beat(ctx)
		}
	}
}

// beat stores that the gateway is alive: after a start that tells what it missed.
func (h *Hub) beat(ctx context.Context) error {
	return h.serve(ctx, &request{done: make(chan error, 1), change: func(s *State, now Instant) error {
		s.Beat(now)
		return nil
	}})
}

// setTimer has the timer fire when time will next change a reading.
func (h *Hub) setTimer() {
	next := h.state.Next()
	if next == 0 {
		h.timer.Stop()
		return
	}
	h.timer.Reset(h.state.Until(h.clock(), next))
}

// drain answers the requests that got in before the end.
func (h *Hub) drain(ctx context.Context) error {
	for {
		select {
		case r := <-h.inbox:
			if err := h.serve(ctx, r); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}
