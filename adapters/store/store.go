package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
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

	// Mended is told, by whoever commits, that the database was damaged while it was in use, and was made anew.
	Mended func(what string)

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

	lost   error // why the database cannot be relied on any more; nil if it can. A whole batch is wanted
	mended func(string)

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
	s := &Store{dir: o.Dir, byHand: o.ByHand, log: o.Log, lock: newLock(o.Dir), turn: newTurn(), asItIs: o.asItIs, mended: o.Mended}
	s.register(o.Metrics)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	held, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the state directory %s: %w%s", o.Dir, err, remedy(o.Dir, err))
	}
	if !held {
		return nil, fmt.Errorf("opening the state directory %s: %w; stop that one, or give this one a state_dir of its own", o.Dir, ErrInUse)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state directory %s: %w%s", o.Dir, err, remedy(o.Dir, err)), s.Close())
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
	if s.lost != nil {
		return s.lost
	}
	if s.db != nil {
		return nil
	}
	if err := s.present(); err != nil {
		return err
	}
	db, err := openDatabase(ctx, s.dir)
	if err == nil {
		s.db = db
	}
	return err
}

func (s *Store) commit(ctx context.Context, b *gateway.Batch) error {
	if b.Whole && s.lost != nil {
		if err := s.writeAnew(ctx, b); err != nil {
			return fmt.Errorf("%w; while writing it anew: %w", gateway.ErrJournalLost, err)
		}
		return s.record(b)
	}
	err := s.ready(ctx)
	if err == nil {
		err = s.db.transact(ctx, func() error { return s.db.write(ctx, b) })
	}
	if s.loses(err) {
		return fmt.Errorf("%w: %w", gateway.ErrJournalLost, err)
	}
	if err != nil {
		return err
	}
	return s.record(b)
}

// loses notes that an error tells of a database that is damaged.
func (s *Store) loses(err error) bool {
	if s.lost == nil && spoilt(err) {
		s.lost = err
	}
	return s.lost != nil
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
