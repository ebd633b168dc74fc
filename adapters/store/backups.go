package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// BackupFolder is the folder of a state directory in which a gateway keeps the backups that it makes by itself, and
// looks for one when the database is damaged.
const BackupFolder = "backups"

const (
	backupName   = "state-%06d-%s"
	backupTime   = "20060102T150405Z"
	backupEnding = ".backup"
	schemaWord   = "-schema" // and its number: made before an upgrade, of the database as it was
)

// KeptBackup is a file in a folder of backups. They are numbered: their times are those of a clock that may have been
// wrong.
type KeptBackup struct {
	Path   string
	Number int
	At     time.Time
	Schema int // what the database was brought forward from right afterwards; 0 for a backup of every day
}

// Backups returns the backups in a folder, in the order in which they were made. A folder that is not there has none.
func Backups(folder string) ([]KeptBackup, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for backups: %w", err)
	}
	var kept []KeptBackup
	for _, e := range entries {
		if b, ok := parseBackup(e.Name()); ok {
			b.Path = filepath.Join(folder, e.Name())
			kept = append(kept, b)
		}
	}
	slices.SortFunc(kept, func(a, b KeptBackup) int { return cmp.Or(a.Number-b.Number, strings.Compare(a.Path, b.Path)) })
	return kept, nil
}

// NextBackup names the backup that is made after those, at that time.
func NextBackup(made []KeptBackup, at time.Time) string { return nextBackup(made, at) + backupEnding }

func nextBackup(made []KeptBackup, at time.Time) string {
	number := 0
	if len(made) > 0 {
		number = made[len(made)-1].Number
	}
	return fmt.Sprintf(backupName, number+1, at.UTC().Format(backupTime))
}

func parseBackup(name string) (b KeptBackup, ok bool) {
	name, ok = strings.CutSuffix(name, backupEnding)
	if !ok {
		return b, false
	}
	name, schema, of := strings.Cut(name, schemaWord)
	if of {
		if _, err := fmt.Sscanf(schema, "%d", &b.Schema); err != nil || b.Schema < 1 {
			return b, false
		}
	}
	var when string
	if _, err := fmt.Sscanf(name, backupName, &b.Number, &when); err != nil {
		return b, false
	}
	at, err := time.Parse(backupTime, when)
	b.At = at
	return b, err == nil && b.Number > 0
}

// goodBackup is a backup that is whole, and what is in it.
type goodBackup struct {
	KeptBackup
	*loaded
	ledger []byte
}

// newestGood returns the newest backup of that gateway that is whole, nil if there is none, and the names of newer
// ones that are not. Without an id it is that of any gateway.
func newestGood(ctx context.Context, dir, gatewayID string) (good *goodBackup, bad []string) {
	made, err := Backups(filepath.Join(dir, BackupFolder))
	if err != nil {
		return nil, []string{err.Error()}
	}
	for _, b := range slices.Backward(made) {
		l, ledger, err := readBackup(ctx, b.Path)
		switch {
		case err != nil:
			bad = append(bad, filepath.Base(b.Path)+" is broken")
		case gatewayID != "" && l.identity.GatewayID != "" && l.identity.GatewayID != gatewayID:
			bad = append(bad, filepath.Base(b.Path)+" is of another gateway")
		default:
			return &goodBackup{KeptBackup: b, loaded: l, ledger: ledger}, bad
		}
	}
	return nil, bad
}

// name returns how people call it.
func (b *goodBackup) name() string {
	return fmt.Sprintf("the backup %s of %s", filepath.Base(b.Path), b.At.Format("2006-01-02 15:04 UTC"))
}
