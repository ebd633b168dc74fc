package mqtt

import (
	"strings"
	"sync"
	"time"

	"butlr-gateway/gateway"
)

// mailbox keeps the newest snapshot of each asset, and which of them wait to be sent; and the last few
// things that happened. Its memory is bounded by the number of assets. It is filled by one goroutine and
// emptied by another.
type mailbox struct {
	root       string // of the topics
	detections bool   // where sensors see people is wanted

	mu      sync.Mutex
	slots   map[gateway.AssetID]*slot // an asset may get another number
	hashed  map[string]*slot          // those whose topic does not tell their id, by topic
	order   []*slot                   // as they came; only ever appended to
	waiting line                      // to be told of, the longest first
	resting line                      // told of often, the longest first
	changed int                       // of those resting
	filled  bool                      // every asset was told of once
	summary gateway.Summary
	epoch   gateway.Timestamp // what the gateway takes for the time at Mono 0
	news    ring
	sights  ring // where sensors saw people: so many that they must not drive out the rest

	ready chan struct{} // holds one token while anything may be waiting

	made  time.Time
	timer *time.Timer // of rests
	timed bool        // it runs
}

// slot is the place of one asset.
type slot struct {
	topic  string // without a final slash
	id     gateway.AssetID
	newest gateway.Compact
	path   string // of its topics made of names; "" while it has none
	next   *slot  // in its line

	// Where it is: it waits to be told of, or rests, and may have changed since.
	waits, rests, changed bool
	even                  time.Duration // when what it was told of is made up for, on the mailbox's clock

	told   told       // the sender's alone
	device *announced // the sender's alone

	placed    *gateway.Asset   // as it was when its topics were worked out; the sender's alone, as what follows
	placedHas gateway.Measures // the same
	wanted    entry            // the topics that it is to have
	kept      entry            // those of them that are remembered, and may be said
	mirror    string           // its topic made of names, without a final slash; "" is none for now
}

func newMailbox(root string) *mailbox {
	return &mailbox{
		root: root, slots: make(map[gateway.AssetID]*slot), hashed: make(map[string]*slot), ready: make(chan struct{}, 1),
		made: time.Now(),
	}
}

// put replaces what was known of the assets in u.
func (m *mailbox) put(u *gateway.Update) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.summary, m.epoch, m.filled = u.Summary, u.Epoch, true
	for i := range u.Changed {
		s := m.slots[u.Changed[i].Asset.ID]
		if s == nil {
			s = m.add(u.Changed[i].Asset)
		}
		s.newest.Keep(&u.Changed[i])
		m.queue(s)
	}
	if !m.timed { // else all whose rests end in the same grain come together, whatever else is put
		m.rouse(m.clock())
	}
	for i := range u.Happened {
		switch h := &u.Happened[i]; {
		case h.Type != gateway.Detected:
			m.news.add(h, u.At)
		case m.detections:
			m.sights.add(h, u.At)
		}
	}
	m.signal()
}

func (m *mailbox) add(a *gateway.Asset) *slot {
	s := &slot{topic: Topic(m.root, a), id: a.ID}
	m.slots[a.ID] = s
	m.order = append(m.order, s)
	if !strings.HasSuffix(string(a.ID), s.topic[strings.LastIndexByte(s.topic, '/')+1:]) {
		m.hashed[s.topic] = s
	}
	return s
}

// find returns the asset whose topics begin so; ok is false if none is known.
func (m *mailbox) find(topic string) (id gateway.AssetID, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.hashed[topic]
	if s == nil {
		_, level, _ := cutLast(topic)
		if s = m.slots[gateway.AssetID(level)]; s == nil {
			s = m.slots[gateway.AssetID("group:"+level)]
		}
	}
	if s == nil || s.topic != topic {
		return "", false
	}
	return s.id, true
}

// asset returns the newest description of an asset, nil if it is not known.
func (m *mailbox) asset(id gateway.AssetID) *gateway.Asset {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.slots[id]; s != nil {
		return s.newest.Asset
	}
	return nil
}

// name notes the path of an asset's topics made of names.
func (m *mailbox) name(s *slot, path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.path = path
}

// look returns what is known of an asset now, and the path of its topics made of names; ok is false if it is not
// known.
func (m *mailbox) look(id gateway.AssetID) (snapshot gateway.Snapshot, path string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slots[id]
	if s == nil {
		return snapshot, "", false
	}
	return s.newest.Snapshot(), s.path, true
}

// now returns what the gateway takes for the time at an instant.
func (m *mailbox) now(i gateway.Instant) gateway.Timestamp {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.epoch.Add(i.Mono)
}

// happened takes the oldest thing that happened, unless it is too old by now.
func (m *mailbox) happened(i gateway.Instant) (h gateway.Happening, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h, ok = m.news.take(i); !ok {
		h, ok = m.sights.take(i)
	}
	m.signal()
	return h, ok
}

func (m *mailbox) signal() {
	if m.waiting.first == nil && m.news.count == 0 && m.sights.count == 0 {
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
	if m.waiting.first == nil {
		return nil
	}
	s := m.waiting.leave()
	s.waits = false
	m.rest(s, m.clock())
	*into = s.newest.Snapshot()
	m.signal()
	return s
}

// again has an asset said again.
func (m *mailbox) again(s *slot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue(s)
	m.rouse(m.clock())
	m.signal()
}

// at returns the slot of a place in the order and copies its snapshot; nil behind the last one.
func (m *mailbox) at(place int, into *gateway.Snapshot) *slot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if place >= len(m.order) {
		return nil
	}
	s := m.order[place]
	*into = s.newest.Snapshot()
	return s
}

// size returns how many assets there are and how many of them wait, some of them for the end of their rest.
func (m *mailbox) size() (assets, waiting int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.order), m.waiting.length + m.changed
}

// complete tells whether every asset is here: the first update has them all.
func (m *mailbox) complete() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.filled
}

// sum returns the newest counts.
func (m *mailbox) sum() gateway.Summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.summary
}

// dropped returns how much of what happened was told nobody.
func (m *mailbox) dropped() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.news.dropped + m.sights.dropped
}
