package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
)

// keepCrashes has this process write into a folder why it crashed, if it does, and tells what the one before it wrote.
func keepCrashes(dir string, tell func(why string)) error {
	path := filepath.Join(dir, crashFile)
	if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
		tell("The gateway before this one crashed. What it was doing:\n\n" + string(text))
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(debug.SetCrashOutput(file, debug.CrashOptions{}), file.Close())
}
