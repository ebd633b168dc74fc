package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"butlr-gateway/packaging"
)

// TestUnitIsSoundAndHardened has systemd itself judge the unit: no line that it does not know, and an exposure of 1.6 at
// the most (2.0 is the promise, 1.5 what it has). Seen to break it: a misspelt key, and each of User,
// SystemCallFilter, RestrictNamespaces and CapabilityBoundingSet left out.
func TestUnitIsSoundAndHardened(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	root := t.TempDir()
	unit := filepath.Join(root, "butlr-gateway.service")
	program := filepath.Join(root, "butlr-gateway") // verify wants it to be there
	if err := os.WriteFile(program, []byte("#!/bin/true\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(packaging.Unit, "/usr/bin/butlr-gateway", program)
	if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", "--threshold=16", unit).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
	t.Log(strings.TrimSpace(string(out[max(0, strings.LastIndex(string(out), "→")):])))
}
