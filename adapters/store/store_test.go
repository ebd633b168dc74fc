package store_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

// Controllers count the starts of a gateway; what an operator changes while none runs is none.
func TestAChangeByHandIsNoStart(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	s, err := store.Open(t.Context(), store.Options{Dir: dir, ByHand: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Identity().Boots; got != 1 {
		t.Errorf("by hand it has started %d times, want 1", got)
	}
	closeStore(t, s)
	if got := open(t, dir).Identity().Boots; got != 2 {
		t.Errorf("it has started %d times, want 2", got)
	}
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
	later := history(0, gateway.PeopleFeed, 1)
	longer := override(0, gateway.TargetPeople, "a count by hand, again")
	estimate := gateway.Total{Asset: 0, In: 5, Out: 6, At: 1773151530002, Day: 1773097200000, Net: 1 << 40}
	heard := gateway.SiteLife{Site: 5, Newest: 1773151590000}
	commit(t, s, &gateway.Batch{
		Histories: []gateway.History{later},
		Totals:    []gateway.Total{estimate},
		Sites:     []gateway.SiteLife{heard},
		Overrides: []gateway.Override{longer},
		Released:  []gateway.OverrideKey{{Asset: 0, Target: gateway.TargetOutputs}, {Asset: 0, Target: gateway.TargetPeople}},
		Audit:     []gateway.OverrideChange{{At: 1773151530006, Asset: "room_a", Change: "released"}},
		Forgotten: []gateway.Increment{{Key: gateway.IncrementKey{1, 2, 3}, At: 1773151530002}},
		Removed:   []gateway.Number{3},
		Assets:    []*gateway.Asset{asset(3, "room_b")},
	})
	closeStore(t, s)
	want := &gateway.Saved{
		Assets:    []gateway.Asset{*asset(0, "room_a"), *asset(3, "room_b"), *site(5, "site_c")},
		Histories: []gateway.History{later, history(0, gateway.PeopleMinuteFeed, 31)},
		Totals:    []gateway.Total{estimate, everything().Totals[2]},
		Sites:     []gateway.SiteLife{heard},
		Overrides: []gateway.Override{longer},
		Audit:     append(everything().Audit, gateway.OverrideChange{At: 1773151530006, Asset: "room_a", Change: "released"}),
		Alive:     1773151530005,
		Process:   *everything().Process,
	}
	if diff := cmp.Diff(want, open(t, dir).Saved(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
}

// An asset that is removed leaves nothing but what the audit says of it.
func TestARemovedAssetLeavesOnlyItsAudit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	commit(t, s, &gateway.Batch{Removed: []gateway.Number{0, 3, 5}})
	got := tables(t, dir)
	for table, rows := range got {
		if table != "meta" && table != "audit" && table != "increments" && rows != 0 {
			t.Errorf("table %s still has %d rows", table, rows)
		}
	}
	if got["audit"] != 2 {
		t.Errorf("the audit has %d rows, want 2", got["audit"])
	}
}

// A batch that is written again changes no row, and costs the disk nothing.
func TestRowsThatDidNotChangeAreNotWritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	for _, table := range []string{"feeds", "totals", "sites", "overrides"} {
		tamper(t, dir, "CREATE TRIGGER no_"+table+" BEFORE UPDATE ON "+table+" BEGIN SELECT RAISE(ABORT, 'written'); END")
	}
	s = open(t, dir)
	batch := everything()
	batch.Assets = nil // these are in a batch when they are described anew
	log := filepath.Join(dir, "state.db-wal")
	before := sizeOf(t, log)
	commit(t, s, batch)
	if after := sizeOf(t, log); after != before {
		t.Errorf("the log grew from %d to %d bytes", before, after)
	}
	batch.Alive++
	commit(t, s, batch)
	if after := sizeOf(t, log); after == before {
		t.Error("a change did not reach the log")
	}
	batch.Sites[0].Newest++
	if err := s.Commit(t.Context(), batch); err == nil || !strings.Contains(err.Error(), "written") {
		t.Errorf("a change of a row: %v", err)
	}
}

func TestTheAuditKeepsTheNewestThousand(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	change := func(i int) gateway.OverrideChange {
		return gateway.OverrideChange{At: gateway.Timestamp(2000 - i/2), Asset: "room_a", Change: "forced", Override: gateway.Override{Value: i}}
	}
	var all []gateway.OverrideChange
	for i := range 1200 {
		all = append(all, change(i))
	}
	commit(t, s, &gateway.Batch{Audit: all[:600]})
	commit(t, s, &gateway.Batch{Audit: all[600:]})
	commit(t, s, &gateway.Batch{Audit: all[1190:]}) // again: there already
	closeStore(t, s)
	if diff := cmp.Diff(all[200:], open(t, dir).Saved().Audit); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
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
