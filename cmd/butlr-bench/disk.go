package main

import (
	"errors"
	"os"
	"time"
)

// measureDisk returns how long this machine takes to write a page at the end of a file and have the disk keep it, in µs,
// in the folder where the gateway's state is too.
func measureDisk(times int) (took []float64, err error) {
	f, err := os.CreateTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	for range times {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return nil, err
		}
		if err := datasync(f); err != nil {
			return nil, err
		}
		took = append(took, micros(time.Since(began)))
	}
	return took, nil
}
