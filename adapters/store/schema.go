package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"butlr-gateway/gateway"
)

// schemaVersion is the database's user_version. A database of a greater one was written by a newer
// gateway, and is refused; one of a smaller one is brought up to it. Version 1 had neither the estimate in
// the totals nor the tables after the increments; version 2 knew of no asset that is retired or appended;
// version 3 neither of what totals lack nor of what was detected, and of one silence of a site; version 4 of nothing
// that an inventory says; version 5 kept the feeds in a table of another name, see toFeeds.
const schemaVersion = 6

// auditKept is how many changes of overrides are kept.
const auditKept = 1000

const schema = `
CREATE TABLE IF NOT EXISTS meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assets (
	number    INTEGER PRIMARY KEY,
	id        TEXT NOT NULL UNIQUE,
	kind      TEXT NOT NULL,
	parent    TEXT NOT NULL,
	given     TEXT NOT NULL, -- Butlr's name
	custom_id TEXT NOT NULL,
	mac       TEXT NOT NULL,
	told      INTEGER NOT NULL, -- UNIX milliseconds, as all times
	sum       INTEGER NOT NULL,
	retired   INTEGER NOT NULL DEFAULT 0,
	appended  INTEGER NOT NULL DEFAULT 0,
	listed    INTEGER NOT NULL DEFAULT 0, -- when an inventory was taken over that has it; 0: none, and nothing below
	capacity  INTEGER NOT NULL DEFAULT 0,
	timezone  TEXT NOT NULL DEFAULT '',
	tags      TEXT NOT NULL DEFAULT '', -- see joinTags
	entrance  INTEGER NOT NULL DEFAULT 0,
	shifted   INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS feeds (
	place INTEGER PRIMARY KEY, -- see feedPlace
	data  BLOB NOT NULL -- see packer.history
);
CREATE TABLE IF NOT EXISTS totals (
	asset      INTEGER PRIMARY KEY,
	people_in  INTEGER NOT NULL,
	people_out INTEGER NOT NULL,
	at         INTEGER NOT NULL,
	sum        INTEGER NOT NULL,
	day        INTEGER NOT NULL DEFAULT 0,
	net        INTEGER NOT NULL DEFAULT 0, -- people_in less people_out since then
	lacks      INTEGER NOT NULL DEFAULT 0,
	detected   INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS increments (
	hour INTEGER NOT NULL, -- of the event, since 1970
	key  BLOB NOT NULL,
	PRIMARY KEY (hour, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sites (
	site INTEGER PRIMARY KEY,
	data BLOB NOT NULL -- see packer.site
);
CREATE TABLE IF NOT EXISTS overrides (
	asset  INTEGER NOT NULL,
	target INTEGER NOT NULL,
	value  INTEGER NOT NULL,
	source INTEGER NOT NULL,
	author TEXT NOT NULL,
	reason TEXT NOT NULL,
	since  INTEGER NOT NULL,
	until  INTEGER NOT NULL,
	sum    INTEGER NOT NULL,
	PRIMARY KEY (asset, target)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
	place      INTEGER PRIMARY KEY, -- in the order of writing
	at         INTEGER NOT NULL,
	asset      TEXT NOT NULL,
	change     TEXT NOT NULL,
	changed_by TEXT NOT NULL,
	number     INTEGER NOT NULL, -- of the asset, and so on: the override
	target     INTEGER NOT NULL,
	value      INTEGER NOT NULL,
	source     INTEGER NOT NULL,
	author     TEXT NOT NULL,
	reason     TEXT NOT NULL,
	since      INTEGER NOT NULL,
	until      INTEGER NOT NULL,
	sum        INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS kept ( -- see Table; a gateway that does not know it is not disturbed by it
	name  TEXT NOT NULL,
	key   TEXT NOT NULL,
	value TEXT NOT NULL,
	sum   INTEGER NOT NULL,
	PRIMARY KEY (name, key)
) WITHOUT ROWID;
`

// additions are the columns that tables of older versions lack, each table with the last that it got. The
// sums of its rows go on to fit: see packer.totalSum and packer.assetSum.
var additions = []struct{ table, column, text string }{
	{"totals", "net", `
ALTER TABLE totals ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN net INTEGER NOT NULL DEFAULT 0;
`},
	{"assets", "appended", `
ALTER TABLE assets ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assets ADD COLUMN appended INTEGER NOT NULL DEFAULT 0;
`},
	{"totals", "detected", `
ALTER TABLE totals ADD COLUMN lacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN detected INTEGER NOT NULL DEFAULT 0;
`},
	{"assets", "shifted", `
ALTER TABLE assets ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assets ADD COLUMN capacity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assets ADD COLUMN timezone TEXT NOT NULL DEFAULT '';
ALTER TABLE assets ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE assets ADD COLUMN entrance INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assets ADD COLUMN shifted INTEGER NOT NULL DEFAULT 0;
`},
}

