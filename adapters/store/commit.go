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
	w := writer{ctx: ctx, database: d}
	w.drop(b)
	w.state(b)
	w.overrides(b)
	for i := range b.Counted {
		c := &b.Counted[i]
		w.do(d.putIncrement, c.At.Hour(), c.Key[:])
	}
	if b.Alive != 0 {
		w.do(d.putMeta, aliveKey, d.pack.aliveText(b.Alive))
	}
	if b.Process != nil {
		w.do(d.putMeta, processKey, d.pack.processText(b.Process))
	}
	if e := b.Edition; e != nil {
		w.do(d.putMeta, editionKey, d.pack.editionText(e))
		if e.Gateway != "" {
			w.do(d.putMeta, gatewayIDKey, e.Gateway)
		}
	}
	return w.err
}

// writer runs statements until one fails.
type writer struct {
	*database
	ctx context.Context
	err error
}

// do runs a statement. Its arguments are of types that database/sql passes on as they are.
func (w *writer) do(stmt *sql.Stmt, args ...any) {
	if w.err == nil {
		_, w.err = stmt.ExecContext(w.ctx, args...)
	}
}

func (w *writer) drop(b *gateway.Batch) {
	for _, n := range b.Removed {
		for _, stmt := range w.removed {
			w.do(stmt, int64(n))
		}
	}
	for _, k := range b.Released {
		w.do(w.dropOverride, int64(k.Asset), int64(k.Target))
	}
	for _, i := range b.Forgotten {
		w.do(w.dropIncrement, i.At.Hour(), i.Key[:])
	}
	if b.Expired != 0 {
		w.do(w.expireBefore, b.Expired.Hour())
	}
}

func (w *writer) state(b *gateway.Batch) {
	for _, a := range b.Assets {
		f := factsRowOf(a.Facts)
		w.do(w.putAsset, int64(a.Number), string(a.ID), a.Kind.String(), string(a.Parent), a.Given, a.CustomID, a.MAC,
			int64(a.Told), int64(w.pack.assetSum(a, &f)), int64(flag(a.Retired)), int64(flag(a.Appended)),
			int64(f.listed), int64(f.capacity), string(f.timezone), string(f.tags), int64(f.entrance), int64(f.shifted))
	}
	for i := range b.Histories {
		h := &b.Histories[i]
		w.do(w.putFeed, feedPlace(h.Asset, h.Feed), w.pack.history(h))
	}
	for i := range b.Totals {
		t := &b.Totals[i]
		w.do(w.putTotal, int64(t.Asset), int64(t.In), int64(t.Out), int64(t.At), int64(t.Day), t.Net,
			int64(t.Lacks), int64(t.Detected), int64(w.pack.totalSum(t)))
	}
	for i := range b.Sites {
		s := &b.Sites[i]
		w.do(w.putSite, int64(s.Site), w.pack.site(s))
	}
}

func (w *writer) overrides(b *gateway.Batch) {
	for i := range b.Overrides {
		o := &b.Overrides[i]
		w.do(w.putOverride, int64(o.Asset), int64(o.Target), int64(o.Value), int64(o.Source), o.Author, o.Reason,
			int64(o.Since), int64(o.Until), int64(w.pack.overrideSum(o)))
	}
	for i := range b.Audit {
		c := &b.Audit[i]
		o := &c.Override
		w.do(w.addAudit, int64(c.At), string(c.Asset), c.Change, c.By, int64(o.Asset), int64(o.Target), int64(o.Value),
			int64(o.Source), o.Author, o.Reason, int64(o.Since), int64(o.Until), int64(w.pack.auditSum(c)))
	}
	if len(b.Audit) > 0 {
		w.do(w.trimAudit, auditKept-1)
	}
}
