package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"butlr-gateway/gateway"
)

// Read reads the state in a directory, whether or not a gateway runs on it. It changes nothing that is
// kept: while a log lies beside the database SQLite may mend its index of it.
func Read(ctx context.Context, dir string) (*gateway.Saved, Identity, error) {
	_, err := os.Stat(filepath.Join(dir, databaseFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, Identity{}, fmt.Errorf("reading the state: %w; has a gateway run with this state_dir?", err)
	}
	if err != nil {
		return nil, Identity{}, fmt.Errorf("reading the state: %w; run this as the gateway's user", err)
	}
	saved, identity, err := readAll(ctx, dir)
	if err != nil {
		return nil, Identity{}, fmt.Errorf("reading the state in %s: %w; run this as the gateway's user, or while the gateway runs", dir, err)
	}
	return saved, identity, nil
}

func readAll(ctx context.Context, dir string) (*gateway.Saved, Identity, error) {
	pool, conn, err := connect(ctx, dir, true)
	if err != nil {
		return nil, Identity{}, err
	}
	defer func() { _ = errors.Join(conn.Close(), pool.Close()) }()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil { // one state, not several
		return nil, Identity{}, err
	}
	version, err := readVersion(ctx, conn)
	if err != nil {
		return nil, Identity{}, err
	}
	l, err := load(ctx, conn, version)
	if err != nil {
		return nil, Identity{}, err
	}
	text, err := os.ReadFile(filepath.Join(dir, ledgerFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, Identity{}, err
	}
	b := parseLedger(text)
	l.reconcile(b)
	if b.gatewayID != "" && l.saved.Edition.Number <= b.edition {
		l.identity.GatewayID = b.gatewayID
	}
	return &l.saved, l.identity, nil
}
