package gateway

// queue yields entries by their moment, the earliest first. It finds no entry again: whoever changes his
// mind adds another one and keeps its ticket, and the entries whose ticket nobody keeps are left out when
// they come to the top. The moments lie side by side, so that a queue of all the assets of a campus costs
// little more than one of a house.
type queue[T any] struct {
	entries []entry[T] // a heap in which each entry has up to four below it
	issued  uint32     // tickets; by the time that they begin anew the old ones are gone
}

// ticket tells one entry of a queue from all others. The zero ticket is none.
type ticket struct {
	at     Timestamp
	serial uint32
}

type entry[T any] struct {
	ticket
	of T
}

func (q *queue[T]) len() int { return len(q.entries) }

// first returns the earliest entry; there must be one.
func (q *queue[T]) first() (ticket, T) { return q.entries[0].ticket, q.entries[0].of }

func (q *queue[T]) add(at Timestamp, of T) ticket {
	q.issued++
	e := entry[T]{ticket{at, q.issued}, of}
	q.entries = append(q.entries, e)
	q.rise(len(q.entries)-1, e)
	return e.ticket
}

// postpone gives the first entry a later moment.
func (q *queue[T]) postpone(at Timestamp) ticket {
	e := q.entries[0]
	e.at = at
	q.sink(e)
	return e.ticket
}

// drop takes the first entry out.
func (q *queue[T]) drop() {
	last := len(q.entries) - 1
	e := q.entries[last]
	q.entries[last] = entry[T]{}
	q.entries = q.entries[:last]
	if last > 0 {
		q.sink(e)
	}
}

// rise puts an entry at place i or above.
func (q *queue[T]) rise(i int, e entry[T]) {
	for i > 0 {
		above := (i - 1) / 4
		if q.entries[above].at <= e.at {
			break
		}
		q.entries[i] = q.entries[above]
		i = above
	}
	q.entries[i] = e
}

// sink puts an entry in the place of the first, or below.
func (q *queue[T]) sink(e entry[T]) {
	i := 0
	for {
		least, below := -1, 4*i+1
		for k := below; k < min(below+4, len(q.entries)); k++ {
			if least < 0 || q.entries[k].at < q.entries[least].at {
				least = k
			}
		}
		if least < 0 || q.entries[least].at >= e.at {
			break
		}
		q.entries[i] = q.entries[least]
		i = least
	}
	q.entries[i] = e
}

// thin leaves out what nobody holds a ticket of, once that is most of more than twice as many entries as
// there are holders.
func (q *queue[T]) thin(holders int, held func(ticket, T) bool) {
	if len(q.entries) <= 2*holders+16 {
		return
	}
	old := q.entries
	q.entries = old[:0]
	for _, e := range old {
		if held(e.ticket, e.of) {
			q.entries = append(q.entries, e)
			q.rise(len(q.entries)-1, e)
		}
	}
	clear(old[len(q.entries):])
}
