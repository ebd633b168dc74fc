package mqtt

import (
	"context"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// place works out under which topics an asset is to be said. What it leaves is taken back at once; what is new is
// said when it is remembered. It comes before everything else that is said of an asset.
func (d *delivery) place(ctx context.Context, s *slot) error {
	if s.placed == d.snapshot.Asset && s.placedHas == d.snapshot.Has {
		return nil
	}
	if s.placed == nil {
		if err := d.recall(ctx, s); err != nil {
			return err
		}
	}
	s.placed, s.placedHas = d.snapshot.Asset, d.snapshot.Has
	before := s.wanted
	s.wanted = entry{}
	if d.options.Scalars {
		s.wanted.scalars = d.snapshot.Has
	}
	if d.options.Names {
		s.wanted.path = d.names.path(d.snapshot.Asset)
	}
	if s.wanted == before {
		return nil
	}
	d.shelf.put(s)
	return d.leave(ctx, s)
}

// leave takes back what is kept of an asset and no more wanted. It is not said again before it is remembered again.
func (d *delivery) leave(ctx context.Context, s *slot) error {
	before, gone := s.kept, s.kept.scalars&^s.wanted.scalars
	s.kept.scalars &= s.wanted.scalars
	for m := range s.told.scalars {
		if gone.Has(gateway.Measure(m)) {
			s.told.scalars[m] = scalar{}
		}
	}
	if err := d.wipeScalars(ctx, s.topic, gone); err != nil || before.path == "" {
		return err
	}
	if before.path == s.wanted.path {
		return d.wipeScalars(ctx, d.mirror(before.path), gone)
	}
	s.kept.path, s.mirror = "", ""
	return d.wipe(ctx, d.mirror(before.path), before.scalars)
}

// grant lets an asset be said under all the topics that it wants.
func (d *delivery) grant(s *slot) {
	s.kept, s.mirror = s.wanted, ""
	if s.kept.path != "" {
		s.mirror = d.mirror(s.kept.path)
	}
}

// shelve has remembered what is new, once the broker has forgotten what it was told to.
func (d *delivery) shelve(ctx context.Context) error {
	h := d.shelf
	if len(h.changes) == 0 || h.writing != nil {
		return nil
	}
	if len(h.stale) > 0 {
		if err := d.window.drain(ctx); err != nil {
			return err
		}
		clear(h.stale)
	}
	h.remember()
	return nil
}

// shelved takes what became of a write, and has said what waited for it.
func (d *delivery) shelved(err error) {
	rows := d.shelf.writing
	d.shelf.finish(err)
	d.grantAll(func(s *slot) bool {
		return err != nil || rows[assetKey+string(s.id)] == s.wanted.String() // else it wants something newer
	})
}

// awaitShelf waits for the write that is under way, but not for long.
func (d *delivery) awaitShelf(ctx context.Context) {
	if d.shelf.writing == nil {
		return
	}
	patience := time.NewTimer(writeWithin)
	defer patience.Stop()
	select {
	case <-ctx.Done():
	case <-patience.C:
		d.grantAll(func(*slot) bool { return true })
	case err := <-d.shelf.written:
		d.shelved(err)
	}
}

func (d *delivery) grantAll(may func(*slot) bool) {
	for _, s := range d.shelf.waiting {
		if !may(s) {
			continue
		}
		d.grant(s)
		s.told = told{} // everything is said again, under what is new as well
		d.mail.again(s)
	}
	d.shelf.waiting = nil
}

// recall takes what was remembered of an asset that is new to this process, and takes back what is kept of it
// under roots that were in use before.
func (d *delivery) recall(ctx context.Context, s *slot) error {
	e, known := d.shelf.take(s.id)
	s.wanted = e
	d.grant(s)
	if !known { // its state may have been said all the same
		d.shelf.put(s)
	}
	for _, root := range d.shelf.old {
		if err := d.wipeEntry(ctx, root, d.snapshot.Asset, e); err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) mirror(path string) string { return d.options.Topic + "/names/" + path }

// say has the broker keep a payload of an asset under each of its topics.
func (d *delivery) say(ctx context.Context, s *slot, what string, payload []byte) error {
	if err := d.window.keep(ctx, s.topic+"/"+what, payload); err != nil || s.mirror == "" {
		return err
	}
	return d.window.keep(ctx, s.mirror+"/"+what, payload)
}

// forget has the broker forget what it keeps on a topic, and tells it again after a reconnect, until it has
// acknowledged that.
func (d *delivery) forget(ctx context.Context, topic string) error {
	d.shelf.stale[topic] = true
	return d.window.keep(ctx, topic, nil)
}

// forgetAgain tells a broker again what it was to forget when the connection was lost. What has come back there
// since is said after it.
func (d *delivery) forgetAgain(ctx context.Context) error {
	for topic := range d.shelf.stale {
		if err := d.window.keep(ctx, topic, nil); err != nil {
			return err
		}
	}
	return nil
}

// wipe has the broker forget what it keeps of an asset under a topic.
func (d *delivery) wipe(ctx context.Context, topic string, scalars gateway.Measures) error {
	for _, what := range []string{"availability", "state"} {
		if err := d.forget(ctx, topic+"/"+what); err != nil {
			return err
		}
	}
	return d.wipeScalars(ctx, topic, scalars)
}

func (d *delivery) wipeScalars(ctx context.Context, topic string, scalars gateway.Measures) error {
	for m := range gateway.Measure(gateway.MeasureCount) {
		if !scalars.Has(m) {
			continue
		}
		if err := d.forget(ctx, topic+"/"+m.String()); err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) wipeEntry(ctx context.Context, root string, a *gateway.Asset, e entry) error {
	if err := d.wipe(ctx, Topic(root, a), e.scalars); err != nil || e.path == "" {
		return err
	}
	return d.wipe(ctx, root+"/names/"+e.path, e.scalars)
}

// tidy takes back what is kept of assets that there are no more, and of the gateway under roots that were in use
// before. It does so once after a start, when every asset has been said.
func (d *delivery) tidy(ctx context.Context) error {
	h := d.shelf
	if h.tidied || !d.mail.complete() {
		return nil
	}
	for id := range h.entries {
		if d.mail.asset(id) != nil {
			return nil // it has not been said yet
		}
	}
	for id, e := range h.entries {
		asset := &gateway.Asset{ID: id, Kind: id.Kind()}
		for _, root := range slices.Concat(h.old, []string{d.options.Topic}) {
			if err := d.wipeEntry(ctx, root, asset, e); err != nil {
				return err
			}
		}
		d.names.leave(id)
		h.drop(id)
	}
	for _, root := range h.old {
		for _, topic := range []string{statusTopic(root), root + "/gateway/state"} {
			if err := d.forget(ctx, topic); err != nil {
				return err
			}
		}
	}
	h.abandon()
	h.tidied = true
	return nil
}
