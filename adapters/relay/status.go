package relay

import "time"

// Status is how it is with one target.
type Status struct {
	Name      string
	URL       string
	Health    Health
	Why       string    // of being refused or failing
	Since     time.Time // of the health
	Delivered uint64    // bodies since the start, as the other counts
	Refused   uint64
	Failures  uint64    // requests
	Dropped   uint64    // bodies, because the queue was full or the disk too slow
	Damaged   uint64    // places in the queue that could not be read
	Waiting   int64     // bytes
	Oldest    time.Time // when the oldest body that waits arrived; the zero time if none is known
}

// Status tells how it is with each target, in the order of the options. It does not wait for a disk.
func (r *Relay) Status() []Status {
	out := make([]Status, 0, len(r.targets))
	for _, t := range r.targets {
		out = append(out, t.status())
	}
	return out
}

func (t *target) status() Status {
	t.mu.Lock()
	s := t.state
	t.mu.Unlock()
	return Status{
		Name: t.name, URL: t.post.address.String(), Health: s.health, Why: s.why, Since: s.since,
		Delivered: t.counts.delivered.Load(), Refused: t.counts.refused.Load(), Failures: t.counts.failures.Load(),
		Dropped: t.queue.dropped.Load() + t.counts.busy.Load(), Damaged: t.queue.damaged.Load(),
		Waiting: t.queue.waits.Load(), Oldest: s.oldest,
	}
}
