package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"butlr-gateway/gateway"
)

// salvaged is what was saved of a damaged database.
type salvaged struct {
	rows       map[string]int  // of each table
	incomplete map[string]bool // tables of which there may have been more
}

// salvage copies into a new database every row that can be read of a damaged one, as it is: whoever loads it looks at
// the checksums. Without tables it is all of them. Its error says that the new one cannot be written.
func salvage(ctx context.Context, dir string, into *database, b *book, tables ...string) (salvaged, error) {
	s := salvaged{rows: make(map[string]int), incomplete: make(map[string]bool)}
	if len(tables) == 0 {
		var err error
		if tables, err = tablesOf(ctx, into.conn); err != nil {
			return s, err
		}
	}
	for _, t := range tables {
		s.incomplete[t] = true
	}
	pool, conn, err := connect(ctx, dir, true)
	if err != nil {
		return s, nil // nothing of it can be read
	}
	defer func() { _ = errors.Join(conn.Close(), pool.Close()) }()
	version, err := readVersion(ctx, conn)
	older := err == nil && version > 0 && version < schemaVersion
	err = into.transact(ctx, func() error {
		for _, t := range tables {
			c := copier{ctx: ctx, from: conn, into: into.conn, table: t, older: older}
			whole, err := c.copyAny(b)
			if err != nil {
				return fmt.Errorf("copying the table %s: %w", t, err)
			}
			s.rows[t], s.incomplete[t] = c.rows, !whole
		}
		return nil
	})
	return s, err
}

// copyAny copies a table, that of the feeds as it was before, if it was: opening the new database brings them forward.
func (c *copier) copyAny(b *book) (whole bool, err error) {
	if c.table != feedsTable {
		return c.copy(b)
	}
	if old, err := columnsOf(c.ctx, c.from, oldFeeds); err != nil || len(old) == 0 {
		return c.copy(b) // what cannot be read is told by that
	}
	if _, err := c.into.ExecContext(c.ctx, makeOldFeeds); err != nil {
		return false, err
	}
	c.table = oldFeeds
	return c.copy(b)
}

// tablesOf names the tables of a sound database.
func tablesOf(ctx context.Context, conn *sql.Conn) (names []string, err error) {
	err = each(ctx, conn, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// copier copies one table.
type copier struct {
	ctx        context.Context
	from, into *sql.Conn
	table      string
	older      bool // the table may not have been there yet
	columns    []string
	keys       []string
	put        *sql.Stmt
	rows       int
	absent     bool
	unlike     bool // a row was left out that no gateway writes
	first      any  // of the row that was read last, the first column of its key
}

// copy copies what it can from the beginning, from the end, and then, where the table is of assets, asset by asset
// what lies between. It tells whether that is all.
func (c *copier) copy(b *book) (whole bool, err error) {
	if ok, err := c.prepare(); !ok || err != nil {
		return c.older && c.absent, err
	}
	defer func() { err = errors.Join(err, c.put.Close()) }()
	stopped, err := c.read("ORDER BY " + strings.Join(c.keys, ", "))
	if err != nil {
		return false, err
	}
	if stopped == nil {
		return !c.unlike && integrityOf(c.ctx, c.from, "PRAGMA integrity_check("+c.table+")") == nil, nil
	}
	low := c.first
	c.first = nil
	if _, err := c.read("ORDER BY " + strings.Join(c.keys, " DESC, ") + " DESC"); err != nil {
		return false, err
	}
	return false, c.between(b, low, c.first)
}

// prepare finds the columns that both databases have. A table that cannot be read has none.
func (c *copier) prepare() (ok bool, err error) {
	there, err := columnsOf(c.ctx, c.from, c.table)
	if err != nil {
		return false, nil //nolint:nilerr // it cannot be read, which is what was asked
	}
	c.absent = len(there) == 0
	err = each(c.ctx, c.into, "SELECT name, pk FROM pragma_table_info(?) ORDER BY pk", func(rows *sql.Rows) error {
		var name string
		var key int
		if err := rows.Scan(&name, &key); err != nil {
			return err
		}
		if there[name] {
			c.columns = append(c.columns, name)
		}
		if key > 0 {
			c.keys = append(c.keys, name)
		}
		return nil
	}, c.table)
	if err != nil || len(c.keys) == 0 || !there[c.keys[0]] {
		return false, err
	}
	marks := strings.Repeat(", ?", len(c.columns))[2:]
	c.put, err = c.into.PrepareContext(c.ctx, fmt.Sprintf("INSERT OR IGNORE INTO %s (%s) VALUES (%s)", c.table, strings.Join(c.columns, ", "), marks))
	return err == nil, err
}

// read copies the rows that a query finds: stopped says where it cannot go on.
func (c *copier) read(rest string, args ...any) (stopped, err error) {
	values := make([]any, len(c.columns))
	into := make([]any, len(c.columns))
	for i := range values {
		into[i] = &values[i]
	}
	key := slices.Index(c.columns, c.keys[0])
	query := fmt.Sprintf("SELECT %s FROM %s %s", strings.Join(c.columns, ", "), c.table, rest)
	stopped = each(c.ctx, c.from, query, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		done, failed := c.put.ExecContext(c.ctx, values...)
		if unlike(failed) {
			c.unlike = true
			return nil
		}
		if failed != nil {
			err = failed
			return failed
		}
		n, failed := done.RowsAffected()
		c.rows += int(n)
		c.first, err = values[key], failed
		return err
	}, args...)
	return stopped, errors.Join(err, c.ctx.Err())
}

// unlike tells whether a row was refused for what is in it: where the damaged one's schema is another, a text may be where
// a number belongs.
func unlike(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_MISMATCH || e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT)
}

// between copies what is known of the assets between two: a page that cannot be read has only few.
func (c *copier) between(b *book, low, high any) error {
	each := int64(1) // keys that an asset has
	switch {
	case c.table == feedsTable:
		each = feedPlace(1, 0)
	case !slices.Contains([]string{"number", "asset", "site"}, c.keys[0]):
		return nil
	}
	from, isNumber := low.(int64)
	if !isNumber {
		from = -1
	}
	until, isNumber := high.(int64)
	if !isNumber {
		until = int64(gateway.MaxNumber+1) * each
	}
	for _, e := range b.sorted() {
		first := int64(e.number) * each
		last := first + each - 1
		if last < from || first > until {
			continue
		}
		if _, err := c.read("WHERE "+c.keys[0]+" BETWEEN ? AND ?", first, last); err != nil {
			return err
		}
	}
	return nil
}
