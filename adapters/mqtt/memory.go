package mqtt

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"butlr-gateway/adapters/mqtt/discovery"
)

// Memory keeps over a restart what one broker was told of devices: only so can what nobody wants any more
// be taken back. Both methods are called by one goroutine at a time.
type Memory interface {
	// Load returns everything that is kept.
	Load(ctx context.Context) (map[string]string, error)

	// Write makes all the changes durable, or none: keys with what they are to have; one that is to have ""
	// goes.
	Write(ctx context.Context, changes map[string]string) error
}

const (
	writeWithin = 3 * time.Second  // else what can do without goes on without
	retryAfter  = 30 * time.Second // the memory could not be written
)

// load reads what was told before. Without that, everything is announced as if for the first time.
func (a *announcer) load(ctx context.Context) {
	rows, err := a.memory.Load(ctx)
	if err != nil {
		a.log.Warn("what was announced before is not known: devices that are gone may stay in Home Assistant", "err", err)
	}
	for key, value := range rows {
		if _, ok := discovery.ParseTold(key, value); ok {
			a.apply(key, value)
		}
	}
}

// apply changes what is remembered here.
func (a *announcer) apply(key, value string) {
	node := key[strings.LastIndexByte(key, ' ')+1:]
	_, known := a.rows[key]
	switch {
	case value == "" && known:
		delete(a.rows, key)
		if a.nodes[node] = slices.DeleteFunc(a.nodes[node], func(k string) bool { return k == key }); len(a.nodes[node]) == 0 {
			delete(a.nodes, node)
		}
	case value != "":
		a.rows[key] = value
		if !known {
			a.nodes[node] = append(a.nodes[node], key)
		}
	}
}

// told returns what the broker may keep of a node.
func (a *announcer) told(node string) []discovery.Told {
	var all []discovery.Told
	for _, key := range a.nodes[node] {
		if t, ok := discovery.ParseTold(key, a.rows[key]); ok {
			all = append(all, t)
		}
	}
	return all
}

// begin has changes remembered, and then the devices of a batch said. Meanwhile others can send: a disk
// may take its time. Another write must not be under way.
func (a *announcer) begin(ctx context.Context, batch []*announced, news map[string]string) {
	if len(news) == 0 {
		a.lie(batch)
		batch = nil
		if len(a.owed) == 0 || a.failed && time.Now().Before(a.retry) {
			return
		}
	}
	changes := maps.Clone(a.owed)
	maps.Copy(changes, news)
	a.writing, a.batch, a.changes = true, batch, changes
	a.writers.Go(func() { a.written <- a.memory.Write(ctx, changes) })
}

// finish takes what became of a write.
func (a *announcer) finish(err error) {
	if err == nil {
		for key, value := range a.changes {
			a.apply(key, value)
		}
		clear(a.owed)
	}
	if err != nil && !a.failed {
		a.log.Warn("what is to be announced cannot be remembered, and waits", "err", err)
	}
	batch := a.batch
	a.writing, a.batch, a.changes, a.failed, a.retry = false, nil, nil, err != nil, time.Now().Add(retryAfter)
	a.lie(batch)
}

// await waits for the write that is under way, but not for long.
func (a *announcer) await(ctx context.Context) {
	if !a.writing {
		return
	}
	patience := time.NewTimer(writeWithin)
	defer patience.Stop()
	select {
	case <-ctx.Done():
	case <-patience.C:
	case err := <-a.written:
		a.finish(err)
	}
}

// settle forgets what the broker keeps no more: it has acknowledged everything. Here that counts at once, so
// that what is announced again is remembered again; the disk is owed it.
func (a *announcer) settle() {
	for _, rest := range a.settling {
		for key, value := range rest {
			a.apply(key, value)
			a.owed[key] = value
		}
	}
	clear(a.settling)
}
