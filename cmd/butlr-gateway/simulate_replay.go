package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/cmd/internal/poster"
	"butlr-gateway/cmd/internal/replay"
)

// replaying is what the command line of simulate says of a recording.
type replaying struct {
	files             []string
	speed             float64
	keepTimes, newIDs bool
}

func (r *replaying) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&r.files, "replay", nil, "post this `file` of \"capture on\" instead of a made-up building; several in the order given")
	f.Float64Var(&r.speed, "speed", 1, "of a replay: how many times as fast as it was")
	f.BoolVar(&r.keepTimes, "keep-times", false, "of a replay: keep the timestamps of the events, and do not move them to now")
	f.BoolVar(&r.newIDs, "new-ids", false, "of a replay: give the events other ids, for a gateway that knows them already")
}

// check refuses what has no meaning together.
func (r *replaying) check(c *cobra.Command) error {
	if len(r.files) == 0 {
		for _, name := range []string{"speed", "keep-times", "new-ids"} {
			if c.Flags().Changed(name) {
				return fmt.Errorf("--%s belongs to a replay: give the file with --replay", name)
			}
		}
		return nil
	}
	for _, name := range []string{"rooms", "sites", "rate", "chaos", "seed", "batch"} {
		if c.Flags().Changed(name) {
			return fmt.Errorf("--%s is about a made-up building, and --replay posts a recording", name)
		}
	}
	if r.speed <= 0 || r.speed > 1e6 {
		return errors.New("--speed must be more than 0, and at most 1000000")
	}
	return nil
}

// run posts the recording.
func (r *replaying) run(ctx context.Context, post *poster.Poster) error {
	var failed error
	o := replay.Options{Start: time.Now(), Speed: r.speed, KeepTimes: r.keepTimes, NewIDs: r.newIDs}
	post.RunBodies(ctx, replay.Play(ctx, o, r.lines(), &failed))
	return failed
}

// lines yields the lines of the files, one file after the other.
func (r *replaying) lines() iter.Seq2[replay.Line, error] {
	return func(yield func(replay.Line, error) bool) {
		for _, name := range r.files {
			if !readFile(name, yield) {
				return
			}
		}
	}
}

// readFile yields the lines of a file; false if that is enough.
func readFile(name string, yield func(replay.Line, error) bool) bool {
	file, err := os.Open(name)
	if err != nil {
		yield(replay.Line{}, fmt.Errorf("opening the recording: %w", err))
		return false
	}
	defer func() { _ = file.Close() }() // nothing was written to it
	for line, err := range replay.Read(name, file) {
		if !yield(line, err) || err != nil {
			return false
		}
	}
	return true
}
