package gateway

import (
	"fmt"
	"time"
)

// clock decides what time it is. As a rule that is this machine's wall clock. A jump of it is not followed
// until an event confirms it, and a clock that events contradict is not believed at all: then the time is
// that of the events, or that of before the jump, carried on by the monotonic clock.
type clock struct {
	epoch   Timestamp     // the time at Mono 0
	started time.Duration // Mono of the start
	built   Timestamp     // no time before it is right
	future  time.Duration
	dead    time.Duration // a lag of less says nothing against the clock

	leads  [2][leadCount]lead // the greatest leads, each of another asset: of now and of the time before
	turned time.Duration      // Mono when leads were turned over

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
	notConfirmed // it jumped, or was put right, and no event says that it is right now
)

const (
	leadCount   = 3                // assets whose events must lie ahead
	leadsKept   = 15 * time.Minute // how long a lead counts, at least
	lagWatched  = 15 * time.Minute // of arrivals
	lagArrivals = 10               // at least: a feed that speaks every minute has more
	lagSpread   = time.Minute      // ± 30 s
	jumpSize    = 5 * time.Second

	aheadOfFirst  = 10 * 365 * 24 * time.Hour // nobody knows for how long the machine was off
	aheadOfOthers = 24 * time.Hour
)

// now returns the time at an instant. A jump is told once it is so long that events would be refused for it.
func (c *clock) now(i Instant) Timestamp {
	wall := wallEpoch(i)
	switch jump := distance(wall, c.epoch); {
	case c.doubt != noDoubt && c.doubt != notConfirmed:
	case jump <= jumpSize:
		c.epoch, c.doubt = wall, noDoubt
	case jump > c.future:
		c.doubt = notConfirmed
	default:
		c.doubt = noDoubt
	}
	return c.epoch.Add(i.Mono)
}

// latest returns the time after which no event is believed to have happened yet. While the clock is not
// trusted that leaves much room, and still not so much that one wrong sensor could freeze its room for years.
func (c *clock) latest(i Instant) Timestamp {
	now := c.now(i)
	switch _, assets := c.proven(); {
	case c.doubt == noDoubt:
		return now.Add(c.future)
	case assets == 0:
		return now.Add(aheadOfFirst)
	}
	return now.Add(aheadOfOthers)
}

// wallEpoch is what the wall clock says of Mono 0.
func wallEpoch(i Instant) Timestamp { return i.Timestamp().Add(-i.Mono) }

func distance(a, b Timestamp) time.Duration { return max(a.Sub(b), b.Sub(a)) }

// start begins with what was known when the process before ended: when it was alive last, by the clock that
// it believed, and by how much its wall clock was ahead of that one if it was not believed. A wall clock that
// shows less than then has been put back, or has stood still.
func (c *clock) start(i Instant, alive, newest Timestamp, wrong time.Duration) {
	c.started, c.turned = i.Mono, i.Mono
	c.epoch = wallEpoch(i)
	now := i.Timestamp()
	switch {
	case now < c.built:
		c.doubt = olderThanProgram
		c.epoch = max(alive, newest, c.built).Add(-i.Mono)
	case wrong != 0 || now < alive.Add(-c.future):
		c.doubt = notConfirmed
		c.epoch = max(now.Add(-wrong), alive).Add(-i.Mono)
	}
}

// wrong returns by how much the wall clock is ahead of the time, if it is not believed.
func (c *clock) wrong(i Instant) time.Duration {
	if c.doubt == noDoubt {
		return 0
	}
	return wallEpoch(i).Sub(c.epoch)
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

// recent returns the greatest leads, one of each asset, and how many there are.
func (c *clock) recent() (leads [leadCount]lead, n int) {
	leads = c.leads[0]
	for _, l := range c.leads[1] {
		if l.asset != "" {
			insertLead(&leads, l)
		}
	}
	for n < leadCount && leads[n].asset != "" {
		n++
	}
	return leads, n
}

// proven returns the epoch that enough assets agree to have come, and how many there were.
func (c *clock) proven() (Timestamp, int) {
	leads, n := c.recent()
	if n == 0 {
		return 0, 0
	}
	return leads[n-1].epoch, n
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

// judge decides, when an event of that moment has arrived, whether the wall clock is believed. Far ahead of all
// that was believed before, fewer assets than it takes to prove a time move nothing.
func (c *clock) judge(i Instant, at, latest Timestamp) {
	wall := wallEpoch(i)
	proven, assets := c.proven()
	believed := assets == leadCount || assets > 0 && proven <= latest.Add(-i.Mono)
	confirmed := c.confirms(i, at)
	before := c.doubt
	switch {
	case i.Timestamp() < c.built:
		c.doubt = olderThanProgram
	case assets == leadCount && proven > wall.Add(c.future):
		c.doubt = eventsAhead
	case c.behind.found:
		c.doubt = eventsBehind
	case confirmed || distance(wall, c.epoch) <= jumpSize:
		c.doubt = noDoubt
	case before != noDoubt:
		c.doubt = notConfirmed
	}
	switch {
	case c.doubt == noDoubt && (confirmed || before != noDoubt):
		c.epoch = wall
	case c.doubt == noDoubt:
	case c.doubt != notConfirmed && believed, assets == leadCount && proven > c.epoch.Add(c.future):
		c.epoch = proven
	}
}

// confirms tells whether an event speaks for the wall clock rather than for the time that is believed: it lies
// nearer to it, and no later ones contradict it. Of three assets one may be wrong.
func (c *clock) confirms(i Instant, at Timestamp) bool {
	off := distance(at, i.Timestamp())
	if off > c.dead || off >= distance(at, c.epoch.Add(i.Mono)) {
		return false
	}
	leads, n := c.recent()
	return leads[n/leadCount].epoch <= wallEpoch(i).Add(c.future)
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
	case notConfirmed:
		return "this machine's clock has jumped, or was put right, and no event has confirmed it yet: if it is wrong set it, or give the machine a time server"
	}
	return ""
}
