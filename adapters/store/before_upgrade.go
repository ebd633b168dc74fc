package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const ledgerEnding = "-ledger.csv"

// keepBeforeUpgrade writes down what a database of an older schema holds before it is brought forward: a backup, and
// the ledger as the file that it is, both named for the schema, in place of those of the last time from there. Where
// that cannot be written nothing is changed. A database that is damaged is its own copy: see [Store.renew].
func (s *Store) keepBeforeUpgrade(ctx context.Context, version int) error {
	err := s.keepBefore(ctx, version)
	if lost, ok := errors.AsType[notWholeError](err); ok {
		return damageError(lost.Error())
	}
	if err == nil || damaged(err) {
		return err
	}
	return fmt.Errorf("bringing the state from schema %d to %d, before which a backup is made: %w; make room for one, or install the version before again: nothing was changed", version, schemaVersion, err)
}

func (s *Store) keepBefore(ctx context.Context, version int) error {
	folder := filepath.Join(s.dir, BackupFolder)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	made, err := Backups(folder)
	if err != nil {
		return err
	}
	ledger, err := os.ReadFile(filepath.Join(s.dir, ledgerFile))
	if errors.Is(err, fs.ErrNotExist) { // the database alone has the numbers
		ledger, err = []byte(ledgerHeader), nil
	}
	if err != nil {
		return err
	}
	base := filepath.Join(folder, fmt.Sprintf("%s%s%d", nextBackup(made, time.Now()), schemaWord, version))
	err = writeSynced(base+ledgerEnding, ledger)
	if err == nil {
		err = s.backUpWith(ctx, base+backupEnding, ledger)
	}
	if err != nil {
		return errors.Join(err, os.Remove(base+ledgerEnding))
	}
	s.log.Info("state backed up before it is brought to a new schema", "file", base+backupEnding, "ledger", base+ledgerEnding)
	return dropOthersOf(version, made)
}

func (s *Store) backUpWith(ctx context.Context, file string, ledger []byte) error {
	part := file + ".part"
	err := backUp(ctx, s.dir, part, func() ([]byte, error) { return ledger, nil })
	if err != nil {
		return removed(part, err)
	}
	return errors.Join(os.Rename(part, file), syncDirectory(filepath.Dir(file)))
}

// dropOthersOf drops earlier backups of a schema, with their ledgers.
func dropOthersOf(version int, made []KeptBackup) error {
	var errs []error
	for _, b := range made {
		if b.Schema != version {
			continue
		}
		for _, path := range []string{b.Path, b.Path[:len(b.Path)-len(backupEnding)] + ledgerEnding} {
			if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// wayBack adds to the word that a database is of a newer gateway which file leads back, if there is one.
func (s *Store) wayBack(err error) error {
	if _, ok := errors.AsType[newerError](err); !ok {
		return err
	}
	made, _ := Backups(filepath.Join(s.dir, BackupFolder)) //nolint:errcheck // there is another error to be told
	for _, b := range slices.Backward(made) {
		if b.Schema > 0 && b.Schema <= schemaVersion {
			return fmt.Errorf("%w: \"butlr-gateway state restore %s\" puts back what was there before", err, b.Path)
		}
	}
	return err
}
