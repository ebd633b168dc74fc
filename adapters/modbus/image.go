package modbus

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"butlr-gateway/gateway"
)

// ImageOptions are what an image needs.
type ImageOptions struct {
	Clock  gateway.Clock   // must not be nil
	Alarms *gateway.Alarms // must not be nil; shown in the header, and MapFull is raised here
	Start  gateway.Instant // when the program started
	Boot   uint16          // how many times it has started
}

// Image holds the registers of every asset. It is a [gateway.Sink], and may be read by any number of
// goroutines while it is published to. Its memory grows with the numbers in use.
//
// Readers take no lock and never wait for each other. What they read are atomic words, and version tells
// whether all of them were of one moment: it is odd while words change, and another one afterwards. A
// reader that meets a change reads again, holding mu, which keeps changes away.
type Image struct {
	options ImageOptions
	version atomic.Uint64

	// What readers see.
	units    [maxUnits]atomic.Pointer[unit]
	overview overview
	watchdog watchdog

	mu     sync.Mutex // held by whoever changes the image
	sites  sites
	ledger ledger
	beyond map[gateway.Number]bool // numbers of assets that do not fit
}

var _ gateway.Sink = (*Image)(nil)

// overview is what the newest update said of the gateway as a whole.
type overview struct {
	epoch     atomic.Int64 // gateway.Timestamp: what the state takes for the time at Mono 0
	assets    atomic.Int64
	qualities [gateway.QualityCount]atomic.Int64
	accepted  atomic.Uint64
	refused   atomic.Uint64
	checksum  atomic.Uint32
	appended  atomic.Int64
}

// NewImage returns an image without assets.
func NewImage(o ImageOptions) (*Image, error) {
	if o.Clock == nil || o.Alarms == nil {
		return nil, errors.New("making a register image: it needs a clock and alarms")
	}
	i := &Image{options: o, watchdog: newWatchdog(), beyond: make(map[gateway.Number]bool)}
	i.sites.begin()
	i.ledger.restart()
	i.overview.showLedger(&i.ledger)
	return i, nil
}

// Publish takes over what changed. Whoever reads sees all of the update or nothing of it.
func (i *Image) Publish(u *gateway.Update) {
	fitted := len(i.beyond) == 0
	misfit := i.take(u)
	switch fits := len(i.beyond) == 0; {
	case fitted && !fits:
		i.options.Alarms.Raise(gateway.MapFull, fmt.Sprintf(
			"%s has number %d: the registers end with number %d, it has none", misfit.ID, misfit.Number, Capacity-1))
	case !fitted && fits:
		i.options.Alarms.Clear(gateway.MapFull)
	}
}

// take returns the first asset of the update that does not fit.
func (i *Image) take(u *gateway.Update) (misfit *gateway.Asset) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.leave(u.Left)
	for k := range u.Changed {
		s := &u.Changed[k]
		if i.claim(s) || s.Asset.Number == gateway.NoNumber {
			continue
		}
		i.beyond[s.Asset.Number] = true
		if misfit == nil {
			misfit = s.Asset
		}
	}
	i.ledger.settle(i)
	i.change(func() {
		i.vacate(u.Left)
		for k := range u.Changed {
			i.write(&u.Changed[k])
		}
		for _, heard := range u.Heard {
			i.sites.hear(heard)
		}
		i.sites.settle()
		i.overview.show(u)
		i.overview.showLedger(&i.ledger)
	})
	return misfit
}

// change makes a change of what readers see, all of it at one moment.
func (i *Image) change(words func()) {
	i.version.Add(1)
	defer i.version.Add(1)
	words()
}

// claim gives a place to an asset that is new; readers see nothing of it yet. It returns false if the map
// ends before the asset's number.
func (i *Image) claim(s *gateway.Snapshot) bool {
	a := s.Asset
	if a.Number >= Capacity {
		return false
	}
	u := i.units[a.Number/unitAssets].Load()
	if u == nil {
		u = new(unit)
		i.units[a.Number/unitAssets].Store(u)
	}
	at := int(a.Number % unitAssets)
	b, n := u.banks[at/bankAssets].Load(), at%bankAssets
	if b == nil {
		b = newBank()
		u.banks[at/bankAssets].Store(b)
	}
	before := b.assets[n]
	switch {
	case before == nil:
		u.claimed++
		i.ledger.enter(a)
	case before.ID != a.ID, before.Retired != a.Retired, before.Appended != a.Appended:
		i.ledger.broken = true
	}
	b.outOfService &^= 1 << n
	if s.Quality == gateway.OutOfService {
		b.outOfService |= 1 << n
	}
	if before != a {
		b.assets[n] = a
		b.renamed |= 1 << n
	}
	return true
}

// write renders what does not age of an asset that has a place.
func (i *Image) write(s *gateway.Snapshot) {
	a := s.Asset
	if a.Kind == gateway.Site {
		i.sites.meet(a, s.Quality)
	}
	if a.Number >= Capacity {
		return
	}
	u, at := i.units[a.Number/unitAssets].Load(), int(a.Number%unitAssets)
	var follows *site
	if s.FollowsSite {
		follows = i.sites.named(a.Site)
	}
	b, n := u.banks[at/bankAssets].Load(), at%bankAssets
	b.write(n, s, follows)
	b.writeName(n)
	u.end.Store(max(u.end.Load(), int32(at+1)))
	u.assets.Store(u.claimed)
}

func (o *overview) show(u *gateway.Update) {
	o.epoch.Store(int64(u.Epoch))
	o.assets.Store(int64(u.Summary.Assets))
	for q, count := range u.Summary.Qualities {
		o.qualities[q].Store(int64(count))
	}
	o.accepted.Store(u.Summary.Accepted)
	o.refused.Store(u.Summary.Refused)
}

func (o *overview) showLedger(l *ledger) {
	o.checksum.Store(l.sum)
	o.appended.Store(int64(l.appended))
}

// unit returns the assets of a unit, counted from the base unit; nil if there are none. A column unit's are
// those of its block unit.
func (i *Image) unit(index int) *unit {
	if u := i.units[index%columnUnits].Load(); u != nil && u.end.Load() > 0 {
		return u
	}
	return nil
}

// has tells whether a unit exists, counted from the base unit, which always does.
func (i *Image) has(index int) bool { return index == 0 || i.unit(index) != nil }

// time returns what the state takes for the time now: ages are measured by it, not by a clock on the wall
// that may be wrong, or jump.
func (i *Image) time() gateway.Timestamp { return i.timeAt(i.options.Clock()) }

func (i *Image) timeAt(now gateway.Instant) gateway.Timestamp {
	return gateway.Timestamp(i.overview.epoch.Load()).Add(now.Mono)
}
