package store_test

import (
	"database/sql"
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

func TestADatabaseOfANewerGatewayIsRefused(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	tamper(t, dir, "PRAGMA user_version = 99")
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "written by a newer gateway") {
		t.Errorf("opening: got %v", err)
	}
	_, _, err = store.Read(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "written by a newer gateway") {
		t.Errorf("reading: got %v", err)
	}
}

// schema1 is the schema of version 1, as it was.
const schema1 = `
CREATE TABLE IF NOT EXISTS meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assets (
	number    INTEGER PRIMARY KEY,
	id        TEXT NOT NULL UNIQUE,
	kind      TEXT NOT NULL,
	parent    TEXT NOT NULL,
	given     TEXT NOT NULL, -- Butlr's name
	custom_id TEXT NOT NULL,
	mac       TEXT NOT NULL,
	told      INTEGER NOT NULL, -- UNIX milliseconds
	sum       INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS revisions (
	asset INTEGER NOT NULL,
	feed  INTEGER NOT NULL,
	data  BLOB NOT NULL, -- see packRevisions
	PRIMARY KEY (asset, feed)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totals (
	asset      INTEGER PRIMARY KEY,
	people_in  INTEGER NOT NULL,
	people_out INTEGER NOT NULL,
	at         INTEGER NOT NULL, -- UNIX milliseconds
	sum        INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS increments (
	hour INTEGER NOT NULL, -- of the event, since 1970
	key  BLOB NOT NULL,
	PRIMARY KEY (hour, key)
) WITHOUT ROWID;
`

// rows1 are rows as version 1 wrote them, with the sums that it wrote; the totals of number 3 are damaged.
const rows1 = `
INSERT INTO meta VALUES ('gateway_id', '0badcafe'), ('boots', '4');
INSERT INTO assets VALUES (0, 'room_a', 'room', 'space_1', 'Boardroom', 'MH-3.14', '', 1773151530000, 1034482009);
INSERT INTO revisions VALUES (0, 0, x'0101a0b089819b670c216576656e745f336e7072775a43417159644a7a4749393765665771476d3070586ef7285b98');
INSERT INTO totals VALUES (0, 9, 7, 1773151530002, 3734302088), (3, 1, 1, 1773151530002, 1);
INSERT INTO increments VALUES (492542, x'01020300000000000000000000000000');
PRAGMA user_version = 1;
`

// version1 makes a state directory as the first schema had it.
func version1(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	tamper(t, dir, schema1+rows1)
	return dir
}

func wantOfVersion1() *gateway.Saved {
	newest := gateway.Entry{At: 1773151530000, Value: 6, ID: gateway.EventIDOf("event_3nprwZCAqYdJzGI97efWqGm0pXn")}
	return &gateway.Saved{
		Assets: []gateway.Asset{{
			ID: "room_a", Kind: gateway.Room, Parent: "space_1", Given: "Boardroom", CustomID: "MH-3.14", Told: 1773151530000,
		}},
		Histories: []gateway.History{{Asset: 0, Feed: gateway.PeopleFeed, Window: []gateway.Entry{newest}}},
		Totals:    []gateway.Total{{In: 9, Out: 7, At: 1773151530002}},
		Counted:   []gateway.Increment{{Key: gateway.IncrementKey{1, 2, 3}, At: 492542 * 3_600_000}},
	}
}

