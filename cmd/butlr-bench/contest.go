package main

import "context"

// contest is a gateway with Modbus, and mostly MQTT, on, and the handler of nothing that it is compared with.
type contest struct {
	broker  *broker
	subject *subject
	nothing *part
	traffic *traffic // of both
}

func newContest(ctx context.Context, program string, rooms int, mqtt bool) (c *contest, err error) {
	c = &contest{}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	if c.traffic, err = newTraffic(rooms); err != nil {
		return c, err
	}
	if c.broker, err = startBroker(); err != nil {
		return c, err
	}
	section := ""
	if mqtt {
		section = c.broker.section()
	}
	if c.subject, err = startSubject(ctx, program, 10, section); err != nil {
		return c, err
	}
	c.nothing, err = startPart("nothing")
	return c, err
}

// stop ends them, and nothing of them stays.
func (c *contest) stop() {
	if c.nothing != nil {
		c.nothing.stop()
	}
	if c.subject != nil {
		c.subject.stop()
	}
	if c.broker != nil {
		c.broker.stop()
	}
}
