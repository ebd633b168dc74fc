package push

import (
	"context"
	"errors"
	"time"

	"github.com/goburrow/modbus"

	"butlr-gateway/gateway"
)

// goodbyeWithin is how long a stop may take: whoever stops the gateway waits for it.
const goodbyeWithin = 3 * time.Second

// farewell is what a point gets last.
type farewell struct {
	point *point
	image image
}

// sayGoodbye writes what the points want on a stop, once. A device that does not take it is not asked again.
func (l *line) sayGoodbye() {
	last := l.farewells()
	if len(last) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeWithin)
	defer cancel()
	silent := make(map[*target]bool)
	for _, f := range last {
		t := f.point.target
		if silent[t] {
			continue
		}
		_, err := l.link.do(ctx, t.Unit, t.Timeout, func(c modbus.Client) ([]byte, error) { return f.point.write(c, f.image) })
		if err == nil {
			continue
		}
		_, exception := errors.AsType[*modbus.ModbusError](err)
		silent[t] = !exception
		l.pusher.options.Log.Warn("push target not told of the stop", "target", t.Name, "point", f.point.Name, "err", failureWords(err, &t.Target))
	}
}

// farewells returns what is to be written on a stop.
func (l *line) farewells() []farewell {
	l.pusher.mu.Lock()
	defer l.pusher.mu.Unlock()
	now := l.pusher.options.Clock().Timestamp()
	var out []farewell
	for _, t := range l.targets {
		for _, p := range t.points {
			if im, ok := l.pusher.farewell(p, now); ok {
				out = append(out, farewell{p, im})
			}
		}
	}
	return out
}

// farewell returns what a point gets on a stop, if anything.
func (p *Pusher) farewell(of *point, now gateway.Timestamp) (image, bool) {
	switch of.OnStop.Do {
	case OnStopNumber:
		im, why := of.scale.encode(float64(of.OnStop.Number))
		return im, why.text == ""
	case OnStopPolicy:
		n, _ := of.subject.only()
		output, isOutput := of.scale.output()
		if n == nil || !isOutput {
			return image{}, false
		}
		r := gateway.Reading{Known: true}
		switch p.options.Loss(n.asset, output, now) {
		case gateway.PolicyHold:
			return image{}, false
		case gateway.PolicyOccupied:
			r.Value = 1
		}
		im, why := of.scale.image(r)
		return im, why.text == ""
	}
	return image{}, false
}

// output returns the output that the point shows, if it shows one.
func (s *scale) output() (gateway.Output, bool) {
	if s.quality {
		return 0, false
	}
	if s.measure == gateway.Occupied {
		return gateway.HVACOutput, true
	}
	for o := range gateway.Output(gateway.OutputCount) {
		if o.Measure() == s.measure {
			return o, true
		}
	}
	return 0, false
}
