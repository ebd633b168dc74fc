package modbus

import (
	"sync/atomic"

	"butlr-gateway/gateway"
)

// sites tell how long ago each site was last heard of. Snapshots name a site by its id, updates by its
// number; the site's own snapshot brings both together, in whatever order they come.
type sites struct {
	byID      map[gateway.AssetID]*site
	byNumber  map[gateway.Number]*site
	outside   *site        // what stands for the sites of an asset that lies in none: the one silent for the longest of those heard of
	silentest atomic.Int64 // gateway.Timestamp: when the site that is silent for the longest was heard of; 0 never
	changed   bool         // silentest must be worked out again
}

type site struct {
	newest  atomic.Int64 // gateway.Timestamp: event time of the newest event of anything in the site; 0 never
	retired bool         // out of service: nobody waits for it
}

func (s *site) heard() gateway.Timestamp { return gateway.Timestamp(s.newest.Load()) }

// begin makes what an empty map holds.
func (s *sites) begin() {
	s.outside = new(site)
	s.byID = map[gateway.AssetID]*site{"": s.outside}
	s.byNumber = make(map[gateway.Number]*site)
}

// named returns the site of that id, which may not have been heard of yet.
func (s *sites) named(id gateway.AssetID) *site {
	known := s.byID[id]
	if known == nil {
		known = new(site)
		s.byID[id] = known
	}
	return known
}

// meet takes note of which number a site has.
func (s *sites) meet(a *gateway.Asset, q gateway.Quality) {
	known := s.named(a.ID)
	if numbered := s.byNumber[a.Number]; numbered != known {
		if numbered != nil {
			known.newest.Store(max(known.newest.Load(), numbered.newest.Load()))
		}
		s.byNumber[a.Number] = known
		s.changed = true
	}
	if retired := q == gateway.OutOfService; known.retired != retired {
		known.retired = retired
		s.changed = true
	}
}

// leave forgets which site had a number.
func (s *sites) leave(n gateway.Number) {
	if s.byNumber[n] != nil {
		delete(s.byNumber, n)
		s.changed = true
	}
}

// hear takes over when a site was last heard of.
func (s *sites) hear(heard gateway.SiteFeed) {
	known := s.byNumber[heard.Site]
	if known == nil {
		known = new(site)
		s.byNumber[heard.Site] = known
		s.changed = true
	}
	if newest := int64(heard.Newest); newest > known.newest.Load() {
		before := known.newest.Load()
		s.changed = s.changed || before == s.silentest.Load() || before == s.outside.newest.Load() || before == 0
		known.newest.Store(newest)
	}
}

// settle works out which site is silent for the longest, when that may have changed.
func (s *sites) settle() {
	if !s.changed {
		return
	}
	s.changed = false
	silentest, outside, first := int64(0), int64(0), true
	for _, known := range s.byNumber {
		if known.retired {
			continue
		}
		newest := known.newest.Load()
		if first || newest < silentest {
			silentest = newest
		}
		first = false
		if newest != 0 && (outside == 0 || newest < outside) {
			outside = newest
		}
	}
	s.silentest.Store(silentest)
	s.outside.newest.Store(outside)
}
