package gateway

// noBatch is the number of no batch.
const noBatch = ^uint64(0)

// pendingBatch is what the batch in progress did, so far as it takes to store it, publish it or undo it.
type pendingBatch struct {
	number    uint64
	touched   []touchedAsset
	histories []touchedHistory
	sites     []touchedSite
	entries   []Entry // windows as they were before
	minutes   []byte  // of sites, as they were before
	changed   []*asset
	moved     []*asset
	heard     []*asset
	counted   []Increment
	overrides []overrideRow
	audit     []OverrideChange
	moves     []movedAsset
	happened  []happened
	edition   *Edition           // as it was before; nil: the batch did not change it
	pins      map[AssetID]Number // as they were before; nil: the batch did not change them
	rules     *Rules             // in force from the end of the batch on; nil: those before
	alive     Timestamp
	accepted  uint64
	unhandled uint64
	fates     [fateCount]uint64 // of those that were accepted
	noted     []noted
	reasons   [RefusalCount]uint64
	refused   refusedRing
	reined    bool          // strays were given another time
	health    *HealthReport // how the sensors are from now on; nil: nobody said
}

type touchedAsset struct {
	asset  *asset
	before facts
	fresh  bool // it did not exist before the batch
}

type touchedHistory struct {
	asset  *asset
	feed   Feed
	now    *history
	before history // its window's entries are not: they lie in pendingBatch.entries
	from   int     // where
	to     int
}

type touchedSite struct {
	site   *asset
	life   *siteLife
	before siteLife
	from   int // its minutes in pendingBatch.minutes
}

// overrideRow is an override that the batch changed.
type overrideRow struct {
	asset  *asset
	target Target
}

// movedAsset is an asset that the batch gave another number.
type movedAsset struct {
	asset    *asset
	from, to Number
}

// touch saves an asset's facts before the batch changes them.
func (p *pendingBatch) touch(a *asset, fresh bool) {
	if a.batch == p.number+1 {
		return
	}
	a.batch = p.number + 1
	p.touched = append(p.touched, touchedAsset{a, a.facts, fresh})
	if fresh {
		a.brought = p.number + 1
	}
}

// touchHistory saves a history before the batch changes it; one that the batch brought needs none.
func (p *pendingBatch) touchHistory(a *asset, f Feed) {
	h := a.feeds[f]
	if h.saved == p.number+1 {
		return
	}
	h.saved = p.number + 1
	from := len(p.entries)
	p.entries = append(p.entries, h.window...)
	p.histories = append(p.histories, touchedHistory{a, f, h, *h, from, len(p.entries)})
}

// touchSite saves the life of a site before the batch changes it.
func (p *pendingBatch) touchSite(site *asset) {
	l := site.life
	if l.saved == p.number+1 {
		return
	}
	l.saved = p.number + 1
	from := len(p.minutes)
	p.minutes = append(p.minutes, l.minutes...)
	p.sites = append(p.sites, touchedSite{site, l, *l, from})
}

// mark asks for an asset's readings to be worked out anew when the batch is settled.
func (p *pendingBatch) mark(a *asset) {
	if !a.changed {
		a.changed = true
		p.changed = append(p.changed, a)
	}
}

// move asks for what an asset is a member of to be worked out anew, and its readings.
func (p *pendingBatch) move(a *asset) {
	p.mark(a)
	if !a.moved {
		a.moved = true
		p.moved = append(p.moved, a)
	}
}

// hear notes that a site said something newer.
func (p *pendingBatch) hear(site *asset) {
	if site.heardIn != p.number+1 {
		site.heardIn = p.number + 1
		p.heard = append(p.heard, site)
	}
}

// swap exchanges what the batch changed with what was there before.
func (p *pendingBatch) swap() {
	for i := range p.touched {
		t := &p.touched[i]
		t.before, t.asset.facts = t.asset.facts, t.before
	}
	for i := range p.histories {
		t := &p.histories[i]
		t.before.window = p.entries[t.from:t.to]
		t.before, *t.now = *t.now, t.before
	}
	for i := range p.sites {
		t := &p.sites[i]
		t.before.minutes = p.minutes[t.from : t.from+len(t.life.minutes)]
		t.before, *t.life = *t.life, t.before
	}
}

// swapBack undoes swap.
func (p *pendingBatch) swapBack() {
	for i := range p.touched {
		t := &p.touched[i]
		t.before, t.asset.facts = t.asset.facts, t.before
	}
	for i := range p.histories {
		t := &p.histories[i]
		t.before, *t.now = *t.now, t.before
	}
	for i := range p.sites {
		t := &p.sites[i]
		t.before, *t.life = *t.life, t.before
	}
}

// restore puts back what was there before the batch, except for the facts of assets.
func (p *pendingBatch) restore() {
	for i := range p.histories {
		t := &p.histories[i]
		window := append(t.now.window[:0], p.entries[t.from:t.to]...)
		*t.now = t.before
		t.now.window = window
	}
	for i := range p.sites {
		t := &p.sites[i]
		minutes := t.life.minutes
		copy(minutes, p.minutes[t.from:])
		*t.life = t.before
		t.life.minutes = minutes
	}
}

// end makes room for the next batch.
func (p *pendingBatch) end() {
	for _, a := range p.changed {
		a.changed = false
	}
	for _, a := range p.moved {
		a.moved = false
	}
	*p = pendingBatch{
		number: p.number + 1, touched: emptied(p.touched), histories: emptied(p.histories), sites: emptied(p.sites),
		entries: p.entries[:0], minutes: p.minutes[:0], changed: emptied(p.changed), moved: emptied(p.moved),
		heard: p.heard[:0], counted: p.counted[:0], overrides: p.overrides[:0], audit: p.audit[:0], moves: p.moves[:0], happened: emptied(p.happened), noted: emptied(p.noted),
		refused: refusedRing{entries: p.refused.entries[:0]},
	}
}

// emptied returns the room of a slice for the next batch, unless it is more than a batch of events needs:
// at a start everything changes, and never again.
func emptied[T any](s []T) []T {
	if cap(s) > 8*batchLimit {
		return nil
	}
	clear(s)
	return s[:0]
}
