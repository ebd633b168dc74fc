package discovery

import "slices"

// Steps lead a broker from what it was told of a device to what it shall keep. They may be taken again
// from the start, after whatever was done of them.
type Steps struct {
	Remember []Told    // first: what may be kept from the next step on
	Say      []Message // then, in order
	Settle   []Told    // when the broker has acknowledged that: what is still kept of what was more
	Forget   []string  // and the keys of what is not kept any more
}

// migrate asks Home Assistant to let go of what it was told in one form and to keep its settings until it
// is told again in the other.
var migrate = []byte(`{"migrate_discovery":true}`)

// Steps returns how to get from what a broker was told of a node, in whatever places, to what the device
// is now. A device that is nil is not to be seen any more.
func (g *Gateway) Steps(d *Device, told []Told) Steps {
	var s Steps
	if d == nil || g.Form == Off {
		s.takeBack(told)
		return s
	}
	now := Told{Place: g.Place, Node: d.Node, Names: sorted(d.Names())}
	var here []Name
	var elsewhere []Told
	for _, t := range told {
		if t.Place == g.Place {
			here = t.Names
			continue
		}
		elsewhere = append(elsewhere, t)
	}
	gone := without(here, now.Names)
	if both := sorted(append(gone, now.Names...)); !slices.Equal(both, here) {
		s.Remember = []Told{{Place: g.Place, Node: d.Node, Names: both}}
	}
	for i := range elsewhere {
		s.letGo(&elsewhere[i], &now)
	}
	s.announce(d, &now, gone)
	if len(gone) > 0 {
		s.Settle = []Told{now}
	}
	s.takeBack(elsewhere)
	return s
}

// announce says what the device is, and takes away what it was.
func (s *Steps) announce(d *Device, now *Told, gone []Name) {
	if now.Form == Devices {
		if len(gone) > 0 {
			s.say(now.deviceTopic(), d.whole(gone))
		}
		s.say(now.deviceTopic(), d.whole(nil))
		return
	}
	for _, n := range gone {
		s.say(now.entityTopic(n), nil)
	}
	for i := range d.entities {
		e := &d.entities[i]
		s.say(now.entityTopic(Name{e.Platform, e.key}), d.part(e))
	}
}

// letGo asks Home Assistant to keep the settings of what was told in the other form. One that listens to
// another prefix will not hear of it again.
func (s *Steps) letGo(old, now *Told) {
	if old.Prefix != now.Prefix {
		return
	}
	if old.Form == Devices {
		s.say(old.deviceTopic(), migrate)
		return
	}
	for _, n := range old.Names {
		if slices.Contains(now.Names, n) {
			s.say(old.entityTopic(n), migrate)
		}
	}
}

// takeBack empties the topics of what was told.
func (s *Steps) takeBack(told []Told) {
	for i := range told {
		for _, topic := range told[i].topics() {
			s.say(topic, nil)
		}
		s.Forget = append(s.Forget, told[i].Key())
	}
}

func (s *Steps) say(topic string, payload []byte) { s.Say = append(s.Say, Message{topic, payload}) }

// without returns the names that are not among others.
func without(names, others []Name) []Name {
	var left []Name
	for _, n := range names {
		if !slices.Contains(others, n) {
			left = append(left, n)
		}
	}
	return left
}
