package supervision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/gateway"
)

// Options are what a supervisor needs.
type Options struct {
	Parts   []Part
	Alarms  *gateway.Alarms       // must not be nil
	Log     *slog.Logger          // must not be nil
	Metrics prometheus.Registerer // must not be nil

	Every    time.Duration // between two questions to a part; 0 is 10 s
	Patience time.Duration // for an answer, less than Every; 0 is 5 s
}

// The defaults of Options.
const (
	defaultEvery    = 10 * time.Second
	defaultPatience = 5 * time.Second
)

// Supervisor asks parts, and judges them by their answers.
type Supervisor struct {
	options Options
	parts   []*watched
	round   atomic.Pointer[time.Time] // when the newest ended, on the monotonic clock
	gaveUp  atomic.Bool
}

// watched is a part, and what is held of it.
type watched struct {
	Part
	judgement
	answers chan error // of the question that is open
	open    bool
	said    error                     // what came of the newest question
	heard   atomic.Pointer[time.Time] // when it last answered; before it did, when it was first asked
	up      prometheus.Gauge
}

// New checks the options. It asks nobody.
func New(o Options) (*Supervisor, error) {
	if o.Alarms == nil || o.Log == nil || o.Metrics == nil {
		return nil, errors.New("making a supervisor: alarms, log and metrics must be given")
	}
	if o.Every == 0 {
		o.Every, o.Patience = defaultEvery, defaultPatience
	}
	s := &Supervisor{options: o}
	for _, p := range o.Parts {
		w := &watched{Part: p, answers: make(chan error, 1)}
		if err := w.measure(o.Metrics); err != nil {
			return nil, fmt.Errorf("making a supervisor of %s: %w", p.Name, err)
		}
		s.parts = append(s.parts, w)
	}
	return s, nil
}

func (w *watched) measure(registry prometheus.Registerer) error {
	of := prometheus.Labels{"part": w.Name}
	w.up = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "butlr_part_up", Help: "0 while a part of the gateway does not answer its own questions, three in a row; else 1.", ConstLabels: of,
	})
	w.up.Set(1)
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "butlr_part_answer_age_seconds", Help: "Time since a part last answered; before it ever did, since it was first asked.", ConstLabels: of,
	}, func() float64 {
		if heard := w.heard.Load(); heard != nil {
			return time.Since(*heard).Seconds()
		}
		return 0
	})
	return errors.Join(registry.Register(w.up), registry.Register(age))
}

// Run asks until ctx ends, and returns nil; or a [*Stuck] as soon as a part is given up. It is called once.
func (s *Supervisor) Run(ctx context.Context) error {
	turn := time.NewTicker(s.options.Every)
	defer turn.Stop()
	now := time.Now()
	for _, w := range s.parts {
		w.heard.Store(&now)
	}
	for {
		began := time.Now()
		s.ask(ctx)
		s.hear(time.Since(began))
		if ctx.Err() != nil {
			return nil
		}
		if err := s.judge(); err != nil {
			s.gaveUp.Store(true)
			return err
		}
		now := time.Now()
		s.round.Store(&now)
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
		}
	}
}

// Sound tells whether the supervisor itself goes its rounds, and has given nobody up: what a watchdog outside of the
// program has to be told.
func (s *Supervisor) Sound() bool {
	round := s.round.Load()
	return round != nil && !s.gaveUp.Load() && time.Since(*round) <= 2*s.options.Every+s.options.Patience
}

// ask asks every part at once, and hears what they say in time.
func (s *Supervisor) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Patience)
	defer cancel()
	for _, w := range s.parts {
		if !w.open {
			w.open = true
			go func() { w.answers <- w.Ask(ctx) }()
		}
	}
	late := time.NewTimer(s.options.Patience + s.options.Patience/10) // whoever heeds ctx has a moment to say so
	defer late.Stop()
	gone := false
	for _, w := range s.parts {
		if gone { // no more waiting, for anybody
			w.take()
			continue
		}
		select {
		case w.said = <-w.answers:
			w.open = false
		case <-late.C:
			gone = true
			w.take()
		}
	}
}

// take takes what is there already.
func (w *watched) take() {
	select {
	case w.said = <-w.answers:
		w.open = false
	default:
		w.said = errNoReturn
	}
}

// hear takes note of what came of a round. One that took longer than it can, while the machine was suspended, the program
// stopped, or another one had all of the processor, tells of nobody that he does not answer.
func (s *Supervisor) hear(took time.Duration) {
	now, blind := time.Now(), took > 2*s.options.Patience
	for _, w := range s.parts {
		if w.said == nil {
			w.heard.Store(&now)
		}
		if w.said == nil || !blind {
			w.hear(w.said)
		}
	}
}

// judge tells of the parts that are stuck, and returns an error if one is to be given up.
func (s *Supervisor) judge() error {
	var words []string
	for _, w := range s.parts {
		if !w.stuck() {
			w.up.Set(1)
			continue
		}
		w.up.Set(0)
		words = append(words, w.words(&w.Part, s.options.Every))
		if w.Vital && w.givenUp() {
			return &Stuck{Part: w.What, Silence: time.Since(*w.heard.Load()), Err: w.err}
		}
	}
	if len(words) == 0 {
		s.options.Alarms.Clear(gateway.PartStuck)
		return nil
	}
	s.options.Alarms.Raise(gateway.PartStuck, strings.Join(words, "; "))
	return nil
}
