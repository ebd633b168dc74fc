package gateway

import "container/heap"

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
	place     int // in the aggregate's roll
	slots     [extremeCount]slot
}

// slot is where a membership lies in one of its aggregate's heaps.
type slot struct {
	key   Timestamp // at most its value; 0: it is not there
	index int
}

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

// extreme finds the least value among the members. A value that grows stays where it is until it comes to
// the top, and is only then moved to where it belongs: ages mostly grow.
type extreme struct {
	kind int
	heap []*membership
}

// raise sees to it that a member's value is found, should it be the least.
func (t *tally) raise(m *membership, kind int) {
	h := &t.extremes[kind]
	h.kind = kind
	value, s := m.value(kind), &m.slots[kind]
	switch {
	case value == 0 || s.key != 0 && s.key <= value:
	case s.key == 0:
		s.key = value
		heap.Push(h, m)
	default:
		s.key = value
		heap.Fix(h, s.index)
	}
}

// forget takes a membership out of every heap.
func (t *tally) forget(m *membership) {
	for kind := range m.slots {
		if m.slots[kind].key != 0 {
			heap.Remove(&t.extremes[kind], m.slots[kind].index)
		}
	}
}

// top returns the least value, 0 if there is none.
func (t *tally) top(kind int) Timestamp {
	h := &t.extremes[kind]
	for len(h.heap) > 0 {
		first := h.heap[0]
		value, s := first.value(kind), &first.slots[kind]
		switch {
		case value == s.key:
			return value
		case value == 0:
			heap.Pop(h)
		default:
			s.key = value
			heap.Fix(h, 0)
		}
	}
	return 0
}

func (h *extreme) Len() int { return len(h.heap) }
func (h *extreme) Less(i, j int) bool {
	return h.heap[i].slots[h.kind].key < h.heap[j].slots[h.kind].key
}

func (h *extreme) Swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].slots[h.kind].index, h.heap[j].slots[h.kind].index = i, j
}

func (h *extreme) Push(x any) {
	m := x.(*membership)
	m.slots[h.kind].index = len(h.heap)
	h.heap = append(h.heap, m)
}

func (h *extreme) Pop() any {
	last := h.heap[len(h.heap)-1]
	h.heap[len(h.heap)-1] = nil
	h.heap = h.heap[:len(h.heap)-1]
	last.slots[h.kind] = slot{}
	return last
}
