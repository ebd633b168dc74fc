package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// damageError says what is wrong with a database that can be opened and is not sound.
type damageError string

func (e damageError) Error() string { return string(e) }

// damaged tells whether an error says that the file is no sound database, rather than out of reach. The
// statements of opening are right, so that one that SQLite does not understand tells of a damaged schema,
// and one that breaks a rule of it of rows that broke it before. A sector that cannot be read is damage too.
func damaged(err error) bool {
	_, ofFile := errors.AsType[damageError](err)
	if _, ofLog := errors.AsType[logDamage](err); ofFile || ofLog {
		return true
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA:
		return true
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_FORMAT:
		return true
	}
	return false
}

// inspect looks at a whole database before anything is written to it, and returns the version of its schema: 0 where
// there is none yet. Its error says that it is damaged, if not that it cannot be reached or is of a newer gateway.
func inspect(ctx context.Context, dir string) (version int, err error) {
	path := filepath.Join(dir, databaseFile)
	about, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if !about.Mode().IsRegular() {
		return 0, damageError("it is no file")
	}
	if about.Size() == 0 {
		return 0, nil
	}
	if err := errors.Join(inspectHeader(path), inspectLog(path)); err != nil {
		return 0, err
	}
	pool, conn, err := connect(ctx, dir, true)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(), pool.Close()) }()
	if version, err = readVersion(ctx, conn); err != nil {
		return 0, err
	}
	return version, integrity(ctx, conn)
}

// inspectHeader looks for what would have SQLite refuse to write to a file that it can read.
func inspectHeader(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	var header [20]byte
	if _, err := io.ReadFull(file, header[:]); err != nil {
		return damageError("it is cut short")
	}
	const walVersion = 2
	if header[18] > walVersion || header[19] > walVersion {
		return damageError("it is of a version of SQLite that there is not")
	}
	return nil
}

// integrity reads all pages of a database, and tells of the first that are not as SQLite writes them.
func integrity(ctx context.Context, conn *sql.Conn) error {
	return integrityOf(ctx, conn, "PRAGMA integrity_check(2)")
}

func integrityOf(ctx context.Context, conn *sql.Conn, pragma string) error {
	var verdicts []string
	err := each(ctx, conn, pragma, func(rows *sql.Rows) error {
		var verdict text
		if err := rows.Scan(&verdict); err != nil {
			return err
		}
		verdicts = append(verdicts, strings.TrimPrefix(strings.ReplaceAll(string(verdict), "\n", " "), "*** in database main *** "))
		return nil
	})
	if err != nil || len(verdicts) == 1 && verdicts[0] == "ok" {
		return err
	}
	return damageError(strings.Join(verdicts, "; "))
}

// absurdSchema is a number that no schema will reach: a database that says so is damaged, not newer.
const absurdSchema = 1000

// readVersion returns the version of the schema, unless a newer gateway wrote it.
func readVersion(ctx context.Context, conn *sql.Conn) (version int, err error) {
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	switch {
	case version < 0 || version >= absurdSchema:
		return 0, damageError(fmt.Sprintf("its schema has the number %d, which no gateway writes", version))
	case version > schemaVersion:
		return 0, newerError(version)
	}
	return version, nil
}

// newerError says that a newer gateway wrote a database, of that schema.
type newerError int

func (e newerError) Error() string {
	return fmt.Sprintf("it was written by a newer gateway (schema %d, this one knows %d): install that version again, or restore a backup from before it", int(e), schemaVersion)
}
