package gateway

// deadlines wakes the state when an answer changes because time passed. One entry of an asset counts, at
// or before its true deadline: moving a deadline back costs nothing, the asset is looked at once in vain
// and queued again. Where a deadline is moved forward, the old entry goes when its time comes.
type deadlines struct {
	queue  queue[*asset]
	assets int // that were ever queued
}

// set sees to it that the asset is looked at no later than at; 0 asks for nothing.
func (d *deadlines) set(a *asset, at Timestamp) {
	if at == 0 || (a.queued.at != 0 && a.queued.at <= at) {
		return
	}
	if a.queued.serial == 0 {
		d.assets++
	}
	a.queued = d.queue.add(at, a)
	d.queue.thin(d.assets, func(t ticket, a *asset) bool { return a.queued == t })
}

// next returns the earliest deadline, 0 if there is none.
func (d *deadlines) next() Timestamp {
	for d.queue.len() > 0 {
		t, a := d.queue.first()
		if a.queued == t {
			return t.at
		}
		d.queue.drop() // it was queued again for an earlier moment, or looked at since
	}
	return 0
}

// due takes the next asset whose deadline is not after now, or nil.
func (d *deadlines) due(now Timestamp) *asset {
	at := d.next()
	if at == 0 || at > now {
		return nil
	}
	_, a := d.queue.first()
	d.queue.drop()
	a.queued.at = 0
	return a
}
