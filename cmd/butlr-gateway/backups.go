package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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
		dir: filepath.Join(dir, store.BackupFolder), now: func() time.Time { return s.clock().Wall }, alarms: s.alarms, log: s.log,
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
	made, err := store.Backups(b.dir)
	if err != nil || len(made) == 0 {
		return firstBackup
	}
	if age := b.now().Sub(made[len(made)-1].At); age >= 0 {
		return max(firstBackup, backupEvery-age)
	}
	return backupEvery
}

// make makes one, and drops the oldest. One that was made before an upgrade stays: it is the way back.
func (b *backups) make(ctx context.Context) error {
	if err := os.MkdirAll(b.dir, 0o750); err != nil {
		return fmt.Errorf("making a place for backups: %w", err)
	}
	made, err := store.Backups(b.dir)
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, store.NextBackup(made, b.now()))
	if err := b.write(ctx, file); err != nil {
		return err
	}
	b.log.Info("state backed up", "file", file)
	made = slices.DeleteFunc(made, func(k store.KeptBackup) bool { return k.Schema != 0 })
	for _, old := range made[:max(0, len(made)+1-backupsKept)] {
		err = errors.Join(err, os.Remove(old.Path))
	}
	return err
}
