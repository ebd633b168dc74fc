package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

// campus is a batch of so many rooms, each with a feed and totals, of that many people each.
func campus(from, rooms, people int) *gateway.Batch {
	b := &gateway.Batch{Alive: 1773151530005}
	for i := range rooms {
		n := gateway.Number(from + i)
		b.Assets = append(b.Assets, asset(n, fmt.Sprint("room_", n)))
		b.Histories = append(b.Histories, history(n, gateway.PeopleMinuteFeed, 3))
		b.Totals = append(b.Totals, gateway.Total{Asset: n, In: uint64(people), Out: uint64(people / 2), At: 1773151530002})
		b.Counted = append(b.Counted, gateway.Increment{Key: gateway.IncrementKey{byte(n), byte(n >> 8), byte(people)}, At: 1773151530002})
	}
	return b
}

const (
	roomsOfBackup = 150
	roomsSince    = 50
	peopleBefore  = 4 // each room's, when the backup was made
	peopleSince   = 9 // and afterwards
)

// madeWithBackup makes the state directory of a gateway: everything as it was when a backup was made, then more people
// and fifty more assets, and what is in the log as if the machine had stopped.
func madeWithBackup(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	live := filepath.Join(dir, "live")
	s := open(t, live)
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{site(1000, "site_c")}})
	commit(t, s, campus(0, roomsOfBackup, peopleBefore))
	commit(t, s, &gateway.Batch{
		Sites:     []gateway.SiteLife{{Site: 1000, Newest: 1773151530002}},
		Overrides: []gateway.Override{override(7, gateway.TargetOutputs, "fire drill")},
		Audit:     []gateway.OverrideChange{{At: 1773151530004, Asset: "room_7", Change: "forced", By: "Noor", Override: override(7, gateway.TargetOutputs, "fire drill")}},
	})
	if err := s.Table("discovery").Write(t.Context(), map[string]string{"room_7": "told"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(live, store.BackupFolder), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := store.Backup(t.Context(), live, filepath.Join(live, store.BackupFolder, "state-000007-20260311T090000Z.backup")); err != nil {
		t.Fatal(err)
	}
	commit(t, s, &gateway.Batch{Released: []gateway.OverrideKey{{Asset: 7, Target: gateway.TargetOutputs}}})
	closeStore(t, s)
	s = open(t, live)
	commit(t, s, campus(roomsOfBackup, roomsSince, peopleSince-2))
	for _, people := range []int{peopleSince - 1, peopleSince} {
		b := campus(0, roomsOfBackup+roomsSince, people)
		b.Assets = nil
		commit(t, s, b)
	}
	stopped := filepath.Join(dir, "stopped")
	if err := os.CopyFS(stopped, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	return stopped
}

// copied returns a copy of a state directory.
func copied(t failer, dir, to string) string {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// mustHold checks what is so whatever happened to the files beside the ledger: every address is as it was, and no total
// is shown as good that is not what it was.
func mustHold(t interface{ Errorf(string, ...any) }, saved *gateway.Saved) {
	if len(saved.Assets) != roomsOfBackup+roomsSince+1 {
		t.Errorf("%d assets", len(saved.Assets))
	}
	for _, a := range saved.Assets {
		if want := gateway.AssetID(fmt.Sprint("room_", a.Number)); a.ID != want && a.Number != 1000 {
			t.Errorf("number %d is %s's, want %s's", a.Number, a.ID, want)
		}
	}
	totals := make(map[gateway.Number]gateway.Total)
	for _, total := range saved.Totals {
		totals[total.Asset] = total
	}
	for n := range gateway.Number(roomsOfBackup + roomsSince) {
		total := totals[n]
		if doubted := total.Lacks >= 1773151530005; total.In != peopleSince && !doubted {
			t.Errorf("the totals of %d are %+v, as if they were right", n, total)
			return
		}
	}
	for _, o := range saved.Overrides {
		t.Errorf("an override that was released is in force: %+v", o)
	}
}

// TestADatabaseThatCannotBeUsedIsReplacedByTheBackup. No address moves, of assets either that the backup does not
// know; totals are those of the backup, and say that something is missing from them; the file is kept.
//
// Seen to break it: each kind of damage not taken for one; the backup not sought; the totals not doubted; those of
// assets that the backup does not know left as if nobody had passed; the file deleted.
func TestADatabaseThatCannotBeUsedIsReplacedByTheBackup(t *testing.T) {
	made := madeWithBackup(t)
	for name, harm := range map[string]func(path string) error{
		"is no database": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("rubbish "), 5000), 0o600) },
		"is empty":       func(path string) error { return os.Truncate(path, 0) },
		"is gone":        os.Remove,
		"is nothing but zeros": func(path string) error {
			return os.WriteFile(path, make([]byte, 40960), 0o600)
		},
		"is cut short": func(path string) error { return os.Truncate(path, 10) },
		"is a folder": func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, made, filepath.Join(t.TempDir(), "state"))
			path := filepath.Join(dir, "state.db")
			_ = os.Remove(path + "-wal")
			_ = os.Remove(path + "-shm")
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir)
			if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "the backup state-000007-20260311T090000Z.backup of 2026-03-11 09:00 UTC is in its place") {
				t.Errorf("damage: %q", d)
			}
			saved := s.Saved()
			saved.Overrides = nil // that of the backup; its end is in it
			mustHold(t, saved)
			if got := saved.Totals[7]; got.In != peopleBefore || got.Lacks == 0 {
				t.Errorf("totals: %+v, want those of the backup, in doubt", got)
			}
			if len(saved.Counted) != roomsOfBackup {
				t.Errorf("%d traffic events are known to be counted, want %d", len(saved.Counted), roomsOfBackup)
			}
			if kept := content(t, s.Table("discovery")); kept["room_7"] != "told" {
				t.Errorf("what other parts keep: %v", kept)
			}
			aside, err := filepath.Glob(path + ".broken-*")
			if want := 1; name != "is gone" && (len(aside) != want || err != nil) {
				t.Errorf("kept %q, %v", aside, err)
			}
			commit(t, s, campus(0, 3, 20))
			closeStore(t, s)
			s = open(t, dir)
			if d := s.Damage(); len(d) != 0 {
				t.Errorf("told again: %q", d)
			}
		})
	}
}

