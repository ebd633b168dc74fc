package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"

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
	pack     packer

	damage   []string
	lostRows int
	suspect  map[gateway.Number]bool // assets with rows that were not believed: all of theirs are written anew
	litter   map[string]bool         // statements that delete what nobody can be told to have lost

	doubtful    map[gateway.Number]bool // assets whose totals are not known to be right
	allDoubtful bool                    // nobody's are
	recounted   []gateway.Increment     // that a backup knew of
	filled      filled

	verifying bool // rows are looked at, and not kept
}

func newLoaded() *loaded {
	return &loaded{suspect: make(map[gateway.Number]bool), litter: make(map[string]bool), doubtful: make(map[gateway.Number]bool)}
}

// lost notes what could not be read.
func (l *loaded) lost(format string, args ...any) {
	l.damage = append(l.damage, fmt.Sprintf(format, args...))
}

// lostRow notes a row that could not be read, of the first ones in words.
func (l *loaded) lostRow(format string, args ...any) {
	if l.lostRows++; l.lostRows <= lostRowsTold {
		l.lost(format, args...)
	}
}

// lostOf notes a row of an asset that could not be read.
func (l *loaded) lostOf(n gateway.Number, format string, args ...any) {
	l.suspect[n] = true
	l.lostRow(format, args...)
}

// lostRowsTold is how many rows that could not be read are told one by one.
const lostRowsTold = 10

// load reads the whole database. Read-only, it may be of an older version.
func load(ctx context.Context, conn *sql.Conn, version int) (*loaded, error) {
	l := newLoaded()
	return l, l.read(ctx, conn, version)
}

func (l *loaded) read(ctx context.Context, conn *sql.Conn, version int) error {
	tables := []func(context.Context, *sql.Conn) error{
		l.meta, l.assets, l.feeds, l.totals, l.increments, l.sites, l.overrides, l.audits,
	}
	if version < 6 {
		tables[2] = l.feedsOfVersion5
	}
	switch version {
	case 4:
		tables[1] = l.assetsOfVersion4
	case 3:
		tables[1], tables[3] = l.assetsOfVersion4, l.totalsOfVersion3
	case 2:
		tables[1], tables[3] = l.assetsOfVersion2, l.totalsOfVersion3
	case 0, 1:
		tables = []func(context.Context, *sql.Conn) error{l.meta, l.assetsOfVersion2, l.feedsOfVersion5, l.totalsOfVersion1, l.increments}
	}
	for _, read := range tables {
		if err := read(ctx, conn); err != nil {
			return err
		}
		if l.verifying {
			l.saved = gateway.Saved{}
		}
	}
	if more := l.lostRows - lostRowsTold; more > 0 {
		l.lost("and %d more rows", more)
	}
	return nil
}

