package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"butlr-gateway/gateway"
)

const (
	checkEvery = 24 * time.Hour
	checkRetry = time.Hour // after one that could not be made
)

// stateCheck looks through the whole state every day. A start has looked through it already.
type stateCheck struct {
	look   func(context.Context) error
	whole  func() // when nothing was wrong
	alarms *gateway.Alarms
	log    *slog.Logger
}

func (s *service) watchState(ctx context.Context) error {
	c := stateCheck{
		look: s.store.Check, alarms: s.alarms, log: s.log,
		whole: func() { s.checked.Store(int64(gateway.TimestampOf(s.clock().Wall))) },
	}
	return c.keep(ctx)
}

func (c *stateCheck) keep(ctx context.Context) error {
	next := time.NewTimer(checkEvery)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
		begin := time.Now()
		err := c.look(ctx)
		switch {
		case ctx.Err() != nil: // it was broken off
			return nil
		case err != nil:
			c.alarms.Raise(gateway.StateRestored, checkWords(err))
			next.Reset(checkRetry)
		default:
			c.log.Info("the state is whole", "took", time.Since(begin).Round(time.Millisecond))
			c.whole()
			next.Reset(checkEvery)
		}
	}
}

func checkWords(err error) string {
	if errors.Is(err, gateway.ErrJournalLost) {
		return err.Error() + "; what is served is from memory, and right. It is written anew within a minute; look at the health of the disk"
	}
	return err.Error() + "; it is looked through again in an hour"
}

// restoredWords says in an alarm what was damaged: the first of it, which is the summary if there is one.
func restoredWords(damage []string) string {
	if more := len(damage) - 1; more > 0 {
		return fmt.Sprintf("%s (and %d more, which the log has)", damage[0], more)
	}
	return damage[0]
}
