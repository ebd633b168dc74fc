package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/packaging"
)

// TestTheInstalledUnitIsThePackagedOne: the same bytes but for the paths. Seen to break it: a unit of the library's
// own, ExecStartPre left with the packaged program, a path with a space left without quotes, a % that systemd
// would expand.
func TestTheInstalledUnitIsThePackagedOne(t *testing.T) {
	same, err := unitFor(packagedProgram, packagedConfig, packagedState)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(packaging.Unit, same); d != "" {
		t.Errorf("with the packaged paths: %s", d)
	}
	moved, err := unitFor("/usr/local/bin/butlr gateway", "/etc/100%/gateway.toml", "/srv/state")
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	packaged, got := strings.Split(packaging.Unit, "\n"), strings.Split(moved, "\n")
	for _, line := range got {
		if !strings.Contains("\n"+packaging.Unit, "\n"+line+"\n") {
			changed = append(changed, line)
		}
	}
	want := []string{
		`ExecStartPre=-"/usr/local/bin/butlr gateway" check --config "/etc/100%%/gateway.toml"`,
		`ExecStart="/usr/local/bin/butlr gateway" run --config "/etc/100%%/gateway.toml"`,
		`ExecReload="/usr/local/bin/butlr gateway" reload --config "/etc/100%%/gateway.toml"`,
		`ReadWritePaths=/srv/state`,
	}
	if d := cmp.Diff(want, changed); d != "" {
		t.Errorf("lines that differ: %s", d)
	}
	if len(got) != len(packaged)-1 { // two lines about the state's place became one
		t.Errorf("%d lines, and the package has %d", len(got), len(packaged))
	}
}

// TestAPathThatSystemdWouldMisreadIsRefused. Seen to break it: braces let through, which the library takes for its own.
func TestAPathThatSystemdWouldMisreadIsRefused(t *testing.T) {
	for _, path := range []string{"relative", "/a\nExecStart=/bin/sh", "/a/{{Name}}"} {
		if unit, err := unitFor(path, packagedConfig, packagedState); err == nil {
			t.Errorf("%q makes the unit %s", path, unit)
		}
	}
}

// TestInstallLeavesAPackagedUnitAlone. Seen to break it: the look for packaged units left out.
func TestInstallLeavesAPackagedUnitAlone(t *testing.T) {
	unit := filepath.Join(t.TempDir(), "butlr-gateway.service")
	if found := packagedUnit([]string{unit}); found != "" {
		t.Errorf("%s is found, and is not there", found)
	}
	if err := os.WriteFile(unit, []byte(packaging.Unit), 0o644); err != nil {
		t.Fatal(err)
	}
	if found := packagedUnit([]string{unit}); found != unit {
		t.Errorf("%q is found, want %s", found, unit)
	}
}

// TestWhatTheServiceCannotSeeIsRefused. Seen to break it: /root left out.
func TestWhatTheServiceCannotSeeIsRefused(t *testing.T) {
	for path, ok := range map[string]bool{
		"/usr/local/bin/butlr-gateway": true, "/opt/butlr/butlr-gateway": true, "/homework/butlr-gateway": true,
		"/home/ann/butlr-gateway": false, "/root/butlr-gateway": false, "/tmp/butlr-gateway": false,
	} {
		if err := reachable(path); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestTheServiceTakesNoDirectoryOver that has other things in it. Seen to break it: any directory taken, and
// one refused for a file that the service itself had left there.
func TestTheServiceTakesNoDirectoryOver(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		file string
		ok   bool
	}{{"", true}, {"letters.txt", false}, {"ledger.csv", true}} {
		if c.file != "" {
			if err := os.WriteFile(filepath.Join(dir, c.file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := mayBeGiven(dir); (err == nil) != c.ok {
			t.Errorf("with %q: %v", c.file, err)
		}
	}
	if err := mayBeGiven(filepath.Join(dir, "missing")); err != nil {
		t.Error(err)
	}
	failed := t.TempDir() // of a service of Windows that never came up
	if err := os.WriteFile(filepath.Join(failed, crashFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := mayBeGiven(failed); err != nil {
		t.Error(err)
	}
}

// TestServiceStatusFollowsSystemd has what "systemctl show" prints. Seen to break it: auto-restart taken for
// running, which systemd calls activating.
func TestServiceStatusFollowsSystemd(t *testing.T) {
	for _, c := range []struct {
		name, shown string
		want        serviceCondition
		code        int
		more        string
	}{
		{"running", "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=0\n", serviceRunning, 0, ""},
		{"starting", "LoadState=loaded\nActiveState=activating\nSubState=start\nResult=success\nNRestarts=0\n", serviceRunning, 0, ""},
		{"failed", "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nNRestarts=5\n", serviceFailed, 1, " (exit-code)"},
		{"ends again and again", "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=exit-code\nNRestarts=7\n", serviceFailed, 1, " (exit-code; it was tried 7 times, and will be again)"},
		{"stopped", "LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\nNRestarts=0\n", serviceStopped, 3, ""},
		{"removed", "LoadState=masked\nActiveState=inactive\nSubState=dead\nResult=success\nNRestarts=0\n", serviceMissing, 4, ""},
		{"not installed", "LoadState=not-found\nActiveState=inactive\nSubState=dead\nResult=success\nNRestarts=0\n", serviceMissing, 4, ""},
	} {
		got, more := conditionOf(c.shown)
		if got != c.want || conditionCodes[got] != c.code || more != c.more {
			t.Errorf("%s: %d with code %d%s, want %d with code %d%s", c.name, got, conditionCodes[got], more, c.want, c.code, c.more)
		}
	}
}
