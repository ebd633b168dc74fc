package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/gateway"
)

// TestTheStateIsLookedThroughEveryDay, and again an hour after something was found. Seen to break it: a look at the
// start, which has had one; no alarm; the next one a day after a failure; one that was broken off taken for a failure.
func TestTheStateIsLookedThroughEveryDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var looks []time.Duration
		whole := 0
		c := stateCheck{
			alarms: gateway.NewAlarms(nil), log: slog.New(slog.DiscardHandler), whole: func() { whole++ },
			look: func(ctx context.Context) error {
				switch looks = append(looks, time.Since(begin)); len(looks) {
				case 2:
					return errors.New("page 7")
				case 4:
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			},
		}
		ctx, stop := context.WithTimeout(t.Context(), 3*24*time.Hour+2*time.Hour)
		defer stop()
		if err := c.keep(ctx); err != nil {
			t.Error(err)
		}
		want := []time.Duration{24 * time.Hour, 48 * time.Hour, 49 * time.Hour, 73 * time.Hour}
		if len(looks) != 4 || [4]time.Duration(looks) != [4]time.Duration(want) || whole != 2 {
			t.Errorf("looked at %v, whole %d times", looks, whole)
		}
		if c.alarms.Bits() != 1<<gateway.StateRestored {
			t.Errorf("alarms %b", c.alarms.Bits())
		}
		c.alarms.Each(func(_ gateway.Alarm, why string) bool {
			if !strings.HasPrefix(why, "page 7; ") { // the words of the look that failed, not of the one that was broken off
				t.Errorf("the alarm says %q", why)
			}
			return true
		})
	})
}
