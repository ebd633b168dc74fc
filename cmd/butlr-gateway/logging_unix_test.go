//go:build !windows

package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// streamOf returns what systemd would put into JOURNAL_STREAM for that file.
func streamOf(t *testing.T, f *os.File) string {
	t.Helper()
	var of syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &of); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%d", of.Dev, of.Ino)
}
