package gateway

import "time"

// windowLimit is how many revisions a window keeps at most, however dense its feed.
const windowLimit = 256

// history is one feed of one asset: what is kept of its revisions.
//
// The window ends at the newest revision, not at now, so that what is kept follows from the events alone.
// Of what lies before it, [Before] keeps what section 4 of the state's rules still asks for.
type history struct {
	window []Entry
	before Before

	arrived time.Duration // Mono when the newest revision arrived; 0 not since the start
	saved   uint64        // the batch that saved it for an undo
}

// newest returns the event time of the newest revision, 0 if there is none.
func (h *history) newest() Timestamp {
	if h == nil || len(h.window) == 0 {
		return 0
	}
	return h.window[len(h.window)-1].At
}

// started returns when the feed was first heard; 1, long ago, if that is no longer known.
func (h *history) started() Timestamp {
	if h.before.Newest != 0 {
		return 1
	}
	return h.window[0].At
}

// newestBefore returns the event time of the newest revision before a moment, 0 if none is known.
func (h *history) newestBefore(t Timestamp) Timestamp {
	for i := len(h.window) - 1; i >= 0; i-- {
		if h.window[i].At < t {
			return h.window[i].At
		}
	}
	return h.before.Newest
}

// value returns the newest revision's value; there must be one.
func (h *history) value() int { return int(h.window[len(h.window)-1].Value) }

// verdict is what a revision says of occupancy.
type verdict int8

const (
	undecided verdict = iota // between the two counts: the verdict before goes on
	positive
	clear_
)

// judge tells what a value says, of a feed of people or of motion.
func (s *Settings) judge(f Feed, value int) verdict {
	on, off := s.OnCount, s.OffCount
	if f == MotionFeed {
		on, off = 1, 1
	}
	switch {
	case value >= on:
		return positive
	case value < off:
		return clear_
	}
	return undecided
}

// place finds where a revision of that moment belongs: at index i; found tells that one of that moment is
// there (of TrafficFeed: the same one). Most come at the end.
func (h *history) place(f Feed, e *Entry) (i int, found bool) {
	for i = len(h.window); i > 0; i-- {
		old := &h.window[i-1]
		switch {
		case old.At < e.At:
			return i, false
		case old.At > e.At:
		case f != TrafficFeed || old.ID == e.ID:
			return i - 1, true
		case old.ID.Compare(e.ID) < 0:
			return i, false
		}
	}
	return 0, false
}

// outside tells whether a moment lies before the window.
func (h *history) outside(at Timestamp, window time.Duration) bool {
	n := len(h.window)
	return n > 0 && (at < h.newest().Add(-window) || n >= windowLimit && at < h.window[0].At)
}

// supersedes tells whether revision e is believed rather than old, of the same moment. The one minted
// later wins, because a correction is minted after what it corrects; then positive above clear and the
// greater value, which is the safe side; then the greater id, so that order never matters.
func (s *Settings) supersedes(f Feed, e, old *Entry) bool {
	if *e == *old {
		return false
	}
	if s.Tie == TieByArrival {
		return true
	}
	if a, b := e.ID.Minted(), old.ID.Minted(); a != b {
		return a > b
	}
	if a, b := s.judge(f, int(e.Value)) == positive, s.judge(f, int(old.Value)) == positive; a != b {
		return a
	}
	if e.Value != old.Value {
		return e.Value > old.Value
	}
	return e.ID.Compare(old.ID) > 0
}

// insert puts a revision at index i. A window ends up with about as many as its feed has in half an hour, so
// its room grows by a few, not by half: most of a large gateway's memory is windows.
func (h *history) insert(i int, e *Entry) {
	if n := len(h.window); n == cap(h.window) {
		h.window = append(make([]Entry, 0, n/4*4+4), h.window...)
	}
	h.window = append(h.window, Entry{})
	copy(h.window[i+1:], h.window[i:])
	h.window[i] = *e
}

// ends tells whether the entry at i is the last of its moment.
func (h *history) ends(i int) bool {
	return i+1 == len(h.window) || h.window[i+1].At != h.window[i].At
}

// surplus returns how many of the oldest revisions have left the window.
func (h *history) surplus(window time.Duration) int {
	n := max(0, len(h.window)-windowLimit)
	start := h.newest().Add(-window)
	for n < len(h.window) && h.window[n].At < start {
		n++
	}
	return n
}

// prune drops what has left the window.
func (h *history) prune(f Feed, s *Settings, days *calendar) {
	if n := h.surplus(s.windowOf(f)); n > 0 {
		h.drop(n, f, s, days)
	}
}

