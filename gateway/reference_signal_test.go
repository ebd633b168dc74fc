package gateway

import (
	"cmp"
	"slices"
	"time"
)

// referenceSpan is a time from a moment until just before another.
type referenceSpan struct{ from, to Timestamp }

func (s referenceSpan) has(at Timestamp) bool { return s.from <= at && at < s.to }

// referenceDuring tells whether a moment lies in one of the spans.
func referenceDuring(spans []referenceSpan, at Timestamp) bool {
	return slices.ContainsFunc(spans, func(s referenceSpan) bool { return s.has(at) })
}

// referenceUnion returns when any of some spans was, in order. Spans that touch are one.
func referenceUnion(spans ...referenceSpan) (union []referenceSpan) {
	spans = slices.DeleteFunc(slices.Clone(spans), func(s referenceSpan) bool { return s.from >= s.to })
	slices.SortFunc(spans, func(a, b referenceSpan) int { return cmp.Compare(a.from, b.from) })
	for _, s := range spans {
		if n := len(union); n > 0 && s.from <= union[n-1].to {
			union[n-1].to = max(union[n-1].to, s.to)
		} else {
			union = append(union, s)
		}
	}
	return union
}

// referenceIntersection returns when both of two signals were positive.
func referenceIntersection(one, other []referenceSpan) []referenceSpan {
	var both []referenceSpan
	for _, a := range one {
		for _, b := range other {
			both = append(both, referenceSpan{max(a.from, b.from), min(a.to, b.to)})
		}
	}
	return referenceUnion(both...)
}

// verdict says what a count means: positive, clear, or neither, so that the verdict before goes on.
func (l *referenceLook) verdict(people int) (positive, clear bool) {
	return people >= l.settings.OnCount, people < l.settings.OffCount
}

// peopleSpans returns when a feed of people was positive. Counts between the two limits that come before any other
// may mean somebody: they are positive until the first clear.
func (l *referenceLook) peopleSpans(revisions []referenceRevision) []referenceSpan {
	undecided := slices.IndexFunc(revisions, func(r referenceRevision) bool {
		positive, clear := l.verdict(r.Value)
		return positive || clear
	})
	spans := l.counts(revisions)
	switch {
	case undecided < 0 && len(revisions) > 0:
		return []referenceSpan{{revisions[0].At, referenceForever}}
	case undecided > 0:
		return referenceUnion(append(spans, referenceSpan{revisions[0].At, revisions[undecided].At})...)
	}
	return spans
}

// neverDecided tells whether all that a feed of people ever said was between the two limits.
func (l *referenceLook) neverDecided(revisions []referenceRevision) bool {
	return !slices.ContainsFunc(revisions, func(r referenceRevision) bool {
		positive, clear := l.verdict(r.Value)
		return positive || clear
	})
}

// counts returns when a feed of counts was positive: each positive goes on until the first clear.
func (l *referenceLook) counts(revisions []referenceRevision) []referenceSpan {
	var spans []referenceSpan
	on := false
	for _, r := range revisions {
		switch positive, clear := l.verdict(r.Value); {
		case positive && !on:
			spans, on = append(spans, referenceSpan{r.At, referenceForever}), true
		case clear && on:
			spans[len(spans)-1].to, on = r.At, false
		}
	}
	return spans
}

// clears returns when a feed of counts was clear: from the first clear until the next positive.
func (l *referenceLook) clears(revisions []referenceRevision) []referenceSpan {
	var spans []referenceSpan
	clearNow := false
	for _, r := range revisions {
		switch positive, clear := l.verdict(r.Value); {
		case clear && !clearNow:
			spans, clearNow = append(spans, referenceSpan{r.At, referenceForever}), true
		case positive && clearNow:
			spans[len(spans)-1].to, clearNow = r.At, false
		}
	}
	return spans
}

