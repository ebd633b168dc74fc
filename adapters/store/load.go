package store

import (
	"context"
	"database/sql"
	"fmt"
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
}

func (l *loaded) lost(format string, args ...any) {
	l.damage = append(l.damage, fmt.Sprintf(format, args...))
}

// load reads the whole database.
func load(ctx context.Context, conn *sql.Conn) (*loaded, error) {
	l := &loaded{}
	for _, read := range []func(context.Context, *sql.Conn) error{l.meta, l.assets, l.revisions, l.totals, l.increments} {
		if err := read(ctx, conn); err != nil {
			return nil, err
		}
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
			l.lost("a row of assets: %v", err)
			return nil
		}
		a.Kind = gateway.ParseKind(kind)
		if assetSum(&a) != sum || a.Kind == gateway.NoKind {
			l.lost("asset number %d: %v", a.Number, errChecksum)
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
			l.lost("a row of revisions: %v", err)
			return nil
		}
		revisions, err := unpackRevisions(data, asset, feed)
		if err != nil {
			l.lost("feed %d of asset number %d: %v", feed, asset, err)
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
			l.lost("a row of totals: %v", err)
			return nil
		}
		if totalSum(&t) != sum {
			l.lost("totals of asset number %d: %v", t.Asset, errChecksum)
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
			l.lost("a row of increments: %v, %d bytes", err, len(key))
			return nil
		}
		at := gateway.Timestamp(hour * time.Hour.Milliseconds())
		l.saved.Counted = append(l.saved.Counted, gateway.Increment{Key: gateway.IncrementKey(key), At: at})
		return nil
	})
}

// reconcile lets the ledger win over the database. It returns the assets that only the ledger knew, and
// those that it lacks.
func (l *loaded) reconcile(book []entry) (unknown, missing []gateway.Asset) {
	ids, numbers := make(map[gateway.AssetID]entry), make(map[gateway.Number]entry)
	for _, e := range book {
		ids[e.id], numbers[e.number] = e, e
	}
	kept := l.saved.Assets[:0]
	present := make(map[gateway.Number]bool)
	for _, a := range l.saved.Assets {
		byID, hasID := ids[a.ID]
		byNumber, hasNumber := numbers[a.Number]
		switch {
		case hasID && byID.number != a.Number:
			l.lost("asset %s: the database gives it number %d, the ledger %d", a.ID, a.Number, byID.number)
			continue
		case hasNumber && byNumber.id != a.ID:
			l.lost("number %d: the database gives it to %s, the ledger to %s", a.Number, a.ID, byNumber.id)
			continue
		case !hasID:
			missing = append(missing, a)
		}
		present[a.Number] = true
		kept = append(kept, a)
	}
	l.saved.Assets = kept
	for _, e := range book {
		if !present[e.number] {
			unknown = append(unknown, gateway.Asset{ID: e.id, Kind: e.kind, Number: e.number})
		}
	}
	l.saved.Assets = append(l.saved.Assets, unknown...)
	l.dropOrphans()
	return unknown, missing
}

// dropOrphans leaves out what belongs to no asset.
func (l *loaded) dropOrphans() {
	known := make(map[gateway.Number]bool, len(l.saved.Assets))
	for _, a := range l.saved.Assets {
		known[a.Number] = true
	}
	revisions := l.saved.Revisions[:0]
	for _, r := range l.saved.Revisions {
		if known[r.Asset] {
			revisions = append(revisions, r)
		}
	}
	totals := l.saved.Totals[:0]
	for _, t := range l.saved.Totals {
		if known[t.Asset] {
			totals = append(totals, t)
		}
	}
	l.saved.Revisions, l.saved.Totals = revisions, totals
}
