package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	databaseFile = "state.db"
	ledgerFile   = "ledger.csv"
	lockFile     = "lock"
)

// schemaVersion is the database's user_version. A database of a greater one was written by a newer
// gateway, and is refused.
const schemaVersion = 1

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
	told      INTEGER NOT NULL, -- UNIX milliseconds
	sum       INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS revisions (
	asset INTEGER NOT NULL,
	feed  INTEGER NOT NULL,
	data  BLOB NOT NULL, -- see packRevisions
	PRIMARY KEY (asset, feed)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totals (
	asset      INTEGER PRIMARY KEY,
	people_in  INTEGER NOT NULL,
	people_out INTEGER NOT NULL,
	at         INTEGER NOT NULL, -- UNIX milliseconds
	sum        INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS increments (
	hour INTEGER NOT NULL, -- of the event, since 1970
	key  BLOB NOT NULL,
	PRIMARY KEY (hour, key)
) WITHOUT ROWID;
`

// database is an open database with the statements of a commit.
type database struct {
	pool     *sql.DB
	conn     *sql.Conn
	prepared []*sql.Stmt

	begin, commit, rollback                   *sql.Stmt
	dropAsset, dropRevisions, dropTotal       *sql.Stmt
	putAsset, putRevision, putTotal           *sql.Stmt
	putIncrement, dropIncrement, expireBefore *sql.Stmt
}

// connect opens the database file for one connection. Read-only, it neither creates nor changes it.
func connect(ctx context.Context, dir string, readOnly bool) (*sql.DB, *sql.Conn, error) {
	path, err := filepath.Abs(filepath.Join(dir, databaseFile))
	if err != nil {
		return nil, nil, err
	}
	query := url.Values{"_pragma": {"busy_timeout(2000)"}}
	if readOnly {
		query.Set("mode", "ro")
		// Without a log beside it nobody is writing, and SQLite must not want to: neither to the file nor to
		// the directory, which may be somebody else's.
		if _, err := os.Stat(path + "-wal"); errors.Is(err, os.ErrNotExist) {
			query.Set("immutable", "1")
		}
	} else {
		query["_pragma"] = append(query["_pragma"], "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(0)",
			"journal_size_limit(16777216)")
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
	if err := checkVersion(ctx, d.conn); err != nil {
		return err
	}
	if _, err := d.conn.ExecContext(ctx, schema); err != nil {
		return err
	}
	if _, err := d.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return err
	}
	// Loading reads tables only: a broken index would show itself with the first new asset, for ever.
	if _, err := d.conn.ExecContext(ctx, "REINDEX"); err != nil {
		return err
	}
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&d.begin, "BEGIN IMMEDIATE"},
		{&d.commit, "COMMIT"},
		{&d.rollback, "ROLLBACK"},
		{&d.dropAsset, "DELETE FROM assets WHERE number = ?"},
		{&d.dropRevisions, "DELETE FROM revisions WHERE asset = ?"},
		{&d.dropTotal, "DELETE FROM totals WHERE asset = ?"},
		{&d.putAsset, "INSERT OR REPLACE INTO assets (number, id, kind, parent, given, custom_id, mac, told, sum) VALUES (?,?,?,?,?,?,?,?,?)"},
		{&d.putRevision, "INSERT OR REPLACE INTO revisions (asset, feed, data) VALUES (?,?,?)"},
		{&d.putTotal, "INSERT OR REPLACE INTO totals (asset, people_in, people_out, at, sum) VALUES (?,?,?,?,?)"},
		{&d.putIncrement, "INSERT OR IGNORE INTO increments (hour, key) VALUES (?,?)"},
		{&d.dropIncrement, "DELETE FROM increments WHERE hour = ? AND key = ?"},
		{&d.expireBefore, "DELETE FROM increments WHERE hour < ?"},
	} {
		stmt, err := d.conn.PrepareContext(ctx, s.text)
		if err != nil {
			return err
		}
		*s.into = stmt
		d.prepared = append(d.prepared, stmt)
	}
	return nil
}

func checkVersion(ctx context.Context, conn *sql.Conn) error {
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("it was written by a newer gateway (schema %d, this one knows %d): install that version again", version, schemaVersion)
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

// broken tells whether an error says that the file is no sound database, rather than out of reach.
func broken(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	primary := e.Code() & 0xff
	return primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB
}
