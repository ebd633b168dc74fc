package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// Identity is what a state directory says of the gateway that it belongs to.
type Identity struct {
	GatewayID string // 8 hexadecimal digits, drawn at the first start
	Boots     int    // starts so far
}

// loaded is everything that was read, with what could not be.
type loaded struct {
	saved    gateway.Saved
	identity Identity
	damage   []string
	lostRows int
	suspect  map[gateway.Number]bool // assets with rows that were not believed: all of theirs are written anew
}

// lost notes what could not be read.
func (l *loaded) lost(format string, args ...any) {
	l.damage = append(l.damage, fmt.Sprintf(format, args...))
}

// lostRow notes a row of an asset that could not be read, of the first ones in words.
func (l *loaded) lostRow(n gateway.Number, format string, args ...any) {
	l.suspect[n] = true
	if l.lostRows++; l.lostRows <= lostRowsTold {
		l.lost(format, args...)
	}
}

// lostRowsTold is how many rows that could not be read are told one by one.
const lostRowsTold = 10

// load reads the whole database.
func load(ctx context.Context, conn *sql.Conn) (*loaded, error) {
	l := &loaded{suspect: make(map[gateway.Number]bool)}
	for _, read := range []func(context.Context, *sql.Conn) error{l.meta, l.assets, l.revisions, l.totals, l.increments} {
		if err := read(ctx, conn); err != nil {
			return nil, err
		}
	}
	if more := l.lostRows - lostRowsTold; more > 0 {
		l.lost("and %d more rows", more)
	}
	return l, nil
}

// each runs a query and calls scan for each of its rows.
func each(ctx context.Context, conn *sql.Conn, query string, scan func(*sql.Rows) error) error {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (l *loaded) meta(ctx context.Context, conn *sql.Conn) error {
	return each(ctx, conn, "SELECT key, value FROM meta", func(rows *sql.Rows) error {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		switch key {
		case "gateway_id":
			l.identity.GatewayID = value
		case "boots":
			if _, err := fmt.Sscan(value, &l.identity.Boots); err != nil {
				l.lost("the boot counter %q is no number", value)
			}
		}
		return nil
	})
}

func (l *loaded) assets(ctx context.Context, conn *sql.Conn) error {
	const query = "SELECT number, id, kind, parent, given, custom_id, mac, told, sum FROM assets ORDER BY number"
	return each(ctx, conn, query, func(rows *sql.Rows) error {
		var a gateway.Asset
		var kind string
		var sum uint32
		if err := rows.Scan(&a.Number, &a.ID, &kind, &a.Parent, &a.Given, &a.CustomID, &a.MAC, &a.Told, &sum); err != nil {
			l.lost("the description of an asset: %v", err)
			return nil
		}
		a.Kind = gateway.ParseKind(kind)
		if assetSum(&a) != sum || a.Kind == gateway.NoKind {
			l.lostRow(a.Number, "asset number %d: %v", a.Number, errChecksum)
			return nil
		}
		l.saved.Assets = append(l.saved.Assets, a)
		return nil
	})
}

func (l *loaded) revisions(ctx context.Context, conn *sql.Conn) error {
	return each(ctx, conn, "SELECT asset, feed, data FROM revisions", func(rows *sql.Rows) error {
		var asset gateway.Number
		var feed gateway.Feed
		var data sql.RawBytes
		if err := rows.Scan(&asset, &feed, &data); err != nil {
			l.lost("a feed of an asset: %v", err)
			return nil
		}
		revisions, err := unpackRevisions(data, asset, feed)
		if err != nil {
			l.lostRow(asset, "feed %d of asset number %d: %v", feed, asset, err)
			return nil
		}
		for _, r := range revisions {
			l.saved.Revisions = append(l.saved.Revisions, gateway.FeedRevision{Asset: asset, Feed: feed, Revision: r})
		}
		return nil
	})
}

func (l *loaded) totals(ctx context.Context, conn *sql.Conn) error {
	return each(ctx, conn, "SELECT asset, people_in, people_out, at, sum FROM totals", func(rows *sql.Rows) error {
		var t gateway.Total
		var sum uint32
		if err := rows.Scan(&t.Asset, &t.In, &t.Out, &t.At, &sum); err != nil {
			l.lost("the totals of an asset: %v", err)
			return nil
		}
		if totalSum(&t) != sum {
			l.lostRow(t.Asset, "totals of asset number %d: %v; they count from 0 again", t.Asset, errChecksum)
			return nil
		}
		l.saved.Totals = append(l.saved.Totals, t)
		return nil
	})
}

func (l *loaded) increments(ctx context.Context, conn *sql.Conn) error {
	return each(ctx, conn, "SELECT hour, key FROM increments", func(rows *sql.Rows) error {
		var hour int64
		var key sql.RawBytes
		if err := rows.Scan(&hour, &key); err != nil || len(key) != len(gateway.IncrementKey{}) {
			l.lost("a traffic event that was counted: one that is sent again may count twice")
			return nil
		}
		at := gateway.Timestamp(hour * time.Hour.Milliseconds())
		l.saved.Counted = append(l.saved.Counted, gateway.Increment{Key: gateway.IncrementKey(key), At: at})
		return nil
	})
}

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
			l.lostRow(a.Number, "asset %q: the database gives it number %d, the ledger %d", a.ID, a.Number, byID.number)
			l.suspect[byID.number] = true
			continue
		case hasNumber && byNumber.id != a.ID:
			l.lostRow(a.Number, "number %d: the database gives it to %q, the ledger to %q", a.Number, a.ID, byNumber.id)
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
	if unknown > 0 {
		l.lost("%s is new, or older than %s: %d assets have their numbers and nothing else; totals may have gone back", databaseFile, ledgerFile, unknown)
	}
}

// dropOrphans leaves out what belongs to no asset that the database and the ledger agree on.
func (l *loaded) dropOrphans(known map[gateway.Number]bool) {
	var revisions []gateway.FeedRevision
	for _, r := range l.saved.Revisions {
		if known[r.Asset] {
			revisions = append(revisions, r)
		} else {
			l.suspect[r.Asset] = true
		}
	}
	var totals []gateway.Total
	for _, t := range l.saved.Totals {
		if known[t.Asset] {
			totals = append(totals, t)
		} else {
			l.suspect[t.Asset] = true
		}
	}
	l.saved.Revisions, l.saved.Totals = revisions, totals
}

// mended returns what makes the database say what was loaded.
func (l *loaded) mended() *gateway.Batch {
	b := &gateway.Batch{Removed: slices.Sorted(maps.Keys(l.suspect))}
	for i := range l.saved.Assets {
		if a := &l.saved.Assets[i]; l.suspect[a.Number] {
			b.Assets = append(b.Assets, a)
		}
	}
	for _, r := range l.saved.Revisions {
		if l.suspect[r.Asset] {
			b.Revisions = append(b.Revisions, r)
		}
	}
	for _, t := range l.saved.Totals {
		if l.suspect[t.Asset] {
			b.Totals = append(b.Totals, t)
		}
	}
	return b
}
