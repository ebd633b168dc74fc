package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/gateway"
)

// Options is what a store needs.
type Options struct {
	Dir     string // made if it is missing
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil for none
	ByHand  bool                  // an operator changes something: this is no start of a gateway

	asItIs bool // nothing is taken from backups: one was just restored
}

// Store is the state directory, locked for this process.
type Store struct {
	dir    string
	byHand bool
	log    *slog.Logger
	lock   *flock.Flock
	turn   turn      // of whoever uses the database or the ledger
	db     *database // nil after an error, until the next commit
	ledger *ledger
	loaded *loaded

	renewal *renewal    // nil if the database was sound
	good    *goodBackup // the newest, if it was sought
	bad     []string    // newer ones that are not, and why
	sought  bool
	asItIs  bool // what is there is to be, whatever backups have

	duration prometheus.Histogram
	failures prometheus.Counter
}

var _ gateway.Journal = (*Store)(nil)

// ErrInUse says that another process holds the state directory.
var ErrInUse = errors.New("in use by another butlr-gateway")

// Open locks the directory, reads everything in it, and counts the start if it is one.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("making the state directory: %w; give the gateway's user that directory, or change state_dir", err)
	}
	s := &Store{dir: o.Dir, byHand: o.ByHand, log: o.Log, lock: newLock(o.Dir), turn: newTurn(), asItIs: o.asItIs}
	s.register(o.Metrics)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	held, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the state directory %s: %w", o.Dir, err)
	}
	if !held {
		return nil, fmt.Errorf("opening the state directory %s: %w; stop that one, or give this one a state_dir of its own", o.Dir, ErrInUse)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state directory %s: %w", o.Dir, err), s.Close())
	}
	return s, nil
}

// newLock returns the lock of a state directory, which whoever writes to it holds.
func newLock(dir string) *flock.Flock {
	return flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o640))
}

func (s *Store) register(r prometheus.Registerer) {
	s.duration = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "butlr_store_commit_seconds", Help: "Time to make one batch durable.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14),
	})
	s.failures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "butlr_store_commit_failures_total", Help: "Batches that could not be made durable.",
	})
	if r != nil {
		r.MustRegister(s.duration, s.failures)
	}
}

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
		for key, value := range map[string]string{gatewayIDKey: l.identity.GatewayID, bootsKey: strconv.Itoa(l.identity.Boots)} {
			if _, err := s.db.putMeta.ExecContext(ctx, key, value); err != nil {
				return err
			}
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

// Saved returns what was read when the store was opened. Call it once; the store then forgets it.
func (s *Store) Saved() *gateway.Saved {
	saved := s.loaded.saved
	s.loaded.saved = gateway.Saved{}
	return &saved
}

// Identity tells whose state it is.
func (s *Store) Identity() Identity { return s.loaded.identity }

// Damage tells, a sentence each, what could not be read when the store was opened.
func (s *Store) Damage() []string { return s.loaded.damage }

// Commit makes a batch durable: see [gateway.Journal]. After an error it opens the database anew at the
// next call.
func (s *Store) Commit(ctx context.Context, b *gateway.Batch) error {
	begin := time.Now()
	if err := s.turn.take(ctx); err != nil {
		return fmt.Errorf("waiting to commit to %s: %w", filepath.Join(s.dir, databaseFile), err)
	}
	defer s.turn.give()
	err := s.commit(ctx, b)
	if err != nil {
		s.failures.Inc()
		err = errors.Join(err, s.closeDatabase())
		return fmt.Errorf("committing to %s: %w", filepath.Join(s.dir, databaseFile), err)
	}
	s.duration.Observe(time.Since(begin).Seconds())
	return nil
}

// ready opens the database if it is not open.
func (s *Store) ready(ctx context.Context) error {
	if s.db != nil {
		return nil
	}
	db, err := openDatabase(ctx, s.dir)
	if err == nil {
		s.db = db
	}
	return err
}

func (s *Store) commit(ctx context.Context, b *gateway.Batch) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := s.db.transact(ctx, func() error { return s.db.write(ctx, b) }); err != nil {
		return err
	}
	return s.record(b)
}

// record writes into the ledger what is new in it; after an error the file is opened anew at the next call.
func (s *Store) record(b *gateway.Batch) error {
	if len(b.Assets)+len(b.Removed) == 0 && b.Edition == nil {
		return nil
	}
	if s.ledger == nil {
		if err := s.openLedger(); err != nil {
			return err
		}
	}
	if err := s.ledger.record(b); err != nil {
		err = errors.Join(fmt.Errorf("writing %s: %w", ledgerFile, err), s.ledger.file.Close())
		s.ledger = nil
		return err
	}
	return nil
}

// Close writes back what SQLite keeps beside the database, and lets go of the directory.
func (s *Store) Close() error {
	s.turn <- struct{}{}
	defer s.turn.give()
	return errors.Join(s.letGo(), s.lock.Close())
}

// letGo closes database and ledger.
func (s *Store) letGo() error {
	var errs []error
	errs = append(errs, s.closeDatabase())
	if s.ledger != nil {
		errs = append(errs, s.ledger.file.Close())
		s.ledger = nil
	}
	return errors.Join(errs...)
}

func (s *Store) closeDatabase() error {
	if s.db == nil {
		return nil
	}
	err := s.db.close()
	s.db = nil
	return err
}
