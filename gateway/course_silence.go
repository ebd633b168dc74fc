package gateway

// followSilences finds out when each feed was silent, and what the feed of people said that is not in use.
func (e *evaluation) followSilences() {
	for f := range e.feeds {
		v := &e.feeds[f]
		if v.history == nil {
			continue
		}
		if v != e.people && f <= int(PeopleMinuteFeed) {
			e.edges[4] = v.history.peopleSignal(e.edges[4][:0], v.feed, e.settings)
			v.signals = [OutputCount]signal{e.edges[4], e.edges[4], e.edges[4]}
		}
		e.quiet[f] = e.silencesOf(e.quiet[f][:0], v)
		v.silences = e.quiet[f]
	}
}

// silencesOf lists when a feed was not live. Of what speaks only on change the newest loss is known.
func (e *evaluation) silencesOf(out []Silence, v *evidence) []Silence {
	if v.change {
		if loss, ok := e.loss(); ok && loss.From < e.now {
			out = append(out, Silence{loss.From, min(loss.To, e.now)}) // what is known to the second may be ahead
		}
	} else {
		from := v.history.before.Newest
		for i := range v.history.window {
			to := v.history.window[i].At
			if from != 0 && to.Sub(from) >= e.settings.StaleAfter {
				out = append(out, Silence{from, to})
			}
			from = to
		}
	}
	if v.liveUntil == 0 {
		return out
	}
	return append(out, Silence{v.liveUntil.Add(-e.settings.StaleAfter), maxTimestamp})
}

// fellAt returns when the feed was last live, in the silence that lasts.
func (t *trail) fellAt(s *Settings) Timestamp {
	if t.silence >= len(t.silences) {
		return 0
	}
	return t.silences[t.silence].From.Add(s.StaleAfter)
}

// fellBy returns fellAt if that was at a moment or before, else 0.
func (t *trail) fellBy(at Timestamp, s *Settings) Timestamp {
	if t == nil {
		return 0
	}
	if fell := t.fellAt(s); fell <= at {
		return fell
	}
	return 0
}

func (t *trail) positive() bool { return t.edge > 0 && t.signal[t.edge-1].on }
