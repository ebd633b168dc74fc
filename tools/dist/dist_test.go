package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestThreat17TwoBuildsAreEqual makes everything for Linux and for Windows twice, of the newest commit, in folders of
// different names, the second time with nothing left of the first. It takes minutes, so that it runs in CI only. Seen
// to break it: -trimpath left out, times of now in archives, and SOURCE_DATE_EPOCH not told to what makes packages.
func TestThreat17TwoBuildsAreEqual(t *testing.T) {
	if os.Getenv("CI") != "true" {
		t.Skip("takes minutes; CI=true runs it")
	}
	sums := func(dir string) string {
		sources := filepath.Join(dir, "sources")
		if out, err := exec.Command("git", "clone", "--quiet", "--shared", "../..", sources).CombinedOutput(); err != nil {
			t.Fatalf("copying the sources: %v\n%s", err, out)
		}
		if err := run(sources, filepath.Join(dir, "dist"), "", "linux_amd64,windows_amd64"); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "dist", "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := sums(t.TempDir())
	t.Setenv("GOCACHE", t.TempDir())
	second := sums(filepath.Join(t.TempDir(), "another", "place"))
	if first != second {
		t.Errorf("the first time\n%sthe second time\n%s", first, second)
	}
	t.Log(first)
}

// TestVersionsThatPackagesCannotHave. Seen to break it: a hyphen let through, after which an rpm cannot be made.
func TestVersionsThatPackagesCannotHave(t *testing.T) {
	for version, ok := range map[string]bool{"1.2.3": true, "1.2.3~rc1": true, "": true, "1.2.3-rc1": false, "1/2": false, "1 2": false} {
		if _, err := newRelease("../..", t.TempDir(), version); (err == nil) != ok {
			t.Errorf("version %q: %v", version, err)
		}
	}
}

// TestEveryPlatformIsPacked. Seen to break it: no files for Windows, and a document that is in no archive.
func TestEveryPlatformIsPacked(t *testing.T) {
	for _, p := range platforms {
		files := packed[p.os]
		if !slices.Contains(files, "docs/*.md") || !slices.Contains(files, "packaging/gateway.toml") && !slices.Contains(files, "packaging/windows/gateway.toml") {
			t.Errorf("the archive for %s has %v", p.label, files)
		}
	}
}
