package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What a new database is called on its way. It is written in a folder of its own, gets its second name when it is
// whole and on disk, and its last when the damaged one is out of its way: a start after a crash goes on from there.
const (
	renewalFolder = "renewal"
	renewedFile   = databaseFile + ".new"
	asideWord     = ".broken-"
	asideTime     = "20060102T150405.000"
	asideKept     = 3 // of the database, and of the ledger
)

// renewal tells how a damaged database was replaced.
type renewal struct {
	cause      error
	aside      string // where the damaged one is; "" where there was none
	salvaged   salvaged
	fromBackup bool // nothing of the damaged one was of use
}

// errGone is the cause where the ledger tells of a database that is not there.
var errGone = damageError("nothing is in it, although " + ledgerFile + " has assets")

// renew replaces a damaged database: by every row of it that can be read or, if it has no asset any more, by the newest
// good backup. Without one of those it is an empty one.
func (s *Store) renew(ctx context.Context, cause error) error {
	if err := s.closeDatabase(); err != nil && !damaged(err) {
		return err
	}
	folder := filepath.Join(s.dir, renewalFolder)
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o750)); err != nil {
		return err
	}
	r := &renewal{cause: cause}
	if err := s.makeAnew(ctx, r, folder); err != nil {
		return fmt.Errorf("%w; while making a new one: %w", cause, err)
	}
	aside, err := s.replace(folder)
	if err != nil {
		return err
	}
	r.aside, s.renewal = aside, r
	return nil
}

// replace lets the database in a folder, which is whole, be the database, and tells where the one before went.
func (s *Store) replace(folder string) (aside string, err error) {
	made := filepath.Join(folder, databaseFile)
	if err := syncFile(made); err != nil {
		return "", err
	}
	if err := os.Rename(made, filepath.Join(s.dir, renewedFile)); err != nil {
		return "", err
	}
	return s.putInPlace()
}

// makeAnew writes the new database.
func (s *Store) makeAnew(ctx context.Context, r *renewal, folder string) error {
	db, err := openDatabase(ctx, folder)
	if err != nil {
		return err
	}
	r.salvaged, err = salvage(ctx, s.dir, db, s.ledger.book)
	if err = errors.Join(err, db.close()); err != nil || r.salvaged.rows["assets"] > 0 {
		return err
	}
	if good := s.backup(ctx); good != nil {
		r.fromBackup = true
		return s.takeBackup(ctx, good, folder)
	}
	return nil
}

// takeBackup makes the database, and the ledger if there is none, from a backup.
func (s *Store) takeBackup(ctx context.Context, good *goodBackup, folder string) error {
	if err := copyBackup(ctx, good.Path, filepath.Join(folder, databaseFile)); err != nil {
		return err
	}
	if b := s.ledger.book; len(b.entries) > 0 || b.gatewayID != "" {
		return nil
	}
	err := s.ledger.file.Close()
	s.ledger = nil
	if err == nil {
		err = writeSynced(filepath.Join(s.dir, ledgerFile), good.ledger)
	}
	if err == nil {
		err = s.openLedger()
	}
	return err
}

// backup returns the newest good backup. It is looked for once.
func (s *Store) backup(ctx context.Context) *goodBackup {
	if !s.sought && !s.asItIs {
		s.sought = true
		s.good, s.bad = newestGood(ctx, s.dir, s.ledger.book.gatewayID)
	}
	return s.good
}

// putInPlace lets a new database that is whole be the database, if there is one, and tells where the one before went.
func (s *Store) putInPlace() (aside string, err error) {
	renewed := filepath.Join(s.dir, renewedFile)
	if _, err := os.Lstat(renewed); errors.Is(err, fs.ErrNotExist) {
		return "", s.dropRenewal()
	}
	if aside, err = s.moveAside(); err != nil {
		return "", err
	}
	if err := os.Rename(renewed, filepath.Join(s.dir, databaseFile)); err != nil {
		return "", err
	}
	return aside, errors.Join(syncDirectory(s.dir), keepNewest(s.dir, databaseFile+asideWord), s.dropRenewal())
}

// dropRenewal removes what a renewal left behind. Without one it touches nothing.
func (s *Store) dropRenewal() error {
	folder := filepath.Join(s.dir, renewalFolder)
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.RemoveAll(folder)
}

// moveAside renames a database that is damaged; whoever looks into it finds it whole. It returns "" if there is none.
func (s *Store) moveAside() (aside string, err error) {
	name := databaseFile + asideWord + time.Now().UTC().Format(asideTime)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(filepath.Join(s.dir, databaseFile+suffix), filepath.Join(s.dir, name+suffix))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if suffix == "" {
			aside = name
		}
	}
	return aside, nil
}

// keepNewest bounds what is kept aside: files whose names begin so and go on with a time.
func keepNewest(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	times := make(map[string][]string)
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), prefix); ok && len(rest) >= len(asideTime) {
			at := rest[:len(asideTime)]
			times[at] = append(times[at], e.Name())
		}
	}
	var errs []error
	for i, at := range slices.Backward(sortedKeys(times)) {
		if i >= len(times)-asideKept {
			continue
		}
		for _, name := range times[at] {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
		}
	}
	return errors.Join(errs...)
}