// upgrade makes the tables that are missing, and brings those of an older gateway up to date. It runs in
// a transaction.
func upgrade(ctx context.Context, conn *sql.Conn, version int) error {
	for _, a := range additions {
		columns, err := columnsOf(ctx, conn, a.table)
		if err != nil {
			return err
		}
		if len(columns) == 0 || columns[a.column] {
			continue
		}
		if _, err := conn.ExecContext(ctx, a.text); err != nil {
			return err
		}
	}
	if _, err := conn.ExecContext(ctx, schema); err != nil {
		return err
	}
	columns, err := columnsOf(ctx, conn, oldFeeds)
	if err != nil {
		return err
	}
	if len(columns) > 0 {
		if _, err := conn.ExecContext(ctx, toFeeds); err != nil {
			return err
		}
	}
	if version == schemaVersion {
		return nil
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	return err
}

// columnsOf names the columns of a table. One that is not there has none.
func columnsOf(ctx context.Context, conn *sql.Conn, table string) (map[string]bool, error) {
	columns := make(map[string]bool)
	err := each(ctx, conn, "SELECT name FROM pragma_table_info(?)", func(rows *sql.Rows) error {
		var name text
		err := rows.Scan(&name)
		columns[string(name)] = true
		return err
	}, table)
	return columns, err
}

// feedPlace is the key of a feed in its table: one number, because SQLite keeps rows of some hundred bytes well under a
// number alone. In a table without one it reads every row that it passes on its way, and most of them lie on two pages.
func feedPlace(asset gateway.Number, feed gateway.Feed) int64 { return int64(asset)<<8 | int64(feed) }

// nobodysPlace is where a feed comes that is no asset's, from an older table: of all of those one is enough to tell.
const nobodysPlace = "-1"

// placeOfOld is the key of a feed from the two that it had.
const placeOfOld = "CASE WHEN typeof(asset) = 'integer' AND asset BETWEEN 0 AND 4294967295" +
	" AND typeof(feed) = 'integer' AND feed BETWEEN 0 AND 255 THEN asset * 256 + feed ELSE " + nobodysPlace + " END"

// The table of feeds, and as it was until version 5.
const (
	feedsTable = "feeds"
	oldFeeds   = "revisions"
)

// makeOldFeeds makes it, for what is saved of a damaged one.
const makeOldFeeds = "CREATE TABLE " + oldFeeds + " (asset INTEGER NOT NULL, feed INTEGER NOT NULL, data BLOB NOT NULL," +
	" PRIMARY KEY (asset, feed)) WITHOUT ROWID"

// toFeeds moves them.
const toFeeds = "INSERT OR IGNORE INTO feeds (place, data) SELECT " + placeOfOld + ", data FROM " + oldFeeds + "; DROP TABLE " + oldFeeds

// put is the statement that makes a row what it is given, and writes nothing if it is that already. Keys
// and values are names of columns.
func put(table, keys, values string) string {
	columns := strings.Split(values, ", ")
	marks := strings.Repeat(", ?", strings.Count(keys, ",")+1+len(columns))[2:]
	given := "excluded." + strings.Join(columns, ", excluded.")
	kept := table + "." + strings.Join(columns, ", "+table+".")
	return fmt.Sprintf("INSERT INTO %s (%s, %s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET (%s) = (%s) WHERE (%s) IS NOT (%s)",
		table, keys, values, marks, keys, values, given, kept, given)
}

// addAudit adds a change to the audit. A batch that is written again adds none twice.
const addAudit = `INSERT INTO audit (at, asset, change, changed_by, number, target, value, source, author, reason, since, until, sum)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
WHERE NOT EXISTS (SELECT 1 FROM audit WHERE at = ?1 AND asset = ?2 AND change = ?3 AND sum = ?13)`

// trimAudit drops the oldest changes, so that as many are left as it is given less 1.
const trimAudit = "DELETE FROM audit WHERE place < (SELECT place FROM audit ORDER BY place DESC LIMIT 1 OFFSET ?)"
