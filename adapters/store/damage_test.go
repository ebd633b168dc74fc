package store_test

import (
	"bytes"
	"context"
	"database/sql"
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

func TestABrokenRowIsLeftOutAndTold(t *testing.T) {
	for name, c := range map[string]struct{ statement, told string }{
		"an asset":             {"UPDATE assets SET given = 'Boardroom' WHERE number = 5", "asset number 5: its checksum"},
		"a kind":               {"UPDATE assets SET kind = 'castle' WHERE number = 5", "asset number 5: its checksum"},
		"a capacity":           {"UPDATE assets SET capacity = 12 WHERE number = 5", "asset number 5: its checksum"},
		"what is no entrance":  {"UPDATE assets SET entrance = 1 WHERE number = 5", "asset number 5: its checksum"},
		"a feed":               {"UPDATE feeds SET data = zeroblob(12) WHERE place = 3 * 256", "feed 0 of asset number 3: its checksum"},
		"a short feed":         {"UPDATE feeds SET data = x'02' WHERE place = 1", "feed 1 of asset number 0: it is cut short"},
		"feeds moved":          {"UPDATE feeds SET place = 2 WHERE place = 1", "feed 2 of asset number 0: its checksum"},
		"a feed of nobody":     {"UPDATE feeds SET place = -1 WHERE place = 1", "nobody knows of which"},
		"no such asset":        {"UPDATE feeds SET place = 1 << 40 WHERE place = 1", "nobody knows of which"},
		"totals":               {"UPDATE totals SET people_in = people_in + 1 WHERE asset = 3", "totals of asset number"},
		"an estimate":          {"UPDATE totals SET net = net + 1 WHERE asset = 3", "totals of asset number"},
		"what totals lack":     {"UPDATE totals SET lacks = 0 WHERE asset = 3", "totals of asset number"},
		"what was detected":    {"UPDATE totals SET detected = detected + 1 WHERE asset = 5", "totals of asset number"},
		"a day":                {"UPDATE totals SET day = 0, net = 0 WHERE asset = 3", "totals of asset number"},
		"totals of a site":     {"UPDATE totals SET people_in = people_in + 1 WHERE asset = 5", "totals of asset number"},
		"totals of nobody":     {"UPDATE totals SET asset = -1 WHERE asset = 3", "nobody knows of which"},
		"an increment":         {"UPDATE increments SET key = x'00'", "may count twice"},
		"an hour":              {"UPDATE increments SET hour = 'x'", "may count twice"},
		"a site":               {"UPDATE sites SET data = x'00112233445566'", "site number 5 was heard of: its checksum"},
		"a site moved":         {"UPDATE sites SET site = 3", "site number 3 was heard of: its checksum"},
		"a site of nobody":     {"UPDATE sites SET site = -1", "nobody knows which"},
		"an override":          {"UPDATE overrides SET until = until + 3600000 WHERE asset = 3", "override of lighting of asset number 3: its checksum"},
		"a target":             {"UPDATE overrides SET target = 3 WHERE asset = 3", "override of ventilation of asset number 3: its checksum"},
		"a source":             {"UPDATE overrides SET source = source + 256 WHERE asset = 3", "asset number 3: its checksum"},
		"a reason":             {"UPDATE overrides SET reason = 'none' WHERE asset = 3", "force it again if it is needed"},
		"an override moved":    {"UPDATE overrides SET asset = 5 WHERE asset = 3", "override of lighting of asset number 5"},
		"override of nobody":   {"UPDATE overrides SET asset = 'x' WHERE asset = 3", "nobody knows of which"},
		"the audit":            {"UPDATE audit SET changed_by = 'nobody' WHERE place = 1", "in the audit"},
		"the audit's override": {"UPDATE audit SET value = value + 1 WHERE place = 1", "in the audit"},
		"the audit's place":    {"UPDATE audit SET place = 9223372036854775807 WHERE place = 1", "in the audit"},
		"alive":                {"UPDATE meta SET value = replace(value, '1773', '1774') WHERE key = 'alive'", "when the gateway was last alive"},
		"starts":               {"UPDATE meta SET value = replace(value, '1773', '1774') WHERE key = 'process'", "when the gateway was started"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			commit(t, s, everything())
			closeStore(t, s)
			tamper(t, dir, c.statement)
			s = open(t, dir)
			if d := s.Damage(); len(d) != 1 || !strings.Contains(d[0], c.told) {
				t.Errorf("damage: %q, want one sentence that says %q", d, c.told)
			}
			saved := s.Saved()
			if len(saved.Assets) != 3 {
				t.Errorf("assets: %+v, want all, one at least from the ledger", saved.Assets)
			}
			if cmp.Equal(savedOf(everything()), saved) {
				t.Error("believed")
			}
			closeStore(t, s)
			s = open(t, dir)
			if d := s.Damage(); len(d) != 0 {
				t.Errorf("told again: %q", d)
			}
			if diff := cmp.Diff(saved, s.Saved(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("mended (-loaded before +loaded after):\n%s", diff)
			}
		})
	}
}

// The ledger still has the asset's number, and the database rows under it, but nothing says whose they are.
func TestAnAssetWithoutItsDescriptionLosesItsRowsAndIsTold(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	tamper(t, dir, "DELETE FROM assets WHERE number = 3")
	s = open(t, dir)
	want := []string{
		"what was known under number 3: no asset has it",
		"the override of lighting of asset number 3: nobody knows whose it is; force it again if it is needed",
	}
	if diff := cmp.Diff(want, s.Damage()); diff != "" {
		t.Errorf("damage (-want +got):\n%s", diff)
	}
}

// Whatever a cell holds, the gateway starts; what it then believes it still believes after another start,
// and tells nothing twice.
func TestAnyCellMayBeDamaged(t *testing.T) {
	dir := t.TempDir()
	made := filepath.Join(dir, "made")
	s := open(t, made)
	commit(t, s, everything())
	closeStore(t, s)
	cells := columns(t, made)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		dir := filepath.Join(dir, fmt.Sprint(run))
		if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(t, "cells") {
			cell := rapid.SampledFrom(cells).Draw(t, "cell")
			value := rapid.SampledFrom([]string{
				"x'00'", "''", "'x'", "0", "-1", "1", "3", "1.5", "256", "4294967296", "9223372036854775807",
				"CAST(@ AS BLOB)", "CAST(@ AS TEXT)", "@ + 256", "@ || 'x'",
			}).Draw(t, "value")
			tamper(t, dir, fmt.Sprintf("UPDATE OR IGNORE %s SET %s = %s", cell[0], cell[1], strings.ReplaceAll(value, "@", cell[1])))
		}
		first, _ := restart(t, dir)
		second, damage := restart(t, dir)
		if len(damage) != 0 {
			t.Fatalf("told again: %q", damage)
		}
		if diff := cmp.Diff(first, second, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("mended (-first start +second):\n%s", diff)
		}
	})
}

