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
}

// Store is the state directory, locked for this process.
type Store struct {
	dir      string
	byHand   bool
	log      *slog.Logger
	lock     *flock.Flock
	turn     turn // of whoever uses the database or the ledger
	db       *database  // nil after an error, until the next commit
	ledger   *ledger
	loaded   *loaded
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
	s := &Store{dir: o.Dir, byHand: o.ByHand, log: o.Log, lock: newLock(o.Dir), turn: newTurn()}
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

func (s *Store) open(ctx context.Context) error {
	err := s.read(ctx)
	if err == nil {
		err = s.begin(ctx)
	}
	if !broken(err) {
		return err
	}
	aside, moveErr := s.moveAside()
	if moveErr != nil {
		return errors.Join(err, moveErr)
	}
	if again := s.read(ctx); again != nil {
		return errors.Join(err, again)
	}
	s.loaded.lost("the database could not be read (%v) and was moved to %s: all values are unknown until the next events", err, aside)
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

// moveAside renames a database that cannot be read; whoever repairs it finds it whole.
func (s *Store) moveAside() (string, error) {
	if err := s.letGo(); err != nil {
		return "", err
	}
	name := databaseFile + ".broken-" + time.Now().UTC().Format("20060102T150405.000")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(filepath.Join(s.dir, databaseFile+suffix), filepath.Join(s.dir, name+suffix))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return name, nil
}

// begin makes database and ledger agree, draws the gateway's id at the first start, and counts the start.
func (s *Store) begin(ctx context.Context) error {
	if err := s.openLedger(); err != nil {
		return err
	}
	l, book := s.loaded, s.ledger.book
	l.damage = append(l.damage, book.damage...)
	noted := book.gatewayID
	if l.saved.Edition.Number > book.edition && l.identity.GatewayID != "" {
		noted = "" // the database is newer
	}
	l.reconcile(book)
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
		if s.db != nil {
			err = errors.Join(err, s.db.close())
			s.db = nil
		}
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
	if s.db != nil {
		errs = append(errs, s.db.close())
		s.db = nil
	}
	if s.ledger != nil {
		errs = append(errs, s.ledger.file.Close())
		s.ledger = nil
	}
	return errors.Join(errs...)
}
