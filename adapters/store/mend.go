package store

import (
	"cmp"
	"maps"
	"slices"

	"butlr-gateway/gateway"
)

// reconcile lets the ledger win over the database. It returns the assets that the ledger lacks. What the
// database says under a number that is another asset's is nobody's.
func (l *loaded) reconcile(entries []entry) (missing []gateway.Asset) {
	ids, numbers := make(map[gateway.AssetID]entry), make(map[gateway.Number]entry)
	for _, e := range entries {
		ids[e.id], numbers[e.number] = e, e
	}
	var kept []gateway.Asset
	known := make(map[gateway.Number]bool)
	for _, a := range l.saved.Assets {
		byID, hasID := ids[a.ID]
		byNumber, hasNumber := numbers[a.Number]
		switch {
		case hasID && byID.number != a.Number:
			l.lostOf(a.Number, "asset %q: the database gives it number %d, the ledger %d", a.ID, a.Number, byID.number)
			l.suspect[byID.number] = true
			continue
		case hasNumber && byNumber.id != a.ID:
			l.lostOf(a.Number, "number %d: the database gives it to %q, the ledger to %q", a.Number, a.ID, byNumber.id)
			continue
		case !hasID:
			missing = append(missing, a)
		}
		known[a.Number] = true
		kept = append(kept, a)
	}
	l.saved.Assets = kept
	l.dropOrphans(known)
	l.addUnknown(entries, known)
	return missing
}

// addUnknown adds the assets that only the ledger knows. The database is written before the ledger, so
// that they tell of a database that is older, or new.
func (l *loaded) addUnknown(entries []entry, known map[gateway.Number]bool) {
	unknown := 0
	for _, e := range entries {
		if known[e.number] {
			continue
		}
		if !l.suspect[e.number] {
			unknown++
		}
		l.suspect[e.number] = true
		l.saved.Assets = append(l.saved.Assets, gateway.Asset{ID: e.id, Kind: e.kind, Number: e.number})
	}
	slices.SortFunc(l.saved.Assets, func(a, b gateway.Asset) int { return cmp.Compare(a.Number, b.Number) })
	if unknown > 0 {
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
	s.Totals = slices.DeleteFunc(s.Totals, func(t gateway.Total) bool { return orphan(t.Asset) })
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
		Totals:    only(s.Totals, func(t *gateway.Total) bool { return l.suspect[t.Asset] }),
		Sites:     only(s.Sites, func(s *gateway.SiteLife) bool { return l.suspect[s.Site] }),
		Overrides: only(s.Overrides, func(o *gateway.Override) bool { return l.suspect[o.Asset] }),
	}
	for i := range s.Assets {
		if a := &s.Assets[i]; l.suspect[a.Number] {
			b.Assets = append(b.Assets, a)
		}
	}
	if l.litter[emptyAudit] {
		b.Audit = s.Audit
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
