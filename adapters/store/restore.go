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
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// Restored is what [Restore] did.
type Restored struct {
	GatewayID string
	Assets    int
	Newer     int      // assets of the directory's ledger that the backup does not have: they keep their numbers
	Instead   string   // the gateway whose ledger was there, if it is another: addresses are now those of the backup
	Aside     []string // what was there before, under its new names
}

// Restore puts what is in a backup in place of what is in a state directory. The ledger that is there stays, if it
// is of the same gateway: numbers that were given after the backup are given for ever. Totals lack what came after it,
// and are uncertain for the day. What was there is renamed, and nothing is deleted. It refuses while a gateway runs on
// the directory, and a backup that is not whole.
func Restore(ctx context.Context, dir, file string, now time.Time) (*Restored, error) {
	backup, ledger, err := readBackup(ctx, file)
	if err != nil {
		return nil, err
	}
	of := backup.identity
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("making the state directory: %w", err)
	}
	lock := newLock(dir)
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the state directory %s: %w", dir, err)
	}
	if !held {
		return nil, fmt.Errorf("restoring into the state directory %s: %w; stop it first", dir, ErrInUse)
	}
	r, err := restore(ctx, dir, file, of, ledger, now)
	if err = errors.Join(err, lock.Close()); err != nil {
		return nil, fmt.Errorf("restoring into the state directory %s: %w", dir, err)
	}
	return r, r.settle(ctx, dir, now)
}

// restore moves the files.
func restore(ctx context.Context, dir, file string, of Identity, ledger []byte, now time.Time) (*Restored, error) {
	r := &Restored{GatewayID: of.GatewayID}
	part := filepath.Join(dir, databaseFile+".part")
	if err := copyBackup(ctx, file, part); err != nil {
		return nil, err
	}
	ending := ".before-" + now.UTC().Format("20060102T150405.000")
	for _, name := range []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm"} {
		if err := r.moveAside(dir, name, ending); err != nil {
			return nil, err
		}
	}
	there, err := os.ReadFile(filepath.Join(dir, ledgerFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	own := parseLedger(there)
	if own.gatewayID != of.GatewayID {
		r.Instead = own.gatewayID
		if err := r.moveAside(dir, ledgerFile, ending); err != nil {
			return nil, err
		}
		if err := writeSynced(filepath.Join(dir, ledgerFile), ledger); err != nil {
			return nil, err
		}
		own = newBook()
	}
	known := parseLedger(ledger)
	r.Assets = len(known.entries)
	for id := range own.entries {
		if known.entries[id] == nil {
			r.Newer++
		}
	}
	if err := os.Rename(part, filepath.Join(dir, databaseFile)); err != nil {
		return nil, err
	}
	return r, syncDirectory(dir)
}

// moveAside renames a file, if it is there.
func (r *Restored) moveAside(dir, name, ending string) error {
	err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, name+ending))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		r.Aside = append(r.Aside, name+ending)
	}
	return err
}

// copyBackup makes a database of a backup.
func copyBackup(ctx context.Context, file, part string) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	err = withBackup(ctx, part, false, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DROP TABLE backup")
		return err
	})
	return errors.Join(err, syncFile(part))
}

func writeSynced(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// settle makes database and ledger agree, and says of every total that events of the day are missing.
func (r *Restored) settle(ctx context.Context, dir string, now time.Time) error {
	s, err := Open(ctx, Options{Dir: dir, ByHand: true, asItIs: true})
	if err != nil {
		return err
	}
	totals := slices.Clone(s.Saved().Totals)
	for i := range totals {
		totals[i].Lacks = max(totals[i].Lacks, gateway.TimestampOf(now))
	}
	if len(totals) > 0 {
		err = s.Commit(ctx, &gateway.Batch{Totals: totals})
	}
	return errors.Join(err, s.Close())
}
