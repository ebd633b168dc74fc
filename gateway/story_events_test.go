package gateway_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// happening reads what happens at a moment.
func (r *storyReader) happening(at gateway.Timestamp, text string) (func(*building) error, error) {
	switch text {
	case "gateway starts":
		return (*building).start, nil
	case "gateway stops":
		return (*building).stop, nil
	case "gateway loses power":
		return (*building).losePower, nil
	case "everything again":
		return (*building).repeat, nil
	case "clock is right":
		return func(b *building) error { b.setClock(0); return nil }, nil
	case "clock is 1970":
		return func(b *building) error { b.setClock(gateway.Timestamp(60_000).Sub(b.now)); return nil }, nil
	}
	if by, ok := strings.CutPrefix(text, "clock jumps "); ok {
		d, err := time.ParseDuration(by)
		return func(b *building) error { b.setClock(b.wrong + d); return nil }, err
	}
	if id, ok := strings.CutSuffix(text, " estimate is reset"); ok {
		return func(b *building) error {
			return b.change(func(s *gateway.State, i gateway.Instant) error { return s.ResetEstimate(i, gateway.AssetID(id)) })
		}, nil
	}
	for _, read := range []func(string) (func(*building) error, error){r.force, r.release} {
		if happen, err := read(text); happen != nil || err != nil {
			return happen, err
		}
	}
	return r.sensed(at, text)
}

// sentence is what Butlr says: of what, what, and of when if not of now: "for" says it anew, "sensed" late,
// and of every minute if there are two moments.
var sentence = regexp.MustCompile(`^(.*?) (people|people-1min|motion|no motion|traffic)(?: ([^a-z].*?|in \d+ out \d+))?(?: (for|sensed) (` + storyMoment + `)(?:\.\.(` + storyMoment + `))?)?$`)

// sensed reads an event of Butlr's about one or more assets.
func (r *storyReader) sensed(at gateway.Timestamp, text string) (func(*building) error, error) {
	parts := sentence.FindStringSubmatch(text)
	if parts == nil {
		return nil, errors.New("nothing that can happen")
	}
	e := gateway.Event{}
	if err := content(&e, parts[2], parts[3]); err != nil {
		return nil, err
	}
	from, until, err := r.sensedAt(at, parts[5], parts[6])
	if err != nil {
		return nil, err
	}
	assets := r.assets(parts[1])
	return func(b *building) error {
		for e.At = from; e.At <= until; e.At = e.At.Add(time.Minute) {
			minted := e.At
			if parts[4] == "for" {
				minted = at
			}
			for _, id := range assets {
				e.Subject, e.Path = id.Kind(), b.story.path(id)
				b.serial++
				e.ID = eventID(minted, b.serial)
				if err := b.deliver(e); err != nil {
					return err
				}
			}
		}
		return nil
	}, nil
}

// sensedAt reads the moment, or the two moments, of which an event speaks that arrives at another.
func (r *storyReader) sensedAt(at gateway.Timestamp, first, last string) (from, until gateway.Timestamp, err error) {
	if first == "" {
		return at, at, nil
	}
	if _, from, err = r.almanac.moment(first); err != nil || last == "" {
		return from, from, err
	}
	_, until, err = r.almanac.moment(last)
	return from, until, err
}

// content sets an event's type, and what it counted.
func content(e *gateway.Event, kind, counted string) (err error) {
	switch kind {
	case "people", "people-1min":
		e.Type = gateway.Occupancy
		if kind == "people-1min" {
			e.Type = gateway.OccupancyMinute
		}
		e.People, err = count(counted)
		return err
	case "motion":
		e.Type = gateway.MotionStarted
	case "no motion":
		e.Type = gateway.MotionEnded
	case "traffic":
		e.Type = gateway.Traffic
		_, err = fmt.Sscanf(counted, "in %d out %d", &e.In, &e.Out)
		return err
	}
	if counted != "" {
		return fmt.Errorf("motion has no %q", counted)
	}
	return nil
}

// forceWords and releaseWords are an override: of a target or of all outputs, and by whom if not by an
// operator. One that is in vain is refused.
var (
	forceWords   = regexp.MustCompile(`^(?:(controller|message) forces|force) (\S+)(?: (lighting|hvac|ventilation|people))? (occupied|vacant|\d+)(?: for (\w+))?(?: "(.*)")?( in vain)?$`)
	releaseWords = regexp.MustCompile(`^(?:(controller|message) releases|release) (\S+)(?: (lighting|hvac|ventilation|people))?( in vain)?$`)
)

var sources = map[string]gateway.Source{"controller": gateway.FromController, "message": gateway.FromMessage, "": gateway.FromOperator}

// force reads "force room_a vacant for 2h "fire drill"", nil if that is not what it says.
func (r *storyReader) force(text string) (func(*building) error, error) {
	parts := forceWords.FindStringSubmatch(text)
	if parts == nil {
		return nil, nil
	}
	o := gateway.Override{Source: sources[parts[1]], Reason: parts[6]}
	if parts[3] != "" {
		o.Target, _ = gateway.ParseTarget(parts[3])
	}
	switch parts[4] {
	case "vacant":
	case "occupied":
		o.Value = 1
	default:
		o.Value, _ = count(parts[4])
	}
	lasts := gateway.DefaultOverride
	if parts[5] != "" {
		var err error
		if lasts, err = time.ParseDuration(parts[5]); err != nil {
			return nil, err
		}
	}
	id := r.assets(parts[2])[0]
	return func(b *building) error {
		return inVain(parts[7] != "", b.change(func(s *gateway.State, i gateway.Instant) error {
			o := o
			o.Until = b.now.Add(lasts)
			_, err := s.Force(i, id, o)
			return err
		}))
	}, nil
}

// release reads "release room_a", nil if that is not what it says.
func (r *storyReader) release(text string) (func(*building) error, error) {
	parts := releaseWords.FindStringSubmatch(text)
	if parts == nil {
		return nil, nil
	}
	target, _ := gateway.ParseTarget(parts[3])
	id := r.assets(parts[2])[0]
	return func(b *building) error {
		return inVain(parts[4] != "", b.change(func(s *gateway.State, i gateway.Instant) error {
			_, err := s.Release(i, id, target, parts[3] == "", sources[parts[1]], "")
			return err
		}))
	}, nil
}

// inVain turns round what is expected of an error.
func inVain(wanted bool, err error) error {
	switch {
	case !wanted:
		return err
	case err == nil:
		return errors.New("it was not in vain")
	}
	return nil
}