// drop folds the n oldest revisions into what is kept of the time before the window.
func (h *history) drop(n int, f Feed, s *Settings, days *calendar) {
	for i := range h.window[:n] {
		e := &h.window[i]
		h.before.countDay(f, e, s, days)
		if f == TrafficFeed {
			h.before.foldTraffic(e, h.ends(i), s, days)
		} else {
			v := s.judge(f, int(e.Value))
			if v == clear_ && h.before.undecided() {
				h.before.LastPositive = h.before.Newest // until now they counted as positive
			}
			h.before.mark(v, e.At)
		}
		h.before.Newest = e.At
	}
	h.window = h.window[:copy(h.window, h.window[n:])]
}

// undecided tells whether there were revisions before the window, and none of them decided anything.
func (b *Before) undecided() bool { return b.Newest != 0 && b.LastPositive == 0 && b.FirstClear == 0 }

// mark takes up a verdict that leaves the window; they leave by event time.
func (b *Before) mark(v verdict, at Timestamp) {
	switch v {
	case positive:
		b.LastPositive, b.FirstClear = at, 0
	case clear_:
		b.LastClear = at
		if b.FirstClear == 0 {
			b.FirstClear = at
		}
	}
}

// late takes up a revision older than the window. Only a positive later than every other before the window
// moves an output, so that none turns off sooner for it; beside that it may be the day's highest count. It
// returns whether it changed anything.
//
// Which of several was believed of a moment is not kept of those before the window. One that was corrected and is
// sent again is therefore taken up like any other, and one that corrects a clear to a count that decides nothing
// takes that clear back no more. Either way no output turns off sooner than it did.
func (h *history) late(f Feed, e *Entry, s *Settings, days *calendar) bool {
	b := &h.before
	if f == TrafficFeed {
		return b.lateTraffic(e, s, days)
	}
	counted := b.countLate(f, e, s, days)
	if s.judge(f, int(e.Value)) != positive || e.At <= b.LastPositive {
		return counted
	}
	b.LastPositive = e.At
	if b.FirstClear <= e.At {
		b.FirstClear = 0
		if b.LastClear > e.At {
			b.FirstClear = b.LastClear
		}
	}
	return true
}

// countLate takes a count older than the window into the measures of its day. Its minute counts unless a
// later one was counted already: which of those there were is not kept.
func (b *Before) countLate(f Feed, e *Entry, s *Settings, days *calendar) bool {
	if f > PeopleMinuteFeed || days.midnight(e.At) < b.Day {
		return false
	}
	day, peak, minutes := b.Day, b.Peak, b.Minutes
	b.countDay(f, e, s, days)
	return b.Day != day || b.Peak != peak || b.Minutes != minutes
}

// countDay takes a revision that leaves the window into the measures of its day.
func (b *Before) countDay(f Feed, e *Entry, s *Settings, days *calendar) {
	if f == TrafficFeed {
		return
	}
	day := days.midnight(e.At)
	if day > b.Day {
		b.Day, b.Peak, b.Minutes = day, 0, 0
	}
	if f == MotionFeed {
		if b.moving() {
			b.addMinutes(b.LastPositive, min(e.At, b.LastPositive.Add(s.MaxLatch)))
		}
		return
	}
	b.Peak = max(b.Peak, int(e.Value))
	if s.judge(f, int(e.Value)) == positive {
		b.addMinutes(e.At, e.At)
	}
}

// moving tells whether the last that is kept of motion is a beginning.
func (b *Before) moving() bool { return b.LastPositive != 0 && b.FirstClear == 0 }

// addMinutes counts the minutes from one moment to another, of the day, that were not counted before.
func (b *Before) addMinutes(from, to Timestamp) {
	first, last := max(from, b.Day).Minute(), to.Minute()
	first = max(first, b.LastMinute+1)
	if last >= first {
		b.Minutes += int(last - first + 1)
		b.LastMinute = last
	}
}

// today returns the measures of the day that began at midnight: the highest count, and in how many minutes
// somebody was there.
func (h *history) today(f Feed, s *Settings, midnight, now Timestamp) (peak, minutes int) {
	b := h.before
	if b.Day != midnight {
		b.Day, b.Peak, b.Minutes = midnight, 0, 0
	}
	for i := range h.window {
		e := &h.window[i]
		if f == MotionFeed {
			if b.moving() && e.At >= midnight {
				b.addMinutes(b.LastPositive, min(e.At, b.LastPositive.Add(s.MaxLatch)))
			}
			b.mark(s.judge(f, int(e.Value)), e.At)
			continue
		}
		if e.At < midnight {
			continue
		}
		b.Peak = max(b.Peak, int(e.Value))
		if s.judge(f, int(e.Value)) == positive {
			b.addMinutes(e.At, e.At)
		}
	}
	if f == MotionFeed && b.moving() {
		if end := min(now, b.LastPositive.Add(s.MaxLatch)); end >= midnight {
			b.addMinutes(b.LastPositive, end)
		}
	}
	return b.Peak, b.Minutes
}

// export returns the history as a journal keeps it; its window is that of the state.
func (h *history) export(asset Number, f Feed) History {
	return History{Asset: asset, Feed: f, Window: h.window, Before: h.before}
}
