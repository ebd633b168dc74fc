package store

import (
	"context"
	"database/sql"
	"time"

	"butlr-gateway/gateway"
)

func (l *loaded) feeds(ctx context.Context, conn *sql.Conn) error {
	return l.feedsOf(ctx, conn, "SELECT place, data FROM feeds")
}

func (l *loaded) feedsOfVersion5(ctx context.Context, conn *sql.Conn) error {
	return l.feedsOf(ctx, conn, "SELECT "+placeOfOld+", data FROM "+oldFeeds)
}

func (l *loaded) feedsOf(ctx context.Context, conn *sql.Conn, query string) error {
	return each(ctx, conn, query, func(rows *sql.Rows) error {
		var place number
		var data sql.RawBytes
		if err := rows.Scan(&place, &data); err != nil {
			return err
		}
		asset, ok := (place >> 8).asset()
		if !ok {
			l.lostRow("a feed of an asset: nobody knows of which")
			l.litter["DELETE FROM feeds WHERE place NOT BETWEEN 0 AND 1099511627775"] = true
			return nil
		}
		feed := gateway.Feed(place)
		if err := l.feed(data, asset, feed); err != nil {
			l.lostOf(asset, "feed %d of asset number %d: %v", feed, asset, err)
		}
		return nil
	})
}

func (l *loaded) feed(data []byte, asset gateway.Number, feed gateway.Feed) error {
	body, err := l.pack.unseal(data, asset, byte(feed))
	if err != nil {
		return err
	}
	if len(body) > 0 && body[0] == revisionFormat {
		revisions, err := unpackRevisions(body)
		if err != nil {
			return err
		}
		l.saved.Histories = append(l.saved.Histories, historyOf(asset, feed, revisions))
		return nil
	}
	h, err := unpackHistory(body, asset, feed)
	if err != nil || l.verifying { // they are too many to be kept until the table ends
		return err
	}
	l.saved.Histories = append(l.saved.Histories, h)
	return nil
}

func (l *loaded) totals(ctx context.Context, conn *sql.Conn) error {
	return l.totalsOf(ctx, conn, "SELECT asset, people_in, people_out, at, day, net, lacks, detected, sum FROM totals")
}

func (l *loaded) totalsOfVersion3(ctx context.Context, conn *sql.Conn) error {
	return l.totalsOf(ctx, conn, "SELECT asset, people_in, people_out, at, day, net, 0, 0, sum FROM totals")
}

func (l *loaded) totalsOfVersion1(ctx context.Context, conn *sql.Conn) error {
	return l.totalsOf(ctx, conn, "SELECT asset, people_in, people_out, at, 0, 0, 0, 0, sum FROM totals")
}

func (l *loaded) totalsOf(ctx context.Context, conn *sql.Conn, query string) error {
	return each(ctx, conn, query, func(rows *sql.Rows) error {
		var key, in, out, at, day, net, lacks, detected, sum number
		if err := rows.Scan(&key, &in, &out, &at, &day, &net, &lacks, &detected, &sum); err != nil {
			return err
		}
		asset, ok := key.asset()
		if !ok {
			l.allDoubtful = true
			l.lostRow("the totals of an asset: nobody knows of which")
			l.litter["DELETE FROM totals WHERE asset NOT BETWEEN 0 AND 4294967295"] = true
			return nil
		}
		t := gateway.Total{
			Asset: asset, In: uint64(in), Out: uint64(out), At: gateway.Timestamp(at),
			Day: gateway.Timestamp(day), Net: int64(net), Lacks: gateway.Timestamp(lacks), Detected: gateway.Timestamp(detected),
		}
		if number(l.pack.totalSum(&t)) != sum {
			l.doubtful[asset] = true
			l.lostOf(asset, "totals of asset number %d: %v", asset, errChecksum)
			return nil
		}
		l.saved.Totals = append(l.saved.Totals, t)
		return nil
	})
}

func (l *loaded) increments(ctx context.Context, conn *sql.Conn) error {
	return each(ctx, conn, "SELECT hour, key FROM increments", func(rows *sql.Rows) error {
		var hour number
		var key sql.RawBytes
		if err := rows.Scan(&hour, &key); err != nil {
			return err
		}
		if hour == nowhere || len(key) != len(gateway.IncrementKey{}) {
			l.allDoubtful = true
			l.lostRow("a traffic event that was counted: one that is sent again may count twice")
			l.litter["DELETE FROM increments WHERE typeof(hour) <> 'integer' OR typeof(key) <> 'blob' OR length(key) <> 16"] = true
			return nil
		}
		at := gateway.Timestamp(int64(hour) * time.Hour.Milliseconds())
		l.saved.Counted = append(l.saved.Counted, gateway.Increment{Key: gateway.IncrementKey(key), At: at})
		return nil
	})
}

