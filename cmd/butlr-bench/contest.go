package main

import "context"

// contest is a gateway with Modbus, and mostly MQTT, on, and the handler of nothing that it is compared with.
type contest struct {
	house
	nothing *part
}

func newContest(ctx context.Context, program string, rooms int, mqtt bool) (c *contest, err error) {
	c = &contest{}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	section := (*broker).section
	if !mqtt {
		section = func(*broker) string { return "" }
	}
	if err := c.open(ctx, program, rooms, section); err != nil {
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
	c.house.stop()
}