// Whatever lines a ledger has, in whatever order, and however old the database beside it is, the gateway
// starts; what it then believes it still believes after another start, and tells nothing twice.
// Seen to break it: begin without the others; a group that is torn counting at its end.
func TestAnyLineOfTheLedgerMayBeDamaged(t *testing.T) {
	dir := t.TempDir()
	made := filepath.Join(dir, "made")
	s := open(t, made)
	closeStore(t, s)
	databases := []string{"none"}
	for i, b := range slices.Insert(rearranged(), 0, everything()) {
		s := open(t, made)
		commit(t, s, b)
		closeStore(t, s)
		file, err := os.ReadFile(filepath.Join(made, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint("state", i))
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		databases = append(databases, path)
	}
	text, err := os.ReadFile(filepath.Join(made, "ledger.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(text) + "7,moved,room_a\n0,moved,room_n\n3,covered,room_a\n5,withdrawn,zone_z\n3,edition,-\n" +
		"0,room,room_q\n6,room,room_r\n9,vacated,-\n3,reinstated,room_a\n\x00\x00\n9,edition,x\n-,gateway,1badcafe\n4194304,room,room_y\n"))
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		dir := filepath.Join(dir, fmt.Sprint(run))
		if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		if database := rapid.SampledFrom(databases).Draw(t, "database"); database == "none" {
			if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
				t.Fatal(err)
			}
		} else if file, err := os.ReadFile(database); err != nil || os.WriteFile(filepath.Join(dir, "state.db"), file, 0o600) != nil {
			t.Fatal(err)
		}
		var ledger []string
		for _, line := range lines { // mostly in order, some missing, some elsewhere
			if rapid.IntRange(0, 5).Draw(t, "missing") > 0 {
				ledger = append(ledger, line)
			}
		}
		for range rapid.IntRange(0, 4).Draw(t, "elsewhere") {
			ledger = slices.Insert(ledger, rapid.IntRange(0, len(ledger)).Draw(t, "where"), rapid.SampledFrom(lines).Draw(t, "line"))
		}
		whole := strings.Join(ledger, "")
		whole = whole[:len(whole)-rapid.IntRange(0, min(3, len(whole))).Draw(t, "torn")]
		if err := os.WriteFile(filepath.Join(dir, "ledger.csv"), []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
		first, _ := restart(t, dir)
		second, damage := restart(t, dir)
		if len(damage) != 0 {
			t.Fatalf("told again: %q, of %q", damage, whole)
		}
		if diff := cmp.Diff(first, second, cmpopts.EquateEmpty(), orderedRows()); diff != "" {
			t.Fatalf("mended (-first start +second):\n%s", diff)
		}
	})
}

