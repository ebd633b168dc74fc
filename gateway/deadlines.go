package gateway

import "container/heap"

// deadlines wakes the state when an answer changes because time passed. One entry of an asset counts, at
// or before its true deadline: moving a deadline back costs nothing, the asset is looked at once in vain
// and queued again. Where a deadline is moved forward, the old entry goes when its time comes.
type deadlines struct {
	queue deadlineHeap
}

type deadline struct {
	at    Timestamp
	asset *asset
}

// set sees to it that the asset is looked at no later than at; 0 asks for nothing.
func (d *deadlines) set(a *asset, at Timestamp) {
	if at == 0 || (a.queued != 0 && a.queued <= at) {
		return
	}
	a.queued = at
	heap.Push(&d.queue, deadline{at, a})
}

// next returns the earliest deadline, 0 if there is none.
func (d *deadlines) next() Timestamp {
	d.dropSuperseded()
	if len(d.queue) == 0 {
		return 0
	}
	return d.queue[0].at
}

// due takes the next asset whose deadline is not after now, or nil.
func (d *deadlines) due(now Timestamp) *asset {
	d.dropSuperseded()
	if len(d.queue) == 0 || d.queue[0].at > now {
		return nil
	}
	a := heap.Pop(&d.queue).(deadline).asset
	a.queued = 0
	return a
}

// dropSuperseded removes entries of assets that were queued again for an earlier moment, or looked at
// since.
func (d *deadlines) dropSuperseded() {
	for len(d.queue) > 0 && d.queue[0].asset.queued != d.queue[0].at {
		heap.Pop(&d.queue)
	}
}

type deadlineHeap []deadline

func (h deadlineHeap) Len() int           { return len(h) }
func (h deadlineHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h deadlineHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *deadlineHeap) Push(x any)        { *h = append(*h, x.(deadline)) }

func (h *deadlineHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = deadline{}
	*h = old[:len(old)-1]
	return last
}
