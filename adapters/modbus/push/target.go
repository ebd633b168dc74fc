package push

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/goburrow/modbus"

	"butlr-gateway/gateway"
)

// How long a target that fails is left alone.
const (
	shortestPause = 500 * time.Millisecond
	longestPause  = 8 * time.Second
	// failuresTold is how many requests in a row must fail before that is told: the first may have met a
	// connection that the device had given up.
	failuresTold = 2
	// renewEvery is how often a device that is lost again and again is told everything anew, at most.
	renewEvery = 30 * time.Second
)

// target is one unit, and how it is. The pusher's lock guards it.
type target struct {
	Target
	points []*point
	line   *line

	failures int    // requests in a row that failed
	cause    string // why they do, once that is told
	paused   moment // until then it is not asked
	absent   bool   // that is because its line could not be opened
	lost     bool   // it may have forgotten what it was told
	renewed  moment // when it is, or was, told everything anew; 0 never

	state     State
	why       string
	since     gateway.Timestamp // of state
	answered  gateway.Timestamp
	lastError string
	erredAt   gateway.Timestamp

	writes     uint64
	errors     uint64
	refusals   uint64 // exceptions
	mismatches uint64
	counters   counters
}

// pauseAfter returns how long to leave something alone that has failed so often. Gateways that lost the
// same device must not all come back at the same moment.
func pauseAfter(failures int, longest time.Duration) time.Duration {
	pause := min(shortestPause<<min(max(failures-1, 0), 8), longest)
	return pause/2 + rand.N(pause/2+1)
}

// erred notes an error.
func (t *target) erred(words string, now gateway.Instant) {
	t.lastError, t.erredAt = words, now.Timestamp()
}

// failed takes up that a request was not answered. After that the device is left alone for a while.
func (t *target) failed(words string, atLeast time.Duration, now gateway.Instant) {
	t.erred(words, now)
	t.failures++
	t.lost = true
	if t.failures >= failuresTold {
		t.cause = words
	}
	t.paused = now.Mono + max(atLeast, pauseAfter(t.failures, longestPause))
}

// retry takes back the pause after a first failure on a connection that was used before: mostly the
// device had given it up.
func (t *target) retry() {
	if t.failures < failuresTold {
		t.paused = 0
	}
}

// works takes up that a request was answered, and not with an excuse.
func (t *target) works(now gateway.Instant) {
	t.failures, t.cause, t.paused = 0, "", 0
	t.renew(now)
}

// renew has a device that was lost, and may have forgotten everything, told anew.
func (t *target) renew(now gateway.Instant) {
	if !t.lost {
		return
	}
	t.lost = false
	switch {
	case t.renewed == 0:
		t.renewed = now.Mono
	case t.renewed <= now.Mono:
		t.renewed = max(now.Mono, t.renewed+min(renewEvery, t.Refresh))
	}
	for _, p := range t.points {
		p.again = t.renewed
	}
}

// excepted notes an exception.
func (t *target) excepted(words string, now gateway.Instant) {
	t.answered = now.Timestamp()
	t.refusals++
	t.counters.exceptions.Inc()
	t.erred(words, now)
}

// refuse takes up an exception to a write.
func (t *target) refuse(p *point, im image, e *modbus.ModbusError, words string, now gateway.Instant) {
	t.excepted(words, now)
	switch e.ExceptionCode {
	case illegalFunction, illegalAddress, illegalValue:
		t.works(now)
		p.put(now.Mono+t.Refresh, now.Mono)
		p.fault, p.refused, p.offer, p.offerAt = words, im, e.ExceptionCode == illegalValue, now.Mono+otherValue
	case acknowledge, busy, noPath, noAnswer:
		// Whatever the unit's state, asking for another point would be no better.
		t.failures++
		t.lost = t.lost || e.ExceptionCode == noPath || e.ExceptionCode == noAnswer
		if t.failures >= failuresTold {
			t.cause = words
		}
		t.paused, p.waits, p.doubt = now.Mono+pauseAfter(t.failures, longestPause), now.Mono, true
	default:
		t.works(now)
		p.doubt = true
		p.put(now.Mono+pauseAfter(p.tries+1, t.Refresh), now.Mono)
		if p.tries >= failuresTold {
			p.fault = words
		}
	}
}

// differs takes up that a point did not keep what was written.
func (t *target) differs(p *point, words string, now gateway.Instant) {
	t.works(now)
	t.erred(words, now)
	t.mismatches++
	t.counters.mismatches.Inc()
	p.put(now.Mono+pauseAfter(p.tries+1, t.Refresh), now.Mono)
	p.doubt, p.fault = true, words
}

// review finds out how the target is, and tells whether that is news.
func (t *target) review(now gateway.Instant) bool {
	state, why := t.condition()
	if state == t.state && why == t.why {
		return false
	}
	if state != t.state {
		t.since = now.Timestamp()
	}
	t.state, t.why = state, why
	return true
}

func (t *target) condition() (State, string) {
	faults, fault, told, known, idle := 0, "", false, false, ""
	for _, p := range t.points {
		known = known || p.known
		words := p.fault
		if words == "" && p.why.fault {
			words = p.why.text
		}
		if words != "" {
			if faults++; faults == 1 {
				fault = p.Name + ": " + words
			}
		}
		told = told || p.told
		if idle == "" && p.why.text != "" {
			idle = p.Name + ": " + p.why.text
		}
	}
	switch {
	case t.cause != "" && known: // with nothing to write it is not asked, and may be well by now
		return Failing, t.cause
	case faults == 2:
		return Failing, fault + "; another point fails too"
	case faults > 2:
		return Failing, fmt.Sprintf("%s; %d other points fail too", fault, faults-1)
	case faults == 1:
		return Failing, fault
	case !told:
		return Waiting, idle
	}
	return Well, ""
}
