package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"butlr-gateway/gateway"
)

// What a backup is good for when only part of a database can be believed. It is of yesterday, so that only that is
// taken from it which does not age, or which nobody tells again:
//
//   - descriptions of assets;
//   - totals, where the database has none or, being older, a smaller one: a total goes back only where nobody can know;
//   - which traffic events were counted, and the audit.
//
// Not taken are feeds, when a site was heard of, and overrides: yesterday's would be shown as today's. What is lost of
// those is unknown until the next event, or gone. A database of which nothing can be used is another matter: see
// [Store.renew]. Then everything is of one moment, since which no site was heard of, and is treated so.

// filled counts what came from a backup.
type filled struct{ descriptions, totals, counted, audit int }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// describe takes over descriptions of assets whose own could not be read, so that what is known under their numbers
// is known to be theirs. Since an edition that the backup does not have they may be others'.
func (l *loaded) describe(good *goodBackup, b *book) {
	mine := l.saved.Edition.Number
	if good.saved.Edition.Number != b.edition || mine != b.edition && mine != 0 {
		return
	}
	ids, numbers := make(map[gateway.AssetID]bool), make(map[gateway.Number]bool)
	for i := range l.saved.Assets {
		ids[l.saved.Assets[i].ID], numbers[l.saved.Assets[i].Number] = true, true
	}
	for _, a := range good.saved.Assets {
		if e := b.entries[a.ID]; e != nil && e.number == a.Number && !ids[a.ID] && !numbers[a.Number] {
			a.Retired, a.Appended = e.retired, e.appended
			l.saved.Assets = append(l.saved.Assets, a)
			l.suspect[a.Number] = true
			l.filled.descriptions++
		}
	}
}

// fill takes over what is missing, of assets that are as in the ledger.
func (l *loaded) fill(good *goodBackup) {
	mine := make(map[gateway.AssetID]*gateway.Asset)
	for i := range l.saved.Assets {
		mine[l.saved.Assets[i].ID] = &l.saved.Assets[i]
	}
	numbers := make(map[gateway.Number]gateway.Number) // from the backup's to those of now
	for _, a := range good.saved.Assets {
		have := mine[a.ID]
		if have == nil {
			continue
		}
		numbers[a.Number] = have.Number
		if have.Told == 0 && a.Told != 0 {
			a.Number, a.Retired, a.Appended = have.Number, have.Retired, have.Appended
			*have = a
			l.suspect[a.Number] = true
			l.filled.descriptions++
		}
	}
	l.fillTotals(good, numbers)
	l.fillCounted(good)
	l.fillAudit(good)
}

func (l *loaded) fillTotals(good *goodBackup, numbers map[gateway.Number]gateway.Number) {
	have := make(map[gateway.Number]int)
	for i := range l.saved.Totals {
		have[l.saved.Totals[i].Asset] = i
	}
	for _, t := range good.saved.Totals {
		n, ok := numbers[t.Asset]
		if !ok {
			continue
		}
		t.Asset = n
		switch i, there := have[n]; {
		case !there:
			l.saved.Totals = append(l.saved.Totals, t)
		case t.In > l.saved.Totals[i].In || t.Out > l.saved.Totals[i].Out:
			l.saved.Totals[i] = t
		default:
			continue
		}
		l.doubtful[n] = true
		l.filled.totals++
	}
}

func (l *loaded) fillCounted(good *goodBackup) {
	have := make(map[gateway.IncrementKey]bool, len(l.saved.Counted))
	for _, i := range l.saved.Counted {
		have[i.Key] = true
	}
	for _, i := range good.saved.Counted {
		if !have[i.Key] {
			l.saved.Counted = append(l.saved.Counted, i)
			l.recounted = append(l.recounted, i)
			l.filled.counted++
		}
	}
}

