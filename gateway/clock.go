package gateway

import (
	"fmt"
	"time"
)

// clock decides what time it is. As a rule that is this machine's wall clock. A jump of it is not believed
// until events confirm it, and a clock that events contradict is not believed at all: then the time is
// that of the events, carried on by the monotonic clock.
type clock struct {
	epoch   Timestamp     // the time at Mono 0
	started time.Duration // Mono of the start
	built   Timestamp     // no time before it is right
	future  time.Duration
	dead    time.Duration // a lag of less says nothing against the clock

	leads  [2][leadCount]lead // the greatest leads, each of another asset: of now and of the time before
	turned time.Duration      // Mono when leads were turned over

	jumped time.Duration // Mono when a jump was first seen; 0 none
	behind lag
	doubt  doubt
}

// lead says how far ahead of the monotonic clock an asset's event was when it arrived: the time that it
// proves to have come.
type lead struct {
	asset AssetID
	epoch Timestamp
}

// lag watches whether every feed with a rhythm is late by the same time.
type lag struct {
	from, last  time.Duration // Mono of the first and the last arrival
	least, most time.Duration
	arrivals    int
	found       bool // for long enough
}

// doubt is why the wall clock is not believed.
type doubt uint8

const (
	noDoubt doubt = iota
	olderThanProgram
	eventsAhead
	eventsBehind
)

const (
	leadCount   = 3                // assets whose events must lie ahead
	leadsKept   = 15 * time.Minute // how long a lead counts, at least
	lagWatched  = 15 * time.Minute // of arrivals
	lagArrivals = 10               // at least: a feed that speaks every minute has more
	lagSpread   = time.Minute      // ± 30 s
	jumpSize    = 5 * time.Second
	jumpProof   = 15 * time.Minute // after which a jump is believed that no event speaks against
)

// now returns the time at an instant.
func (c *clock) now(i Instant) Timestamp {
	wall := wallEpoch(i)
	switch {
	case c.doubt != noDoubt:
	case distance(wall, c.epoch) <= jumpSize:
		c.epoch, c.jumped = wall, 0
	case c.jumped == 0:
		c.jumped = i.Mono
	}
	return c.epoch.Add(i.Mono)
}

// wallEpoch is what the wall clock says of Mono 0.
func wallEpoch(i Instant) Timestamp { return i.Timestamp().Add(-i.Mono) }

func distance(a, b Timestamp) time.Duration { return max(a.Sub(b), b.Sub(a)) }

// start begins with what was known when the process before ended.
func (c *clock) start(i Instant, alive Timestamp) {
	c.started, c.turned = i.Mono, i.Mono
	c.epoch = wallEpoch(i)
	if i.Timestamp() < c.built {
		c.doubt = olderThanProgram
		c.epoch = max(alive, c.built).Add(-i.Mono)
	}
}

// note takes up the time of an event that arrives, before it is admitted or refused.
func (c *clock) note(i Instant, asset AssetID, at Timestamp) {
	if i.Mono-c.turned >= leadsKept {
		c.leads[1], c.leads[0], c.turned = c.leads[0], [leadCount]lead{}, i.Mono
	}
	epoch := at.Add(-i.Mono)
	if epoch <= c.leads[0][leadCount-1].epoch && c.leads[0][leadCount-1].asset != "" {
		return
	}
	insertLead(&c.leads[0], lead{asset, epoch})
}

// insertLead keeps the greatest leads in order, one of each asset.
func insertLead(leads *[leadCount]lead, l lead) {
	for i := range leads {
		if leads[i].asset == l.asset {
			if l.epoch <= leads[i].epoch {
				return
			}
			copy(leads[i:], leads[i+1:])
			leads[leadCount-1] = lead{}
			break
		}
	}
	for i := range leads {
		if leads[i].asset == "" || leads[i].epoch < l.epoch {
			copy(leads[i+1:], leads[i:])
			leads[i] = l
			return
		}
	}
}

// proven returns the epoch that enough assets agree to have come, and how many there were.
func (c *clock) proven() (Timestamp, int) {
	merged := c.leads[0]
	for _, l := range c.leads[1] {
		if l.asset != "" {
			insertLead(&merged, l)
		}
	}
	n := leadCount
	for n > 0 && merged[n-1].asset == "" {
		n--
	}
	if n == 0 {
		return 0, 0
	}
	return merged[n-1].epoch, n
}

// watch takes up how late an event is that is the newest of a feed with a rhythm.
func (c *clock) watch(i Instant, at Timestamp) {
	late := i.Timestamp().Sub(at)
	b := &c.behind
	least, most := min(b.least, late), max(b.most, late)
	if late <= c.dead {
		*b = lag{}
		return
	}
	if b.arrivals == 0 || most-least > lagSpread {
		*b = lag{from: i.Mono, last: i.Mono, least: late, most: late, arrivals: 1}
		return
	}
	b.least, b.most, b.last = least, most, i.Mono
	b.arrivals++
	b.found = b.found || b.last-b.from >= lagWatched && b.arrivals >= lagArrivals
}

// judge decides, when events have arrived, whether the wall clock is believed.
func (c *clock) judge(i Instant) {
	wall := wallEpoch(i)
	epoch, assets := c.proven()
	before := c.doubt
	switch {
	case i.Timestamp() < c.built:
		c.doubt = olderThanProgram
	case assets == leadCount && epoch > wall.Add(c.future):
		c.doubt = eventsAhead
	case c.behind.found:
		c.doubt = eventsBehind
	default:
		c.doubt = noDoubt
	}
	switch {
	case c.doubt != noDoubt && assets > 0:
		c.epoch = epoch
	case before != noDoubt:
		c.epoch, c.jumped = wall, 0
	case c.jumped != 0 && (epoch > c.epoch.Add(jumpSize) || i.Mono-c.jumped >= jumpProof && c.behind.arrivals == 0):
		c.epoch, c.jumped = wall, 0
	}
}

// sentence says why the clock is not believed; "" if it is.
func (c *clock) sentence() string {
	switch c.doubt {
	case olderThanProgram:
		return "this machine's clock shows a time before this program was built: set it, or give the machine a time server"
	case eventsAhead:
		return fmt.Sprintf("events of %d assets lie ahead of this machine's clock: set it, or give the machine a time server", leadCount)
	case eventsBehind:
		return fmt.Sprintf("every event has been behind this machine's clock by %s: set it, or give the machine a time server", c.behind.least.Round(time.Second))
	}
	return ""
}
