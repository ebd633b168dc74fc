package mqtt

import (
	"context"
	"slices"

	"butlr-gateway/gateway"
)

// place sees to it that an asset is said under its topics, and under no others. It comes before everything else
// that is said of an asset.
func (d *delivery) place(ctx context.Context, s *slot) error {
	if s.placed == d.snapshot.Asset {
		return nil
	}
	if s.placed == nil {
		if err := d.recall(ctx, s); err != nil {
			return err
		}
	}
	e := s.kept
	e.path = ""
	if d.options.Names {
		e.path = d.names.path(d.snapshot.Asset)
	}
	s.placed, s.mirror = d.snapshot.Asset, ""
	if e.path != "" {
		s.mirror = d.mirror(e.path)
	}
	if e.path == s.kept.path {
		return nil
	}
	old := s.kept.path
	s.kept, s.told = e, told{} // everything is said again, under the new name as well
	d.shelf.put(s.id, e)
	if old == "" {
		return nil
	}
	return d.wipe(ctx, d.mirror(old), e.scalars)
}

// recall takes what was remembered of an asset that is new to this process, and takes back what is kept of it
// under roots that were in use before.
func (d *delivery) recall(ctx context.Context, s *slot) error {
	e, known := d.shelf.take(s.id)
	if !known {
		d.shelf.put(s.id, e)
		return nil
	}
	s.kept = e
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
	if err := d.keep(ctx, s.topic+"/"+what, payload); err != nil || s.mirror == "" {
		return err
	}
	return d.keep(ctx, s.mirror+"/"+what, payload)
}

// keep has the broker keep a payload on a topic that it may have been told to forget.
func (d *delivery) keep(ctx context.Context, topic string, payload []byte) error {
	if len(d.shelf.stale) > 0 {
		delete(d.shelf.stale, topic)
	}
	return d.window.keep(ctx, topic, payload)
}

// forget has the broker forget what it keeps on a topic, and tells it again after a reconnect, until it has
// acknowledged that.
func (d *delivery) forget(ctx context.Context, topic string) error {
	d.shelf.stale[topic] = true
	return d.window.keep(ctx, topic, nil)
}

// forgetAgain tells a broker again what it was to forget when the connection was lost.
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

// shed takes back the scalars of measures that an asset does not have any more.
func (d *delivery) shed(ctx context.Context, s *slot) error {
	var wanted gateway.Measures
	if d.options.Scalars {
		wanted = d.snapshot.Has
	}
	if s.kept.scalars == wanted {
		return nil
	}
	gone := s.kept.scalars &^ wanted
	s.kept.scalars = wanted
	d.shelf.put(s.id, s.kept)
	for m := range s.told.scalars {
		if gone.Has(gateway.Measure(m)) {
			s.told.scalars[m] = scalar{}
		}
	}
	if err := d.wipeScalars(ctx, s.topic, gone); err != nil || s.mirror == "" {
		return err
	}
	return d.wipeScalars(ctx, s.mirror, gone)
}

// tidy takes back what is kept of assets that there are no more, and of the gateway under roots that were in use
// before. It does so once after a start, when every asset has been said.
func (d *delivery) tidy(ctx context.Context) error {
	h := d.shelf
	if h.tidied || !d.mail.complete() {
		return nil
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