func (l *loaded) sites(ctx context.Context, conn *sql.Conn) error {
	return each(ctx, conn, "SELECT site, data FROM sites", func(rows *sql.Rows) error {
		var key number
		var data sql.RawBytes
		if err := rows.Scan(&key, &data); err != nil {
			return err
		}
		site, ok := key.asset()
		if !ok {
			l.lostRow("when a site was heard of: nobody knows which")
			l.litter["DELETE FROM sites WHERE site NOT BETWEEN 0 AND 4294967295"] = true
			return nil
		}
		body, err := l.pack.unseal(data, site, sitePart)
		if err == nil {
			var life gateway.SiteLife
			if life, err = unpackSite(body, site); err == nil {
				l.saved.Sites = append(l.saved.Sites, life)
			}
		}
		if err != nil {
			l.lostOf(site, "when site number %d was heard of: %v", site, err)
		}
		return nil
	})
}

// overrideColumns are the columns of an override, as they are in a row.
type overrideColumns struct {
	asset, target, value, source, since, until number
	author, reason                             text
}

// override returns the override, and whether it can be one.
func (c *overrideColumns) override() (gateway.Override, bool) {
	asset, isAsset := c.asset.asset()
	target, isTarget := c.target.part()
	source, isSource := c.source.part()
	return gateway.Override{
		Asset: asset, Target: gateway.Target(target), Value: int(c.value), Source: gateway.Source(source),
		Author: string(c.author), Reason: string(c.reason), Since: gateway.Timestamp(c.since), Until: gateway.Timestamp(c.until),
	}, isAsset && isTarget && isSource
}

func (l *loaded) overrides(ctx context.Context, conn *sql.Conn) error {
	const query = "SELECT asset, target, value, source, author, reason, since, until, sum FROM overrides"
	return each(ctx, conn, query, func(rows *sql.Rows) error {
		var c overrideColumns
		var sum number
		if err := rows.Scan(&c.asset, &c.target, &c.value, &c.source, &c.author, &c.reason, &c.since, &c.until, &sum); err != nil {
			return err
		}
		o, ok := c.override()
		if _, isAsset := c.asset.asset(); !isAsset {
			l.lostRow("an override of an asset: nobody knows of which; force it again if it is needed")
			l.litter["DELETE FROM overrides WHERE typeof(asset) <> 'integer' OR asset NOT BETWEEN 0 AND 4294967295"] = true
			return nil
		}
		if !ok || number(l.pack.overrideSum(&o)) != sum {
			l.lostOf(o.Asset, "the override of %v of asset number %d: %v; force it again if it is needed", o.Target, o.Asset, errChecksum)
			return nil
		}
		l.saved.Overrides = append(l.saved.Overrides, o)
		return nil
	})
}

// lastPlace bounds the places of the audit that are believed: from the greatest that there is no other
// could follow.
const lastPlace = 1 << 53

// emptyAudit makes room for the audit to be written anew.
const emptyAudit = "DELETE FROM audit"

func (l *loaded) audits(ctx context.Context, conn *sql.Conn) error {
	const query = "SELECT place, at, asset, change, changed_by, number, target, value, source, author, reason, since, until, sum FROM audit ORDER BY place"
	return each(ctx, conn, query, func(rows *sql.Rows) error {
		var place, at, sum number
		var asset, change, by text
		var c overrideColumns
		if err := rows.Scan(&place, &at, &asset, &change, &by, &c.asset, &c.target, &c.value, &c.source, &c.author,
			&c.reason, &c.since, &c.until, &sum); err != nil {
			return err
		}
		o, ok := c.override()
		entry := gateway.OverrideChange{
			At: gateway.Timestamp(at), Asset: gateway.AssetID(asset), Change: string(change), By: string(by), Override: o,
		}
		if !ok || place > lastPlace || number(l.pack.auditSum(&entry)) != sum {
			l.lostRow("a change of an override in the audit: %v", errChecksum)
			l.litter[emptyAudit] = true
			return nil
		}
		l.saved.Audit = append(l.saved.Audit, entry)
		return nil
	})
}
