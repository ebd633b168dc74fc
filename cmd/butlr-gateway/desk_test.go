package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// committed is a journal that remembers its batches.
type committed []gateway.Batch

func (c *committed) Commit(_ context.Context, b *gateway.Batch) error {
	*c = append(*c, *b)
	return nil
}

// If a change by hand counted as life, a gateway that was down for hours would take its feeds for dead at
// its next start instead of waiting for them.
func TestAnOrderByHandIsNoSignOfLife(t *testing.T) {
	var kept committed
	for _, b := range []gateway.Batch{
		{Alive: noon}, {},
		{Alive: noon, Overrides: []gateway.Override{{Asset: 3}}, Audit: []gateway.OverrideChange{{Change: "forced"}}},
	} {
		alive := b.Alive
		if err := (lifeless{&kept}).Commit(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if b.Alive != alive {
			t.Error("the batch of somebody else was altered")
		}
	}
	want := committed{{Overrides: []gateway.Override{{Asset: 3}}, Audit: []gateway.OverrideChange{{Change: "forced"}}}}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestTimesOfDayAreThoseOfTheSite(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	s := &service{config: config.Default()}
	s.choices.Store(&choices{s.config, gateway.Rules{Sites: map[gateway.AssetID]gateway.SiteRule{
		"site_tokyo": {Location: tokyo}, "site_plain": {},
	}}})
	s.config.Gateway.Timezone = time.FixedZone("CET", 3600)
	for site, want := range map[gateway.AssetID]*time.Location{
		"site_tokyo": tokyo, "site_plain": s.config.Gateway.Timezone, "site_other": s.config.Gateway.Timezone, "": s.config.Gateway.Timezone,
	} {
		if got := s.placeOf(&gateway.Asset{Site: site}); got != want {
			t.Errorf("%q: %s, want %s", site, got, want)
		}
	}
}

// A look at the state of a gateway that does not run leaves no trace in it.
func TestALookChangesNothing(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	s.stop(syscall.SIGTERM)
	before := contents(t, s.dir)
	for range 2 {
		if code, _, complaints := typed(t.Context(), s.config, "state", "dump"); code != 0 {
			t.Fatalf("exit code %d: %s", code, complaints)
		}
	}
	if diff := cmp.Diff(before, contents(t, s.dir)); diff != "" {
		t.Errorf("changed (-before +after):\n%s", diff)
	}
}

// contents returns every file below a directory; those that SQLite keeps beside a database it may mend.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.ContainsFunc([]string{"-wal", "-shm", ".sock"}, func(end string) bool { return strings.HasSuffix(path, end) }) {
			return err
		}
		text, err := os.ReadFile(path)
		out[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 3 {
		t.Fatalf("there are only %d files", len(out))
	}
	return out
}
