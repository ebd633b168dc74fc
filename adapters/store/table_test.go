package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/store"
)

func write(t failer, table *store.Table, changes map[string]string) {
	t.Helper()
	if err := table.Write(context.Background(), changes); err != nil {
		t.Fatal(err)
	}
}

func content(t failer, table *store.Table) map[string]string {
	t.Helper()
	got, err := table.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// What was written is there after a restart, each table's own.
//
// Seen to break it: the name left out of the query, or of the key; "" written like any other text.
func TestTablesKeepWhatIsWritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	texts := rapid.OneOf(rapid.StringMatching(`[a-c]{1,2}`), rapid.StringN(1, 20, -1))
	want := map[string]map[string]string{"one": {}, "other": {}}
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(t, "writes") {
			name := rapid.SampledFrom([]string{"one", "other"}).Draw(t, "table")
			changes := rapid.MapOfN(texts, rapid.OneOf(rapid.Just(""), texts), 0, 5).Draw(t, "changes")
			write(t, s.Table(name), changes)
			for key, value := range changes {
				want[name][key] = value
				if value == "" {
					delete(want[name], key)
				}
			}
		}
		if rapid.IntRange(0, 20).Draw(t, "restart") == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			var err error
			if s, err = store.Open(context.Background(), store.Options{Dir: dir}); err != nil {
				t.Fatal(err)
			}
		}
		for name := range want {
			if diff := cmp.Diff(want[name], content(t, s.Table(name))); diff != "" {
				t.Fatalf("table %s (-want +got):\n%s", name, diff)
			}
		}
	})
	closeStore(t, s)
}

// Changes come together or not at all, and after an error the database is opened anew.
//
// Seen to break it: the statements run outside a transaction; one that is neither rolled back nor left with its connection.
func TestATableIsWrittenWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	table := s.Table("one")
	write(t, table, map[string]string{"a": "1", "b": "1"})
	tamper(t, dir, "CREATE TRIGGER no BEFORE UPDATE ON kept WHEN new.value = '3' BEGIN SELECT RAISE(ABORT, 'full'); END")
	for range 20 { // the changes are made in any order
		if err := table.Write(t.Context(), map[string]string{"a": "2", "b": "3"}); err == nil {
			t.Fatal("there is no error")
		}
		if diff := cmp.Diff(map[string]string{"a": "1", "b": "1"}, content(t, table)); diff != "" {
			t.Fatalf("after an error (-want +got):\n%s", diff)
		}
	}
	commit(t, s, everything())
	write(t, table, map[string]string{"a": "4"})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := table.Write(ended, map[string]string{"a": "5"}); !errors.Is(err, context.Canceled) || content(t, table)["a"] != "4" {
		t.Errorf("a write that nobody waits for: %v", err)
	}
}

// A row that is not as it was written is left out, and removed.
//
// Seen to break it: the checksum not compared; the key left out of it.
func TestADamagedRowOfATableIsLeftOut(t *testing.T) {
	for name, statement := range map[string]string{
		"a value":   "UPDATE kept SET value = '2' WHERE key = 'a'",
		"a key":     "UPDATE kept SET key = 'c' WHERE key = 'a'",
		"its table": "UPDATE kept SET name = 'one', key = 'c' WHERE name = 'other'",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			write(t, s.Table("one"), map[string]string{"a": "1", "b": "1"})
			write(t, s.Table("other"), map[string]string{"a": "1"})
			tamper(t, dir, statement)
			if got := content(t, s.Table("one")); got["c"] != "" || got["a"] == "2" || got["b"] != "1" {
				t.Errorf("the table has %v", got)
			}
			closeStore(t, s)
			if left := tables(t, dir)["kept"]; left != 2 {
				t.Errorf("%d rows are left, want 2", left)
			}
		})
	}
}

// Several may write at once, beside the commits.
//
// Seen to break it, with the race detector: the lock left out of Write, of Load, or of Commit.
func TestTablesAreWrittenBesideCommits(t *testing.T) {
	s := open(t, t.TempDir())
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := range 20 {
				table := s.Table(fmt.Sprint(i))
				if err := table.Write(t.Context(), map[string]string{fmt.Sprint(n): "x"}); err != nil {
					t.Error(err)
				}
				if got, err := table.Load(t.Context()); err != nil || len(got) != n+1 {
					t.Errorf("%d rows, %v", len(got), err)
				}
			}
		})
	}
	for range 20 {
		commit(t, s, everything())
	}
	writers.Wait()
}

// One transaction for 5 000 rows costs what it costs to sync once.
func BenchmarkTableWrite(b *testing.B) {
	s, err := store.Open(b.Context(), store.Options{Dir: filepath.Join(b.TempDir(), "state")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	changes := make(map[string]string)
	for round := 0; b.Loop(); round++ {
		for i := range 5000 {
			changes[fmt.Sprintf("homeassistant device bgw_1a2b3c4d_room_%d", i)] = fmt.Sprint("binary_sensor/occupied sensor/people ", round)
		}
		write(b, s.Table("one"), changes)
	}
}

// Whoever writes beside a commit that hangs waits no longer than it wants to, and what it gave up is not written.
//
// Seen to break it: the turn taken without a look at the context, in each of the three.
func TestNobodyWaitsForTheirTurnForEver(t *testing.T) {
	s := open(t, t.TempDir())
	release := s.Hold()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 3)
	go func() { done <- s.Table("one").Write(ctx, map[string]string{"key": "value"}) }()
	go func() { done <- s.Commit(ctx, everything()) }()
	go func() {
		_, err := s.Table("one").Load(ctx)
		done <- err
	}()
	cancel()
	for range cap(done) {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	}
	release()
	if got := content(t, s.Table("one")); len(got) != 0 {
		t.Errorf("written all the same: %v", got)
	}
}
