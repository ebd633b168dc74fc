package main

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
)

// TestACrashIsToldAtTheNextStart, once. Seen to break it: the file that is not emptied, and a crash that is written
// nowhere.
func TestACrashIsToldAtTheNextStart(t *testing.T) {
	const crashIn = "BUTLR_GATEWAY_CRASH_IN"
	if dir := os.Getenv(crashIn); dir != "" {
		if err := keepCrashes(dir, func(string) {}); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			panic("a defect")
		}()
		<-ended
		select {}
	}
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^TestACrashIsToldAtTheNextStart$")
	c.Env = append(os.Environ(), crashIn+"="+dir)
	if out, err := c.CombinedOutput(); err == nil {
		t.Fatalf("it did not crash: %s", out)
	}
	t.Cleanup(func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) }) // an open file cannot be removed
	var told []string
	for range 2 {
		if err := keepCrashes(dir, func(why string) { told = append(told, why) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "panic: a defect") {
		t.Errorf("told: %q", told)
	}
}
