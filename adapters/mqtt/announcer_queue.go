package mqtt

import (
	"cmp"
	"container/heap"
	"time"

	"butlr-gateway/gateway"
)

// dueQueue holds the devices that are to be announced, the one that is due first in front.
type dueQueue struct{ waiting dueHeap }

// set has a device due at some moment, or before if it is already.
func (q *dueQueue) set(d *announced, at time.Time) {
	switch {
	case d.place == 0:
		d.at = at
		heap.Push(&q.waiting, d)
	case at.Before(d.at):
		d.at = at
		heap.Fix(&q.waiting, d.place-1)
	}
}

// take takes a device that is due by now; nil if none is.
func (q *dueQueue) take(now time.Time) *announced {
	if len(q.waiting) == 0 || q.waiting[0].at.After(now) {
		return nil
	}
	return heap.Pop(&q.waiting).(*announced)
}

// empty forgets them all.
func (q *dueQueue) empty() {
	for _, d := range q.waiting {
		d.place = 0
	}
	q.waiting = nil
}

// dueHeap is for package heap alone.
type dueHeap []*announced

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

func (h *dueHeap) Push(v any) {
	d := v.(*announced)
	*h = append(*h, d)
	d.place = len(*h)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	d.place = 0
	return d
}

// byRank puts the gateway first, then what is around others before what is in it.
func byRank(a, b *announced) int {
	return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.node, b.node))
}

func (d *announced) rank() gateway.Kind {
	switch {
	case d.self:
		return gateway.NoKind
	case d.asset == nil:
		return gateway.Group + 1
	}
	return d.asset.Kind
}
