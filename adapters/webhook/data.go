package webhook

import (
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/gateway"
)

// data is the content of an event, in every shape that a type may give it: the type may come after it.
type data struct {
	people, in, out count
	places          [][2]float64 // the pairs of local, then those of world
	local, world    pairs
}

// count is a number of people as far as it was read.
type count struct {
	read  bool
	value float64
}

// pairs is a part of data.places, if it was read and all of it had the shape of pairs.
type pairs struct {
	read       bool
	start, end int
}

func (d *data) read(r *reader) error {
	if r.peek() != jsontext.KindBeginObject {
		return d.people.from(r)
	}
	if err := r.enter(); err != nil {
		return err
	}
	for r.peek() != jsontext.KindEndObject {
		key, err := r.string()
		if err != nil {
			return err
		}
		switch string(key) {
		case "in":
			err = d.in.from(r)
		case "out":
			err = d.out.from(r)
		case "local":
			err = d.pairs(&d.local, r)
		case "world":
			err = d.pairs(&d.world, r)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
	return r.leave()
}

func (c *count) from(r *reader) error {
	if r.peek() != jsontext.KindNumber {
		return r.skip()
	}
	v, err := r.scalar()
	if err != nil {
		return err
	}
	c.value, c.read = number(v)
	return nil
}

func (d *data) pairs(p *pairs, r *reader) error {
	if r.peek() != jsontext.KindBeginArray {
		return r.skip()
	}
	if err := r.enter(); err != nil {
		return err
	}
	p.read, p.start = true, len(d.places)
	for r.peek() != jsontext.KindEndArray {
		pair, ok, err := pair(r)
		if err != nil {
			return err
		}
		p.read = p.read && ok
		d.places = append(d.places, pair)
	}
	p.end = len(d.places)
	return r.leave()
}

// pair reads one value, and tells whether it is an array of two finite numbers.
func pair(r *reader) (xy [2]float64, ok bool, err error) {
	if r.peek() != jsontext.KindBeginArray {
		return xy, false, r.skip()
	}
	if err := r.enter(); err != nil {
		return xy, false, err
	}
	n, ok := 0, true
	for ; r.peek() != jsontext.KindEndArray; n++ {
		var c count
		if err := c.from(r); err != nil {
			return xy, false, err
		}
		ok = ok && c.read && n < len(xy)
		if ok {
			xy[n] = c.value
		}
	}
	return xy, ok && n == len(xy), r.leave()
}

// fill puts the content into the event, or tells why it is none of the event's type.
func (d *data) fill(e *gateway.Event) (refusal gateway.Refusal) {
	switch e.Type {
	case gateway.Occupancy, gateway.OccupancyMinute:
		e.People, refusal = d.people.round()
	case gateway.Traffic:
		if e.In, refusal = d.in.round(); refusal == gateway.Admitted {
			e.Out, refusal = d.out.round()
		}
	case gateway.Detected:
		local, world := d.places[d.local.start:d.local.end], d.places[d.world.start:d.world.end]
		if !d.local.read || !d.world.read || len(local) != len(world) {
			return gateway.WrongShape
		}
		e.Found = make([]gateway.Position, len(local))
		for i := range e.Found {
			e.Found[i] = gateway.Position{X: local[i][0], Y: local[i][1], WorldX: world[i][0], WorldY: world[i][1]}
		}
	}
	return refusal
}

// round returns the count in whole people, halves away from zero.
func (c count) round() (int, gateway.Refusal) {
	people := math.Round(c.value)
	switch {
	case !c.read:
		return 0, gateway.CountNotANumber
	case people < 0:
		return 0, gateway.CountNegative
	case people > maxCount:
		return 0, gateway.CountTooLarge
	}
	return int(people), gateway.Admitted
}