func TestADatabaseOfVersion1IsBroughtForward(t *testing.T) {
	dir := version1(t)
	s := open(t, dir)
	if diff := cmp.Diff(wantOfVersion1(), s.Saved(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if got, want := s.Identity(), (store.Identity{GatewayID: "0badcafe", Boots: 5}); got != want {
		t.Errorf("identity: got %+v, want %+v", got, want)
	}
	if d := s.Damage(); len(d) != 2 || !strings.Contains(d[0], "it is not whole: totals of asset number 3") || !strings.Contains(d[1], "totals of asset number 3") {
		t.Errorf("damage: %q, want only what was damaged before", d)
	}
	commit(t, s, everything())
	closeStore(t, s)
	s = open(t, dir)
	want := savedOf(everything())
	want.Histories = slices.Insert(want.Histories, 0, wantOfVersion1().Histories...) // nothing was said of it since
	if diff := cmp.Diff(want, s.Saved()); diff != "" {
		t.Errorf("saved in the tables of now (-want +got):\n%s", diff)
	}
	if d := s.Damage(); len(d) != 0 {
		t.Errorf("damage: %q", d)
	}
}

// madeBy makes a state directory as a gateway of an older schema had left it.
func madeBy(t *testing.T, version string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	rows, err := os.ReadFile(filepath.Join("testdata", version+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, string(rows))
	ledger, err := os.ReadFile(filepath.Join("testdata", version+"_ledger.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ledger.csv"), ledger, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// mustComeForward opens what a gateway of an older schema left; what it had is there, read as it is and brought forward.
func mustComeForward(t *testing.T, dir, gatewayID string, want *gateway.Saved) *store.Store {
	t.Helper()
	read, identity, err := store.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (store.Identity{GatewayID: gatewayID, Boots: 1}); identity != want {
		t.Errorf("identity: got %+v, want %+v", identity, want)
	}
	s := open(t, dir)
	for what, got := range map[string]*gateway.Saved{"read as it is": read, "brought forward": s.Saved()} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if d := s.Damage(); len(d) != 0 {
		t.Errorf("damage: %q", d)
	}
	return s
}

// Seen to break it: upgrade without toFeeds; a version 5 that is read with the tables of now.
func TestADatabaseOfVersion5IsBroughtForward(t *testing.T) {
	dir := madeBy(t, "version5")
	b := everything()
	b.Assets[1].Retired, b.Assets[2].Appended = true, true
	want := savedOf(b)
	want.Edition = gateway.Edition{Number: 1, At: 1773151530006, Since: 1773100000000, Vacated: []gateway.Number{9}}
	s := mustComeForward(t, dir, "b529c956", want)
	closeStore(t, s)
	if diff := cmp.Diff(want, open(t, dir).Saved()); diff != "" {
		t.Errorf("in the tables of now (-want +got):\n%s", diff)
	}
}

// asVersion5 gives a database of now the table of feeds that version 5 had.
func asVersion5(t *testing.T, dir string) {
	t.Helper()
	tamper(t, dir, `CREATE TABLE revisions (asset INTEGER NOT NULL, feed INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (asset, feed)) WITHOUT ROWID;
		INSERT INTO revisions SELECT place >> 8, place & 255, data FROM feeds; DROP TABLE feeds; PRAGMA user_version = 5`)
}

// A feed that the older table has of nobody is told, and those beside it are as they were.
//
// Seen to break it: placeOfOld without its conditions, which takes the text for asset 0.
func TestFeedsOfNobodyAreToldOnceTheyAreBroughtForward(t *testing.T) {
	dir := madeBy(t, "version5")
	tamper(t, dir, "INSERT INTO revisions VALUES ('x', 1, x'00'), (-1, 1, x'00'), (0, 256, x'00'), (3, 'x', x'00'); DELETE FROM overrides")
	s := open(t, dir)
	if d := s.Damage(); len(d) != 2 || !strings.Contains(d[1], "nobody knows of which") {
		t.Errorf("damage: %q", d)
	}
	if got := s.Saved().Histories; len(got) != 2 {
		t.Errorf("%d feeds, want 2", len(got))
	}
	commit(t, s, &gateway.Batch{Alive: 1773151530005})
	closeStore(t, s)
	if d := open(t, dir).Damage(); len(d) != 0 {
		t.Errorf("damage after it was mended: %q", d)
	}
}

// What can be read of a damaged database of an older schema is brought forward too.
//
// Seen to break it: copyAny that copies the table of now alone.
func TestWhatCanBeBelievedOfVersion5IsKept(t *testing.T) {
	dir := madeWithBackup(t)
	closeStore(t, open(t, dir)) // so that everything is in the file
	asVersion5(t, dir)
	tamper(t, dir, "PRAGMA wal_checkpoint(TRUNCATE)")
	overwritePage(t, dir, "revisions")
	s := open(t, dir)
	if d := s.Damage(); len(d) == 0 || !strings.Contains(d[0], "rows may be missing in feeds") {
		t.Errorf("damage: %q", d)
	}
	saved := s.Saved()
	if n := len(saved.Histories); n < 50 || n > roomsOfBackup+roomsSince-1 {
		t.Errorf("%d feeds, want some, and not all", n)
	}
	mustHold(t, saved)
}

// Seen to break it: assetSum with the facts always in it; upgrade without the additions; a version 4 that is read
// with the columns of now.
func TestADatabaseOfVersion4IsBroughtForward(t *testing.T) {
	dir := madeBy(t, "version4")
	b := everything()
	b.Assets[1].Retired, b.Assets[2].Appended = true, true
	want := savedOf(b)
	want.Edition = gateway.Edition{Number: 1, At: 1773151530006, Since: 1773100000000, Vacated: []gateway.Number{9}}
	s := mustComeForward(t, dir, "0fef81c5", want)
	inventoried := asset(0, "room_a")
	inventoried.Facts = &gateway.Facts{At: 1773151530007, Capacity: 12, Tags: []string{"lab", "quiet, north"}}
	commit(t, s, &gateway.Batch{Assets: []*gateway.Asset{inventoried}})
	closeStore(t, s)
	want.Assets[0] = *inventoried
	if diff := cmp.Diff(want, open(t, dir).Saved()); diff != "" {
		t.Errorf("saved in the tables of now (-want +got):\n%s", diff)
	}
}

// toVersion3 leaves out what a gateway of schema 3 did not know.
func toVersion3(s *gateway.Saved) {
	s.Totals = slices.Clone(s.Totals)
	for i := range s.Totals {
		s.Totals[i].Lacks, s.Totals[i].Detected = 0, 0
	}
	s.Sites = slices.Clone(s.Sites)
	for i := range s.Sites {
		s.Sites[i].Silences = s.Sites[i].Silences[:1]
	}
}

// Seen to break it: totalSum with the new columns always in it; upgrade without the additions; a silence that was
// none taken for one.
func TestADatabaseOfVersion3IsBroughtForward(t *testing.T) {
	dir := madeBy(t, "version3")
	b := everything()
	b.Assets[1].Retired, b.Assets[2].Appended = true, true
	want := savedOf(b)
	toVersion3(want)
	want.Edition = gateway.Edition{Number: 1, At: 1773151530006, Since: 1773100000000, Vacated: []gateway.Number{9}}
	s := mustComeForward(t, dir, "3a8d8b7b", want)
	commit(t, s, b)
	closeStore(t, s)
	before := want
	want = savedOf(b)
	want.Edition, want.Audit = before.Edition, before.Audit
	if diff := cmp.Diff(want, open(t, dir).Saved()); diff != "" {
		t.Errorf("saved in the tables of now (-want +got):\n%s", diff)
	}
}

// Seen to break it: assetSum with the new columns always in it; upgrade without the additions.
func TestADatabaseOfVersion2IsBroughtForward(t *testing.T) {
	dir := madeBy(t, "version2")
	want := savedOf(everything())
	toVersion3(want)
	want.Process = gateway.Process{} // no gateway of that version left one
	s := mustComeForward(t, dir, "6fa509f9", want)
	for _, b := range rearranged() {
		commit(t, s, b)
	}
	closeStore(t, s)
	if got := numbers(open(t, dir).Saved()); got != rearrangedNumbers {
		t.Errorf("rearranged, the numbers are %s, want %s", got, rearrangedNumbers)
	}
}

// An upgrade is there whole or not at all: a crash in it leaves a database of version 1, and so does what
// keeps it from ending, here something else under the name of a table.
func TestAnUpgradeIsWholeOrNotThere(t *testing.T) {
	dir := version1(t)
	tamper(t, dir, "CREATE INDEX audit ON totals (at)")
	if d := open(t, dir).Damage(); len(d) == 0 || !strings.Contains(d[0], "moved to state.db.broken-") {
		t.Fatalf("damage: %q", d)
	}
	aside, err := filepath.Glob(filepath.Join(dir, "state.db.broken-*"))
	if err != nil || len(aside) != 1 {
		t.Fatalf("kept %q, %v", aside, err)
	}
	db, err := sql.Open("sqlite", aside[0])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var version, days int
	const query = "SELECT user_version, (SELECT count(*) FROM pragma_table_info('totals') WHERE name = 'day') FROM pragma_user_version"
	if err := db.QueryRow(query).Scan(&version, &days); err != nil {
		t.Fatal(err)
	}
	if version != 1 || days != 0 {
		t.Errorf("version %d, %d columns named day: want 1 and none", version, days)
	}
}

// Who reads before the new gateway has run once finds what the old one left, and leaves it so.
func TestADatabaseOfVersion1IsReadAsItIs(t *testing.T) {
	dir := version1(t)
	path := filepath.Join(dir, "state.db")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	saved, identity, err := store.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantOfVersion1(), saved, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if want := (store.Identity{GatewayID: "0badcafe", Boots: 4}); identity != want {
		t.Errorf("identity: got %+v, want %+v", identity, want)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(before) {
		t.Error("reading changed the database")
	}
}