// motionSpans returns when there was motion, as an output sees it: each MOTION until the NO_MOTION after
// it, at most as long as a latch may last for that output, and until people contradict it.
func (l *referenceLook) motionSpans(o Output) []referenceSpan {
	latch := l.settings.MaxLatch
	if o == LightingOutput {
		latch = l.settings.LightingMaxLatch
	}
	var spans []referenceSpan
	for i, m := range l.motion.revisions {
		if m.Value == 0 {
			continue
		}
		span := referenceSpan{m.At, m.At.Add(latch)}
		if next := l.nextNoMotion(i); next < span.to {
			span.to = next
		}
		if ended, ok := l.endedByPeople(m.At); ok && ended < span.to {
			span.to = ended
		}
		spans = append(spans, span)
	}
	return referenceUnion(spans...)
}

// nextNoMotion returns when motion ended after the revision at i.
func (l *referenceLook) nextNoMotion(i int) Timestamp {
	for _, later := range l.motion.revisions[i+1:] {
		if later.Value == 0 {
			return later.At
		}
	}
	return referenceForever
}

// endedByPeople returns when people that were clear for long enough, and live, ended a MOTION.
func (l *referenceLook) endedByPeople(motion Timestamp) (ended Timestamp, ok bool) {
	if l.settings.LatchCheck == 0 || !l.people.seen {
		return 0, false
	}
	runs := l.clears(l.people.revisions)
	if len(runs) == 0 || runs[len(runs)-1].to != referenceForever {
		return 0, false
	}
	ended = max(runs[len(runs)-1].from, motion).Add(l.settings.LatchCheck)
	if ended <= min(l.now, l.people.staleAt) {
		return ended, true
	}
	return 0, false
}

// estimates returns how the traffic estimate went: what each moment's increments made of it, and 0
// whenever it began anew.
func (l *referenceLook) estimates() (revisions []referenceRevision) {
	if len(l.asset.passed) == 0 {
		return nil
	}
	var moments []Timestamp
	for _, p := range l.asset.passed {
		moments = append(moments, p.At)
	}
	until := max(l.now, moments[len(moments)-1])
	for t := moments[0]; t <= until; {
		t = referenceNextMidnight(t, l.place(l.asset.site))
		moments = append(moments, t)
	}
	for _, t := range l.resets[l.asset.id] {
		if t > moments[0] {
			moments = append(moments, t)
		}
	}
	slices.Sort(moments)
	for _, t := range slices.Compact(moments) {
		revisions = append(revisions, referenceRevision{At: t, Value: l.estimate(t)})
	}
	return revisions
}

// estimate returns what the increments of a moment's day had added up to at that moment.
func (l *referenceLook) estimate(at Timestamp) (net int) {
	since := l.estimateSince(at)
	for _, p := range l.asset.passed {
		if since <= p.At && p.At <= at {
			net += p.In - p.Out
		}
	}
	return net
}

// estimateSince returns when the estimate of a moment had begun: at midnight, or on command since.
func (l *referenceLook) estimateSince(at Timestamp) Timestamp {
	since := referenceMidnight(at, l.place(l.asset.site))
	for _, t := range l.resets[l.asset.id] {
		if t <= at {
			since = max(since, t)
		}
	}
	return since
}

// referenceOutput returns when an output was on, as the signal alone tells it: from the on-delay after it
// became positive, if it still is then, until the off-delay after it became clear. While the output is on
// there is no on-delay, and a signal that is positive again before it turns off keeps it on.
func referenceOutput(positive []referenceSpan, onDelay, offDelay time.Duration) []referenceSpan {
	var on []referenceSpan
	for _, p := range positive {
		if n := len(on); n > 0 && p.from < on[n-1].to {
			on[n-1].to = p.to.Add(offDelay)
		} else if begin := p.from.Add(onDelay); begin < p.to {
			on = append(on, referenceSpan{begin, p.to.Add(offDelay)})
		}
	}
	return on
}
