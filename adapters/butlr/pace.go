package butlr

import (
	"context"
	"math/rand/v2"
	"time"
)

// pace lets so many requests through in any minute, and makes the others wait.
type pace struct {
	turn chan struct{} // held by who may look at the rest
	sent []time.Time   // the newest requests, the oldest at next once there are as many as may be
	next int
}

func newPace(perMinute int) *pace {
	return &pace{turn: make(chan struct{}, 1), sent: make([]time.Time, 0, perMinute)}
}

// wait returns when a request may be sent, which is then counted.
func (p *pace) wait(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	if len(p.sent) < cap(p.sent) {
		p.sent = append(p.sent, time.Now())
		return ctx.Err()
	}
	if err := sleep(ctx, time.Minute-time.Since(p.sent[p.next])); err != nil {
		return err
	}
	p.sent[p.next] = time.Now()
	p.next = (p.next + 1) % len(p.sent)
	return nil
}

// sleep waits, unless ctx ends first.
func sleep(ctx context.Context, length time.Duration) error {
	if length <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backOff returns how long to wait after the nth failure: twice as long each time, and by chance a little less,
// so that many gateways do not come back together.
func backOff(n int, first, longest time.Duration) time.Duration {
	length := first
	for ; n > 1 && length < longest; n-- { // no shift: after a week it would overflow
		length *= 2
	}
	length = min(length, longest)
	return length/2 + rand.N(length/2+1)
}
