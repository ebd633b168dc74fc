package gateway

import (
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// disk is a journal in memory: rows as a database has them, that outlive the process.
type disk struct {
	assets    map[Number]Asset
	histories map[[2]int]History
	totals    map[Number]Total
	sites     map[Number]SiteLife
	overrides map[OverrideKey]Override
	counted   map[IncrementKey]Increment
	audit     []OverrideChange
	alive     Timestamp
	process   Process
	edition   Edition
}

func newDisk() *disk {
	return &disk{
		map[Number]Asset{}, map[[2]int]History{}, map[Number]Total{}, map[Number]SiteLife{}, map[OverrideKey]Override{},
		map[IncrementKey]Increment{}, nil, 0, Process{}, Edition{},
	}
}

// write stores a batch.
func (d *disk) write(b *Batch) {
	for _, n := range b.Removed {
		delete(d.assets, n)
		delete(d.totals, n)
		delete(d.sites, n)
		maps.DeleteFunc(d.histories, func(k [2]int, _ History) bool { return k[0] == int(n) })
		maps.DeleteFunc(d.overrides, func(k OverrideKey, _ Override) bool { return k.Asset == n })
	}
	for _, i := range b.Forgotten {
		delete(d.counted, i.Key)
	}
	maps.DeleteFunc(d.counted, func(_ IncrementKey, i Increment) bool { return i.At < b.Expired })
	for _, a := range b.Assets {
		d.assets[a.Number] = *a
	}
	for _, h := range b.Histories {
		h.Window = slices.Clone(h.Window)
		d.histories[[2]int{int(h.Asset), int(h.Feed)}] = h
	}
	for _, t := range b.Totals {
		d.totals[t.Asset] = t
	}
	for _, l := range b.Sites {
		l.Minutes = slices.Clone(l.Minutes)
		d.sites[l.Site] = l
	}
	for _, k := range b.Released {
		delete(d.overrides, k)
	}
	for _, o := range b.Overrides {
		d.overrides[OverrideKey{o.Asset, o.Target}] = o
	}
	for _, c := range b.Counted {
		d.counted[c.Key] = c
	}
	d.audit = append(d.audit, b.Audit...)
	d.alive = max(d.alive, b.Alive)
	if b.Process != nil {
		d.process = *b.Process
	}
	if b.Edition != nil {
		d.edition = *b.Edition
	}
}

// saved returns what a start reads.
func (d *disk) saved() *Saved {
	s := &Saved{Audit: slices.Clone(d.audit), Alive: d.alive, Process: d.process, Edition: d.edition}
	s.Assets = slices.AppendSeq(s.Assets, maps.Values(d.assets))
	s.Totals = slices.AppendSeq(s.Totals, maps.Values(d.totals))
	s.Overrides = slices.AppendSeq(s.Overrides, maps.Values(d.overrides))
	s.Counted = slices.AppendSeq(s.Counted, maps.Values(d.counted))
	for _, h := range d.histories {
		h.Window = slices.Clone(h.Window)
		s.Histories = append(s.Histories, h)
	}
	for _, l := range d.sites {
		l.Minutes = slices.Clone(l.Minutes)
		s.Sites = append(s.Sites, l)
	}
	return s
}

// process is a state, and the disk under it.
type process struct {
	*State
	disk *disk
}

// begin starts a process on a disk.
func begin(t rapid.TB, rules Rules, d *disk, start Timestamp) process {
	t.Helper()
	s, err := NewState(rules, d.saved(), modelInstant(start))
	if err != nil {
		t.Fatal(err)
	}
	p := process{s, d}
	p.store(start)
	s.All(modelInstant(start))
	return p
}

// take applies events as one batch that is stored, and returns what changed.
func (p process) take(t rapid.TB, now Timestamp, events ...Event) *Update {
	t.Helper()
	if err := p.Apply(modelInstant(now), events); err != nil {
		t.Fatal(err)
	}
	return p.store(now)
}

func (p process) store(now Timestamp) *Update {
	if b := p.Batch(); !b.Empty() {
		p.disk.write(b)
	}
	return p.Settle(modelInstant(now))
}

// beat has the process note that it is alive.
func (p process) beat(now Timestamp) {
	p.Beat(modelInstant(now))
	p.store(now)
}

// canon is what a state keeps of its events, under ids instead of numbers: P1's canonical state.
func (p process) canon() map[string]any {
	out := make(map[string]any)
	for _, a := range p.assets {
		if a == nil {
			continue
		}
		id := string(a.about.ID)
		for f, h := range a.feeds {
			if h != nil { // as it is, whatever is stored of it
				out[id+" "+Feed(f).String()] = History{Feed: Feed(f), Window: slices.Clone(h.window), Before: h.before}
			}
		}
		total := a.total
		total.Asset = 0
		out[id+" total"] = total
		out[id+" overrides"] = slices.Clone(a.overrides)
		if a.life != nil {
			l := a.life.export(0)
			l.Minutes = slices.Clone(l.Minutes)
			out[id+" life"] = l
		}
	}
	return out
}

// bounds are what a state knows without keeping it for any asset, as far as it follows from the events admitted.
func (p process) bounds() map[string]any {
	return map[string]any{
		"newest": p.newest, "expired until": p.expireHour, "counted": p.counted.count, "strays": p.stray,
		"assets": len(p.byID), "lowest free number": p.lowest, "unknown assets": p.unknown, "accepted": p.summary.Accepted,
	}
}

// shows is everything that a state shows at a moment, under ids; what depends on numbers is left out.
func (p process) shows(now Timestamp) map[AssetID]Snapshot {
	out := make(map[AssetID]Snapshot)
	for _, snapshot := range p.All(modelInstant(now)).Changed {
		about := *snapshot.Asset
		about.Number, about.Told, about.Appended = 0, 0, false
		snapshot.Asset = &about
		out[about.ID] = snapshot
	}
	return out
}

// remember takes over what is in memory only: how many people sensors see.
func (p process) remember(other *State) {
	for _, a := range p.assets {
		if a == nil {
			continue
		}
		b := other.byID[a.about.ID]
		a.found, a.foundAt, a.foundBy = b.found, b.foundAt, b.foundBy
	}
}

// drawBatchesOf cuts a history into what arrives together.
func drawBatchesOf(t *rapid.T, history []timedEvent) (batches [][]timedEvent) {
	for len(history) > 0 {
		n := rapid.IntRange(1, min(len(history), 20)).Draw(t, "batch")
		batches, history = append(batches, history[:n]), history[n:]
	}
	return batches
}

func eventsOf(history []timedEvent) []Event {
	out := make([]Event, len(history))
	for i := range history {
		out[i] = history[i].Event
	}
	return out
}

// within is a length of time in which nothing leaves a window or a site's minutes.
const within = 25 * time.Minute

// ofAnyAge is how late events are where windows may be left: those of many.
const ofAnyAge = 6 * time.Hour

// drawRecent draws a history of which nothing leaves a window. The customer's own ids in it come late, change and
// are those of several rooms. Whether traffic is evidence they leave as it is: what has passed before it is, is
// kept as a sum.
func drawRecent(t *rapid.T, rules Rules) []timedEvent {
	called := rules.Assets["custom:3.03"]
	patch := called.State
	called.State = Patch{func(s *Settings) {
		before := s.Evidence
		if patch.apply(s); (s.Evidence == EvidenceTraffic) != (before == EvidenceTraffic) {
			s.Evidence = before
		}
	}}
	rules.Assets["custom:3.03"] = called
	history := drawHistory(t, rules, historyOptions{Longest: within, Lateness: within, Customs: []string{"", "3.03", "3.04"}})
	newest := Timestamp(0)
	for _, e := range history {
		newest = max(newest, e.Event.At)
	}
	return slices.DeleteFunc(history, func(e timedEvent) bool { return e.Event.At < newest.Add(-29*time.Minute) })
}
