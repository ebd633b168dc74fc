package gateway

import (
	"fmt"
	"slices"
)

// doubtAbout says why the quality of a measure is no better, where its reason does not say so.
func (e *evaluation) doubtAbout(m Measure) string {
	r := e.out.Readings[m]
	if r.Quality == Good || r.Quality == Forced {
		return ""
	}
	ofMembers := e.asset.sum != nil && e.out.Coverage >= 0
	switch m {
	case Occupied, Lighting, HVAC, Ventilation:
		if ofMembers {
			return e.doubtAboutMembers(int(outputOf(m)))
		}
		return e.firstDoubt(e.counted)
	case People, Utilisation:
		switch {
		case ofMembers && e.people == nil:
			return e.doubtAboutMembers(summedPeople)
		case e.out.Estimate:
			return "it is an estimate: " + e.orElse(e.doubtAboutSilence(), "nobody is counted, only who passes")
		case e.people != nil:
			return e.doubtOf(e.people)
		}
	case Motion:
		if ofMembers {
			return e.doubtAboutMembers(summedMotion)
		}
		return e.doubtOf(&e.feeds[MotionFeed])
	case TrafficEstimate:
		return "it is an estimate: " + e.orElse(e.doubtAboutSilence(), "nobody is counted, only who passes")
	case TrafficIn, TrafficOut:
		if e.asset.about.Kind == Group {
			return e.doubtAboutMembers(slices.Index(summed[:], m))
		}
		return e.orElse(e.doubtAboutSilence(), "something of today may be missing: an event was too old to be counted, or the state was restored")
	case Detections:
		return e.orElse(e.doubtAboutSilence(), "the gateway was started since, and how many a sensor sees is never stored")
	case PeakToday, OccupiedMinutesToday:
		v := e.people
		if v == nil {
			v = &e.feeds[MotionFeed]
		}
		if v.quality() == Good {
			return "the time zone of its site is another since " + e.clock(e.site.shifted) + ", and the day began by the old one"
		}
		return e.doubtOf(v)
	}
	return ""
}

func (e *evaluation) orElse(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

// doubtAboutMembers says how many members keep an aggregate from being good.
func (e *evaluation) doubtAboutMembers(i int) string {
	sum := &e.asset.sum.sums[i]
	gone := sum.classes[lost].members
	if i < OutputCount {
		gone += e.asset.sum.absent.members
	}
	text := ""
	for _, part := range []struct {
		n    int
		what string
	}{{gone, "lost or missing"}, {sum.classes[kept].members, "held"}, {sum.doubtful, "uncertain"}} {
		if part.n == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", part.n, part.what)
	}
	if text == "" {
		return "" // it is a count of its own
	}
	return text + " among its members"
}

// firstDoubt says why the first of some feeds that is not to be relied upon is not.
func (e *evaluation) firstDoubt(feeds []*evidence) string {
	for _, v := range feeds {
		switch {
		case v.life != feedLive || v.doubtful:
			return e.doubtOf(v)
		case v.undecided:
			return fmt.Sprintf("every count so far was between off_count and on_count, %d and %d: whether somebody is there is not known", e.settings.OffCount, e.settings.OnCount)
		}
	}
	return ""
}

// doubtOf says why a feed is not to be relied upon, "" if it is or if its answer says so itself.
func (e *evaluation) doubtOf(v *evidence) string {
	switch raw := &e.feeds[PeopleFeed]; {
	case v.history == nil:
		return "the feed of " + v.feed.String() + " was never heard"
	case v.life == feedDead && v.change:
		return "the feed of " + v.feed.String() + " is lost: " + e.silenceOnChange()
	case v.life == feedDead:
		return "the feed of " + v.feed.String() + " is lost: nothing came since " + e.clock(v.newest)
	case v.life == feedStale && v.change:
		return "the feed of " + v.feed.String() + " is stale: " + e.silenceOnChange()
	case v.life == feedStale:
		return "the feed of " + v.feed.String() + " is stale: nothing came since " + e.clock(v.newest)
	case !v.doubtful:
		return ""
	case e.state.clock.doubt != noDoubt:
		return "this machine's clock is not trusted"
	case v.feed == MotionFeed && v.history.value() == 1 && e.latchOver(v):
		return "motion since " + e.clock(v.newest) + " was never said to end"
	case v == e.people && v != raw && raw.history != nil && raw.life != feedLive:
		return "the smoothed count stands in for the raw one, which ended at " + e.clock(raw.newest)
	case v.change && e.doubtOfHeartbeat() != "":
		return e.doubtOfHeartbeat()
	case v.feed == TrafficFeed:
		return "it is an estimate: nobody is counted, only who passes"
	case e.missedEdges():
		silence, _ := e.lastLoss()
		who := "its site was silent"
		if of, found := e.sensorLoss(); found && of == silence {
			who = "its sensors could not be heard"
		}
		return who + " from " + e.clock(silence.From) + " to " + e.clock(silence.To) + ", and it has said nothing since: what it missed is not known"
	}
	return "not to be relied upon"
}

// latchOver tells whether a MOTION that nothing ended is no longer believed by all.
func (e *evaluation) latchOver(v *evidence) bool {
	for o := range Output(OutputCount) {
		if on, _ := v.signals[o].endedBy(e.now); !on {
			return true
		}
	}
	return e.now >= v.newest.Add(e.settings.MaxLatch)
}

// doubtAboutSilence says why what speaks only on change is not to be relied upon; "" if it is.
func (e *evaluation) doubtAboutSilence() string {
	v := e.changeLife()
	switch {
	case v.life == feedDead && e.isOfSensors(), v.life == feedStale && e.isOfSensors():
		return e.silenceOnChange()
	case v.life == feedDead:
		return "its site is lost: it has said nothing since " + e.clock(e.site.heard)
	case v.life == feedStale:
		return "its site is stale: it has said nothing since " + e.clock(e.site.heard)
	case e.state.clock.doubt != noDoubt:
		return "this machine's clock is not trusted"
	case v.doubtful:
		return e.doubtOfHeartbeat()
	}
	return ""
}

// silenceOnChange says why what speaks only on change is not live.
func (e *evaluation) silenceOnChange() string {
	if e.isOfSensors() {
		return "its sensors are offline since " + e.clock(e.lastSign())
	}
	return "its site has said nothing since " + e.clock(e.site.heard)
}

// doubtOfHeartbeat says why it is not known whether what speaks only on change could speak; "" if it is.
func (e *evaluation) doubtOfHeartbeat() string {
	b := e.beat
	switch {
	case b != nil && e.ownBeat && b.offline > 0:
		return fmt.Sprintf("offline at %s: %d of its %d sensors", e.clock(b.at), b.offline, b.sensors)
	case e.site == nil || e.site.hasPulse():
		return ""
	case b != nil && e.now >= max(e.site.heard, b.sign).Add(e.settings.ChangeUncertainAfter):
		return "nothing was heard of its sensors since " + e.clock(b.at) + ", and its site has said nothing since " + e.clock(e.site.heard)
	case b == nil && e.now >= e.site.heard.Add(e.settings.ChangeUncertainAfter):
		return "its site has no heartbeat, and has said nothing since " + e.clock(e.site.heard)
	}
	return ""
}
