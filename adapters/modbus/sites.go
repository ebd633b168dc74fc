package modbus

import "butlr-gateway/gateway"

// sites tell how long ago each site was last heard of. Snapshots name a site by its id, updates by its
// number; the site's own snapshot brings both together, in whatever order they come.
type sites struct {
	byID      map[gateway.AssetID]*site
	byNumber  map[gateway.Number]*site
	outside   *site             // what stands for the sites of an asset that lies in none: the one silent for the longest of those heard of
	silentest gateway.Timestamp // when the site that is silent for the longest was heard of; 0 never
	changed   bool              // silentest must be worked out again
}

type site struct {
	newest  gateway.Timestamp // event time of the newest event of anything in the site; 0 never
	retired bool              // out of service: nobody waits for it
}

func newSites() sites {
	outside := new(site)
	return sites{
		byID: map[gateway.AssetID]*site{"": outside}, byNumber: make(map[gateway.Number]*site), outside: outside,
	}
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
			known.newest = max(known.newest, numbered.newest)
		}
		s.byNumber[a.Number] = known
		s.changed = true
	}
	if retired := q == gateway.OutOfService; known.retired != retired {
		known.retired = retired
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
	if heard.Newest > known.newest {
		s.changed = s.changed || known.newest == s.silentest || known.newest == s.outside.newest || known.newest == 0
		known.newest = heard.Newest
	}
}

// settle works out which site is silent for the longest, when that may have changed.
func (s *sites) settle() {
	if !s.changed {
		return
	}
	s.changed, s.silentest, s.outside.newest = false, 0, 0
	first := true
	for _, known := range s.byNumber {
		if known.retired {
			continue
		}
		if first || known.newest < s.silentest {
			s.silentest = known.newest
		}
		first = false
		if known.newest != 0 && (s.outside.newest == 0 || known.newest < s.outside.newest) {
			s.outside.newest = known.newest
		}
	}
}
