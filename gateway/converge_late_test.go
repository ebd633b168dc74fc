package gateway

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Events that come later than their window are another matter: of them a state keeps only what makes
// outputs turn off later. What is in the windows is the same in any order; the last positive, and the first clear
// after it, are the same or later.
//
// Left out are counts that decide nothing and come after their window: one that corrects a clear, see
// [TestACorrectionAfterItsWindow], and those before the first clear ever, which in their window count for somebody. An
// older revision that is no positive changes nothing but history.
//
// Seen to break it: a late positive that moves nothing, or that leaves the first clear before it; revisions older than
// the window let in again; the last positive, or what lies before a window, not kept.
func TestEventsOfAnyAgeTurnNothingOffSooner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		history := drawHistory(t, rules, historyOptions{})
		if len(history) == 0 {
			return
		}
		start, end := history[0].Arrival.Add(-time.Hour), history[len(history)-1].Arrival
		one, other := begin(t, rules, newDisk(), start), begin(t, rules, newDisk(), start)
		one.take(t, end, eventsOf(history)...)
		other.take(t, end, eventsOf(drawAgain(t, history))...)
		for _, a := range one.assets {
			b := other.byID[a.about.ID]
			for f, h := range a.feeds {
				if f == int(TrafficFeed) || h == nil {
					continue
				}
				g := b.feeds[f]
				if diff := Difference(h.window, g.window); diff != "" {
					t.Fatalf("%s %s (-in order +shuffled):\n%s", a.about.ID, Feed(f), diff)
				}
				positive, clear := h.ended(Feed(f), a.settings)
				otherPositive, otherClear := g.ended(Feed(f), a.settings)
				decided := func(at Timestamp) bool {
					believed, _ := believedOf(history, a.about.ID, Feed(f), at, a.settings)
					return a.settings.judge(Feed(f), int(believed.Value)) != undecided
				}
				earlier := otherPositive < positive && decided(positive)
				sooner := otherPositive == positive && otherClear != 0 && (clear == 0 || otherClear < clear) && decided(otherClear)
				if earlier || sooner {
					t.Fatalf("%s %s: last positive %s and first clear %s in order, %s and %s shuffled", a.about.ID, Feed(f),
						positive.Time(), clear.Time(), otherPositive.Time(), otherClear.Time())
				}
			}
		}
	})
}

// ended returns the last positive of a feed and the first clear after it, of all that is kept.
func (h *history) ended(f Feed, s *Settings) (lastPositive, firstClear Timestamp) {
	lastPositive, firstClear = h.before.LastPositive, h.before.FirstClear
	for _, e := range h.window {
		switch v := s.judge(f, int(e.Value)); {
		case v == positive:
			lastPositive, firstClear = e.At, 0
		case v == clear_ && firstClear == 0:
			firstClear = e.At
		}
	}
	return lastPositive, firstClear
}

// believedOf returns which of the events about an asset is believed of a moment, by one of its feeds.
func believedOf(known []timedEvent, id AssetID, f Feed, at Timestamp, s *Settings) (believed Entry, ok bool) {
	for i := range known {
		e := &known[i].Event
		feed, revises := feedOf[e.Type]
		if !revises || feed != f || e.At != at || referenceSubject(e) != id {
			continue
		}
		if entry := entryOf(e); !ok || s.supersedes(f, &entry, &believed) {
			believed, ok = entry, true
		}
	}
	return believed, ok
}

// entryOf returns an event as a history keeps it.
func entryOf(e *Event) Entry {
	entry := Entry{At: e.At, ID: EventIDOf(e.ID), Value: int32(e.People)}
	if feedOf[e.Type] == MotionFeed {
		entry.Value = int32(one(e.Type == MotionStarted))
	}
	return entry
}

// forgot tells whether an event was corrected by another of those known, and its moment has left the window since.
// Which of two is believed of a moment is known in the window only: sent again, what was corrected cannot be told from
// what comes for the first time, and late. No bounded memory tells: see [TestACountThatWasCorrectedIsSentAgain].
func (p process) forgot(e *Event, known []timedEvent) bool {
	f, revises := feedOf[e.Type]
	a := p.byID[referenceSubject(e)]
	if !revises || a == nil || a.feeds[f] == nil || !a.feeds[f].outside(e.At, a.settings.windowOf(f)) {
		return false
	}
	believed, _ := believedOf(known, a.about.ID, f, e.At, a.settings)
	return believed != entryOf(e)
}

