package discovery

import "slices"

// Steps lead a broker from what it was told of a device to what it shall keep. They may be taken again
// from the start, after whatever was done of them: first Remember, then what Say returns, and when the
// broker has acknowledged that, Settle and Forget.
type Steps struct {
	Remember []Told   // what may be kept from then on
	Settle   []Told   // what is still kept of what was more
	Forget   []string // the keys of what is not kept any more

	device    *Device // nil is not to be seen any more
	now       Told    // what is to be kept
	gone      []Name  // what is not, in the same place
	elsewhere []Told
}

// migrate asks Home Assistant to let go of what it was told in one form and to keep its settings until it
// is told again in the other.
var migrate = []byte(`{"migrate_discovery":true}`)

// Steps returns how to get from what a broker was told of a node, in whatever places, to what the device
// is now. A device that is nil is not to be seen any more.
func (g *Gateway) Steps(d *Device, told []Told) Steps {
	s := Steps{device: d}
	var here []Name
	for _, t := range told {
		if d != nil && t.Place == g.Place {
			here = t.Names
			continue
		}
		s.elsewhere = append(s.elsewhere, t)
		s.Forget = append(s.Forget, t.Key())
	}
	if d == nil {
		return s
	}
	s.now = Told{Place: g.Place, Node: d.Node, Names: sorted(d.Names())}
	s.gone = without(here, s.now.Names)
	if both := sorted(slices.Concat(s.gone, s.now.Names)); !slices.Equal(both, here) {
		s.Remember = []Told{{Place: g.Place, Node: d.Node, Names: both}}
	}
	if len(s.gone) > 0 {
		s.Settle = []Told{s.now}
	}
	return s
}

// Say returns the messages, in order. What was told in the other form goes only after it is told in the new
// one, so that Home Assistant keeps its settings.
func (s *Steps) Say() []Message {
	var m messages
	if s.device != nil {
		for i := range s.elsewhere {
			m.letGo(&s.elsewhere[i], &s.now)
		}
		m.announce(s)
	}
	for i := range s.elsewhere {
		for _, topic := range s.elsewhere[i].topics() {
			m.say(topic, nil)
		}
	}
	return m
}

type messages []Message

func (m *messages) say(topic string, payload []byte) { *m = append(*m, Message{topic, payload}) }

// announce says what the device is, and takes away what it was.
func (m *messages) announce(s *Steps) {
	if s.now.Form == Devices {
		if len(s.gone) > 0 {
			m.say(s.now.deviceTopic(), s.device.whole(s.gone))
		}
		m.say(s.now.deviceTopic(), s.device.whole(nil))
		return
	}
	for _, n := range s.gone {
		m.say(s.now.entityTopic(n), nil)
	}
	for i := range s.device.entities {
		e := &s.device.entities[i]
		m.say(s.now.entityTopic(Name{e.Platform, e.key}), s.device.part(e))
	}
}

// letGo asks Home Assistant to keep the settings of what was told in the other form. One that listens to
// another prefix will not hear of it again.
func (m *messages) letGo(old, now *Told) {
	if old.Prefix != now.Prefix {
		return
	}
	if old.Form == Devices {
		m.say(old.deviceTopic(), migrate)
		return
	}
	for _, n := range old.Names {
		if slices.Contains(now.Names, n) {
			m.say(old.entityTopic(n), migrate)
		}
	}
}

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
