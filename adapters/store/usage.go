package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Usage is what a state directory takes, and has room for.
type Usage struct {
	State int64  // bytes of everything in it but the history, also of what lies in it from before a repair
	Free  uint64 // bytes that the gateway's user may still fill of the file system
}

// Measure tells what a state directory takes. It may wait for as long as the disk does.
func Measure(dir string) (u Usage, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went while we looked
		}
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), samplesFile) {
			return err
		}
		about, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			u.State += about.Size()
		}
		return err
	})
	if err == nil {
		u.Free, err = freeBytes(dir)
	}
	if err != nil {
		return Usage{}, fmt.Errorf("measuring the state directory: %w", err)
	}
	return u, nil
}
