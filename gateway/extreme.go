package gateway

// The extremes that an aggregate takes from its members.
const (
	oldestSound    = iota // event time of the oldest feed of members that are sound or held
	oldestLost            // of the others
	latestOffDelay        // negative: the end of the longest off-delay
	extremeCount   = iota
)

// membership is one asset's place in one aggregate.
type membership struct {
	aggregate *asset
	member    *asset
	counts    [extremeCount]Timestamp // as what it counts among the extremes, at most its value; 0: it does not
	serials   [extremeCount]uint32    // of its tickets there
	place     int32                   // in the aggregate's roll
}

// ticket returns that of its place among the extremes.
func (m *membership) ticket(kind int) ticket { return ticket{m.counts[kind], m.serials[kind]} }

func (m *membership) hold(kind int, t ticket) { m.counts[kind], m.serials[kind] = t.at, t.serial }

// value returns what a member is now in one of the extremes; 0 for nothing.
func (m *membership) value(kind int) Timestamp {
	c := &m.member.shown.contribution
	switch {
	case !c.valid:
		return 0
	case kind == latestOffDelay:
		return -c.offDelay
	case (kind == oldestLost) != (classOf(c.quality) == lost):
		return 0
	}
	return c.oldest
}

// raise sees to it that a member's value is found, should it be the least. A value that grows stays where it
// is until it comes to the top, and is only then moved to where it belongs: ages mostly grow.
func (t *tally) raise(m *membership, kind int) {
	value, known := m.value(kind), m.counts[kind]
	if value == 0 || known != 0 && known <= value {
		return
	}
	m.hold(kind, t.extremes[kind].add(value, m))
	t.extremes[kind].thin(len(t.roll), func(k ticket, m *membership) bool { return m.ticket(kind) == k })
}

// top returns the least value, 0 if there is none.
func (t *tally) top(kind int) Timestamp {
	q := &t.extremes[kind]
	for q.len() > 0 {
		k, m := q.first()
		value := m.value(kind)
		switch {
		case m.ticket(kind) != k: // it was queued again since, or is no member any more
			q.drop()
		case value == k.at:
			return value
		case value == 0:
			m.hold(kind, ticket{})
			q.drop()
		default:
			m.hold(kind, q.postpone(value))
		}
	}
	return 0
}

// forget takes a membership out of every extreme.
func (m *membership) forget() { m.counts = [extremeCount]Timestamp{} }