// A count that was corrected and is sent again changes nothing while its moment is in the window. After that it is
// taken for a late one: the last positive and the first clear after it move, so that outputs turn off later than they
// need, and the day's highest count takes it in. That is so once, however often it comes, and a restart between changes
// nothing of it. What was not corrected changes nothing whenever it comes again.
//
// Seen to break it: a moment of which a clear is kept taken for settled; a late positive that moves nothing, or the first clear
// to nowhere; a late count left out of the day; revisions older than the window let in again.
func TestACountThatWasCorrectedIsSentAgain(t *testing.T) {
	wrong, right := refPeople("room_2", 1, "08:00:02"), refPeople("room_2", 0, "08:00:02")
	wrong.ID = "poll:0" // as if minted before
	moment, later := wrong.At, refPeople("room_2", 0, "08:10:00").At
	for _, c := range []struct {
		name   string
		newest Timestamp
		again  Event
		want   Before // but for the days and the outputs
		peak   int
	}{
		{"in the window", moment.Add(30 * time.Minute), wrong, Before{}, 0},
		{"after the window", moment.Add(8 * time.Hour), wrong, Before{LastPositive: moment, FirstClear: later, LastClear: later, Newest: later}, 1},
		{"after the window, the correction", moment.Add(8 * time.Hour), right, Before{FirstClear: moment, LastClear: later, Newest: later}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := DefaultRules()
			rules.State.OnDelay[HVACOutput], rules.State.OffDelay = time.Second, [OutputCount]time.Duration{}
			disk := newDisk()
			p := begin(t, rules, disk, moment.Add(-time.Hour))
			p.take(t, moment, wrong, right)
			p.take(t, later, refPeople("room_2", 0, "08:10:00"))
			newest := refPeople("room_2", 1, "08:00:02")
			newest.At = c.newest
			p.take(t, c.newest, newest)
			before := p.shows(c.newest)["room_2"]
			p.take(t, c.newest, c.again)
			canon := p.canon()
			h := p.byID["room_2"].feeds[PeopleFeed]
			got := Before{LastPositive: h.before.LastPositive, FirstClear: h.before.FirstClear, LastClear: h.before.LastClear, Newest: h.before.Newest}
			if diff := Difference(c.want, got); diff != "" || h.before.Peak != c.peak {
				t.Errorf("before the window, with a peak of %d, want %d (-want +got):\n%s", h.before.Peak, c.peak, diff)
			}
			after := p.shows(c.newest)["room_2"]
			for o := range Output(OutputCount) {
				if before.Readings[o.Measure()].Value == 1 && after.Readings[o.Measure()].Value == 0 {
					t.Errorf("%s was turned off", o)
				}
			}
			p = begin(t, rules, disk, c.newest)
			p.take(t, c.newest, c.again, c.again)
			if diff := Difference(canon, p.canon()); diff != "" {
				t.Errorf("sent again after a restart (-before +after):\n%s", diff)
			}
		})
	}
}

// A correction that comes after its window moves the end of occupancy where it is a positive. To a count that decides
// nothing it changes a clear no more: "any other older revision changes nothing but history" (section 2 of the rules of
// state), because what was clear after it is not kept, and because it could not be told from one that was corrected
// itself and is sent again. The output was off by that clear already, long before the correction came.
//
// Seen to break it: a late count that decides nothing taking the first clear away; a moment of which a clear is kept
// taken for settled; a late positive that leaves the first clear before it.
func TestACorrectionAfterItsWindow(t *testing.T) {
	somebody, nobody := refMinute("room_2", 3, "08:22:01"), refMinute("room_2", 0, "08:23:01")
	next := refMinute("room_2", 0, "08:24:01")
	next.At = next.At.Add(24 * time.Hour)
	for _, c := range []struct {
		people          int // in place of nobody
		positive, clear Timestamp
		inOrderPositive Timestamp
		inOrderClear    Timestamp
	}{
		{1, somebody.At, nobody.At, somebody.At, next.At},
		{3, nobody.At, next.At, nobody.At, next.At},
		{0, somebody.At, nobody.At, somebody.At, nobody.At},
	} {
		rules := DefaultRules()
		rules.State.OnCount, rules.State.OffCount = 3, 1
		corrected := nobody
		corrected.People, corrected.ID = c.people, referenceID(nobody.At.Add(time.Minute), 0)
		for _, order := range []struct {
			name            string
			events          []Event
			positive, clear Timestamp
		}{
			{"in order", []Event{somebody, nobody, corrected, next}, c.inOrderPositive, c.inOrderClear},
			{"after the window", []Event{somebody, nobody, next, corrected}, c.positive, c.clear},
			{"after the window, twice", []Event{somebody, nobody, next, corrected, corrected}, c.positive, c.clear},
		} {
			p := begin(t, rules, newDisk(), somebody.At.Add(-time.Hour))
			p.take(t, next.At, order.events...)
			a := p.byID["room_2"]
			positive, clear := a.feeds[PeopleMinuteFeed].ended(PeopleMinuteFeed, a.settings)
			if positive != order.positive || clear != order.clear {
				t.Errorf("%d people %s: last positive %s and first clear %s, want %s and %s", c.people, order.name,
					positive.Time(), clear.Time(), order.positive.Time(), order.clear.Time())
			}
		}
	}
}
