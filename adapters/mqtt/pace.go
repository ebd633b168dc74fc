package mqtt

import "time"

// How often an asset is told of: its changes at once, so many of them in a row; then, while it keeps changing, once in a
// pace, whatever it is by then. Nobody acts on more, and a broker and all who listen pay for each message.
const (
	pace  = 500 * time.Millisecond
	inRow = 8

	paceGrain = 10 * time.Millisecond // in which those come together whose rest ends
)

// line is slots one after another. A slot is in one line at the most.
type line struct {
	first, last *slot
	length      int
}

func (l *line) join(s *slot) {
	if l.last == nil {
		l.first = s
	} else {
		l.last.next = s
	}
	l.last = s
	l.length++
}

// leave takes the first slot out; there must be one.
func (l *line) leave() *slot {
	s := l.first
	if l.first = s.next; l.first == nil {
		l.last = nil
	}
	s.next = nil
	l.length--
	return s
}

// queue has an asset told of, after its rest if it has one.
func (m *mailbox) queue(s *slot) {
	switch {
	case s.waits || s.changed:
	case s.rests:
		s.changed = true
		m.changed++
	default:
		s.waits = true
		m.waiting.join(s)
	}
}

// rest counts that an asset is told of now, on the mailbox's clock. If that is often, it rests.
func (m *mailbox) rest(s *slot, now time.Duration) {
	s.even = max(s.even, now) + pace
	if s.even <= now+(inRow-1)*pace {
		return
	}
	s.even = now + inRow*pace
	s.rests = true
	m.resting.join(s) // they have rests of one length, so that the first one's ends first
}

// restUntil is when a rest ends that began in rest.
func (s *slot) restUntil() time.Duration { return s.even - (inRow-1)*pace }

// rouse ends the rests that are over, and has the timer see to those that somebody waits for.
func (m *mailbox) rouse(now time.Duration) {
	for m.resting.first != nil && m.resting.first.restUntil() <= now {
		s := m.resting.leave()
		s.rests = false
		if s.changed {
			s.changed = false
			m.changed--
			m.queue(s)
		}
	}
	if m.changed == 0 || m.timed {
		return
	}
	m.timed = true
	wait := max(m.resting.first.restUntil()-now, paceGrain)
	if m.timer == nil {
		m.timer = time.AfterFunc(wait, m.restEnded)
	} else {
		m.timer.Reset(wait)
	}
}

func (m *mailbox) restEnded() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.timed = false
	m.rouse(m.clock())
	m.signal()
}

// clock is the time since the mailbox was made.
func (m *mailbox) clock() time.Duration { return time.Since(m.made) }
