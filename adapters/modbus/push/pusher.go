package push

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"butlr-gateway/gateway"
)

// Pusher writes what is published to controllers. It is a [gateway.Sink].
type Pusher struct {
	options Options
	start   start
	lines   []*line
	targets []*target
	goodbye atomic.Bool

	mu    sync.Mutex // of everything below the index, and of targets and points
	index index

	telling sync.Mutex // of the log and the alarm, which may take their time
}

var _ gateway.Sink = (*Pusher)(nil)

// New checks the options and returns a pusher. It does no I/O: a controller that is off is no error.
func New(o Options) (*Pusher, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("setting up push: %w", err)
	}
	metrics, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("setting up push: %w", err)
	}
	p := &Pusher{options: o, start: start{o.Start.Mono, o.Grace}, index: newIndex()}
	lines := make(map[Line]*line)
	for i := range o.Targets {
		t := &target{Target: o.Targets[i], counters: metrics.of(o.Targets[i].Name), since: o.Start.Timestamp()}
		if err := p.addPoints(t); err != nil {
			return nil, fmt.Errorf("setting up push: target %s: %w", t.Name, err)
		}
		l := lines[t.Line]
		if l == nil {
			l = &line{pusher: p, link: linkTo(t.Line), wake: make(chan struct{}, 1)}
			lines[t.Line], p.lines = l, append(p.lines, l)
		}
		t.line = l
		l.targets, p.targets = append(l.targets, t), append(p.targets, t)
	}
	return p, nil
}

func (p *Pusher) addPoints(t *target) error {
	for i := range t.Target.Points {
		o := &t.Target.Points[i]
		scale, err := newScale(o)
		if err != nil {
			return fmt.Errorf("point %s: %w", o.Name, err)
		}
		subject := p.index.subject(o.Asset)
		point := &point{Point: *o, target: t, subject: subject, scale: scale}
		subject.points, t.points = append(subject.points, point), append(t.points, point)
	}
	return nil
}

// linkTo returns what carries requests over a line.
func linkTo(l Line) *link {
	dial := func(ctx context.Context) (wire, error) { return new(net.Dialer).DialContext(ctx, "tcp", l.Address) }
	switch l.Transport {
	case TCP:
		return newLink(newMBAP(), dial)
	case RTUOverTCP:
		return newLink(newRTU(silence), dial)
	}
	return newLink(newRTU(gapAt(l.Baud)), func(context.Context) (wire, error) { return openSerial(l) })
}

// Publish takes up the newest readings of what is pushed. It waits for nobody. Readings that are made up,
// for a demonstration, are never written to a controller.
func (p *Pusher) Publish(u *gateway.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range u.Changed {
		if !u.Changed[i].Simulated {
			p.index.find(&u.Changed[i], signal)
		}
	}
}

// signal wakes the lines of a subject's points.
func signal(s *subject) {
	for _, p := range s.points {
		p.target.line.signal()
	}
}

// Run writes until ctx ends, and then, if [Pusher.StopForGood] was called, says goodbye as the points want
// it. It is called once.
func (p *Pusher) Run(ctx context.Context) error {
	var ended sync.WaitGroup
	for _, l := range p.lines {
		ended.Go(func() { l.run(ctx) })
	}
	ended.Wait()
	return nil
}

// StopForGood says that the end of Run is one after which no gateway takes over soon: no restart, and no
// reload. Call it before that end.
func (p *Pusher) StopForGood() { p.goodbye.Store(true) }

// review tells what became of the targets of a line: to the log at each change of state, to the alarm
// also when the reason changes.
func (p *Pusher) review(l *line) {
	p.telling.Lock()
	defer p.telling.Unlock()
	told, changed := p.reviewed(l)
	for _, s := range told {
		log := p.options.Log.With("target", s.Name, "addr", s.Address, "unit", s.Unit)
		switch s.State {
		case Failing:
			log.Warn("push target failing", "why", s.Why)
		case Well:
			log.Info("push target well")
		case Waiting:
			log.Info("push target waiting", "why", s.Why)
		}
	}
	if !changed {
		return
	}
	if why := p.alarm(); why != "" {
		p.options.Alarms.Raise(gateway.PushFailing, why)
	} else {
		p.options.Alarms.Clear(gateway.PushFailing)
	}
}

// reviewed returns the targets of a line whose state is new, and whether the alarm may have changed.
func (p *Pusher) reviewed(l *line) (told []TargetStatus, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range l.targets {
		before := t.state
		if !t.review(p.options.Clock()) {
			continue
		}
		failing := 0.0
		if t.state == Failing {
			failing = 1
		}
		t.counters.failing.Set(failing)
		changed = changed || before == Failing || t.state == Failing
		if t.state != before {
			told = append(told, t.status())
		}
	}
	return told, changed
}

// alarm says which targets fail and why, "" if none does.
func (p *Pusher) alarm() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	count, first := 0, ""
	for _, t := range p.targets {
		if t.state != Failing {
			continue
		}
		if count++; count == 1 {
			first = fmt.Sprintf("%s (%s, unit %d): %s", t.Name, t.Line, t.Unit, t.why)
		}
	}
	switch count {
	case 0:
		return ""
	case 1:
		return "push target " + first
	}
	return fmt.Sprintf("%d push targets, among them %s", count, first)
}
