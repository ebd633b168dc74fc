package mqtt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Commander puts in force what is commanded; *[gateway.Hub] is one. Both return when it would survive a power
// cut. An error says that nothing changed, and why.
type Commander interface {
	Force(ctx context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error)
	Release(ctx context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error)
}

const (
	maxCommands = 256     // that wait to be obeyed; more are dropped
	maxCommand  = 4 << 10 // bytes of one
	obeyWithin  = 5 * time.Second
)

// What became of a command, as it is counted.
const (
	commandObeyed  = "obeyed"
	commandRefused = "refused"
	commandKept    = "retained" // ignored: nobody commands anything now
	commandDropped = "dropped"
)

// commands hears what the building's broker passes on, and has it obeyed in the order in which it came.
type commands struct {
	options *Options
	mail    *mailbox
	metrics *metrics
	queue   chan command
	again   chan struct{} // holds one token after somebody asked for everything to be said again

	complained time.Time // one goroutine's alone
}

// command is one that waits.
type command struct {
	topic   string // below the root
	payload []byte
}

func newCommands(o *Options, mail *mailbox, m *metrics) *commands {
	return &commands{options: o, mail: mail, metrics: m, queue: make(chan command, maxCommands), again: make(chan struct{}, 1)}
}

func commandTopic(root string) string { return root + "/command/" }

// listeners are none where nobody may command.
func (c *commands) listeners() []listener {
	if c.options.Commander == nil {
		return nil
	}
	begin := commandTopic(c.options.Topic)
	return []listener{{begin + "+/+/force", c.hear}, {begin + "+/+/release", c.hear}, {begin + republish, c.hear}}
}

// hear takes a command, or drops it when too many wait. A command that the broker kept is not obeyed: it was
// meant for some moment before, and would be obeyed again after every restart.
func (c *commands) hear(topic string, payload []byte, kept bool) {
	topic = strings.TrimPrefix(topic, commandTopic(c.options.Topic))
	switch {
	case kept:
		c.metrics.commands.WithLabelValues(commandKept).Inc()
	case topic == republish:
		c.metrics.commands.WithLabelValues(commandObeyed).Inc()
		select {
		case c.again <- struct{}{}:
		default:
		}
	default:
		select {
		case c.queue <- command{topic, payload}:
		default:
			c.metrics.commands.WithLabelValues(commandDropped).Inc()
		}
	}
}

// run obeys until ctx ends.
func (c *commands) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-c.queue:
			c.settle(next, c.obey(ctx, next))
		}
	}
}

func (c *commands) settle(done command, err error) {
	if err == nil {
		c.metrics.commands.WithLabelValues(commandObeyed).Inc()
		return
	}
	c.metrics.commands.WithLabelValues(commandRefused).Inc()
	if now := time.Now(); now.Sub(c.complained) >= complainEvery {
		c.complained = now
		c.options.Log.Warn("an MQTT command was not obeyed", "broker", c.options.label(), "command", done.topic, "err", err)
	}
}

func (c *commands) obey(ctx context.Context, next command) error {
	ctx, cancel := context.WithTimeout(ctx, obeyWithin)
	defer cancel()
	place, verb, _ := cutLast(next.topic)
	id, ok := c.mail.find(c.options.Topic + "/" + place)
	if !ok {
		return fmt.Errorf("finding the asset of %s: there is none; see which topics end in /state", place)
	}
	if verb == "release" {
		_, err := c.options.Commander.Release(ctx, id, 0, true, gateway.FromMessage, c.options.label())
		return err
	}
	w, err := readWish(next.payload)
	if err != nil {
		return fmt.Errorf("reading the command: %w", err)
	}
	if w.automatic {
		_, err := c.options.Commander.Release(ctx, id, w.target, false, gateway.FromMessage, c.options.label())
		return err
	}
	o := gateway.Override{Target: w.target, Value: w.value, Source: gateway.FromMessage, Author: c.options.label(), Reason: w.reason}
	if w.lasts != 0 {
		o.Until = c.mail.now(c.options.Clock()).Add(w.lasts)
	}
	_, err = c.options.Commander.Force(ctx, id, o)
	return err
}

// cutLast cuts a topic before its last level.
func cutLast(topic string) (before, last string, found bool) {
	i := strings.LastIndexByte(topic, '/')
	if i < 0 {
		return "", topic, false
	}
	return topic[:i], topic[i+1:], true
}