// A ledger may have an asset that the database does not have, and give its number away besides: what is withdrawn is not
// set apart from the edition as well.
//
// Seen to break it: apart for what is withdrawn too, with which the gateway did not start.
func TestWhatIsWithdrawnIsNotSetApart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, b := range slices.Insert(rearranged(), 0, everything()) {
		commit(t, s, b)
	}
	closeStore(t, s)
	const ledger = "number,kind,id\n-,gateway,1badcafe\n0,room,room_a\n3,room,room_b\n5,site,site_c\n3,moved,room_a\n" +
		"0,moved,room_b\n9,moved,site_c\n7,vacated,-\n5,zone,zone_z\n1,edition,2026-03-10T14:06:40Z\n6,room,room_n\n" +
		"6,appended,room_n\n7,moved,room_a\n0,moved,room_n\n3,covered,room_a\n0,room,room_q\n6,room,room_r\n"
	if err := os.WriteFile(filepath.Join(dir, "ledger.csv"), []byte(ledger), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if len(s.Damage()) == 0 {
		t.Error("nothing was told")
	}
	closeStore(t, s)
	if d := open(t, dir).Damage(); len(d) != 0 {
		t.Errorf("told again: %q", d)
	}
}

// orderedRows compares rows whatever their order: assets that move change it.
func orderedRows() cmp.Option {
	return cmp.Options{
		cmpopts.SortSlices(func(a, b gateway.History) bool { return int(a.Asset)*8+int(a.Feed) < int(b.Asset)*8+int(b.Feed) }),
		cmpopts.SortSlices(func(a, b gateway.Total) bool { return a.Asset < b.Asset }),
		cmpopts.SortSlices(func(a, b gateway.Override) bool { return int(a.Asset)*8+int(a.Target) < int(b.Asset)*8+int(b.Target) }),
	}
}

