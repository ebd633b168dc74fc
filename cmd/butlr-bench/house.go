package main

import "context"

// house is a gateway with a broker of its own, and the traffic of a building for it.
type house struct {
	*subject
	broker  *broker
	traffic *traffic
}

// open starts them; section is what the gateway's configuration has of the broker. Whatever it returns, stop is to be
// called.
func (h *house) open(ctx context.Context, program string, rooms int, section func(*broker) string) (err error) {
	if h.traffic, err = newTraffic(rooms); err != nil {
		return err
	}
	if h.broker, err = startBroker(); err != nil {
		return err
	}
	h.subject, err = startSubject(ctx, program, 10, section(h.broker))
	return err
}

// stop ends them, and nothing of them stays.
func (h *house) stop() {
	if h.subject != nil {
		h.subject.stop()
	}
	if h.broker != nil {
		h.broker.stop()
	}
}
