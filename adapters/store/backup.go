package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// A backup is one file: a database as state.db is, and in it, as the one row of a table of its own, the ledger, its
// checksum, and that of all rows that have none of their own. The history for people is not in it.
const backupTable = `CREATE TABLE backup (ledger BLOB NOT NULL, sum INTEGER NOT NULL, rest INTEGER NOT NULL)`

// Backup writes everything in a state directory into one file, which must not exist, while a gateway runs on the
// directory or none does. The file is there once it has been read again and found whole, and is on disk.
func Backup(ctx context.Context, dir, file string) error {
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("writing the backup %s: %w; name a new one", file, fs.ErrExist)
	}
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); err != nil {
		return fmt.Errorf("backing up the state: %w; has a gateway run with this state_dir?", err)
	}
	part := file + ".part"
	err := backUp(ctx, dir, part, func() ([]byte, error) { return os.ReadFile(filepath.Join(dir, ledgerFile)) })
	if err != nil {
		return fmt.Errorf("backing up the state in %s: %w", dir, removed(part, err))
	}
	if err := os.Rename(part, file); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(file))
}

// removed removes what a failure left, and returns that with it.
func removed(part string, err error) error {
	if gone := os.Remove(part); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

func backUp(ctx context.Context, dir, part string, readLedger func() ([]byte, error)) error {
	empty, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640) // SQLite would let others read it
	if err != nil {
		return err
	}
	if err := empty.Close(); err != nil {
		return err
	}
	if err := copyDatabase(ctx, dir, part); err != nil {
		return err
	}
	// The database is written before the ledger: this one lacks no asset that the copy has.
	ledger, err := readLedger()
	if err != nil {
		return err
	}
	if err := addLedger(ctx, part, ledger); err != nil {
		return err
	}
	if err := VerifyBackup(ctx, part); err != nil {
		return err
	}
	return syncFile(part)
}

// copyDatabase writes the database as it is at one moment.
func copyDatabase(ctx context.Context, dir, part string) error {
	pool, conn, err := connect(ctx, dir, true)
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO ?", part)
	return errors.Join(err, conn.Close(), pool.Close())
}

func addLedger(ctx context.Context, part string, ledger []byte) error {
	return withBackup(ctx, part, false, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, backupTable); err != nil {
			return err
		}
		rest, err := sumOfRest(ctx, conn)
		if err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, "INSERT INTO backup (ledger, sum, rest) VALUES (?, ?, ?)", ledger, crc32.Checksum(ledger, castagnoli), rest)
		return err
	})
}

// sumOfRest returns the checksum of all rows that have none of their own.
func sumOfRest(ctx context.Context, conn *sql.Conn) (number, error) {
	sum := crc32.New(castagnoli)
	for _, query := range []string{"SELECT key, value FROM meta ORDER BY key", "SELECT hour, key FROM increments ORDER BY hour, key"} {
		err := each(ctx, conn, query, func(rows *sql.Rows) error {
			var key, value sql.RawBytes
			if err := rows.Scan(&key, &value); err != nil {
				return err
			}
			_, err := fmt.Fprintf(sum, "%d %s%d %s", len(key), key, len(value), value)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return number(sum.Sum32()), nil
}

// checkKept verifies the rows that other parts keep.
func checkKept(ctx context.Context, conn *sql.Conn) error {
	var pack packer
	var tables int // there was none in the older schemas
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'kept'").Scan(&tables); err != nil || tables == 0 {
		return err
	}
	return each(ctx, conn, "SELECT name, key, value, sum FROM kept", func(rows *sql.Rows) error {
		var name, key, value text
		var sum number
		if err := rows.Scan(&name, &key, &value, &sum); err != nil {
			return err
		}
		if number(pack.keptSum(string(name), string(key), string(value))) != sum {
			return fmt.Errorf("%q of the table %s: %w", key, name, errChecksum)
		}
		return nil
	})
}

// withBackup opens a file as a database.
func withBackup(ctx context.Context, file string, readOnly bool, do func(*sql.Conn) error) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	query := url.Values{"_pragma": {"journal_mode(DELETE)", "synchronous(FULL)"}}
	if readOnly {
		query = url.Values{"mode": {"ro"}, "immutable": {"1"}}
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	pool, err := sql.Open("sqlite", address.String())
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return errors.Join(err, pool.Close())
	}
	return errors.Join(do(conn), conn.Close(), pool.Close())
}

// VerifyBackup reads a whole backup: the database's own structure, the checksum of every row, every line of the
// ledger. Its error says what of it is not as it was written.
func VerifyBackup(ctx context.Context, file string) error {
	_, _, err := readBackup(ctx, file)
	return err
}

// readBackup returns what is in a backup that is whole, and the ledger.
func readBackup(ctx context.Context, file string) (l *loaded, ledger []byte, err error) {
	about, err := os.Stat(file)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the backup: %w", err)
	}
	if !about.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("reading the backup %s: it is no file", file)
	}
	err = withBackup(ctx, file, true, func(conn *sql.Conn) error {
		l, ledger, err = checkBackup(ctx, conn)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the backup %s: %w", file, err)
	}
	return l, ledger, nil
}

// notWholeError says what in a database is not as it was written.
type notWholeError []string

func (e notWholeError) Error() string { return "it is not whole: " + strings.Join(e, "; ") }

func checkBackup(ctx context.Context, conn *sql.Conn) (l *loaded, ledger []byte, err error) {
	var sum, rest number
	if err := conn.QueryRowContext(ctx, "SELECT ledger, sum, rest FROM backup").Scan(&ledger, &sum, &rest); err != nil {
		return nil, nil, fmt.Errorf("it is no backup, or broken: %w", err)
	}
	version, err := readVersion(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	var verdict string
	if err := conn.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return nil, nil, errors.Join(fmt.Errorf("the database in it is broken: %s", verdict), err)
	}
	l, err = load(ctx, conn, version)
	if err == nil {
		err = checkKept(ctx, conn)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the database in it is broken: %w", err)
	}
	b := parseLedger(ledger)
	damage := append(l.damage, b.damage...)
	if got, err := sumOfRest(ctx, conn); err != nil || got != rest || number(crc32.Checksum(ledger, castagnoli)) != sum {
		damage = append(damage, "checksums do not fit")
	}
	if len(damage) > 0 {
		return nil, nil, notWholeError(damage)
	}
	l.identity.GatewayID = b.gatewayID
	return l, ledger, nil
}

// syncFile makes sure that a file outlives a power cut.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
