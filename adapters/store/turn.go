package store

import "context"

// turn is a mutex that nobody need wait for longer than they want to: a disk that hangs keeps it for as long as it
// hangs.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// take waits for the turn, or for the end of ctx, whose error it returns.
func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// give lets the next one have it.
func (t turn) give() { <-t }
