//go:build !windows

package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// isJournal tells whether w is the stream of which the environment says, as DEVICE:INODE, that it leads to the journal.
func isJournal(w io.Writer, stream string) bool {
	file, ok := w.(*os.File)
	if !ok || stream == "" {
		return false
	}
	about, err := file.Stat()
	if err != nil {
		return false
	}
	of, ok := about.Sys().(*syscall.Stat_t)
	return ok && fmt.Sprintf("%d:%d", of.Dev, of.Ino) == stream
}
