package gateway

import "fmt"

func (h *Hub) publish(u *Update) {
	h.warn(&u.Summary)
	h.logRefusals(u.At)
	h.logSites(u.Now)
	for _, s := range h.sinks {
		s.Publish(u)
	}
}

// warn raises and ends the alarms that follow from the state itself.
func (h *Hub) warn(s *Summary) {
	lost := ""
	switch s.SitesLost {
	case 0:
	case 1:
		lost = "nothing is heard of " + s.SiteLost + " any more"
	default:
		lost = fmt.Sprintf("nothing is heard of %d sites any more, among them %s", s.SitesLost, s.SiteLost)
	}
	h.told(FeedLost, &h.lost, lost)
	h.told(ClockUntrusted, &h.doubt, s.ClockDoubt)
	unmet := s.PinUnmet
	if s.PinsUnmet > 1 {
		unmet = fmt.Sprintf("%s; and %d more: \"butlr-gateway points plan\" shows them", unmet, s.PinsUnmet-1)
	}
	h.told(PinUnmet, &h.unmet, unmet)
	h.told(SensorOffline, &h.missed, s.Devices.Why)
}

// told raises an alarm, or ends it with "", if that is news.
func (h *Hub) told(alarm Alarm, before *string, why string) {
	switch {
	case why == *before:
		return
	case why == "":
		h.alarms.Clear(alarm)
	default:
		h.alarms.Raise(alarm, why)
	}
	*before = why
}
