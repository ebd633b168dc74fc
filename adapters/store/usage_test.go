package store

import (
	"os"
	"path/filepath"
	"testing"
)

// Everything in a state directory takes room, also what lies deeper and what a repair put aside; the history is
// counted by itself. The file system's free bytes are told with it.
//
// Seen to break it: the history counted with the rest; what lies deeper left out; the free bytes left
// out.
func TestMeasureCountsWhatAStateDirectoryTakes(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{
		"state.db": 1000, "state.db-wal": 200, "ledger.csv": 30, "broker/jetstream/block": 4, "history.db": 70_000, "history.db-wal": 900_000,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	u, err := Measure(dir)
	if err != nil || u.State != 1234 || u.Free == 0 {
		t.Errorf("got %+v, %v; want 1234 bytes, and some free", u, err)
	}
	if u, err := Measure(filepath.Join(dir, "nowhere")); err == nil {
		t.Errorf("a directory that is not there: got %+v", u)
	}
}