// TestWhatCanBeBelievedIsKept: of a file whose pages are damaged every row that can be read is newer than the backup.
// From that come the totals that are lost, and the descriptions; not feeds, and no override that may be released since.
//
// Seen to break it: the file given up for the backup; reading ended at the first bad page; descriptions not taken from
// the backup before it is asked whose the rows are; totals of the backup not doubted.
func TestWhatCanBeBelievedIsKept(t *testing.T) {
	made := madeWithBackup(t)
	s := open(t, made) // so that everything is in the file
	closeStore(t, s)
	for _, table := range []string{"totals", "feeds", "assets"} {
		t.Run(table, func(t *testing.T) {
			dir := copied(t, made, filepath.Join(t.TempDir(), "state"))
			overwritePage(t, dir, table)
			s := open(t, dir)
			if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "what of it can be believed was kept") || !strings.Contains(d[0], "rows may be missing in "+table) {
				t.Errorf("damage: %q", d)
			}
			saved := s.Saved()
			mustHold(t, saved)
			people := make(map[uint64]int)
			for _, total := range saved.Totals {
				people[total.In]++
			}
			described := 0
			for _, a := range saved.Assets {
				if a.Given != "" {
					described++
				}
			}
			switch table {
			case "totals":
				if people[peopleSince] < 20 || people[peopleBefore] < 20 {
					t.Errorf("totals by people: %v, want some of the file, and some of the backup", people)
				}
				if len(saved.Histories) != roomsOfBackup+roomsSince {
					t.Errorf("%d feeds", len(saved.Histories))
				}
			case "feeds":
				if n := len(saved.Histories); n < 50 || n > roomsOfBackup+roomsSince-1 {
					t.Errorf("%d feeds, want some, and not all", n)
				}
				if people[peopleSince] != roomsOfBackup+roomsSince {
					t.Errorf("totals by people: %v", people)
				}
				for _, total := range saved.Totals {
					if total.Lacks != 0 {
						t.Errorf("in doubt, and nothing was wrong: %+v", total)
					}
				}
			case "assets":
				if described < roomsOfBackup {
					t.Errorf("%d assets have a name, want those at least that the backup knows", described)
				}
				theirs := 0
				for _, h := range saved.Histories {
					if h.Asset < roomsOfBackup {
						theirs++
					}
				}
				if theirs != roomsOfBackup {
					t.Errorf("%d feeds of assets that the backup knows, want all of them", theirs)
				}
			}
		})
	}
}

