package butlr

import (
	"maps"
	"sync"
	"time"

	"butlr-gateway/gateway"
)

// Gaps notices where events may be missing: what came before the start, a site that said nothing for a while and does
// again, and events that were turned away and now are taken. It is one of the hub's sinks.
type Gaps struct {
	mu      sync.Mutex
	begun   bool
	heard   map[gateway.Number]gateway.Timestamp // event time of the newest event of each site, as it was at the start
	arrived map[gateway.Number]time.Duration     // when it was last heard, by the monotonic clock
	open    map[gateway.Number]bool              // sites that spoke again
	turned  bool                                 // events were turned away
	all     bool                                 // and are taken again
	signal  chan struct{}
}

// longestPause is how long a site that counts people every minute may say nothing without a gap.
const longestPause = 3 * time.Minute

// NewGaps returns one that has seen nothing.
func NewGaps() *Gaps {
	return &Gaps{
		heard: map[gateway.Number]gateway.Timestamp{}, arrived: map[gateway.Number]time.Duration{}, open: map[gateway.Number]bool{},
		signal: make(chan struct{}, 1),
	}
}

var _ gateway.Sink = (*Gaps)(nil)

// Publish takes note of which sites were heard. The first update tells of all of them.
func (g *Gaps) Publish(u *gateway.Update) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, site := range u.Heard {
		if !g.begun {
			g.heard[site.Site] = site.Newest
		} else if before, ok := g.arrived[site.Site]; ok && u.At.Mono-before > longestPause {
			g.open[site.Site] = true
			g.wake()
		}
		g.arrived[site.Site] = u.At.Mono
	}
	g.begun = true
}

// Ingested is told what became of each attempt to hand in what Butlr sent: nil, or why it was turned away.
func (g *Gaps) Ingested(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err != nil:
		g.turned = true
	case g.turned:
		g.turned, g.all = false, true
		g.wake()
	}
}

func (g *Gaps) wake() {
	select {
	case g.signal <- struct{}{}:
	default: // it is woken already
	}
}

// take returns the gaps that are over, and forgets them.
func (g *Gaps) take() (open map[gateway.Number]bool, all bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	open, all = g.open, g.all
	g.open, g.all = map[gateway.Number]bool{}, false
	return open, all
}

// before returns how far each site had been heard when this process started.
func (g *Gaps) before() map[gateway.Number]gateway.Timestamp {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.heard)
}
