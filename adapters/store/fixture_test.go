package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

func site(number gateway.Number, id string) *gateway.Asset {
	return &gateway.Asset{ID: gateway.AssetID(id), Kind: gateway.Site, Number: number, Given: "Maas", Told: 1773151530000}
}

func everything() *gateway.Batch {
	return &gateway.Batch{
		Assets:    []*gateway.Asset{asset(0, "room_a"), asset(3, "room_b"), site(5, "site_c")},
		Histories: []gateway.History{history(0, gateway.PeopleMinuteFeed, 31), history(3, gateway.PeopleFeed, 2)},
		Totals: []gateway.Total{
			{Asset: 0, In: 5, Out: 6, At: 1773151530002},
			{Asset: 3, In: 1 << 40, Out: 7, At: 1773151530002, Day: 1773097200000, Net: -3, Lacks: 1773097200000},
			{Asset: 5, In: 6, Out: 7, At: 1773151530002, Detected: 1773151200000},
		},
		Sites: []gateway.SiteLife{{
			Site: 5, Newest: 1773151530002, Last: 29552525, Minutes: []byte{1, 0, 60, 31},
			Silences: []gateway.Silence{{From: 1773140000000, To: 1773150000000}, {From: 1773100000000, To: 1773135000000}},
		}},
		Overrides: []gateway.Override{
			override(0, gateway.TargetOutputs, "fire drill"),
			override(0, gateway.TargetPeople, "a count by hand"),
			override(3, gateway.TargetLighting, "cleaning,\x00 \xff and \"more\""),
		},
		Audit: []gateway.OverrideChange{
			{At: 1773151530004, Asset: "room_a", Change: "forced", By: "Noor", Override: override(0, gateway.TargetOutputs, "fire drill")},
			{At: 1773151530004, Asset: "room_gone", Change: "expired", Override: override(77, gateway.TargetHVAC, "")},
		},
		Alive:   1773151530005,
		Process: &gateway.Process{ClockWrong: time.Hour, Starts: []gateway.Start{{Alive: 0, At: 1773100000000}, {Alive: 1773140000000, At: 1773141000000}}},
		Counted: []gateway.Increment{{Key: gateway.IncrementKey{1, 2, 3}, At: 1773151530002}},
	}
}

// override is one hour of a forced answer.
func override(number gateway.Number, target gateway.Target, reason string) gateway.Override {
	return gateway.Override{
		Asset: number, Target: target, Value: 1, Source: gateway.FromOperator, Author: "Noor", Reason: reason,
		Since: 1773151530003, Until: 1773151530003 + 3_600_000,
	}
}

// history is a feed of so many minutes, with a day before them.
func history(number gateway.Number, feed gateway.Feed, minutes int) gateway.History {
	const day, newest gateway.Timestamp = 1773097200000, 1773151530000
	h := gateway.History{Asset: number, Feed: feed, Before: gateway.Before{
		Day: day, LastPositive: newest - 1_900_000, FirstClear: newest - 7_000_000, LastClear: newest - 2_000_000,
		Newest: newest - 1_865_000,
		Peak:   300, Minutes: 400, LastMinute: int64(newest/60_000 - 33),
		Output: gateway.Past{
			At: newest - 1_860_000, On: [gateway.OutputCount]bool{true, false, true},
			Since: [gateway.OutputCount]gateway.Timestamp{newest - 5_000_000, 0, newest - 5_000_000},
		},
	}}
	for i := range minutes {
		at := newest - gateway.Timestamp(minutes-1-i)*60_000
		id := gateway.EventIDOf("event_3nprwZCAqYdJzGI97efWqGm0pXn")
		id[19] = byte(i)
		h.Window = append(h.Window, gateway.Entry{At: at, ID: id, Value: int32(i % 7)})
	}
	return h
}

// hourly is what is left of a moment when only its hour is stored.
func hourly(t gateway.Timestamp) gateway.Timestamp { return t / 3_600_000 * 3_600_000 }

func savedOf(b *gateway.Batch) *gateway.Saved {
	s := &gateway.Saved{
		Histories: slices.Clone(b.Histories), Totals: b.Totals, Sites: b.Sites,
		Overrides: b.Overrides, Audit: b.Audit, Alive: b.Alive,
	}
	if b.Process != nil {
		s.Process = *b.Process
	}
	for _, a := range b.Assets {
		s.Assets = append(s.Assets, *a)
	}
	place := func(h gateway.History) int { return int(h.Asset)*gateway.FeedCount + int(h.Feed) }
	slices.SortFunc(s.Histories, func(a, b gateway.History) int { return place(a) - place(b) })
	for _, c := range b.Counted {
		s.Counted = append(s.Counted, gateway.Increment{Key: c.Key, At: hourly(c.At)})
	}
	return s
}

// tables counts the rows of every table.
func tables(t *testing.T, dir string) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	names, err := db.Query("SELECT name FROM sqlite_schema WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		counts[name] = -1
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range counts {
		var n int
		if err := db.QueryRow("SELECT count(*) FROM " + name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[name] = n
	}
	return counts
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// failer is a test, or one draw of a property.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func tamper(t failer, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil && !strings.Contains(err.Error(), "datatype mismatch") {
		t.Fatal(err)
	}
}

// columns returns every column of every table, with the table before it.
func columns(t *testing.T, dir string) (cells [][2]string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var cell [2]string
		if err := rows.Scan(&cell[0], &cell[1]); err != nil {
			t.Fatal(err)
		}
		cells = append(cells, cell)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return cells
}

// leaves returns the numbers of the pages in which the rows of a table lie.
func leaves(t *testing.T, dir, table string) (pages []int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path", table)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var page int
		if err := rows.Scan(&page); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	if err := rows.Err(); err != nil || len(pages) == 0 {
		t.Fatalf("pages of %s: %v, %v", table, pages, err)
	}
	return pages
}
