package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

const (
	databaseFile = "state.db"
	ledgerFile   = "ledger.csv"
	lockFile     = "lock"
)

// database is an open database with the statements of a commit.
type database struct {
	pool     *sql.DB
	conn     *sql.Conn
	prepared []*sql.Stmt

	begin, commit, rollback                   *sql.Stmt
	putMeta, putAsset, putFeed, putTotal      *sql.Stmt
	putSite, putOverride, dropOverride        *sql.Stmt
	addAudit, trimAudit                       *sql.Stmt
	putIncrement, dropIncrement, expireBefore *sql.Stmt
	putKept, dropKept                         *sql.Stmt
	removed                                   [5]*sql.Stmt // what an asset leaves with

	pack packer
}

// What a connection is for.
type purpose int

const (
	toWrite purpose = iota
	toRead          // by whomever, whether or not a gateway runs: it neither creates nor changes the database
	toCheck         // beside the connection that writes, by the process that has it
)

// connect opens the database file for one connection.
func connect(ctx context.Context, dir string, readOnly bool) (*sql.DB, *sql.Conn, error) {
	if readOnly {
		return connectTo(ctx, dir, toRead)
	}
	return connectTo(ctx, dir, toWrite)
}

func connectTo(ctx context.Context, dir string, purpose purpose) (*sql.DB, *sql.Conn, error) {
	path, err := filepath.Abs(filepath.Join(dir, databaseFile))
	if err != nil {
		return nil, nil, err
	}
	query := url.Values{"_pragma": {"busy_timeout(2000)"}}
	switch purpose {
	case toRead:
		query.Set("mode", "ro")
		// Without a log beside it nobody is writing, and SQLite must not want to: neither to the file nor to
		// the directory, which may be somebody else's.
		if _, err := os.Stat(path + "-wal"); errors.Is(err, os.ErrNotExist) {
			query.Set("immutable", "1")
		}
	case toCheck:
		query.Set("mode", "rw")
		query["_pragma"] = append(query["_pragma"], "query_only(1)")
	default:
		query["_pragma"] = append(query["_pragma"], "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(0)",
			// Twice SQLite's own number of pages between checkpoints: the same few pages are written again and again.
			"journal_size_limit(16777216)", "wal_autocheckpoint(2000)")
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	pool, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, nil, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return pool, conn, nil
}

// openDatabase opens the database for writing, makes its tables if they are missing, and prepares.
func openDatabase(ctx context.Context, dir string) (*database, error) {
	path := filepath.Join(dir, databaseFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640) // SQLite would let others read it
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	pool, conn, err := connect(ctx, dir, false)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	d := &database{pool: pool, conn: conn}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), d.close())
	}
	return d, nil
}

func (d *database) prepare(ctx context.Context) error {
	version, err := readVersion(ctx, d.conn)
	if err != nil {
		return err
	}
	if err := d.prepareAll(ctx, []statement{{&d.begin, "BEGIN IMMEDIATE"}, {&d.commit, "COMMIT"}, {&d.rollback, "ROLLBACK"}}); err != nil {
		return err
	}
	if err := d.transact(ctx, func() error { return upgrade(ctx, d.conn, version) }); err != nil {
		return err
	}
	if err := d.checkIndexes(ctx); err != nil {
		return err
	}
	return d.prepareAll(ctx, []statement{
		{&d.putMeta, put("meta", "key", "value")},
		// An id that had another number loses that row.
		{&d.putAsset, "INSERT OR REPLACE INTO assets (number, id, kind, parent, given, custom_id, mac, told, sum, retired, appended, " +
			factColumns + ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
		{&d.putFeed, put("feeds", "place", "data")},
		{&d.putTotal, put("totals", "asset", "people_in, people_out, at, day, net, lacks, detected, sum")},
		{&d.putSite, put("sites", "site", "data")},
		{&d.putOverride, put("overrides", "asset, target", "value, source, author, reason, since, until, sum")},
		{&d.dropOverride, "DELETE FROM overrides WHERE asset = ? AND target = ?"},
		{&d.addAudit, addAudit},
		{&d.trimAudit, trimAudit},
		{&d.putIncrement, "INSERT OR IGNORE INTO increments (hour, key) VALUES (?,?)"},
		{&d.dropIncrement, "DELETE FROM increments WHERE hour = ? AND key = ?"},
		{&d.expireBefore, "DELETE FROM increments WHERE hour < ?"},
		{&d.putKept, put("kept", "name, key", "value, sum")},
		{&d.dropKept, "DELETE FROM kept WHERE name = ? AND key = ?"},
		{&d.removed[0], "DELETE FROM assets WHERE number = ?"},
		{&d.removed[1], "DELETE FROM feeds WHERE place BETWEEN ?1 * 256 AND ?1 * 256 + 255"},
		{&d.removed[2], "DELETE FROM totals WHERE asset = ?"},
		{&d.removed[3], "DELETE FROM sites WHERE site = ?"},
		{&d.removed[4], "DELETE FROM overrides WHERE asset = ?"},
	})
}

// indexes are those that the schema makes, by table. All but that of the assets' ids are the tables themselves.
const indexes = "assets.sqlite_autoindex_assets_1 increments.sqlite_autoindex_increments_1 kept.sqlite_autoindex_kept_1 " +
	"meta.sqlite_autoindex_meta_1 overrides.sqlite_autoindex_overrides_1"

// checkIndexes looks whether the schema has SQLite believe in other indexes. Loading reads tables only, so that one too
// few or too many would show itself with the first new asset, for ever.
func (d *database) checkIndexes(ctx context.Context) error {
	var found sql.NullString
	err := d.conn.QueryRowContext(ctx, `SELECT group_concat(t.name || '.' || i.name, ' ')
		FROM (SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name) t, pragma_index_list(t.name) i`).Scan(&found)
	if err == nil && found.String != indexes {
		return damageError("its indexes are others: " + found.String)
	}
	return err
}

// statement is the text of a prepared statement, and where it goes.
type statement struct {
	into **sql.Stmt
	text string
}

func (d *database) prepareAll(ctx context.Context, statements []statement) error {
	for _, s := range statements {
		stmt, err := d.conn.PrepareContext(ctx, s.text)
		if err != nil {
			return fmt.Errorf("preparing %q: %w", s.text, err)
		}
		*s.into = stmt
		d.prepared = append(d.prepared, stmt)
	}
	return nil
}

// close ends every statement first: SQLite keeps a database open, and its log beside it, until the last
// one is gone.
func (d *database) close() error {
	var errs []error
	for _, stmt := range d.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, d.conn.Close(), d.pool.Close())...)
}
