package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/gateway"
)

// brokers knows which of the brokers readings do not reach.
type brokers struct {
	alarms *gateway.Alarms

	mu   sync.Mutex
	down map[string]string // why, by the brokers' labels
}

// publisher tells one broker.
type publisher struct {
	*mqtt.Publisher
	section string // of the configuration
	address string
	topic   string // the root of what it is told
}

func (s *service) openPublishers(context.Context) error {
	for section, b := range brokersOf(s.config) {
		options, err := publisherOptions(s, section, b)
		if err != nil {
			return err
		}
		told, err := mqtt.New(options)
		if err != nil {
			return fmt.Errorf("[%s]: %w", section, err)
		}
		s.publishers = append(s.publishers, publisher{told, section, options.Broker, options.Topic})
	}
	return nil
}

// health returns what a publisher calls when its broker comes or goes: one alarm stands for all of them.
func (b *brokers) health(label string) func(error) {
	return func(down error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if down == nil {
			delete(b.down, label)
		} else {
			b.down[label] = down.Error()
		}
		if len(b.down) == 0 {
			b.alarms.Clear(gateway.BrokerDown)
			return
		}
		b.alarms.Raise(gateway.BrokerDown, b.words())
	}
}

// words tells of each broker that is down what is wrong, and of the only one without its name.
func (b *brokers) words() string {
	if why, only := b.down["mqtt"]; only && len(b.down) == 1 {
		return why
	}
	var words []string
	for _, label := range slices.Sorted(maps.Keys(b.down)) {
		words = append(words, label+": "+b.down[label])
	}
	return strings.Join(words, "; ")
}

// commander is the hub, which is opened after those that pass commands on to it, and before they run.
type commander struct{ service *service }

func (c commander) Force(ctx context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error) {
	return c.service.hub.Force(ctx, id, o)
}

func (c commander) Release(ctx context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error) {
	return c.service.hub.Release(ctx, id, target, all, by, author)
}
