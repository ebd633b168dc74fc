package push

import (
	"math"
	"time"

	"butlr-gateway/gateway"
)

// moment is a time on the clock that never jumps: since the process started.
type moment = time.Duration

const (
	never = moment(math.MaxInt64)

	// yield is how long a value that is only due again lets those pass that changed.
	yield = 5 * time.Second
	// otherValue is how soon a device that refused one value is offered another.
	otherValue = time.Second
)

// point is one value that is written, and what became of it. The pusher's lock guards it.
type point struct {
	Point
	target  *target
	subject *subject
	scale   *scale

	released bool   // what was restored at the start may be written
	known    bool   // wanted is to be written; else why tells why not
	wanted   image  // the newest
	why      reason //
	waits    moment // since when it waits for its turn

	told    bool // the controller has acknowledged image
	doubt   bool // it may have something else by now: a write after that failed, or was not kept
	image   image
	toldAt  moment
	again   moment // when it must be told again, if that is before the refresh; 0 it need not
	settled moment // until then a write that was not answered may still be carried out, after one that was
	wroteAt gateway.Timestamp

	fault   string // why writing it fails; "" if it does not
	tries   int    // that failed, one after the other
	paused  moment // until then it is not tried again
	refused image  // by exception 3, illegal data value
	offer   bool   // another value than refused is tried sooner than that
	offerAt moment
}

// start says from when on things are not excused any more by a start.
type start struct {
	at    moment
	grace func(*gateway.Asset) time.Duration
}

// judge works out what is to be written by now. It returns when that may change by itself.
func (p *point) judge(now moment, from *start) moment {
	n, why := p.subject.only()
	if n == nil {
		patience := never
		if !why.fault {
			patience = from.at + from.grace(nil)
			why.fault = now >= patience
		}
		p.leave(why)
		return later(patience, now)
	}
	if !p.released && n.quality == gateway.Held {
		if until := from.at + from.grace(n.asset); now < until {
			p.leave(reason{text: "held since before the start: waiting for news, or the end of startup_grace"})
			return until
		}
	}
	p.released = true
	im, why := p.scale.image(p.scale.read(n))
	if why.text != "" {
		p.leave(why)
		return never
	}
	if !p.known || im != p.wanted {
		p.waits = now
	}
	p.known, p.wanted, p.why = true, im, reason{}
	return never
}

// leave says that nothing is to be written.
func (p *point) leave(why reason) { p.known, p.why = false, why }

// later returns t unless it has passed.
func later(t, now moment) moment {
	if t <= now {
		return never
	}
	return t
}

// news tells whether the controller has to be told something that it was not told.
func (p *point) news() bool { return !p.told || p.doubt || p.image != p.wanted }

// refreshed returns when the point is written again although it did not change. While the target fails that
// is as soon as it may be asked: else nobody would find out that it is well.
func (p *point) refreshed() moment {
	if p.target.cause != "" {
		return p.target.paused
	}
	at := p.toldAt + p.target.Refresh
	if p.again != 0 {
		at = min(at, p.again)
	}
	return at
}

// due returns when the point may be written next.
func (p *point) due() moment {
	if !p.known {
		return never
	}
	at := p.refreshed()
	if p.news() {
		at = p.waits
	}
	pause := p.paused
	if p.offer && p.wanted != p.refused {
		pause = min(pause, p.offerAt)
	}
	return max(at, pause, p.target.paused)
}

// turn orders the points that are due: the least comes first.
func (p *point) turn() moment {
	if p.news() {
		return p.waits
	}
	return max(p.waits, p.refreshed()) + min(yield, p.target.Refresh)
}

// wrote takes up that the controller has an image.
func (p *point) wrote(im image, now gateway.Instant) {
	p.told, p.image, p.toldAt, p.again, p.wroteAt = true, im, now.Mono, 0, now.Timestamp()
	if p.settled > now.Mono {
		p.again = p.settled
	}
	p.doubt, p.fault, p.tries, p.paused, p.offer = false, "", 0, 0, false
}

// put puts the point off until a moment, and lets the others pass.
func (p *point) put(off moment, now moment) {
	p.tries++
	p.paused, p.waits, p.offer = off, now, false
}
