package mqtt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"butlr-gateway/gateway"
)

// How long things may take.
const (
	shortestPause = 250 * time.Millisecond // before the first new attempt to connect
	longestPause  = 2 * time.Second        // before any other
	settled       = 10 * time.Second       // a session that lasts so long is a good one
	stopWithin    = 700 * time.Millisecond // to say offline; then the connection is cut
)

// Publisher delivers readings to one broker. It is a [gateway.Sink].
type Publisher struct {
	options Options
	mail    *mailbox
	metrics *metrics
	health  *health

	commands  *commands
	announcer *announcer // nil without a memory of what was announced
	names     *names
	shelf     *shelf

	// connect opens a session. It returns soon after ctx ends.
	connect func(ctx context.Context) (session, error)
	rounds  uint64 // how often everything was said, or begun to be
	brief   bool   // the session before this one ended soon
}

var _ gateway.Sink = (*Publisher)(nil)

// New checks the options and returns a publisher. It does no I/O: an unreachable broker is no error.
func New(o Options) (*Publisher, error) {
	t, err := o.check()
	if err != nil {
		return nil, fmt.Errorf("setting up MQTT: %w", err)
	}
	p := &Publisher{options: o, mail: newMailbox(o.Topic)}
	if p.metrics, err = newMetrics(o.Metrics, p.mail); err != nil {
		return nil, fmt.Errorf("setting up MQTT: %w", err)
	}
	p.health = &health{addr: t.url.Redacted(), log: o.Log, tell: o.Health, connected: p.metrics.connected, clock: o.Clock}
	p.health.note()
	p.mail.detections = o.Detections
	p.commands = newCommands(&p.options, p.mail, p.metrics)
	p.announcer = newAnnouncer(&p.options)
	p.names, p.shelf = newNames(p.mail), newShelf(&p.options)
	listeners := append(p.commands.listeners(), p.announcer.listeners()...)
	p.connect = (&dialer{target: t, options: &p.options, listeners: listeners}).open
	return p, nil
}

// Publish keeps the newest snapshots for the sender. It never waits for the broker.
func (p *Publisher) Publish(u *gateway.Update) { p.mail.put(u) }

// Run delivers until ctx ends, connecting again whenever the connection is lost. At the end it says that
// the gateway is offline; it takes at most a second for that. It is called once.
func (p *Publisher) Run(ctx context.Context) error {
	var obeying sync.WaitGroup
	obeying.Go(func() { p.commands.run(ctx) })
	defer obeying.Wait()
	if p.announcer != nil {
		p.announcer.load(ctx)
		defer p.announcer.writers.Wait()
	}
	p.shelf.load(ctx, p.names)
	defer p.shelf.close()
	pause := shortestPause
	for ctx.Err() == nil {
		began := time.Now()
		opened, err := p.attempt(ctx)
		if ctx.Err() != nil {
			return nil
		}
		p.health.down(err)
		lasted := time.Since(began) >= settled
		p.brief = opened && !lasted
		if lasted {
			pause = shortestPause
		}
		// Gateways that lost the same broker must not all come back at the same moment.
		wait(ctx, pause/2+rand.N(pause/2))
		pause = min(2*pause, longestPause)
	}
	return nil
}

// attempt opens a session and delivers over it until it is lost, or until ctx ends.
func (p *Publisher) attempt(ctx context.Context) (opened bool, err error) {
	s, err := p.connect(ctx)
	if err != nil {
		return false, err
	}
	p.metrics.sessions.Inc()
	d := newDelivery(p, s)
	defer d.window.stop()

	var watch sync.WaitGroup
	ended := make(chan struct{})
	watch.Go(func() { cutWhenStuck(ctx, s, ended) })
	defer watch.Wait()
	defer close(ended)

	err = d.run(ctx)
	s.close(ctx.Err() != nil && d.farewell())
	return true, err
}

// cutWhenStuck ends a session that is still busy some time after ctx ended: a broker that no longer reads
// blocks whoever writes to it.
func cutWhenStuck(ctx context.Context, s session, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	select {
	case <-ended:
	case <-time.After(stopWithin):
		s.cut()
	}
}

// probation is how long a session must last before its broker counts as healthy. One that ends every
// session soon must not count as healthy in between, nor fill the log.
func (p *Publisher) probation() time.Duration {
	if p.brief {
		return settled
	}
	return 0
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
