package store

import (
	"cmp"
	"maps"
	"slices"

	"butlr-gateway/gateway"
)

// reconcile makes what the database says agree with the ledger, which wins over a database that is no
// newer. A database is newer when its edition is: it is written first. What the database says under a number
// that is another asset's is nobody's; what it says of an asset that has moved since goes with it.
func (l *loaded) reconcile(b *book) {
	if l.saved.Edition.Number > b.edition {
		l.catchUp(b)
		return
	}
	older := l.saved.Edition.Number < b.edition
	known, moved := make(map[gateway.Number]bool), make(map[gateway.Number]gateway.Number)
	var kept []gateway.Asset
	for _, a := range l.saved.Assets {
		before := a.Number
		byID, byNumber := b.entries[a.ID], b.numbers[a.Number]
		switch {
		case byID == nil && byNumber != nil:
			l.lostOf(a.Number, "number %d: the database gives it to %q, the ledger to %q", a.Number, a.ID, byNumber.id)
			continue
		case byID != nil && byID.number != a.Number:
			if !older {
				l.lostRow("asset %q: the database gives it number %d, the ledger %d", a.ID, a.Number, byID.number)
			}
			l.suspect[a.Number], l.suspect[byID.number] = true, true
			moved[a.Number], a.Number = byID.number, byID.number
		}
		if byID != nil && older && (a.Retired != byID.retired || a.Appended != byID.appended) {
			a.Retired, a.Appended = byID.retired, byID.appended
			l.suspect[a.Number] = true
		}
		if byID != nil {
			a.ID = byID.id // the same text, which need not be kept twice
		}
		known[before] = true
		kept = append(kept, a)
	}
	if older {
		l.takeEdition(b)
	}
	l.saved.Assets = kept
	l.dropOrphans(known)
	l.follow(moved)
	l.addUnknown(b)
}

// takeEdition takes over the ledger's edition into an older database.
func (l *loaded) takeEdition(b *book) {
	if len(l.saved.Assets) > 0 {
		l.allDoubtful = true
		l.lost("%s is older than %s: the numbers have been rearranged since, and are as they were then; totals may have gone back", databaseFile, ledgerFile)
	}
	e := &l.saved.Edition
	e.Number, e.At, e.Vacated = b.edition, b.settled, slices.Sorted(maps.Keys(b.vacated))
}

// catchUp takes over from a ledger that is older than the database what the database does not have.
func (l *loaded) catchUp(b *book) {
	ids, numbers := make(map[gateway.AssetID]bool), make(map[gateway.Number]bool)
	for i := range l.saved.Assets {
		ids[l.saved.Assets[i].ID], numbers[l.saved.Assets[i].Number] = true, true
	}
	l.dropOrphans(maps.Clone(numbers))
	rest := newBook()
	for id, e := range b.entries {
		switch {
		case ids[id]:
		case numbers[e.number]:
			l.lost("asset %q: %s gives its number %d to another one; it gets a new one when it is heard of", id, databaseFile, e.number)
		default:
			rest.add(e)
		}
	}
	l.addUnknown(rest)
}

// follow lets what is known of assets follow them to their numbers.
func (l *loaded) follow(moved map[gateway.Number]gateway.Number) {
	if len(moved) == 0 {
		return
	}
	to := func(n *gateway.Number) {
		if m, ok := moved[*n]; ok {
			*n = m
		}
	}
	s := &l.saved
	for i := range s.Histories {
		to(&s.Histories[i].Asset)
	}
	for i := range s.Totals {
		to(&s.Totals[i].Asset)
	}
	for i := range s.Sites {
		to(&s.Sites[i].Site)
	}
	for i := range s.Overrides {
		to(&s.Overrides[i].Asset)
	}
}

// addUnknown adds the assets that only the ledger knows. The database is written before the ledger, so
// that they tell of a database that is older, or new.
func (l *loaded) addUnknown(b *book) {
	known := make(map[gateway.AssetID]bool)
	for i := range l.saved.Assets {
		known[l.saved.Assets[i].ID] = true
	}
	unknown := 0
	for _, e := range b.sorted() {
		if known[e.id] {
			continue
		}
		if !l.suspect[e.number] {
			unknown++
		}
		l.suspect[e.number] = true
		l.saved.Assets = append(l.saved.Assets, gateway.Asset{
			ID: e.id, Kind: e.kind, Number: e.number, Retired: e.retired, Appended: e.appended,
		})
	}
	slices.SortFunc(l.saved.Assets, func(a, b gateway.Asset) int { return cmp.Compare(a.Number, b.Number) })
	if unknown > 0 {
		l.allDoubtful = true
		l.lost("%s is new, or older than %s: %d assets have their numbers and nothing else; totals may have gone back", databaseFile, ledgerFile, unknown)
	}
}

// dropOrphans leaves out what belongs to no asset that the database and the ledger agree on. The audit
// names assets by their ids, and keeps those that are gone.
func (l *loaded) dropOrphans(known map[gateway.Number]bool) {
	orphan := func(n gateway.Number) bool {
		if !known[n] && !l.suspect[n] {
			l.lostOf(n, "what was known under number %d: no asset has it", n)
		}
		return !known[n]
	}
	s := &l.saved
	s.Histories = slices.DeleteFunc(s.Histories, func(h gateway.History) bool { return orphan(h.Asset) })
	s.Totals = slices.DeleteFunc(s.Totals, func(t gateway.Total) bool {
		l.doubtful[t.Asset] = l.doubtful[t.Asset] || !known[t.Asset]
		return orphan(t.Asset)
	})
	s.Sites = slices.DeleteFunc(s.Sites, func(s gateway.SiteLife) bool { return orphan(s.Site) })
	s.Overrides = slices.DeleteFunc(s.Overrides, func(o gateway.Override) bool {
		if !orphan(o.Asset) {
			return false
		}
		l.lostRow("the override of %v of asset number %d: nobody knows whose it is; force it again if it is needed", o.Target, o.Asset)
		return true
	})
}

// mended returns what makes the database say what was loaded, once its litter is gone.
func (l *loaded) mended() *gateway.Batch {
	s := &l.saved
	b := &gateway.Batch{
		Removed:   slices.Sorted(maps.Keys(l.suspect)),
		Histories: only(s.Histories, func(h *gateway.History) bool { return l.suspect[h.Asset] }),
		Totals:    only(s.Totals, func(t *gateway.Total) bool { return l.suspect[t.Asset] || l.doubtful[t.Asset] }),
		Sites:     only(s.Sites, func(s *gateway.SiteLife) bool { return l.suspect[s.Site] }),
		Overrides: only(s.Overrides, func(o *gateway.Override) bool { return l.suspect[o.Asset] }),
		Counted:   l.recounted,
	}
	for i := range s.Assets {
		if a := &s.Assets[i]; l.suspect[a.Number] {
			b.Assets = append(b.Assets, a)
		}
	}
	if l.litter[emptyAudit] {
		b.Audit = s.Audit
	}
	if s.Edition.Number > 0 || s.Edition.Since != 0 {
		b.Edition = &s.Edition
	}
	return b
}

// only returns the rows that are wanted.
func only[R any](rows []R, wanted func(*R) bool) (out []R) {
	for i := range rows {
		if wanted(&rows[i]) {
			out = append(out, rows[i])
		}
	}
	return out
}
