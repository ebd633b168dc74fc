package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

// When the gateway backs its state up by itself.
const (
	backupEvery = 24 * time.Hour
	firstBackup = 10 * time.Minute // after the first start, when something is there
	backupRetry = time.Hour        // after one that failed
	backupsKept = 7
)

// backups are the files that a gateway makes every day, numbered: their times are those of a clock that may have
// been wrong.
type backups struct {
	dir    string
	write  func(ctx context.Context, file string) error
	now    func() time.Time
	alarms *gateway.Alarms
	log    *slog.Logger
}

// keepBackups makes them while the gateway serves.
func (s *service) keepBackups(ctx context.Context) error {
	dir := string(s.config.Gateway.StateDir)
	b := backups{
		dir: filepath.Join(dir, "backups"), now: func() time.Time { return s.clock().Wall }, alarms: s.alarms, log: s.log,
		write: func(ctx context.Context, file string) error { return store.Backup(ctx, dir, file) },
	}
	return b.keep(ctx)
}

// keep makes a backup whenever the newest is a day old, and raises an alarm while it cannot.
func (b *backups) keep(ctx context.Context) error {
	next := time.NewTimer(b.due())
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
		err := b.make(ctx)
		switch {
		case ctx.Err() != nil: // it was broken off
			return nil
		case err != nil:
			b.alarms.Raise(gateway.BackupFailing, err.Error())
			next.Reset(backupRetry)
		default:
			b.alarms.Clear(gateway.BackupFailing)
			next.Reset(backupEvery)
		}
	}
}

// due returns when the next one is to be made. Where the newest is of the future the clock is, or was, wrong: then it
// is a day from now, so that a gateway that starts again and again does not drop those of a week.
func (b *backups) due() time.Duration {
	made, err := b.list()
	if err != nil || len(made) == 0 {
		return firstBackup
	}
	_, at := parseBackup(made[len(made)-1])
	if age := b.now().Sub(at); age >= 0 {
		return max(firstBackup, backupEvery-age)
	}
	return backupEvery
}

// make makes one, and drops the oldest.
func (b *backups) make(ctx context.Context) error {
	if err := os.MkdirAll(b.dir, 0o750); err != nil {
		return fmt.Errorf("making a place for backups: %w", err)
	}
	made, err := b.list()
	if err != nil {
		return err
	}
	number := 0
	if len(made) > 0 {
		number, _ = parseBackup(made[len(made)-1])
	}
	name := fmt.Sprintf(backupName, number+1, b.now().UTC().Format(backupTime))
	if err := b.write(ctx, filepath.Join(b.dir, name)); err != nil {
		return err
	}
	b.log.Info("state backed up", "file", filepath.Join(b.dir, name))
	made = append(made, name)
	for _, old := range made[:max(0, len(made)-backupsKept)] {
		err = errors.Join(err, os.Remove(filepath.Join(b.dir, old)))
	}
	return err
}

const (
	backupName = "state-%06d-%s.backup"
	backupTime = "20060102T150405Z"
)

// parseBackup returns the number and the time in a name; 0 if it is none.
func parseBackup(name string) (number int, at time.Time) {
	var when string
	name, ok := strings.CutSuffix(name, ".backup")
	if !ok {
		return 0, at
	}
	if _, err := fmt.Sscanf(name, "state-%06d-%s", &number, &when); err != nil {
		return 0, at
	}
	at, err := time.Parse(backupTime, when)
	if err != nil {
		return 0, at
	}
	return number, at
}

// list returns the names of those that there are, in the order of their numbers.
func (b *backups) list() (names []string, err error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for backups: %w", err)
	}
	for _, e := range entries {
		if number, _ := parseBackup(e.Name()); number > 0 {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		first, _ := parseBackup(a)
		second, _ := parseBackup(b)
		return first - second
	})
	return names, nil
}
