package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func commit(t *testing.T, s *store.Store, b *gateway.Batch) {
	t.Helper()
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// asset describes a room for a test.
func asset(number gateway.Number, id string) *gateway.Asset {
	return &gateway.Asset{
		ID: gateway.AssetID(id), Kind: gateway.Room, Number: number, Parent: "space_1", Given: "Boardroom, \"Erasmus\"\nNorth",
		CustomID: "MH-3.14", MAC: "00-17-0d-00-00-71-3b-04", Told: 1773151530000,
	}
}

func everything() *gateway.Batch {
	return &gateway.Batch{
		Assets: []*gateway.Asset{asset(0, "room_a"), asset(3, "room_b")},
		Revisions: []gateway.FeedRevision{
			{Asset: 0, Feed: gateway.PeopleFeed, Revision: gateway.Revision{At: 1773151530000, Value: 6, ID: "event_1"}},
			{Asset: 3, Feed: gateway.MotionFeed, Revision: gateway.Revision{At: 1773151530001, Value: 1}},
		},
		Totals:  []gateway.Total{{Asset: 3, In: 1 << 40, Out: 7, At: 1773151530002}},
		Counted: []gateway.Increment{{Key: gateway.IncrementKey{1, 2, 3}, At: 1773151530002}},
	}
}

// hourly is what is left of a moment when only its hour is stored.
func hourly(t gateway.Timestamp) gateway.Timestamp { return t / 3_600_000 * 3_600_000 }

func savedOf(b *gateway.Batch) *gateway.Saved {
	s := &gateway.Saved{Revisions: b.Revisions, Totals: b.Totals}
	for _, a := range b.Assets {
		s.Assets = append(s.Assets, *a)
	}
	for _, c := range b.Counted {
		s.Counted = append(s.Counted, gateway.Increment{Key: c.Key, At: hourly(c.At)})
	}
	return s
}

func TestWhatWasCommittedIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	id := s.Identity()
	closeStore(t, s)

	s = open(t, dir)
	if diff := cmp.Diff(savedOf(everything()), s.Saved()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if got, want := s.Identity(), (store.Identity{GatewayID: id.GatewayID, Boots: 2}); got != want {
		t.Errorf("identity: got %+v, want %+v", got, want)
	}
	if len(id.GatewayID) != 8 {
		t.Errorf("gateway id %q: want 8 hexadecimal digits", id.GatewayID)
	}
	if d := s.Damage(); len(d) != 0 {
		t.Errorf("damage: %q", d)
	}
}

func TestALaterBatchReplacesRowsAndTakesBackWhatAFailedOneLeft(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	later := gateway.Revision{At: 1773151590000, Value: 0, ID: "event_2"}
	commit(t, s, &gateway.Batch{
		Revisions: []gateway.FeedRevision{{Asset: 0, Feed: gateway.PeopleFeed, Revision: later}},
		Forgotten: []gateway.Increment{{Key: gateway.IncrementKey{1, 2, 3}, At: 1773151530002}},
		Removed:   []gateway.Number{3},
		Assets:    []*gateway.Asset{asset(3, "room_b")},
	})
	closeStore(t, s)
	want := &gateway.Saved{
		Assets:    []gateway.Asset{*asset(0, "room_a"), *asset(3, "room_b")},
		Revisions: []gateway.FeedRevision{{Asset: 0, Feed: gateway.PeopleFeed, Revision: later}},
	}
	if diff := cmp.Diff(want, open(t, dir).Saved(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
}

func TestExpiredIncrementsGo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const hour = 3_600_000
	counted := func(b byte, at gateway.Timestamp) gateway.Increment {
		return gateway.Increment{Key: gateway.IncrementKey{b}, At: at}
	}
	commit(t, s, &gateway.Batch{Counted: []gateway.Increment{counted(1, 10*hour), counted(2, 11*hour), counted(3, 12*hour)}})
	commit(t, s, &gateway.Batch{Expired: 11 * hour})
	closeStore(t, s)
	want := []gateway.Increment{counted(2, 11*hour), counted(3, 12*hour)}
	if got := open(t, dir).Saved().Counted; !slices.Equal(got, want) {
		t.Errorf("counted: got %v, want %v", got, want)
	}
}

func TestASecondGatewayOnTheSameDirectoryIsRefusedInWords(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	if !errors.Is(err, store.ErrInUse) {
		t.Fatalf("got %v, want %v", err, store.ErrInUse)
	}
	if want := "stop that one, or give this one a state_dir of its own"; !strings.Contains(err.Error(), want) {
		t.Errorf("%q does not say %q", err, want)
	}
}

func TestReadingDoesNotDisturbARunningGateway(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	for _, when := range []string{"while it runs", "after it stopped"} {
		saved, id, err := store.Read(t.Context(), dir)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if diff := cmp.Diff(savedOf(everything()), saved); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if id.Boots != 1 {
			t.Errorf("%s: reading counted a start: %d", when, id.Boots)
		}
		if when == "while it runs" {
			commit(t, s, everything())
			closeStore(t, s)
		}
	}
	if _, _, err := store.Read(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "has a gateway run") {
		t.Errorf("an empty directory: got %v", err)
	}
}

func TestNumbersComeBackFromTheLedger(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	id := s.Identity().GatewayID
	closeStore(t, s)
	old, err := os.ReadFile(filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{asset(7, "room_new")}})
	closeStore(t, s)

	t.Run("when an older database is put back", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, "state.db"), old, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		got := s.Saved().Assets
		want := gateway.Asset{ID: "room_new", Kind: gateway.Room, Number: 7}
		if len(got) != 3 || !cmp.Equal(got[2], want) {
			t.Errorf("got %+v, want the third to be %+v", got, want)
		}
		if d := s.Damage(); len(d) != 1 || !strings.Contains(d[0], "older than ledger.csv: 1 assets") {
			t.Errorf("damage %q: an older database must be told", d)
		}
		closeStore(t, s)
	})
	t.Run("when the database is gone", func(t *testing.T) {
		if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		var numbers []gateway.Number
		for _, a := range s.Saved().Assets {
			numbers = append(numbers, a.Number)
		}
		if want := []gateway.Number{0, 3, 7}; !slices.Equal(numbers, want) {
			t.Errorf("numbers %v, want %v", numbers, want)
		}
		if got := s.Identity().GatewayID; got != id {
			t.Errorf("the gateway is now %s, was %s", got, id)
		}
		closeStore(t, s)
	})
	t.Run("when the database is no database", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, "state.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if got := len(s.Saved().Assets); got != 3 {
			t.Errorf("%d assets, want 3", got)
		}
		if d := s.Damage(); len(d) != 2 || !strings.Contains(d[0], "moved to state.db.broken-") {
			t.Errorf("damage %q", d)
		}
		if kept, _ := filepath.Glob(filepath.Join(dir, "state.db.broken-*")); len(kept) != 1 {
			t.Errorf("kept %q, want the broken database", kept)
		}
	})
}

