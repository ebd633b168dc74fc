//go:build !windows

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// leaveToOwner gives what root has made in a directory to the user whose directory it is: the gateway could not
// write it. Who is not root has made nothing that is root's.
func leaveToOwner(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	about, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, ok := about.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // gone since
		}
		if of, ok := info.Sys().(*syscall.Stat_t); !ok || of.Uid != 0 || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Lchown(filepath.Join(dir, e.Name()), int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("giving the state to its owner: %w", err)
		}
	}
	return nil
}
