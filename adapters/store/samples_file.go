package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"butlr-gateway/gateway"
)

// samplesSchema: each day's samples are a table of its own, day_N with the day's number since 1970, so that the
// oldest can go at once.
const samplesSchema = `
CREATE TABLE IF NOT EXISTS assets (
	place INTEGER PRIMARY KEY,
	id    TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS runs (
	began INTEGER PRIMARY KEY, -- UNIX milliseconds
	until INTEGER NOT NULL
);
`

const daySchema = `
CREATE TABLE IF NOT EXISTS day_%d (
	asset  INTEGER NOT NULL,
	minute INTEGER NOT NULL, -- of the day
	people INTEGER NOT NULL,
	flags  INTEGER NOT NULL,
	PRIMARY KEY (asset, minute)
) WITHOUT ROWID;
`

// samplesDatabase is the writer's side of the samples.
type samplesDatabase struct {
	pool   *sql.DB
	conn   *sql.Conn
	places map[gateway.AssetID]int64
	days   []int64 // that have a table, the oldest first
	size   int64   // bytes in use, after the last write
}

func samplesAddress(path string, query url.Values) string {
	address := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	return address.String()
}

func openSamplesDatabase(ctx context.Context, path string) (*samplesDatabase, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640) // SQLite would let others read it
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", samplesAddress(path, url.Values{"_pragma": {
		"busy_timeout(2000)", "journal_mode(WAL)", "synchronous(NORMAL)", "journal_size_limit(16777216)",
	}}))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	d := &samplesDatabase{pool: pool, places: make(map[gateway.AssetID]int64)}
	if d.conn, err = pool.Conn(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	if err := d.load(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// readSamplesDatabase opens the database for whoever looks at it.
func readSamplesDatabase(path string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", samplesAddress(path, url.Values{"_pragma": {"busy_timeout(2000)", "query_only(1)"}}))
	if err == nil {
		pool.SetMaxOpenConns(2)
	}
	return pool, err
}

func removeSamples(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (d *samplesDatabase) close() error {
	return errors.Join(d.conn.Close(), d.pool.Close())
}

func (d *samplesDatabase) load(ctx context.Context) error {
	if _, err := d.conn.ExecContext(ctx, samplesSchema); err != nil {
		return err
	}
	err := each(ctx, d.conn, "SELECT place, id FROM assets", func(rows *sql.Rows) error {
		var place int64
		var id string
		err := rows.Scan(&place, &id)
		d.places[gateway.AssetID(id)] = place
		return err
	})
	if err != nil {
		return err
	}
	d.days, err = samplesDays(ctx, d.conn)
	return errors.Join(err, d.measure(ctx))
}

// querier is a connection, or a pool of them.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// samplesDays returns the days that have a table, the oldest first.
func samplesDays(ctx context.Context, q querier) (days []int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'day\\_%' ESCAPE '\\'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var day int64
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if _, err := fmt.Sscanf(name, "day_%d", &day); err == nil {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	return days, rows.Err()
}

// samplesSize returns how many bytes of the file are in use.
func samplesSize(ctx context.Context, q querier) (int64, error) {
	var pages, free, bytes int64
	for pragma, into := range map[string]*int64{"page_count": &pages, "freelist_count": &free, "page_size": &bytes} {
		if err := q.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(into); err != nil {
			return 0, err
		}
	}
	return (pages - free) * bytes, nil
}

// measure learns how much of the file is in use.
func (d *samplesDatabase) measure(ctx context.Context) (err error) {
	d.size, err = samplesSize(ctx, d.conn)
	return err
}

// write writes samples and until when this run has lasted, and drops the oldest days that are too many.
func (d *samplesDatabase) write(ctx context.Context, rows []row, run Run, maximum int64) error {
	slices.SortFunc(rows, func(a, b row) int {
		return strings.Compare(string(a.asset), string(b.asset)) // so that neighbours are written together
	})
	tx, err := d.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	if err := d.fill(ctx, tx, rows, run); err != nil {
		d.places = make(map[gateway.AssetID]int64) // what was given in vain must not be believed
		return errors.Join(fmt.Errorf("writing the history: %w", err), tx.Rollback(), d.load(ctx))
	}
	if err := tx.Commit(); err != nil {
		d.places = make(map[gateway.AssetID]int64)
		return errors.Join(fmt.Errorf("writing the history: %w", err), d.load(ctx))
	}
	return d.trim(ctx, run.Until, maximum)
}

func (d *samplesDatabase) fill(ctx context.Context, tx *sql.Tx, rows []row, run Run) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO runs (began, until) VALUES (?,?) ON CONFLICT DO UPDATE SET until = excluded.until", int64(run.From), int64(run.Until)); err != nil {
		return err
	}
	puts := make(map[int64]*sql.Stmt)
	for i := range rows {
		r := &rows[i]
		place, err := d.placeOf(ctx, tx, r.asset)
		if err != nil {
			return err
		}
		day := int64(r.minute / dayMillis)
		put := puts[day]
		if put == nil {
			if put, err = d.day(ctx, tx, day); err != nil {
				return err
			}
			defer put.Close()
			puts[day] = put
		}
		if _, err := put.ExecContext(ctx, place, int64(r.minute%dayMillis/minuteMillis), r.packed.people, r.packed.flags); err != nil {
			return err
		}
	}
	return nil
}

// day returns the statement that puts a sample into a day's table, which it makes if it is missing.
func (d *samplesDatabase) day(ctx context.Context, tx *sql.Tx, day int64) (*sql.Stmt, error) {
	if !slices.Contains(d.days, day) {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(daySchema, day)); err != nil {
			return nil, err
		}
		d.days = append(d.days, day)
		slices.Sort(d.days)
	}
	return tx.PrepareContext(ctx, fmt.Sprintf("INSERT OR REPLACE INTO day_%d (asset, minute, people, flags) VALUES (?,?,?,?)", day))
}

func (d *samplesDatabase) placeOf(ctx context.Context, tx *sql.Tx, id gateway.AssetID) (int64, error) {
	if place, ok := d.places[id]; ok {
		return place, nil
	}
	result, err := tx.ExecContext(ctx, "INSERT INTO assets (id) VALUES (?)", string(id))
	if err != nil {
		return 0, err
	}
	place, err := result.LastInsertId()
	d.places[id] = place
	return place, err
}

// trim drops days that are too old, and while there is too much the oldest; never the last.
func (d *samplesDatabase) trim(ctx context.Context, now gateway.Timestamp, maximum int64) error {
	if err := d.measure(ctx); err != nil {
		return err
	}
	today := int64(now / dayMillis)
	for len(d.days) > 1 && (d.days[0] < today-SampleDays || d.size > maximum) {
		if _, err := d.conn.ExecContext(ctx, fmt.Sprintf("DROP TABLE day_%d", d.days[0])); err != nil {
			return fmt.Errorf("dropping the oldest day of the history: %w", err)
		}
		d.days = d.days[1:]
		if err := d.measure(ctx); err != nil {
			return err
		}
	}
	_, err := d.conn.ExecContext(ctx, "DELETE FROM runs WHERE until < ?", int64(now)-int64(SampleDays+1)*int64(dayMillis))
	return err
}
