package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"butlr-gateway/gateway"
)

// Check reads the whole database beside whoever writes to it: its structure, and the checksum of every row. Its error
// says what is wrong. Damage, which wraps [gateway.ErrJournalLost], has everything written anew with the next commit.
func (s *Store) Check(ctx context.Context) error {
	err := s.check(ctx)
	if lost, ok := errors.AsType[notWholeError](err); ok {
		err = damageError(lost.Error())
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if spoilt(err) {
		if failed := s.turn.take(ctx); failed != nil {
			return failed
		}
		s.lost = err
		s.turn.give()
		err = fmt.Errorf("%w: %w", gateway.ErrJournalLost, err)
	}
	return fmt.Errorf("looking through %s: %w", filepath.Join(s.dir, databaseFile), err)
}

func (s *Store) check(ctx context.Context) (err error) {
	if err := s.present(); err != nil {
		return err
	}
	pool, conn, err := connectTo(ctx, s.dir, toCheck)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(), pool.Close()) }()
	if err := integrity(ctx, conn); err != nil {
		return err
	}
	return checkRows(ctx, conn)
}

// present tells whether the database is where it was. Where the ledger is gone too it is the directory that is out of
// reach, as a disk is that was pulled out.
func (s *Store) present() error {
	if _, err := os.Stat(filepath.Join(s.dir, ledgerFile)); err != nil {
		return err
	}
	about, err := os.Stat(filepath.Join(s.dir, databaseFile))
	if errors.Is(err, os.ErrNotExist) || err == nil && (!about.Mode().IsRegular() || about.Size() == 0) {
		return damageError("it is gone")
	}
	return err
}

// checkRows verifies the checksum of every row, and keeps none of them.
func checkRows(ctx context.Context, conn *sql.Conn) error {
	l := newLoaded()
	l.verifying = true
	if err := l.read(ctx, conn, schemaVersion); err != nil {
		return err
	}
	if len(l.damage) > 0 {
		return notWholeError(l.damage)
	}
	return checkKept(ctx, conn)
}

// spoilt tells whether an error of a database that was sound when it was opened says that it no longer is.
func spoilt(err error) bool {
	if _, ok := errors.AsType[damageError](err); ok {
		return true
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return true
	}
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA:
		return true
	}
	return false
}

// writeAnew makes a new database of a batch that is everything, and of what only the damaged one has: what other parts
// keep, the audit, and when the gateway was alive. That one is moved aside.
func (s *Store) writeAnew(ctx context.Context, b *gateway.Batch) error {
	if err := s.closeDatabase(); err != nil && !spoilt(err) {
		return err
	}
	folder := filepath.Join(s.dir, renewalFolder)
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o750)); err != nil {
		return err
	}
	db, err := openDatabase(ctx, folder)
	if err != nil {
		return err
	}
	taken, err := salvage(ctx, s.dir, db, nil, "meta", "kept", "audit")
	if err == nil {
		err = db.transact(ctx, func() error {
			if err := db.putIdentity(ctx, s.loaded.identity); err != nil {
				return err
			}
			return db.write(ctx, b)
		})
	}
	if err = errors.Join(err, db.close()); err != nil {
		return err
	}
	aside, err := s.replace(folder)
	if err != nil {
		return err
	}
	s.tellAnew(aside, taken)
	s.lost = nil
	return nil
}

// tellAnew says that a database that was damaged is whole again, and what is not in it.
func (s *Store) tellAnew(aside string, taken salvaged) {
	moved := ""
	if aside != "" {
		moved = " and was moved to " + aside
	}
	sentence := fmt.Sprintf("%s was damaged while the gateway ran (%v)%s: everything was written anew from memory", databaseFile, s.lost, moved)
	if taken.incomplete["kept"] || taken.incomplete["audit"] {
		sentence += ", but part of the audit, or of what was announced, may be lost"
	}
	s.log.Error("the state was stored anew", "why", sentence)
	if s.mended != nil {
		s.mended(sentence)
	}
}

// putIdentity notes whose database it is.
func (d *database) putIdentity(ctx context.Context, of Identity) error {
	for key, value := range map[string]string{gatewayIDKey: of.GatewayID, bootsKey: strconv.Itoa(of.Boots)} {
		if _, err := d.putMeta.ExecContext(ctx, key, value); err != nil {
			return err
		}
	}
	return nil
}
