package mqtt

import (
	"sync"

	"butlr-gateway/gateway"
)

// mailbox keeps the newest snapshot of each asset, and which of them wait to be sent. Its memory is
// bounded by the number of assets. It is filled by one goroutine and emptied by another.
type mailbox struct {
	root string // of the topics

	mu      sync.Mutex
	slots   map[gateway.AssetID]*slot // an asset may get another number
	order   []*slot                   // as they came; only ever appended to
	first   *slot                     // of those waiting, the one that waits longest
	last    *slot
	waiting int
	summary gateway.Summary

	ready chan struct{} // holds one token while anything may be waiting
}

// slot is the place of one asset.
type slot struct {
	topic    string // without a final slash
	snapshot gateway.Snapshot
	waits    bool
	next     *slot // the one that waits after this one

	told told // the sender's alone
}

func newMailbox(root string) *mailbox {
	return &mailbox{root: root, slots: make(map[gateway.AssetID]*slot), ready: make(chan struct{}, 1)}
}

// put replaces what was known of the assets in u.
func (m *mailbox) put(u *gateway.Update) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.summary = u.Summary
	for i := range u.Changed {
		s := m.slots[u.Changed[i].Asset.ID]
		if s == nil {
			s = &slot{topic: Topic(m.root, u.Changed[i].Asset)}
			m.slots[u.Changed[i].Asset.ID] = s
			m.order = append(m.order, s)
		}
		s.snapshot = u.Changed[i]
		m.queue(s)
	}
	m.signal()
}

func (m *mailbox) queue(s *slot) {
	if s.waits {
		return
	}
	s.waits = true
	m.waiting++
	if m.last == nil {
		m.first = s
	} else {
		m.last.next = s
	}
	m.last = s
}

func (m *mailbox) signal() {
	if m.first == nil {
		return
	}
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// take returns the slot that has waited longest and copies its snapshot; nil if none waits.
func (m *mailbox) take(into *gateway.Snapshot) *slot {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.first
	if s == nil {
		return nil
	}
	m.first = s.next
	if m.first == nil {
		m.last = nil
	}
	s.next, s.waits = nil, false
	m.waiting--
	*into = s.snapshot
	m.signal()
	return s
}

// at returns the slot of a place in the order and copies its snapshot; nil behind the last one.
func (m *mailbox) at(place int, into *gateway.Snapshot) *slot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if place >= len(m.order) {
		return nil
	}
	s := m.order[place]
	*into = s.snapshot
	return s
}

// size returns how many assets there are and how many of them wait.
func (m *mailbox) size() (assets, waiting int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.order), m.waiting
}

// sum returns the newest counts.
func (m *mailbox) sum() gateway.Summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.summary
}
