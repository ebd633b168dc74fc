//go:build !linux

package main

import "os"

// datasync has the disk keep what was written.
func datasync(f *os.File) error { return f.Sync() }
