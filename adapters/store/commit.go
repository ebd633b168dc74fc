package store

import (
	"context"
	"database/sql"
	"errors"

	"butlr-gateway/gateway"
)

// transact runs work in one durable transaction.
func (d *database) transact(ctx context.Context, work func() error) error {
	if _, err := d.begin.ExecContext(ctx); err != nil {
		return err
	}
	if err := work(); err != nil {
		_, undo := d.rollback.ExecContext(ctx)
		return errors.Join(err, undo)
	}
	_, err := d.commit.ExecContext(ctx)
	return err
}

// write puts a batch's rows into the transaction: first what is to go, then what is to be.
func (d *database) write(ctx context.Context, b *gateway.Batch) error {
	w := writer{ctx: ctx}
	for _, n := range b.Removed {
		w.do(d.dropAsset, n)
		w.do(d.dropRevisions, n)
		w.do(d.dropTotal, n)
	}
	for _, i := range b.Forgotten {
		w.do(d.dropIncrement, i.At.Hour(), i.Key[:])
	}
	if b.Expired != 0 {
		w.do(d.expireBefore, b.Expired.Hour())
	}
	for _, a := range b.Assets {
		w.do(d.putAsset, a.Number, string(a.ID), a.Kind.String(), string(a.Parent), a.Given, a.CustomID, a.MAC, a.Told, assetSum(a))
	}
	var row []byte
	for i := range b.Revisions {
		r := &b.Revisions[i]
		row = packRevisions(row[:0], r.Asset, r.Feed, r.Revision)
		w.do(d.putRevision, r.Asset, r.Feed, row)
	}
	for i := range b.Totals {
		t := &b.Totals[i]
		w.do(d.putTotal, t.Asset, int64(t.In), int64(t.Out), t.At, totalSum(t))
	}
	for i := range b.Counted {
		c := &b.Counted[i]
		w.do(d.putIncrement, c.At.Hour(), c.Key[:])
	}
	return w.err
}

// writer runs statements until one fails.
type writer struct {
	ctx context.Context
	err error
}

func (w *writer) do(stmt *sql.Stmt, args ...any) {
	if w.err == nil {
		_, w.err = stmt.ExecContext(w.ctx, args...)
	}
}
