package gateway

// beginTraffic begins with an estimate that was not evidence so far.
func (b *Before) beginTraffic(t *Total, first Timestamp, s *Settings) {
	if t.Net == 0 || first < t.Day {
		return
	}
	b.Day, b.Sum, b.Newest = t.Day, int(t.Net), min(t.At, first)
	b.mark(s.judge(TrafficFeed, b.Sum), b.Newest)
}

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

// lateTraffic takes up an increment that belongs before the window, which only a window that is full does not
// reach back to. What is kept of the sums before is their last; where that is another now, it is taken for
// another since the last of them, so that no output turns off sooner. It returns whether anything changed.
func (b *Before) lateTraffic(e *Entry, s *Settings, days *calendar) bool {
	switch {
	case e.At >= b.Newest:
		b.foldTraffic(e, true, s, days)
		b.Newest = e.At
		return true
	case e.At < b.Day || e.Value == 0:
		return false
	}
	b.Sum += int(e.Value)
	v, on := s.judge(TrafficFeed, b.Sum), b.moving()
	if v == positive && !on || v == clear_ && on {
		b.mark(v, b.Newest)
	}
	return true
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