// each runs a query and calls scan for each of its rows.
func each(ctx context.Context, conn *sql.Conn, query string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := conn.QueryContext(ctx, query, args...)
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

// number scans an integer. What is none is nowhere: a sum does not fit it, and no asset has it.
type number int64

const nowhere number = math.MinInt64

func (n *number) Scan(v any) error {
	whole, ok := v.(int64)
	if !ok {
		whole = int64(nowhere)
	}
	*n = number(whole)
	return nil
}

// asset returns the number of an asset, and whether it can be one.
func (n number) asset() (gateway.Number, bool) {
	return gateway.Number(n), n >= 0 && n <= math.MaxUint32
}

// part returns the number of a part of an asset, and whether it can be one.
func (n number) part() (byte, bool) { return byte(n), n >= 0 && n <= math.MaxUint8 }

// text scans a text. What is none is empty.
type text string

func (t *text) Scan(v any) error {
	s, _ := v.(string)
	*t = text(s)
	return nil
}

func (l *loaded) meta(ctx context.Context, conn *sql.Conn) error {
	return each(ctx, conn, "SELECT key, value FROM meta", func(rows *sql.Rows) error {
		var key, value text
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		var err error
		switch key {
		case gatewayIDKey:
			l.identity.GatewayID = string(value)
		case bootsKey:
			if _, err := fmt.Sscan(string(value), &l.identity.Boots); err != nil {
				l.lost("the boot counter %q is no number", value)
			}
		case aliveKey:
			if l.saved.Alive, err = l.pack.parseAlive(string(value)); err != nil {
				l.lost("when the gateway was last alive: %v", err)
				l.litter["DELETE FROM meta WHERE key = '"+aliveKey+"'"] = true
			}
		case processKey:
			if l.saved.Process, err = l.pack.parseProcess(string(value)); err != nil {
				l.lost("when the gateway was started: %v", err)
				l.litter["DELETE FROM meta WHERE key = '"+processKey+"'"] = true
			}
		case editionKey:
			if l.saved.Edition, err = l.pack.parseEdition(string(value)); err != nil {
				l.lost("when the ledger was settled: %v", err)
				l.litter["DELETE FROM meta WHERE key = '"+editionKey+"'"] = true
			}
		default:
			l.lostRow("a value under %q: no gateway writes it", key)
			l.litter["DELETE FROM meta WHERE typeof(key) <> 'text' OR key NOT IN ('gateway_id', 'boots', 'alive', 'process', 'edition')"] = true
		}
		return nil
	})
}

const assetColumns = "number, id, kind, parent, given, custom_id, mac, told, sum"

func (l *loaded) assets(ctx context.Context, conn *sql.Conn) error {
	return l.assetsOf(ctx, conn, "SELECT "+assetColumns+", retired, appended, "+factColumns+" FROM assets ORDER BY number")
}

// noFacts stands for the columns of facts where there are none.
const noFacts = "0, 0, '', '', 0, 0"

func (l *loaded) assetsOfVersion4(ctx context.Context, conn *sql.Conn) error {
	return l.assetsOf(ctx, conn, "SELECT "+assetColumns+", retired, appended, "+noFacts+" FROM assets ORDER BY number")
}

func (l *loaded) assetsOfVersion2(ctx context.Context, conn *sql.Conn) error {
	return l.assetsOf(ctx, conn, "SELECT "+assetColumns+", 0, 0, "+noFacts+" FROM assets ORDER BY number")
}

func (l *loaded) assetsOf(ctx context.Context, conn *sql.Conn, query string) error {
	var around text           // of the asset before, which mostly lies in the same place: its name need not be kept twice
	var before *gateway.Facts // of the asset before: mostly the same
	return each(ctx, conn, query, func(rows *sql.Rows) error {
		var key, told, sum, retired, appended number
		var id, kind, parent, given, custom, mac text
		var f factsRow
		if err := rows.Scan(&key, &id, &kind, &parent, &given, &custom, &mac, &told, &sum, &retired, &appended,
			&f.listed, &f.capacity, &f.timezone, &f.tags, &f.entrance, &f.shifted); err != nil {
			return err
		}
		if parent == around {
			parent = around
		}
		around = parent
		asset, ok := key.asset()
		if !ok {
			l.lostRow("the description of an asset: %d is no number of one", key)
			l.litter["DELETE FROM assets WHERE number NOT BETWEEN 0 AND 4294967295"] = true
			return nil
		}
		a := gateway.Asset{
			ID: gateway.AssetID(id), Kind: gateway.ParseKind(string(kind)), Number: asset, Parent: gateway.AssetID(parent),
			Given: string(given), CustomID: string(custom), MAC: string(mac), Told: gateway.Timestamp(told),
			Retired: retired == 1, Appended: appended == 1,
		}
		if number(l.pack.assetSum(&a, &f)) != sum || a.Kind == gateway.NoKind || retired>>1|appended>>1 != 0 {
			l.lostOf(asset, "asset number %d: %v", asset, errChecksum)
			return nil
		}
		var err error
		if a.Facts, err = f.facts(); err != nil {
			l.lost("what the inventory says of asset number %d: %v", asset, err)
		}
		if a.Facts != nil && a.Facts.Equal(before) {
			a.Facts = before
		}
		before = a.Facts
		l.saved.Assets = append(l.saved.Assets, a)
		return nil
	})
}
