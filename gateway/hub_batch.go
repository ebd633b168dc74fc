package gateway

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// How the owner makes a batch of what waits, and waits for the disk with it.

// serve applies what waits as one batch, makes it durable, publishes it, and only then answers. What a
// failed batch left is stored before it. An error says that the hub has to end without knowing.
func (h *Hub) serve(ctx context.Context, first *request) error {
	h.full = nil
	repaired, err := h.commit(ctx, h.state.Leftover())
	if err != nil {
		return err
	}
	if repaired == nil {
		h.state.Repaired()
	}
	now := h.clock()
	h.gather(now, first, repaired)
	failed := repaired
	if failed == nil {
		batch := h.state.Batch()
		if failed, err = h.commit(ctx, batch); err != nil {
			return err
		}
		if failed == nil {
			h.logOverrides(batch.Audit)
			h.publish(h.state.Settle(now))
		} else {
			h.state.Undo()
		}
	}
	h.answer(failed)
	return nil
}

// gather takes what waits, and applies it unless there is a reason not to. Requests that are just being read get in as
// well: whoever reads them runs once before the batch is closed, for a commit costs the same with or without theirs.
func (h *Hub) gather(now Instant, first *request, reason error) {
	events := h.take(now, first, reason)
	for events < batchLimit {
		select {
		case r := <-h.inbox:
			events += h.take(now, r, reason)
			continue
		default:
		}
		if runtime.Gosched(); len(h.inbox) == 0 {
			return
		}
	}
}

// take applies one request to the batch in progress and returns how many events it brought.
func (h *Hub) take(now Instant, r *request, reason error) int {
	switch {
	case reason != nil:
	case r.change != nil:
		r.err = r.change(h.state, now)
	default:
		if r.err = h.state.Apply(now, r.events); r.err != nil {
			h.full = r.err
			h.alarms.Raise(JournalFailing, r.err.Error())
		}
	}
	h.waiting = append(h.waiting, r)
	h.queued.Add(-int64(len(r.events)))
	return len(r.events)
}

func (h *Hub) answer(failed error) {
	for i, r := range h.waiting {
		h.waiting[i] = nil
		if failed != nil {
			r.err = failed
		}
		r.done <- r.err
	}
	h.waiting = h.waiting[:0]
}

// commit makes a batch durable, if there is anything in it: failed says that it could not. A stop does
// not tear it. While it takes its time, readings age and views are answered.
func (h *Hub) commit(ctx context.Context, b *Batch) (failed, err error) {
	if b.Empty() {
		return nil, nil
	}
	h.commits <- b
	select {
	case result := <-h.results: // as a rule
		return h.judge(result), nil
	default:
	}
	return h.await(ctx)
}

// await waits for a commit that takes its time.
func (h *Hub) await(ctx context.Context) (failed, err error) {
	impatient := time.NewTimer(diskPatience)
	defer impatient.Stop()
	stopping, giveUp := ctx.Done(), (<-chan time.Time)(nil)
	for {
		h.setTimer()
		select {
		case result := <-h.results:
			return h.judge(result), nil
		case v := <-h.views:
			v.show(h.state)
		case <-h.timer.C:
			h.publish(h.state.Wake(h.clock()))
		case <-impatient.C:
			h.alarms.Raise(JournalFailing, "the disk does not answer")
		case <-stopping:
			stopping, giveUp = nil, time.After(stopPatience)
		case <-giveUp:
			return nil, errors.New("stopping while the disk does not answer: events in progress were not accepted")
		}
	}
}

// judge raises or ends the alarm that a commit's result gives.
func (h *Hub) judge(result error) error {
	switch {
	case result != nil:
		if errors.Is(result, ErrJournalLost) {
			h.state.Distrust()
		}
		h.alarms.Raise(JournalFailing, result.Error())
		return fmt.Errorf("%w: %w", ErrNotStored, result)
	case h.full == nil:
		h.alarms.Clear(JournalFailing)
	}
	return nil
}

// write waits for the disk, so that the owner need not: readings age while a commit hangs.
func (h *Hub) write(ctx context.Context) {
	for b := range h.commits {
		h.results <- h.journal.Commit(ctx, b)
	}
}
