package mqtt

import (
	"time"

	"butlr-gateway/gateway"
)

// Connection is how it is with a broker.
type Connection struct {
	Connected bool      // readings reach it, and whoever subscribes sees that the gateway is online
	Why       string    // they do not; "" before the first attempt
	Since     time.Time // when that began, by the clock on the wall
}

// Status is what there is to know of a publisher.
type Status struct {
	Connection
	Waiting   int    // messages that the broker has not acknowledged
	Published uint64 // messages that it has, since the start
}

// Status tells how it is now. Any goroutine may ask, and holds up nobody.
func (p *Publisher) Status() Status {
	return Status{*p.health.connection.Load(), int(p.metrics.inFlight.Load()), p.metrics.delivered.Load()}
}

// Topics returns the topics under which an asset is published: its state first, whether there is anything to be seen
// of it, its measures, what happens in it, and all of it once more under its name, if there is such a topic and once
// it is known. It is nil of an asset that was never published.
func (p *Publisher) Topics(id gateway.AssetID) []string {
	s, path, ok := p.mail.look(id)
	if !ok {
		return nil
	}
	root, scalars := p.options.Topic, gateway.Measures(0)
	if p.options.Scalars {
		scalars = s.Has
	}
	topics := assetTopics(nil, Topic(root, s.Asset), scalars)
	if s.Has.Has(gateway.Motion) || s.Has.Has(gateway.TrafficIn) {
		topics = append(topics, eventTopic(root, s.Asset))
	}
	if p.options.Detections && s.Has.Has(gateway.Detections) {
		topics = append(topics, detectionsTopic(root, s.Asset))
	}
	if path != "" {
		topics = assetTopics(topics, mirrorTopic(root, path), scalars)
	}
	return topics
}
