package relay

import (
	"fmt"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// counts are what is counted for one target.
type counts struct {
	delivered, refused, failures atomic.Uint64
	busy                         atomic.Uint64 // dropped before they came to the queue
}

func (c *counts) answered(h Health) {
	switch h {
	case Passing:
		c.delivered.Add(1)
	case Refusing:
		c.refused.Add(1)
	case Failing:
		c.failures.Add(1)
	}
}

// register registers what is counted for a target, whose name is one of the configuration's.
func (t *target) register(registry prometheus.Registerer) error {
	of := prometheus.WrapRegistererWith(prometheus.Labels{"target": t.name}, registry)
	for _, m := range []struct {
		name, help string
		from       *atomic.Uint64
	}{
		{"butlr_forward_delivered_total", "Bodies that the target took.", &t.counts.delivered},
		{"butlr_forward_refused_total", "Bodies that the target refused for good.", &t.counts.refused},
		{"butlr_forward_failures_total", "Requests without an answer, or with one that means another try.", &t.counts.failures},
		{"butlr_forward_busy_total", "Bodies dropped because the disk was too slow to take them.", &t.counts.busy},
		{"butlr_forward_dropped_total", "Bodies dropped because the queue was full.", &t.queue.dropped},
		{"butlr_forward_damaged_total", "Places in the queue's files that could not be read.", &t.queue.damaged},
	} {
		counter := prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.name, Help: m.help}, func() float64 { return float64(m.from.Load()) })
		if err := of.Register(counter); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "butlr_forward_waiting_bytes", Help: "Bytes that wait for the target.",
	}, func() float64 { return float64(t.queue.waits.Load()) })
	if err := of.Register(waiting); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	return nil
}