// A bit that is another anywhere in the file may cost what is in it, never the start. Only its first bytes
// may: they say that a newer gateway wrote it, or that it must not be written to.
func TestAnyBitMayFlip(t *testing.T) {
	dir := t.TempDir()
	made := filepath.Join(dir, "made")
	s := open(t, made)
	commit(t, s, everything())
	closeStore(t, s)
	file, err := os.ReadFile(filepath.Join(made, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	var written []int // most of the file is empty
	for i, b := range file {
		if b != 0 && i >= 100 {
			written = append(written, i)
		}
	}
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		dir := filepath.Join(dir, fmt.Sprint(run))
		if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(file)
		for range rapid.IntRange(1, 3).Draw(t, "flips") {
			flipped[rapid.SampledFrom(written).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		if err := os.WriteFile(filepath.Join(dir, "state.db"), flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(context.Background(), store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if saved := s.Saved(); len(saved.Assets) != 3 {
			t.Errorf("assets: %+v", saved.Assets)
		}
		if err := s.Commit(context.Background(), everything()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A database whose schema is damaged, or that two assets of one id are in, is as good as none: the gateway
// starts without it, and says where it is.
func TestADatabaseThatBreaksItsOwnRulesIsMovedAside(t *testing.T) {
	for name, change := range map[string][2]string{
		"a column has another name": {"changed_by TEXT", "changed_bx TEXT"},
		"a table has another name":  {"CREATE TABLE sites", "CREATE TABLE sitez"},
		"an id is there twice":      {"room_b", "room_a"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			commit(t, s, everything())
			closeStore(t, s)
			path := filepath.Join(dir, "state.db")
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, bytes.ReplaceAll(file, []byte(change[0]), []byte(change[1])), 0o600); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir)
			if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "moved to state.db.broken-") {
				t.Errorf("damage: %q", d)
			}
			if kept, err := filepath.Glob(path + ".broken-*"); err != nil || len(kept) != 1 {
				t.Errorf("kept %q, %v, want the broken database", kept, err)
			}
			commit(t, s, everything())
		})
	}
}

// A row that the damaged database has, and that the new one cannot have, costs what is in it, not the start.
//
// Seen to break it: the row's error taken for one of the new database.
func TestARowThatNoDatabaseCanHaveIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	tamper(t, dir, "CREATE TABLE t AS SELECT * FROM assets; UPDATE t SET number = 'x' WHERE id = 'room_b'; DROP TABLE assets; ALTER TABLE t RENAME TO assets")
	s = open(t, dir)
	if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "rows may be missing in assets") {
		t.Errorf("damage: %q", d)
	}
	saved := s.Saved()
	if len(saved.Assets) != 3 || saved.Assets[0].Given == "" || saved.Assets[1].Given != "" {
		t.Errorf("assets: %+v, want the descriptions of all but room_b", saved.Assets)
	}
}

// restart opens and closes a store.
func restart(t *rapid.T, dir string) (*gateway.Saved, []string) {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	saved := s.Saved()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return saved, s.Damage()
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
	others := strings.NewReplacer("3,room,room_b", "3,room,room_other", "5,site,site_c", "5,site,site_other")
	if err := os.WriteFile(path, []byte(others.Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, damage := range []int{3, 0} { // whose the numbers were, and that an override went with one
		s := open(t, dir)
		saved := s.Saved()
		if len(saved.Assets) != 3 || saved.Assets[1].ID != "room_other" {
			t.Errorf("start %d: assets %+v", i, saved.Assets)
		}
		got := []int{len(saved.Histories), len(saved.Totals), len(saved.Overrides), len(saved.Sites), len(saved.Audit)}
		if want := []int{1, 3, 2, 0, 2}; !slices.Equal(got, want) {
			t.Errorf("start %d: %v rows, want %v", i, got, want)
		}
		for _, total := range saved.Totals[1:] {
			if total.In != 0 || total.Lacks == 0 {
				t.Errorf("start %d: totals of another, or none that are in doubt: %+v", i, total)
			}
		}
		if got := len(s.Damage()); got != damage {
			t.Errorf("start %d: damage %q", i, s.Damage())
		}
		closeStore(t, s)
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