// fillAudit takes over changes that are missing. A change is told apart by everything in it.
func (l *loaded) fillAudit(good *goodBackup) {
	have := make(map[gateway.OverrideChange]bool)
	for _, c := range l.saved.Audit {
		have[c] = true
	}
	oldest := gateway.Timestamp(0) // before it nothing is missing: it was dropped
	if len(l.saved.Audit) >= auditKept {
		oldest = l.saved.Audit[0].At
	}
	for _, c := range good.saved.Audit {
		if !have[c] && c.At >= oldest {
			l.saved.Audit = append(l.saved.Audit, c)
			l.filled.audit++
		}
	}
	if l.filled.audit > 0 {
		slices.SortStableFunc(l.saved.Audit, func(a, b gateway.OverrideChange) int { return cmp.Compare(a.At, b.At) })
		l.saved.Audit = l.saved.Audit[max(0, len(l.saved.Audit)-auditKept):]
		l.litter[emptyAudit] = true
	}
}

// doubt says of the totals that are not known to be right that something is missing from them: they are uncertain for
// the day. Those that are lost begin anew, and say so too.
func (l *loaded) doubt(now gateway.Timestamp) {
	now = max(now, l.saved.Alive) // a clock that is behind must not hide it
	have := make(map[gateway.Number]bool)
	for i := range l.saved.Totals {
		t := &l.saved.Totals[i]
		have[t.Asset] = true
		if l.allDoubtful || l.doubtful[t.Asset] {
			t.Lacks = max(t.Lacks, now)
			l.doubtful[t.Asset] = true
		}
	}
	for i := range l.saved.Assets {
		a := &l.saved.Assets[i]
		if passed := a.Kind != gateway.Group && (l.allDoubtful || l.doubtful[a.Number]); passed && !have[a.Number] {
			l.saved.Totals = append(l.saved.Totals, gateway.Total{Asset: a.Number, Lacks: now})
			l.doubtful[a.Number] = true
		}
	}
	slices.SortFunc(l.saved.Totals, func(a, b gateway.Total) int { return cmp.Compare(a.Asset, b.Asset) })
}

// words tells what came from a backup.
func (f filled) words() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{f.totals, "totals"}, {f.descriptions, "descriptions of assets"}, {f.counted, "traffic events that were counted"}, {f.audit, "changes of overrides in the audit"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// told says in one sentence what became of a damaged database.
func (s *Store) told() string {
	l, r := s.loaded, s.renewal
	var from []string
	if s.good == nil {
		from = append(from, "there is no backup to take it from")
		if len(s.bad) > 0 {
			from[0] += " (" + strings.Join(s.bad, ", ") + ")"
		}
	}
	if r == nil {
		if l.filled == (filled{}) {
			return ""
		}
		return fmt.Sprintf("part of %s was lost; from %s came %s: totals that it was of are uncertain for the day", databaseFile, s.good.name(), l.filled.words())
	}
	moved := ""
	if r.aside != "" {
		moved = " and was moved to " + r.aside
	}
	switch {
	case r.fromBackup:
		return fmt.Sprintf("%s could not be used (%v)%s: %s is in its place. What came since is unknown until the next events; totals lack it, and are uncertain for the day",
			databaseFile, r.cause, moved, s.good.name())
	case r.salvaged.rows["assets"] == 0:
		return fmt.Sprintf("%s could not be used (%v)%s, and %s: all values are unknown until the next events, and totals begin anew",
			databaseFile, r.cause, moved, from[0])
	}
	sentence := fmt.Sprintf("%s was damaged (%v)%s: what of it can be believed was kept", databaseFile, r.cause, moved)
	if lost := sortedKeys(trueOnly(r.salvaged.incomplete)); len(lost) > 0 {
		sentence += ", and rows may be missing in " + strings.Join(lost, ", ")
	}
	if l.filled != (filled{}) {
		sentence += "; from " + s.good.name() + " came " + l.filled.words()
	}
	if l.allDoubtful {
		sentence += "; totals are uncertain for the day"
	}
	return sentence
}

func trueOnly(m map[string]bool) map[string]bool {
	out := maps.Clone(m)
	maps.DeleteFunc(out, func(_ string, yes bool) bool { return !yes })
	return out
}