// overwritePage overwrites a page in the middle of a table's leaves.
func overwritePage(t *testing.T, dir, table string) {
	t.Helper()
	path := filepath.Join(dir, "state.db")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pages := leaves(t, dir, table)
	page := pages[(len(pages)-1)/2]
	copy(file[(page-1)*4096:page*4096], bytes.Repeat([]byte{0xa5}, 4096))
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRowsThatVanishAreMissed: a page that says that it has one row less tells nobody of it, but by its structure. The
// log, which is sound, is of no help.
//
// Seen to break it: the integrity not looked at.
func TestRowsThatVanishAreMissed(t *testing.T) {
	dir := copied(t, madeWithBackup(t), filepath.Join(t.TempDir(), "state"))
	closeStore(t, open(t, dir)) // so that everything is in the file
	dropCell(t, dir, "totals")
	s := open(t, dir)
	if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "rows may be missing in totals") {
		t.Errorf("damage: %q", d)
	}
	mustHold(t, s.Saved())
}

// dropCell has a leaf of a table say that it has one row less.
func dropCell(t *testing.T, dir, table string) {
	t.Helper()
	path := filepath.Join(dir, "state.db")
	pages := leaves(t, dir, table)
	page := pages[(len(pages)-1)/2]
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count := file[(page-1)*4096+3:][:2]
	binary.BigEndian.PutUint16(count, binary.BigEndian.Uint16(count)-1)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAnOlderDatabaseLetsNoTotalGoBack: who puts back a copy of last week loses nothing that the backup has.
//
// Seen to break it: totals taken from the backup only where there are none.
func TestAnOlderDatabaseLetsNoTotalGoBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, campus(0, 5, 1))
	closeStore(t, s)
	old, err := os.ReadFile(filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	commit(t, s, campus(0, 6, peopleBefore))
	closeStore(t, s)
	if err := os.Mkdir(filepath.Join(dir, store.BackupFolder), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := store.Backup(t.Context(), dir, filepath.Join(dir, store.BackupFolder, "state-000001-20260311T090000Z.backup")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, total := range open(t, dir).Saved().Totals {
		if total.In != peopleBefore || total.Lacks == 0 {
			t.Errorf("totals: %+v", total)
		}
	}
}

// TestTheBackupThatIsWholeIsTaken, not a newer one that is broken, or is of another gateway; and the ledger in it where
// that is gone too.
//
// Seen to break it: the first one taken unread; the id not looked at; the ledger made anew, so that numbers without an
// asset are given again.
func TestTheBackupThatIsWholeIsTaken(t *testing.T) {
	dir := copied(t, madeWithBackup(t), filepath.Join(t.TempDir(), "state"))
	folder := filepath.Join(dir, store.BackupFolder)
	other := t.TempDir()
	s := open(t, other)
	commit(t, s, everything())
	closeStore(t, s)
	if err := store.Backup(t.Context(), other, filepath.Join(folder, "state-000008-20260312T090000Z.backup")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "state-000009-20260313T090000Z.backup"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "state-000007-20260311T090000Z.backup") {
		t.Errorf("damage: %q", d)
	}
	closeStore(t, s)

	t.Log("without a ledger")
	if err := errors.Join(os.Remove(filepath.Join(folder, "state-000008-20260312T090000Z.backup")), os.Remove(filepath.Join(dir, "state.db")), os.Remove(filepath.Join(dir, "ledger.csv"))); err != nil {
		t.Fatal(err)
	}
	id := s.Identity().GatewayID
	s = open(t, dir)
	if got := s.Identity().GatewayID; got != id {
		t.Errorf("the gateway is %s, want %s", got, id)
	}
	if got := len(s.Saved().Assets); got != roomsOfBackup+1 {
		t.Errorf("%d assets", got)
	}
	ledger, err := os.ReadFile(filepath.Join(dir, "ledger.csv"))
	if want := "number,kind,id\n-,gateway," + id + "\n1000,site,site_c\n0,room,room_0\n"; err != nil || !strings.HasPrefix(string(ledger), want) {
		t.Errorf("the ledger is another, %v:\n%s", err, ledger)
	}
}

// TestWithoutABackupTheGatewayStartsAndSaysSo.
//
// Seen to break it: totals that begin anew shown as good.
func TestWithoutABackupTheGatewayStartsAndSaysSo(t *testing.T) {
	dir := copied(t, madeWithBackup(t), filepath.Join(t.TempDir(), "state"))
	path := filepath.Join(dir, "state.db")
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, store.BackupFolder)), os.Remove(path+"-wal"), os.WriteFile(path, []byte("rubbish"), 0o600)); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "there is no backup to take it from: all values are unknown until the next events, and totals begin anew") {
		t.Errorf("damage: %q", d)
	}
	mustHold(t, s.Saved())
}

