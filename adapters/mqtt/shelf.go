package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// shelf knows under which topics a broker keeps something of this gateway, so that nothing stays there that
// nobody says any more: after another topic root, a name, or a measure that an asset has lost. A topic is
// remembered before anything is said on it, and until the broker has acknowledged that it forgot it. What
// cannot be remembered in time is said all the same: readings matter more than what may be left of them.
type shelf struct {
	memory Memory
	log    *slog.Logger
	root   string // that is in use

	old     []string                  // roots that were in use before
	entries map[gateway.AssetID]entry // what was remembered of assets that are not known yet
	stale   map[string]bool           // topics that the broker was told to forget, and has not acknowledged
	changes map[string]string         // what is to be remembered once it has
	movers  []*slot                   // whose changes these are
	writing map[string]string         // what is being remembered; nil: nothing is
	waiting []*slot                   // whose changes those are
	written chan error
	began   time.Time // when the write under way began
	failed  bool      // the last write did
	tidied  bool      // what belongs to nobody any more is gone
}

// entry is what is kept of one asset, beside its availability and state.
type entry struct {
	scalars gateway.Measures
	path    string // its topic made of names; "" is none
}

// The keys of what is remembered: "root butlr/hq", and "asset room_3jsO" with "1f site-a/floor-3/boardroom".
const (
	rootKey  = "root "
	assetKey = "asset "
)

// oblivion is no memory.
type oblivion struct{}

func (oblivion) Load(context.Context) (map[string]string, error) { return nil, nil }
func (oblivion) Write(context.Context, map[string]string) error  { return nil }

func newShelf(o *Options) *shelf {
	memory := o.Shelf
	if memory == nil {
		memory = oblivion{}
	}
	return &shelf{
		memory: memory, log: o.Log, root: o.Topic, entries: make(map[gateway.AssetID]entry), stale: make(map[string]bool),
		changes: make(map[string]string), written: make(chan error, 1),
	}
}

// load reads what was remembered, and gives assets the names that they had.
func (h *shelf) load(ctx context.Context, n *names) {
	rows, err := h.memory.Load(ctx)
	if err != nil {
		h.log.Warn("which topics were in use before is not known: some that nobody uses any more may stay with the broker", "err", err)
	}
	for key, value := range rows {
		if root, ok := strings.CutPrefix(key, rootKey); ok && root != h.root {
			h.old = append(h.old, root)
		}
		if id, ok := strings.CutPrefix(key, assetKey); ok {
			h.entries[gateway.AssetID(id)] = parseEntry(value)
			if path := h.entries[gateway.AssetID(id)].path; path != "" {
				n.hold(gateway.AssetID(id), path)
			}
		}
	}
	if rows[rootKey+h.root] != "" {
		return
	}
	// Before the first connection: it comes with a last will, which the broker says on its own.
	h.changes[rootKey+h.root] = "used"
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	if h.memory.Write(ctx, h.changes) == nil {
		clear(h.changes)
	}
}

func (e entry) String() string { return fmt.Sprintf("%x %s", uint32(e.scalars), e.path) }

func parseEntry(text string) (e entry) {
	mask, path, _ := strings.Cut(text, " ")
	n, _ := strconv.ParseUint(mask, 16, 32) // what cannot be read is of nothing
	return entry{gateway.Measures(n), path}
}

// take hands over what was remembered of an asset; ok is false where nothing was.
func (h *shelf) take(id gateway.AssetID) (e entry, ok bool) {
	e, ok = h.entries[id]
	delete(h.entries, id)
	return e, ok
}

// put notes what is wanted of an asset now.
func (h *shelf) put(s *slot) {
	h.changes[assetKey+string(s.id)] = s.wanted.String()
	h.movers = append(h.movers, s)
}

// drop notes that nothing is kept of an asset.
func (h *shelf) drop(id gateway.AssetID) {
	delete(h.entries, id)
	h.changes[assetKey+string(id)] = ""
}

// abandon notes that nothing is kept under the roots that were in use before.
func (h *shelf) abandon() {
	for _, root := range h.old {
		h.changes[rootKey+root] = ""
	}
	h.old = nil
}

// remember begins to write what is new. No other write is under way.
func (h *shelf) remember() {
	changes := h.changes
	h.writing, h.changes = changes, make(map[string]string)
	h.waiting, h.movers = h.movers, nil
	h.began = time.Now()
	go func() { h.written <- h.memory.Write(context.Background(), changes) }()
}

// finish takes what became of a write. What could not be written is tried again with what is new since.
func (h *shelf) finish(err error) {
	if err != nil {
		maps.Copy(h.writing, h.changes) // the newer ones count
		h.changes = h.writing
		if !h.failed {
			h.log.Warn("which topics are in use cannot be remembered, and is tried again", "err", err)
		}
	}
	h.writing, h.failed = nil, err != nil
}

// close waits for the write that is under way. What is new since was not said yet.
func (h *shelf) close() {
	if h.writing != nil {
		h.finish(<-h.written)
	}
}
