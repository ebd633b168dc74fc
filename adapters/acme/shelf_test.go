package acme_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"butlr-gateway/adapters/acme"

	"golang.org/x/crypto/acme/autocert"
)

// TestADiskThatTakesNothing has a file where the folder should be: what was put is there all the same, trouble is said,
// and it is written once it can be.
//
// Seen to break it: what the disk did not take forgotten; the trouble still said afterwards; not written again.
func TestADiskThatTakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	placed := 0
	s := acme.NewShelf(dir, func(string, []byte) { placed++ })
	put := func(name string) {
		t.Helper()
		if err := s.Put(t.Context(), name, []byte("text of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	put("a+http-01")
	put("b+http-01")
	if text, err := s.Get(t.Context(), "a+http-01"); err != nil || string(text) != "text of a+http-01" || s.Trouble() == nil || placed != 2 {
		t.Errorf("%q, %v, trouble %v, placed %d", text, err, s.Trouble(), placed)
	}
	s.Retry()
	if s.Trouble() == nil {
		t.Error("the trouble is over, and the disk takes nothing")
	}
	if err := s.Delete(t.Context(), "b+http-01"); err == nil {
		t.Error("a file below a file was removed")
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	s.Retry()
	if text, err := os.ReadFile(filepath.Join(dir, "a+http-01")); err != nil || string(text) != "text of a+http-01" || s.Trouble() != nil {
		t.Errorf("%q, %v, trouble %v", text, err, s.Trouble())
	}
	if _, err := s.Get(t.Context(), "b+http-01"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("what was removed is there: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// TestNamesStayBelowTheFolder has names that lead elsewhere.
func TestNamesStayBelowTheFolder(t *testing.T) {
	dir := t.TempDir()
	s := acme.NewShelf(filepath.Join(dir, "kept"), func(string, []byte) {})
	for _, name := range []string{"", ".", "..", "../x+http-01", "/etc/passwd", `a\b`, ".hidden", "a:b"} {
		if err := s.Put(t.Context(), name, []byte("x")); err == nil {
			t.Errorf("%q was put", name)
		}
		if _, err := s.Get(t.Context(), name); !errors.Is(err, autocert.ErrCacheMiss) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "x+http-01"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "../x+http-01"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "x+http-01")); err != nil {
		t.Errorf("a file beside the folder was removed: %v", err)
	}
}
