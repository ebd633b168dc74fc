package relay

// How much is held in memory for a target at most.
const (
	heldBodies = 1024
	heldBytes  = 4 << 20
)

// held are bodies in memory, the oldest first. Each takes its turn when everything before its position is done with.
type held struct {
	records []record
	bytes   int64
}

// add holds a body, and returns how many older ones were dropped for it.
func (h *held) add(r record) (dropped int) {
	h.records = append(h.records, r)
	h.bytes += int64(len(r.body))
	for len(h.records) > heldBodies || h.bytes > heldBytes {
		h.drop()
		dropped++
	}
	return dropped
}

// drop lets go of the oldest.
func (h *held) drop() {
	h.bytes -= int64(len(h.records[0].body))
	h.records[0] = record{}
	h.records = h.records[1:]
	if len(h.records) == 0 {
		h.records = nil
	}
}
