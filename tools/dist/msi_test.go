package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWhatWindowsTellsPackagesApartBy: equal content, the same package; another version or another program, another
// one. Seen to break it: the version left out of the sum, and one number for package and product.
func TestWhatWindowsTellsPackagesApartBy(t *testing.T) {
	of := func(version, text string) *installer {
		t.Helper()
		dir := t.TempDir()
		program := filepath.Join(dir, "butlr-gateway.exe")
		if err := os.WriteFile(program, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		r := &release{root: "../..", version: version, when: time.Unix(1e9, 0)}
		i, err := r.installer(dir, program)
		if err != nil {
			t.Fatal(err)
		}
		if about, err := os.Stat(program); err != nil || !about.ModTime().Equal(r.when) {
			t.Errorf("the program's time is %v, %v", about.ModTime(), err)
		}
		return i
	}
	first := of("1.2.3", "program")
	for _, c := range []struct {
		version, text string
		same          bool
	}{{"1.2.3", "program", true}, {"1.2.4", "program", false}, {"1.2.3~rc1", "program", false}, {"1.2.3", "another", false}} {
		if next := of(c.version, c.text); (next.Product == first.Product) != c.same || (next.packageCode == first.packageCode) != c.same {
			t.Errorf("%s %s: product %s and %s, package %s and %s", c.version, c.text, first.Product, next.Product, first.packageCode, next.packageCode)
		}
	}
	if first.Product == first.packageCode || len(first.Product) != 36 {
		t.Errorf("product %s, package %s", first.Product, first.packageCode)
	}
	text, err := first.definition("../../packaging/windows/butlr-gateway.wxs")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`Version="1.2.3"`, first.Product, `Source="docs/runbook.md"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the definition has no %s", part)
		}
	}
}

// TestVersionsThatWindowsCannotCompare. Seen to break it: the check left out, after which wixl makes a package that
// nothing upgrades.
func TestVersionsThatWindowsCannotCompare(t *testing.T) {
	for version, want := range map[string]string{"1.2.3": "1.2.3", "0.1.0~20260101.abc": "0.1.0", "1.2": "", "v1.2.3": ""} {
		dir := t.TempDir()
		program := filepath.Join(dir, "butlr-gateway.exe")
		if err := os.WriteFile(program, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		i, err := (&release{root: "../..", version: version}).installer(dir, program)
		if want == "" && (err == nil || !strings.Contains(err.Error(), "begin it with three numbers")) || want != "" && (err != nil || i.Version != want) {
			t.Errorf("%q: %+v, %v", version, i, err)
		}
	}
}
