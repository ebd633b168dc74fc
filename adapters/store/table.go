package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Table is a small table of texts by keys that are texts, for what another part must remember over a
// restart. It is in the state's database, whose disk it shares.
type Table struct {
	store *Store
	name  string
}

// Table returns the table of that name; it need not be made. Several goroutines may use it, also beside
// [Store.Commit]: only one writes at a time.
func (s *Store) Table(name string) *Table { return &Table{store: s, name: name} }

// Load returns everything in the table. A row that is damaged is reported, removed, and left out.
func (t *Table) Load(ctx context.Context) (map[string]string, error) {
	s := t.store
	if err := s.turn.take(ctx); err != nil {
		return nil, fmt.Errorf("reading the table %s of %s: %w", t.name, databaseFile, err)
	}
	defer s.turn.give()
	content := make(map[string]string)
	var damaged []string
	err := s.ready(ctx)
	if err == nil {
		const query = "SELECT key, value, sum FROM kept WHERE name = ?"
		err = each(ctx, s.db.conn, query, func(rows *sql.Rows) error {
			var key, value text
			var sum number
			if err := rows.Scan(&key, &value, &sum); err != nil {
				return err
			}
			if number(s.db.pack.keptSum(t.name, string(key), string(value))) != sum {
				damaged = append(damaged, string(key))
				return nil
			}
			content[string(key)] = string(value)
			return nil
		}, t.name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the table %s of %s: %w", t.name, databaseFile, err)
	}
	for _, key := range damaged {
		s.log.Error("part of the state was lost", "what", fmt.Sprintf("%q of the table %s: %v", key, t.name, errChecksum))
	}
	if len(damaged) == 0 {
		return content, nil
	}
	return content, t.write(ctx, func(w *writer) {
		for _, key := range damaged {
			w.do(w.dropKept, t.name, key)
		}
	})
}

// Write makes all the changes durable, or none of them: keys with what they are to have; one that is to have
// "" goes. When it returns nil they would survive a power cut. It waits for its turn no longer than ctx lasts.
func (t *Table) Write(ctx context.Context, changes map[string]string) error {
	if err := t.store.turn.take(ctx); err != nil {
		return fmt.Errorf("writing the table %s of %s: %w", t.name, databaseFile, err)
	}
	defer t.store.turn.give()
	return t.write(ctx, func(w *writer) {
		for key, value := range changes {
			if value == "" {
				w.do(w.dropKept, t.name, key)
				continue
			}
			w.do(w.putKept, t.name, key, value, int64(w.pack.keptSum(t.name, key, value)))
		}
	})
}

// write runs statements in one durable transaction. It is not ended by ctx in the middle: that would leave
// the transaction open. After an error the database is opened anew for whoever comes next.
func (t *Table) write(ctx context.Context, statements func(*writer)) error {
	s := t.store
	err := ctx.Err()
	if err == nil {
		err = s.ready(ctx)
	}
	if err != nil {
		return fmt.Errorf("writing the table %s of %s: %w", t.name, databaseFile, err)
	}
	ctx = context.WithoutCancel(ctx)
	err = s.db.transact(ctx, func() error {
		w := writer{ctx: ctx, database: s.db}
		statements(&w)
		return w.err
	})
	if err != nil {
		s.loses(err)
		err = errors.Join(err, s.closeDatabase())
		return fmt.Errorf("writing the table %s of %s: %w", t.name, databaseFile, err)
	}
	return nil
}
