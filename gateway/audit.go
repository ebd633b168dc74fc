package gateway

// auditKept is how many changes of overrides are kept in memory; a journal keeps more.
const auditKept = 200

// auditRing keeps the newest changes of overrides.
type auditRing struct {
	entries []OverrideChange
	next    int
}

func (r *auditRing) add(c OverrideChange) {
	if len(r.entries) < auditKept {
		r.entries = append(r.entries, c)
		return
	}
	r.entries[r.next] = c
	r.next = (r.next + 1) % auditKept
}

// Audit returns the newest changes of overrides, oldest first.
func (s *State) Audit() []OverrideChange {
	r := &s.audit
	return append(append(make([]OverrideChange, 0, len(r.entries)), r.entries[r.next:]...), r.entries[:r.next]...)
}