// TestFewDamagedFilesAreKept. Seen to break it: all of them kept, the newest dropped.
func TestFewDamagedFilesAreKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	var last []string
	for range 6 {
		s := open(t, dir)
		commit(t, s, everything())
		closeStore(t, s)
		if err := os.WriteFile(path, []byte("rubbish"), 0o600); err != nil {
			t.Fatal(err)
		}
		closeStore(t, open(t, dir))
		kept, err := filepath.Glob(path + ".broken-*")
		if err != nil || len(kept) == 0 || len(kept) > 3 {
			t.Fatalf("kept %q, %v", kept, err)
		}
		if len(last) > 0 && kept[len(kept)-1] <= last[len(last)-1] {
			t.Errorf("kept %q after %q", kept, last)
		}
		last = kept
	}
}

// TestACrashWhileTheDatabaseIsReplacedIsGoneOnFrom, wherever in it.
//
// Seen to break it: the new database not put in place at the next start; one that was not whole believed.
func TestACrashWhileTheDatabaseIsReplacedIsGoneOnFrom(t *testing.T) {
	made := madeWithBackup(t)
	s := open(t, made)
	closeStore(t, s)
	sound, err := os.ReadFile(filepath.Join(made, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, leave := range map[string]map[string][]byte{
		"nothing but a beginning": {"state.db": []byte("rubbish"), "renewal/state.db": sound[:5000], "renewal/state.db-wal": []byte("x")},
		"the new one is whole":    {"state.db": []byte("rubbish"), "state.db-wal": []byte("x"), "state.db.new": sound},
		"the old one is gone":     {"state.db-wal": []byte("rubbish"), "state.db.new": sound},
		"the old one can be read": {"state.db": sound, "renewal/state.db": sound[:5000]},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, made, filepath.Join(t.TempDir(), "state"))
			if err := errors.Join(os.Remove(filepath.Join(dir, "state.db")), os.Mkdir(filepath.Join(dir, "renewal"), 0o700)); err != nil {
				t.Fatal(err)
			}
			for file, text := range leave {
				if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, dir)
			saved := s.Saved()
			saved.Overrides = nil // of the backup, where it was needed
			mustHold(t, saved)
			if whole := leave["state.db.new"] != nil || len(leave["state.db"]) == len(sound); whole && (saved.Totals[0].In != peopleSince || len(s.Damage()) > 0) {
				t.Errorf("totals %+v, damage %q", saved.Totals[0], s.Damage())
			}
			if left := names(t, dir); slices.ContainsFunc(left, func(n string) bool { return n == "renewal" || n == "state.db.new" }) {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestWhateverHappensToTheFilesAGatewayStarts: bits flip in the database, in its log and in the backup, files are cut
// off. No address moves, and no total is shown as good that is not what it was.
//
// Seen to break it: a log of which the middle is damaged taken for a short one; the log of before left beside a new
// database.
func TestWhateverHappensToTheFilesAGatewayStarts(t *testing.T) {
	made := madeWithBackup(t)
	files := make(map[string][]byte)
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm", "backups/state-000007-20260311T090000Z.backup"} {
		text, err := os.ReadFile(filepath.Join(made, name))
		if err != nil || len(text) == 0 {
			t.Fatalf("%s has %d bytes, %v", name, len(text), err)
		}
		files[name] = text
	}
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		dir = copied(t, made, filepath.Join(dir, "state"))
		spared := rapid.SampledFrom([]string{"state.db-wal", "state.db-shm"}).Draw(t, "spared") // see inspectLog
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if name == spared {
				continue
			}
			text := bytes.Clone(files[name])
			for range rapid.IntRange(0, 4).Draw(t, "flips in "+name) {
				text[rapid.IntRange(0, len(text)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
			if rapid.IntRange(0, 5).Draw(t, "cut") == 0 {
				text = text[:rapid.IntRange(0, len(text)).Draw(t, "length")]
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := store.Open(context.Background(), store.Options{Dir: dir})
		if err != nil && strings.Contains(err.Error(), "newer gateway") { // a bit of the schema's number: nobody can tell
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		saved := s.Saved()
		if len(s.Damage()) > 0 {
			saved.Overrides = nil // what was released since the backup, and can end by itself
		}
		if mustHold(t, saved); t.Failed() {
			t.Fatalf("damage: %q", s.Damage())
		}
		if err := s.Commit(context.Background(), campus(0, 2, 20)); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, damage := restart(t, dir); len(damage) != 0 {
			t.Errorf("told again: %q", damage)
		}
	})
}
