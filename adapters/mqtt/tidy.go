package mqtt

import (
	"context"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// place works out under which topics an asset is to be said. What it leaves is taken back at once; what is new is
// said when it is remembered. It comes before everything else that is said of an asset. All is decided before
// anything is sent: the connection may be lost at any message, and this is not done again after that.
func (d *delivery) place(ctx context.Context, s *slot) error {
	if s.placed == d.snapshot.Asset && s.placedHas == d.snapshot.Has {
		return nil
	}
	var left []string
	if s.placed == nil {
		left = d.recall(s)
	}
	s.placed, s.placedHas = d.snapshot.Asset, d.snapshot.Has
	before := s.wanted
	s.wanted = entry{}
	if d.options.Scalars {
		s.wanted.scalars = d.snapshot.Has
	}
	if d.options.Names {
		s.wanted.path = d.names.path(d.snapshot.Asset)
		d.mail.name(s, s.wanted.path)
	}
	if s.wanted != before {
		d.shelf.put(s)
		left = append(left, d.leave(s)...)
	}
	return d.forget(ctx, left...)
}

// leave returns the topics on which something is kept of an asset that is no more wanted. It is not said there
// again before it is remembered again.
func (d *delivery) leave(s *slot) []string {
	before, gone := s.kept, s.kept.scalars&^s.wanted.scalars
	s.kept.scalars &= s.wanted.scalars
	left := scalarTopics(nil, s.topic, gone)
	switch before.path {
	case "":
		return left
	case s.wanted.path:
		return scalarTopics(left, d.mirror(before.path), gone)
	}
	s.kept.path, s.mirror = "", ""
	return assetTopics(left, d.mirror(before.path), before.scalars)
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

// awaitShelf has remembered what is new, also what a write that is under way does not have yet, and waits for it,
// but not for long.
func (d *delivery) awaitShelf(ctx context.Context) error {
	patience := time.NewTimer(writeWithin)
	defer patience.Stop()
	for {
		if err := d.shelve(ctx); err != nil || d.shelf.writing == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			d.sayUnshelved()
			return nil
		case err := <-d.shelf.written:
			if d.shelved(err); err != nil {
				return nil // it is tried again, at the next tick
			}
		}
	}
}

// sayUnshelved has said what has waited too long for the write under way, and what waits for the next.
func (d *delivery) sayUnshelved() {
	h := d.shelf
	if h.writing == nil || time.Since(h.began) < writeWithin {
		return
	}
	h.waiting, h.movers = append(h.waiting, h.movers...), nil
	d.grantAll(func(*slot) bool { return true })
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

// recall takes what was remembered of an asset that is new to this process, and returns the topics on which
// something is kept of it under roots that were in use before.
func (d *delivery) recall(s *slot) []string {
	e, known := d.shelf.take(s.id)
	s.wanted = e
	d.grant(s)
	if !known { // its state may have been said all the same
		d.shelf.put(s)
	}
	var left []string
	for _, root := range d.shelf.old {
		left = entryTopics(left, root, d.snapshot.Asset, e)
	}
	return left
}

func (d *delivery) mirror(path string) string { return mirrorTopic(d.options.Topic, path) }

// say has the broker keep a payload of an asset under each of its topics.
func (d *delivery) say(ctx context.Context, s *slot, what string, payload []byte) error {
	if err := d.window.keep(ctx, s.topic+"/"+what, payload); err != nil || s.mirror == "" {
		return err
	}
	return d.window.keep(ctx, s.mirror+"/"+what, payload)
}

// forget has the broker forget what it keeps on topics, and tells it again after a reconnect, until it has
// acknowledged that. All are noted before the first is sent: the connection may be lost at any of them.
func (d *delivery) forget(ctx context.Context, topics ...string) error {
	for _, topic := range topics {
		d.shelf.stale[topic] = true
	}
	for _, topic := range topics {
		if err := d.window.keep(ctx, topic, nil); err != nil {
			return err
		}
	}
	return nil
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

// assetTopics appends those on which something is kept of an asset under a topic.
func assetTopics(topics []string, topic string, scalars gateway.Measures) []string {
	return scalarTopics(append(topics, topic+"/state", topic+"/availability"), topic, scalars)
}

func scalarTopics(topics []string, topic string, scalars gateway.Measures) []string {
	for m := range gateway.Measure(gateway.MeasureCount) {
		if scalars.Has(m) {
			topics = append(topics, topic+"/"+m.String())
		}
	}
	return topics
}

// entryTopics appends those on which something is kept of an asset under a root.
func entryTopics(topics []string, root string, a *gateway.Asset, e entry) []string {
	topics = assetTopics(topics, Topic(root, a), e.scalars)
	if e.path != "" {
		topics = assetTopics(topics, mirrorTopic(root, e.path), e.scalars)
	}
	return topics
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
			if err := d.forget(ctx, entryTopics(nil, root, asset, e)...); err != nil {
				return err
			}
		}
		d.names.leave(id)
		h.drop(id)
	}
	for _, root := range h.old {
		if err := d.forget(ctx, statusTopic(root), root+"/gateway/state"); err != nil {
			return err
		}
	}
	h.abandon()
	h.tidied = true
	return nil
}
