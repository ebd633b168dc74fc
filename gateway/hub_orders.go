package gateway

import (
	"context"
	"errors"
)

// Force puts an override in force, durably, and returns it as it is then: Since is set, and Until 0 means
// [DefaultOverride] from now. An error says what to do.
func (h *Hub) Force(ctx context.Context, id AssetID, o Override) (Override, error) {
	err := h.change(ctx, func(s *State, now Instant) (err error) {
		o, err = s.Force(now, id, o)
		return err
	})
	return o, err
}

// Release ends, durably, the overrides of the asset's target, or all of them. Those of a greater source
// than by stay, and make it an error. It returns those that it ended.
func (h *Hub) Release(ctx context.Context, id AssetID, target Target, all bool, by Source, author string) ([]Override, error) {
	var ended []Override
	err := h.change(ctx, func(s *State, now Instant) (err error) {
		ended, err = s.Release(now, id, target, all, by, author)
		return err
	})
	return ended, err
}

// ResetEstimate begins the traffic estimate of an asset anew: nobody is there now.
func (h *Hub) ResetEstimate(ctx context.Context, id AssetID, author string) error {
	err := h.change(ctx, func(s *State, now Instant) error { return s.ResetEstimate(now, id) })
	if err == nil {
		h.log.Info("traffic estimate reset", "asset", id, "by", author)
	}
	return err
}

// Rearrange makes a wish about the ledger come true, durably, and returns what it changed: see
// [State.Rearrange]. After ErrConflict and ErrMoves nothing is changed, and the plan says what stands in the
// way.
func (h *Hub) Rearrange(ctx context.Context, w *Wish, allowMoves bool, author string) (*Plan, error) {
	var plan *Plan
	err := h.change(ctx, func(s *State, now Instant) (err error) {
		plan, err = s.Rearrange(now, w, allowMoves)
		return err
	})
	if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrMoves) {
		return nil, err // the owner may still be at it
	}
	if err == nil {
		h.logPlan(plan, author)
	}
	return plan, err
}

// Health tells how the sensors and hives are at this moment. Nothing of it is stored.
func (h *Hub) Health(ctx context.Context, r *HealthReport) error {
	return h.change(ctx, func(s *State, _ Instant) error {
		s.Health(r)
		return nil
	})
}

// change has the owner change the state, in a batch with whatever else waits. When it returns nil, the
// change is on disk and has been published.
func (h *Hub) change(ctx context.Context, change func(*State, Instant) error) error {
	r := &request{change: change, done: make(chan error, 1)}
	select {
	case h.inbox <- r:
	default:
		return ErrBusy
	}
	return h.answered(ctx, r)
}

// answered waits for what becomes of a request.
func (h *Hub) answered(ctx context.Context, r *request) error {
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-h.stopped:
		return ErrStopped
	}
}

// Reload has other rules be in force. When it returns nil, the assets that they bring are on disk, and all that reads
// otherwise for them has been published; after an error, but for the context's, the rules before are in force.
func (h *Hub) Reload(ctx context.Context, rules Rules) error {
	r := &request{done: make(chan error, 1), change: func(s *State, now Instant) error {
		s.Reload(now, rules)
		return nil
	}}
	select { // an operator waits where a sender is turned away
	case h.inbox <- r:
		return h.answered(ctx, r)
	case <-ctx.Done():
		return ctx.Err()
	case <-h.stopped:
		return ErrStopped
	}
}
