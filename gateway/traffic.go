package gateway

// foldTraffic takes up what one event added to the traffic estimate, of an asset whose evidence it is; ends
// says that it is the last of its moment.
func (b *Before) foldTraffic(e *Entry, ends bool, s *Settings, days *calendar) {
	if e.At < b.Day {
		return
	}
	if day := days.midnight(e.At); day > b.Day {
		if b.Day != 0 && s.judge(TrafficFeed, b.Sum) != clear_ {
			b.mark(clear_, days.next(b.Day))
		}
		b.Day, b.Sum = day, 0
	}
	b.Sum += int(e.Value)
	if ends {
		b.mark(s.judge(TrafficFeed, b.Sum), e.At)
	}
}

// trafficSignal works out when the estimate said that somebody was there: the day's sum at each event, and
// nobody after midnight.
func (h *history) trafficSignal(out signal, s *Settings, days *calendar) signal {
	b := h.before
	out = b.signal(out)
	for i := range h.window {
		e := &h.window[i]
		if e.At < b.Day {
			continue
		}
		if day := days.midnight(e.At); day > b.Day {
			if b.Day != 0 {
				out = out.add(days.next(b.Day), false)
			}
			b.Day, b.Sum = day, 0
		}
		b.Sum += int(e.Value)
		if !h.ends(i) {
			continue
		}
		switch s.judge(TrafficFeed, b.Sum) {
		case positive:
			out = out.add(e.At, true)
		case clear_:
			out = out.add(e.At, false)
		}
	}
	if b.Day != 0 {
		out = out.add(days.next(b.Day), false)
	}
	return out
}