func TestTheLedgerGetsEachAssetOnceAndATornLineIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.csv")
	s := open(t, dir)
	id := s.Identity().GatewayID
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{asset(0, "room_a"), asset(0, "room_a")}})
	renamed := asset(0, "room_a")
	renamed.Given = "Renamed"
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{renamed}})
	closeStore(t, s)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("1,room,room_to"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{asset(1, "a,\"hostile\" id")}})
	closeStore(t, s)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "number,kind,id\n-,gateway," + id + "\n0,room,room_a\n1,room,\"a,\"\"hostile\"\" id\"\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if got := open(t, dir).Saved().Assets; len(got) != 2 || got[1].ID != "a,\"hostile\" id" {
		t.Errorf("read back: %+v", got)
	}
}

func TestABrokenRowIsLeftOutAndTold(t *testing.T) {
	for name, statement := range map[string]string{
		"an asset":      "UPDATE assets SET given = 'Boardroom' WHERE number = 0",
		"a kind":        "UPDATE assets SET kind = 'castle' WHERE number = 0",
		"a feed":        "UPDATE revisions SET data = zeroblob(12) WHERE asset = 0",
		"feeds swapped": "UPDATE revisions SET feed = 1 WHERE asset = 0",
		"totals":        "UPDATE totals SET people_in = people_in + 1",
		"increment":     "UPDATE increments SET key = x'00'",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			commit(t, s, everything())
			closeStore(t, s)
			tamper(t, dir, statement)
			s = open(t, dir)
			if d := s.Damage(); len(d) != 1 {
				t.Errorf("damage: %q, want one sentence", d)
			}
			if saved := s.Saved(); len(saved.Assets) != 2 {
				t.Errorf("assets: %+v, want both, one at least from the ledger", saved.Assets)
			}
		})
	}
}

func tamper(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// What was not believed is removed, so that it is told once and nobody inherits it.
func TestABrokenRowIsToldOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	tamper(t, dir, "UPDATE revisions SET data = zeroblob(12); UPDATE increments SET key = x'00'; UPDATE totals SET people_in = 9")
	closeStore(t, open(t, dir))
	if d := open(t, dir).Damage(); len(d) != 0 {
		t.Errorf("told again: %q", d)
	}
}

func TestManyBrokenRowsAreSummedUp(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := &gateway.Batch{}
	for n := range gateway.Number(50) {
		b.Assets = append(b.Assets, asset(n, fmt.Sprint("room_", n)))
		b.Totals = append(b.Totals, gateway.Total{Asset: n, In: 1, At: 1773151530000})
	}
	commit(t, s, b)
	closeStore(t, s)
	tamper(t, dir, "UPDATE totals SET people_in = 9")
	if d := open(t, dir).Damage(); len(d) != 11 || d[10] != "and 40 more rows" {
		t.Errorf("damage %q", d)
	}
}

