package relay

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// The pauses between two tries: the first is half of firstPause at least, and none is longer than longestPause.
const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
)

// target is one endpoint while it is served.
type target struct {
	name   string
	post   *post
	buffer *buffer
	queue  *queue
	news   chan struct{} // has something when something was added to the queue
	log    *slog.Logger
	counts counts

	mu    sync.Mutex
	state state
	told  told
}

// told is what the log said last, so that it says each thing once.
type told struct{ dropped, disk, cursor bool }

// state is how it is with a target.
type state struct {
	health Health
	why    string
	since  time.Time
	oldest time.Time // when the body that is on its way arrived; the zero time if none is
}

// run keeps and passes on until ctx ends. What was handed over by then is on disk.
func (t *target) run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { t.keep(ctx) })
	running.Go(func() { t.passOn(ctx) })
	running.Wait()
}

// keep puts what is handed over into the queue.
func (t *target) keep(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-t.buffer.more:
			t.keepAll()
		case <-ctx.Done():
		}
	}
	t.buffer.close()
	t.keepAll()
}

func (t *target) keepAll() {
	before := t.queue.dropped.Load()
	for _, a := range t.buffer.take() {
		err := t.queue.add(record{arrived: a.at.UnixMilli(), body: a.body}, a.secret)
		if a.secret {
			continue
		}
		t.tell(&t.told.disk, err != nil, "bodies for a target cannot be stored: those that it does not take soon are lost", "err", err)
	}
	if t.queue.dropped.Load() > before {
		t.dropping("its queue is full")
	}
	ring(t.news)
}

// dropping tells that bodies are being dropped, once until the queue is empty again.
func (t *target) dropping(why string) {
	t.tell(&t.told.dropped, true, "bodies for a target are dropped, the oldest first, until it takes them again", "err", why)
}

// tell logs a trouble when it begins.
func (t *target) tell(known *bool, now bool, message string, more ...any) {
	t.mu.Lock()
	begins := now && !*known
	*known = now
	t.mu.Unlock()
	if begins {
		t.log.Warn(message, more...)
	}
}

// passOn posts what is in the queue, one after the other.
func (t *target) passOn(ctx context.Context) {
	defer t.post.close()
	for tries := 0; ctx.Err() == nil; {
		e, ok := t.queue.next()
		if !ok {
			t.idle()
			select {
			case <-t.news:
			case <-ctx.Done():
			}
			continue
		}
		t.begin(&e)
		answer := t.post.send(ctx, e.body)
		t.answered(answer)
		if answer.health == Failing {
			t.queue.failed(e)
			tries++
			wait(ctx, max(pause(tries), min(answer.after, longestPause)))
			continue
		}
		tries = 0
		err := t.queue.done(e)
		t.tell(&t.told.cursor, err != nil, "what a target has taken is not noted: it comes again after a restart", "err", err)
	}
}

// pause returns how long to wait after so many tries of one body.
func pause(tries int) time.Duration {
	p := longestPause
	if tries < 20 {
		p = min(firstPause<<(tries-1), longestPause)
	}
	return p/2 + rand.N(p/2+1)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// idle notes that nothing waits.
func (t *target) idle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.oldest, t.told.dropped = time.Time{}, false
}

// begin notes what is on its way.
func (t *target) begin(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.oldest = time.UnixMilli(e.arrived)
}

// answered counts an answer, and tells where it is another one than the last.
func (t *target) answered(a answer) {
	t.counts.answered(a.health)
	t.mu.Lock()
	before := t.state
	if before.health != a.health {
		t.state.since = time.Now()
	}
	t.state.health, t.state.why = a.health, a.why
	t.mu.Unlock()
	if before.health == a.health {
		return
	}
	switch a.health {
	case Failing:
		t.log.Warn("a target does not take what is passed on, which waits for it", "err", a.why)
	case Refusing:
		t.log.Warn("a target refuses what is passed on, which is lost to it", "err", a.why)
	default:
		t.log.Info("a target takes what is passed on")
	}
}
