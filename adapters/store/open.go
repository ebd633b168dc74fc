package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// open reads what is there, and replaces a database that is damaged: a building is served all the same.
func (s *Store) open(ctx context.Context) error {
	if _, err := s.putInPlace(); err != nil { // of a start that a crash has ended
		return err
	}
	version, err := inspect(ctx, s.dir)
	if err == nil && version > 0 && version < schemaVersion {
		err = s.keepBeforeUpgrade(ctx, version)
	}
	if err != nil && !damaged(err) {
		return s.wayBack(err)
	}
	if err := s.openLedger(); err != nil {
		return err
	}
	if err == nil {
		err = s.read(ctx)
	}
	if err == nil && len(s.loaded.saved.Assets) == 0 && (len(s.ledger.book.entries) > 0 || s.loaded.identity.GatewayID == "") && s.backup(ctx) != nil {
		err = errGone
	}
	if damaged(err) {
		if err = s.renew(ctx, err); err == nil {
			err = s.read(ctx)
		}
	}
	if err != nil {
		return err
	}
	return s.begin(ctx)
}

// read opens and reads the database.
func (s *Store) read(ctx context.Context) error {
	db, err := openDatabase(ctx, s.dir)
	if err != nil {
		return err
	}
	l, err := load(ctx, db.conn, schemaVersion)
	if err != nil {
		return errors.Join(fmt.Errorf("reading %s: %w", databaseFile, err), db.close())
	}
	s.db, s.loaded = db, l
	return nil
}

// begin makes database and ledger agree, draws the gateway's id at the first start, and counts the start.
func (s *Store) begin(ctx context.Context) error {
	l, book := s.loaded, s.ledger.book
	l.damage = append(l.damage, book.damage...)
	noted := book.gatewayID
	if l.saved.Edition.Number > book.edition && l.identity.GatewayID != "" {
		noted = "" // the database is newer
	}
	s.agree(ctx)
	if err := s.identify(noted); err != nil {
		return err
	}
	agreed := gateway.Batch{Assets: pointers(l.saved.Assets), Edition: &l.saved.Edition, Removed: book.others(l.saved.Assets)}
	if err := s.ledger.record(&agreed); err != nil {
		return fmt.Errorf("writing %s: %w", ledgerFile, err)
	}
	for _, d := range l.damage {
		s.log.Error("part of the state was lost", "what", d)
	}
	return s.db.transact(ctx, func() error {
		for statement := range l.litter {
			if _, err := s.db.conn.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		if err := s.db.putIdentity(ctx, l.identity); err != nil {
			return err
		}
		return s.db.write(ctx, l.mended())
	})
}

// agree makes what was read agree with the ledger, and takes from the newest good backup what is missing.
func (s *Store) agree(ctx context.Context) {
	l, book := s.loaded, s.ledger.book
	lacking := func() bool { return (len(l.damage) > 0 || s.renewal != nil) && s.backup(ctx) != nil }
	if lacking() {
		l.describe(s.good, book)
	}
	l.reconcile(book)
	if lacking() {
		l.fill(s.good)
	}
	if r := s.renewal; r != nil {
		_, ofLog := errors.AsType[logDamage](r.cause)
		l.allDoubtful = l.allDoubtful || ofLog || r.fromBackup || r.salvaged.incomplete["totals"] || r.salvaged.incomplete["increments"]
	}
	l.doubt(gateway.TimestampOf(time.Now()))
	if sentence := s.told(); sentence != "" {
		l.damage = slices.Insert(l.damage, 0, sentence)
	}
	s.good = nil
}

func (s *Store) openLedger() error {
	ledger, err := openLedger(s.dir)
	if err != nil {
		return err
	}
	s.ledger = ledger
	return syncDirectory(s.dir)
}

// identify settles the gateway's id: the ledger's, else the database's, else a new one.
func (s *Store) identify(noted string) error {
	identity := &s.loaded.identity
	if !s.byHand {
		identity.Boots++
	}
	if noted != "" {
		identity.GatewayID = noted
		return nil
	}
	if identity.GatewayID == "" {
		var id [4]byte
		if _, err := rand.Read(id[:]); err != nil {
			return err
		}
		identity.GatewayID = hex.EncodeToString(id[:])
	}
	if err := s.ledger.name(identity.GatewayID); err != nil {
		return fmt.Errorf("writing %s: %w", ledgerFile, err)
	}
	return nil
}

func pointers(assets []gateway.Asset) []*gateway.Asset {
	out := make([]*gateway.Asset, len(assets))
	for i := range assets {
		out[i] = &assets[i]
	}
	return out
}
