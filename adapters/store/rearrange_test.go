package store_test

import (
	"bytes"
	"fmt"
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

// as returns an asset with other facts.
func as(a *gateway.Asset, edit func(*gateway.Asset)) *gateway.Asset {
	next := *a
	edit(&next)
	return &next
}

func numbered(n gateway.Number) func(*gateway.Asset) { return func(a *gateway.Asset) { a.Number = n } }
func retired(a *gateway.Asset)                       { a.Retired = true }
func appended(a *gateway.Asset)                      { a.Appended = true }

const settled gateway.Timestamp = 1773151600000

// rearranged is what was done after everything(): the rooms exchanged their numbers, a zone came where the
// site was, which moved, a room came appended, and another one retired.
func rearranged() []*gateway.Batch {
	a, b, c := asset(0, "room_a"), asset(3, "room_b"), site(5, "site_c")
	zone := as(asset(5, "zone_z"), func(a *gateway.Asset) { a.Kind = gateway.Zone })
	room := as(asset(6, "room_n"), appended)
	atNumber := func(n gateway.Number, h gateway.History) gateway.History { h.Asset = n; return h }
	all := everything()
	totals := slices.Clone(all.Totals)
	totals[0].Asset, totals[1].Asset, totals[2].Asset = 3, 0, 9
	sites := slices.Clone(all.Sites)
	sites[0].Site = 9
	overrides := slices.Clone(all.Overrides)
	overrides[0].Asset, overrides[1].Asset, overrides[2].Asset = 3, 3, 0
	return []*gateway.Batch{
		{
			Removed: []gateway.Number{0, 3, 5}, Assets: []*gateway.Asset{as(a, numbered(3)), as(b, numbered(0)), as(c, numbered(9)), zone},
			Histories: []gateway.History{atNumber(3, all.Histories[0]), atNumber(0, all.Histories[1])}, Totals: totals, Sites: sites, Overrides: overrides,
			Edition: &gateway.Edition{Number: 1, At: settled, Since: settled - 1000, Vacated: []gateway.Number{7}},
		},
		{Assets: []*gateway.Asset{room}},
		{Assets: []*gateway.Asset{as(as(b, numbered(0)), retired)}, Edition: &gateway.Edition{Number: 2, At: settled, Vacated: []gateway.Number{7}}},
	}
}

// ledgerText is what the ledger says after all that.
const ledgerText = `number,kind,id
-,gateway,%s
0,room,room_a
3,room,room_b
5,site,site_c
3,moved,room_a
0,moved,room_b
9,moved,site_c
7,vacated,-
5,zone,zone_z
1,edition,2026-03-10T14:06:40Z
6,room,room_n
0,retired,room_b
2,edition,2026-03-10T14:06:40Z
6,appended,room_n
`

// rearrange makes a directory in which all of that was done, and returns what a start finds in it.
func rearrange(t *testing.T, dir string) *gateway.Saved {
	t.Helper()
	s := open(t, dir)
	commit(t, s, everything())
	for _, b := range rearranged() {
		commit(t, s, b)
	}
	closeStore(t, s)
	saved, _, err := store.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// numbers tells of each asset its number, with + after what is appended and ~ after what is retired.
func numbers(s *gateway.Saved) string {
	var out []string
	for _, a := range s.Assets {
		text := fmt.Sprint(a.ID, " ", a.Number)
		if a.Appended {
			text += "+"
		}
		if a.Retired {
			text += "~"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

const rearrangedNumbers = "room_b 0~, room_a 3, zone_z 5, room_n 6+, site_c 9"

// The ledger tells a rearrangement in lines that people can read, and so that it can be told from them alone
// what number each asset has, what is retired, vacated and appended.
// Seen to break it: notes in another order; no line for what is vacated; correct left out; add not taking
// a number out of the vacated ones.
func TestARearrangementIsInTheLedgerToo(t *testing.T) {
	dir := t.TempDir()
	saved := rearrange(t, dir)
	if got := numbers(saved); got != rearrangedNumbers {
		t.Errorf("numbers %s, want %s", got, rearrangedNumbers)
	}
	s := open(t, dir)
	if d := s.Damage(); len(d) != 0 {
		t.Errorf("damage %q", d)
	}
	got, err := os.ReadFile(filepath.Join(dir, "ledger.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fmt.Sprintf(ledgerText, s.Identity().GatewayID), string(got)); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	closeStore(t, s)
	if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	alone := s.Saved()
	if got := numbers(alone); got != rearrangedNumbers {
		t.Errorf("from the ledger alone %s, want %s", got, rearrangedNumbers)
	}
	want := saved.Edition
	want.Since = 0
	if diff := cmp.Diff(want, alone.Edition); diff != "" {
		t.Errorf("edition from the ledger alone (-want +got):\n%s", diff)
	}
}

// A copy of the database from before the rearrangement is put back: the numbers are those of the ledger, and
// what the copy knows of each asset is found under its number of now.
// Seen to break it: follow left out; suspect without the number that it had.
func TestAnOlderDatabaseFollowsTheLedger(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	old, err := os.ReadFile(filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	want := rearrange(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "state.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if d := s.Damage(); len(d) != 2 || !strings.Contains(d[0], "the numbers have been rearranged since") {
		t.Errorf("damage %q", d)
	}
	saved := s.Saved()
	if got := numbers(saved); got != rearrangedNumbers {
		t.Errorf("numbers %s, want %s", got, rearrangedNumbers)
	}
	if diff := cmp.Diff(want.Histories, saved.Histories, orderedRows()); diff != "" {
		t.Errorf("histories (-want +got):\n%s", diff)
	}
	for _, total := range saved.Totals {
		if total.Lacks < 1773151530002 {
			t.Errorf("totals that may have gone back do not say so: %+v", total)
		}
	}
	begunAnew := func(total gateway.Total) bool { return total.At == 0 && total.Detected == 0 }
	counted := slices.DeleteFunc(slices.Clone(saved.Totals), begunAnew)
	if diff := cmp.Diff(want.Totals, counted, orderedRows(), cmpopts.IgnoreFields(gateway.Total{}, "Lacks")); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Sites, saved.Sites); diff != "" {
		t.Errorf("sites (-want +got):\n%s", diff)
	}
	if got, want := len(saved.Overrides), len(want.Overrides); got != want {
		t.Errorf("%d overrides, want %d", got, want)
	}
	closeStore(t, s)
	s = open(t, dir)
	if d := s.Damage(); len(d) != 0 {
		t.Errorf("told again: %q", d)
	}
	if diff := cmp.Diff(saved, s.Saved(), orderedRows(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("after another start (-before +after):\n%s", diff)
	}
}

// A power cut may leave any part of what was being appended to the ledger. The database, which is written
// first, has all of it; without the database the numbers are those of one edition or of the one before.
// Seen to break it: catchUp left out; lines that wait counting at the end of the file.
func TestATornLedgerIsTheOneBeforeOrCatchesUp(t *testing.T) {
	made := t.TempDir()
	want := rearrange(t, made)
	whole, err := os.ReadFile(filepath.Join(made, "ledger.csv"))
	if err != nil {
		t.Fatal(err)
	}
	states := []string{"room_a 0, room_b 3, site_c 5", "room_b 0, room_a 3, zone_z 5, site_c 9", "room_b 0, room_a 3, zone_z 5, room_n 6+, site_c 9",
		"room_b 0~, room_a 3, zone_z 5, room_n 6, site_c 9", rearrangedNumbers}
	first := bytes.Index(whole, []byte("3,moved")) // what is before is another test's
	for end := first; end <= len(whole); end++ {
		if end%7 != 0 && bytes.IndexByte(whole[end-1:], '\n') > 1 { // at and around the ends of lines, and some others
			continue
		}
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "ledger.csv")
		if err := os.WriteFile(path, whole[:end], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if d := s.Damage(); len(d) != 0 {
			t.Errorf("cut at %d: damage %q", end, d)
		}
		if diff := cmp.Diff(want, s.Saved(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", end, diff)
		}
		closeStore(t, s)
		if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		if got := numbers(s.Saved()); got != rearrangedNumbers {
			t.Errorf("cut at %d it caught up with %s", end, got)
		}
		closeStore(t, s)
		if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, whole[:end], 0o600); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		if got := numbers(s.Saved()); !slices.Contains(states, got) {
			t.Errorf("cut at %d the ledger alone says %s", end, got)
		}
		closeStore(t, s)
	}
}

// A line that nobody can read costs what it said, no more: what waited for it counts, because something was
// written after it.
func TestAnEditionThatCannotBeReadStillCounts(t *testing.T) {
	for _, broken := range []string{"1,edition,2026-03-10T14:06:40Z", "2,edition,2026-03-10T14:06:40Z"} {
		dir := t.TempDir()
		rearrange(t, dir)
		path := filepath.Join(dir, "ledger.csv")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte(broken), make([]byte, len(broken)), 1)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s := open(t, dir)
			if got := numbers(s.Saved()); got != rearrangedNumbers {
				t.Errorf("without %s the numbers are %s", broken, got)
			}
			closeStore(t, s)
			if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The rows that an older database has under a number that was left do not stay there.
// Seen to break it: suspect without the number that was left.
func TestNothingStaysUnderANumberThatWasLeft(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, everything())
	closeStore(t, s)
	old, err := os.ReadFile(filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	commit(t, s, &gateway.Batch{
		Removed: []gateway.Number{3}, Assets: []*gateway.Asset{asset(8, "room_b")},
		Edition: &gateway.Edition{Number: 1, At: settled, Vacated: []gateway.Number{3}},
	})
	closeStore(t, s)
	if err := os.WriteFile(filepath.Join(dir, "state.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, damage := range []int{1, 0} {
		s := open(t, dir)
		if d := s.Damage(); len(d) != damage {
			t.Errorf("start %d: damage %q", i, d)
		}
		saved := s.Saved()
		if got, want := numbers(saved), "room_a 0, site_c 5, room_b 8"; got != want {
			t.Errorf("start %d: numbers %s, want %s", i, got, want)
		}
		if n := len(saved.Histories) + len(saved.Totals) + len(saved.Overrides); n != 2+3+3 {
			t.Errorf("start %d: %d rows, want all", i, n)
		}
		closeStore(t, s)
	}
}

// A ledger from before the last rearrangement does not take it back, and brings what the database lacks where
// that does no harm.
// Seen to break it: catchUp without the numbers of the database.
func TestAnOlderLedgerFollowsTheDatabase(t *testing.T) {
	dir := t.TempDir()
	rearrange(t, dir)
	text := "number,kind,id\n-,gateway,0badcafe\n0,room,room_a\n3,room,room_b\n5,site,site_c\n6,room,room_q\n8,room,room_r\n"
	if err := os.WriteFile(filepath.Join(dir, "ledger.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "room_b 0~, room_a 3, zone_z 5, room_n 6+, room_r 8, site_c 9"
	s := open(t, dir)
	if d := s.Damage(); len(d) != 2 || !strings.Contains(d[0], "\"room_q\": state.db gives its number 6 to another one") {
		t.Errorf("damage %q", d)
	}
	if got := numbers(s.Saved()); got != want {
		t.Errorf("numbers %s, want %s", got, want)
	}
	closeStore(t, s)
	if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	if got := numbers(open(t, dir).Saved()); got != want {
		t.Errorf("from the ledger, which has caught up: %s, want %s", got, want)
	}
}

// An asset whose commit failed after all of it was on disk never was: its number is the next one's.
// Seen to break it: withdraw left out.
func TestAnAssetThatCouldNotBeStoredIsWithdrawn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{asset(0, "room_a"), asset(1, "room_x")}})
	commit(t, s, &gateway.Batch{Removed: []gateway.Number{1}}) // as State.Leftover asks for it
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{asset(1, "room_y")}})
	closeStore(t, s)
	for range 2 {
		s = open(t, dir)
		if d := s.Damage(); len(d) > 1 || len(d) == 1 && !strings.Contains(d[0], "state.db is new") {
			t.Errorf("damage %q", d)
		}
		if got, want := numbers(s.Saved()), "room_a 0, room_y 1"; got != want {
			t.Errorf("numbers %s, want %s", got, want)
		}
		closeStore(t, s)
		if err := os.Remove(filepath.Join(dir, "state.db")); err != nil {
			t.Fatal(err)
		}
	}
}

// A gateway that takes the place of another one takes over its id, for good.
func TestALedgerMayBecomeAnotherGateways(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	before, err := os.ReadFile(filepath.Join(dir, "ledger.csv"))
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, &gateway.Batch{Edition: &gateway.Edition{Number: 1, At: settled, Gateway: "0badcafe"}})
	closeStore(t, s)
	if err := os.WriteFile(filepath.Join(dir, "ledger.csv"), before, 0o600); err != nil { // the power was cut between the two
		t.Fatal(err)
	}
	if _, identity, err := store.Read(t.Context(), dir); err != nil || identity.GatewayID != "0badcafe" {
		t.Errorf("read: %+v, %v", identity, err)
	}
	for _, file := range []string{"", "state.db", "ledger.csv"} {
		if file != "" {
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
		}
		s = open(t, dir)
		if got := s.Identity().GatewayID; got != "0badcafe" {
			t.Errorf("without %q it is %s", file, got)
		}
		closeStore(t, s)
	}
}