// A number that database and ledger give to different assets is the ledger's, and nothing that the
// database said under it is believed of the other asset, now or after another restart.
func TestNobodyInheritsAnothersReadings(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	path := filepath.Join(dir, "ledger.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("3,room,room_b"), []byte("3,room,room_other"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, damage := range []int{1, 0} {
		s := open(t, dir)
		saved := s.Saved()
		if len(saved.Assets) != 2 || saved.Assets[1].ID != "room_other" || len(saved.Totals) != 0 || len(saved.Revisions) != 1 {
			t.Errorf("start %d: %+v", i, saved)
		}
		if got := len(s.Damage()); got != damage {
			t.Errorf("start %d: damage %q", i, s.Damage())
		}
		closeStore(t, s)
	}
}

// A crash may come between the database's commit and the ledger's line.
func TestTheLedgerCatchesUpWithTheDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.csv")
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.TrimSuffix(whole, []byte("3,room,room_b\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if d := s.Damage(); len(d) != 0 {
		t.Errorf("damage %q: nothing was lost", d)
	}
	closeStore(t, s)
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("ledger %q, %v; want %q", got, err, whole)
	}
}

// A power cut may leave zeros, or half of a line, where a file was being appended to.
func TestADamagedLedgerIsMendedAndKeptAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.csv")
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append(bytes.Replace(text, []byte("0,room,room_a\n"), make([]byte, 14), 1), "0,room,room_a\n0,room,room_z\nx,room,room_y\n"...)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if d := s.Damage(); len(d) != 3 {
		t.Errorf("damage %q, want a sentence for each of three lines", d)
	}
	if got := s.Saved().Assets; len(got) != 2 || got[0].ID != "room_a" || got[1].ID != "room_b" {
		t.Errorf("assets %+v", got)
	}
	closeStore(t, s)
	if kept, err := filepath.Glob(path + ".broken-*"); err != nil || len(kept) != 1 {
		t.Errorf("kept %q, %v", kept, err)
	}
	if d := open(t, dir).Damage(); len(d) != 0 {
		t.Errorf("told again: %q", d)
	}
}

// Loading reads no index; a broken one must not make every new asset fail for ever.
func TestABrokenIndexIsMended(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	breakIndex(t, dir)
	s = open(t, dir)
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{asset(9, "room_new")}})
}

// breakIndex overwrites the page of the index of asset ids.
func breakIndex(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "state.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var root, size int64
	if err := db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_assets_1'").Scan(&root); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("PRAGMA page_size").Scan(&size); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, int(size)-8), (root-1)*size+8); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReadingLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	if err := os.Chmod(filepath.Join(dir, "state.db"), 0o440); err != nil {
		t.Fatal(err)
	}
	before, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Read(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	after, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}

func TestADatabaseOfANewerGatewayIsRefused(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	tamper(t, dir, "PRAGMA user_version = 99")
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "written by a newer gateway") {
		t.Errorf("got %v", err)
	}
}

// A commit that fails is an error, and the next one works as soon as the cause is gone.
func TestCommitsWorkAgainWhenTheDatabaseIsBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	other, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	hold, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), everything()); err == nil {
		t.Fatal("a commit to a locked database: no error")
	}
	if _, err := hold.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
	commit(t, s, everything())
	closeStore(t, s)
	if diff := cmp.Diff(savedOf(everything()), open(t, dir).Saved()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
}

// Whatever a sequence of batches did, a restart brings back what the last of them said of each row.
func TestARestartBringsBackTheLastWord(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		dir := filepath.Join(dir, fmt.Sprint(run))
		s, err := store.Open(context.Background(), store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		want := make(map[gateway.Number]gateway.Revision)
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			b := &gateway.Batch{}
			for _, n := range rapid.SliceOfDistinct(rapid.Uint32Range(0, 9), rapid.ID[uint32]).Draw(t, "assets") {
				number := gateway.Number(n)
				r := gateway.Revision{
					At: gateway.Timestamp(rapid.Int64Min(1).Draw(t, "at")), Value: int(rapid.Int32().Draw(t, "value")),
					ID: rapid.String().Draw(t, "id"),
				}
				want[number] = r
				b.Assets = append(b.Assets, asset(number, fmt.Sprint("room_", n)))
				b.Revisions = append(b.Revisions, gateway.FeedRevision{Asset: number, Revision: r})
			}
			if err := s.Commit(context.Background(), b); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		saved, _, err := store.Read(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[gateway.Number]gateway.Revision)
		for _, r := range saved.Revisions {
			got[r.Asset] = r.Revision
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("revisions (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			batch := &gateway.Batch{}
			for i := range size {
				batch.Revisions = append(batch.Revisions, gateway.FeedRevision{
					Asset: gateway.Number(i), Revision: gateway.Revision{At: 1773151530000, ID: "event_3nprwZCAqYdJzGI97efWqGm0pXn"},
				})
			}
			for b.Loop() {
				for i := range batch.Revisions {
					batch.Revisions[i].Revision.At++
				}
				if err := s.Commit(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
