package butlr

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"butlr-gateway/gateway"
)

// pollCourse is how far polling has come, which is remembered: what counts once must not be missed over a restart, nor
// be counted that was counted otherwise before polling began.
type pollCourse struct {
	resumed bool
	since   gateway.Timestamp // the first minute of which those who passed are counted
	until   gateway.Timestamp // the minutes before it are taken
	newest  gateway.Timestamp // the newest minute of which people were told; 0 none since the start
}

const (
	sinceKey, untilKey = "since", "until"

	// longestLag is how far back minutes are looked at again while the API has nothing newer.
	longestLag = 30 * time.Minute
)

// resume takes up what is remembered. Where nothing is, polling begins: with the minute that begins next, so that the
// one that runs is not counted twice.
func (c *pollCourse) resume(ctx context.Context, memory Memory, now time.Time) error {
	over := minuteOf(now.Add(-settled))
	if !c.resumed {
		kept, err := memory.Load(ctx)
		if err != nil {
			return fmt.Errorf("looking up how far was read: %w", err)
		}
		c.since, c.until, c.resumed = minuteKept(kept[sinceKey]), minuteKept(kept[untilKey]), true
	}
	next := minuteOf(now).Add(time.Minute)
	switch {
	case c.since == 0 || c.until == 0:
		c.since, c.until = next, over
	case c.until > over || c.since > next: // the clock was ahead. What counted since counts once in any case
		c.since, c.until, c.newest = min(c.since, next), min(c.until, over), min(c.newest, over)
	default:
		return nil
	}
	return c.write(ctx, memory)
}

// window returns which minutes are to be read: those that are over and not taken, and some before them, which may have
// been corrected, or told late.
func (c *pollCourse) window(now time.Time, horizon time.Duration) (from, over time.Time) {
	over = minuteOf(now.Add(-settled)).Time()
	from = c.until.Time()
	if c.newest != 0 && c.newest < c.until {
		from = c.newest.Time()
		if lagging := c.until.Time().Add(-longestLag); from.Before(lagging) {
			from = lagging
		}
	}
	from = from.Add(-lookBack)
	if oldest := now.Add(-horizon).Truncate(time.Minute).Add(2 * time.Minute); from.Before(oldest) {
		from = oldest
	}
	return from, over
}

// advance remembers that the minutes before a moment are taken.
func (c *pollCourse) advance(ctx context.Context, memory Memory, until gateway.Timestamp) error {
	if until <= c.until {
		return nil
	}
	c.until = until
	return c.write(ctx, memory)
}

func (c *pollCourse) write(ctx context.Context, memory Memory) error {
	err := memory.Write(ctx, map[string]string{sinceKey: strconv.FormatInt(c.since.Minute(), 10), untilKey: strconv.FormatInt(c.until.Minute(), 10)})
	if err != nil {
		return fmt.Errorf("remembering how far was read: %w", err)
	}
	return nil
}

// ForgetPoll has polling begin anew when it is next on. It is called where it is off: what passes meanwhile is counted
// otherwise.
func ForgetPoll(ctx context.Context, memory Memory) error {
	kept, err := memory.Load(ctx)
	if err != nil || len(kept) == 0 {
		return err
	}
	return memory.Write(ctx, map[string]string{sinceKey: "", untilKey: ""})
}

func minuteKept(text string) gateway.Timestamp {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0
	}
	return gateway.Timestamp(n * time.Minute.Milliseconds())
}
