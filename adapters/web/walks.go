package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"butlr-gateway/gateway"
)

// WalkMemory keeps walk tests over a restart.
type WalkMemory interface {
	// Load returns everything that is kept.
	Load(ctx context.Context) (map[string]string, error)
	// Write makes all the changes durable, or none of them; a key that is to have "" goes.
	Write(ctx context.Context, changes map[string]string) error
}

// Walks are the walk tests of a building. What was done is kept when a method returns. Several may walk at once, and
// whoever only looks does not wait for the disk.
type Walks struct {
	memory    WalkMemory
	archive   Archive
	rows      *rowMaker
	registers func(*gateway.Asset) []RegisterValue
	place     *time.Location
	altering  chan struct{} // has one in it while somebody alters something, and so waits for the disk

	mu    sync.Mutex // for a moment only
	walks map[string]*keptWalk
	total int // checks
}

// keptWalk is a walk with the keys of its checks.
type keptWalk struct {
	Walk
	keys []int // of its checks
	next int
}

// OpenWalks reads the walks that are kept. Of the options it needs what tells of assets: Board, Clock, Place,
// PlaceOf, Locate, Topic, Desk, Sources.Registers and Log.
func OpenWalks(ctx context.Context, memory WalkMemory, o *Options) (*Walks, error) {
	w := &Walks{
		memory: memory, archive: o.Desk.Archive, rows: rowsOf(o), registers: o.Sources.Registers, place: o.Place,
		altering: make(chan struct{}, 1), walks: make(map[string]*keptWalk),
	}
	kept, err := memory.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the walk tests: %w", err)
	}
	w.restore(kept, o.Log)
	return w, nil
}

func (k *keptWalk) add(c Check, key int) {
	k.Checks, k.keys, k.next = append(k.Checks, c), append(k.keys, key), key+1
	k.Counts.count(c.Verdict, 1)
}

// step is something that is to be done to walks: first what is to be kept is written, then it is done.
type step struct {
	changes map[string]string // nil if there is nothing to do
	do      func()
}

// alter does what plan says, one after the other. What could not be kept is not done.
func (w *Walks) alter(ctx context.Context, plan func() (step, error)) error {
	select {
	case w.altering <- struct{}{}:
		defer func() { <-w.altering }()
	case <-ctx.Done():
		return notKept{ctx.Err()}
	}
	w.mu.Lock()
	next, err := plan()
	w.mu.Unlock()
	if err != nil || next.changes == nil {
		return err
	}
	if err := w.memory.Write(ctx, next.changes); err != nil {
		return notKept{err}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	next.do()
	return nil
}

// notKept is why something was not done. It is a [gateway.ErrNotStored].
type notKept struct{ err error }

func (e notKept) Error() string {
	return "nothing of the walk test was changed, because the disk does not take it: make room, or do it again a little later: " + e.err.Error()
}

func (e notKept) Unwrap() []error { return []error{gateway.ErrNotStored, e.err} }

// written returns what is to be kept of a walk or a check.
func written(key string, what any) map[string]string {
	text, _ := json.Marshal(what) // it has nothing that could fail
	return map[string]string{key: string(text)}
}

// Start begins a walk. Name "" is the day.
func (w *Walks) Start(ctx context.Context, name, author string) (started *Walk, err error) {
	now := w.rows.now()
	if name == "" {
		name = day(now, w.place)
	}
	if err := errors.Join(brief("name", name, LongestWalkName), brief("author", author, LongestAuthor)); err != nil {
		return nil, err
	}
	k := &keptWalk{Walk: Walk{ID: strings.ToLower(rand.Text()[:12]), Name: name, Author: author, Started: Moment(now)}}
	err = w.alter(ctx, func() (step, error) {
		if len(w.walks) >= MostWalks {
			return step{}, fmt.Errorf("there are %d walks already, and no more are kept: save the oldest as CSV and delete it", MostWalks)
		}
		return step{written(k.ID, &k.Walk), func() {
			w.walks[k.ID] = k
			started = k.shown()
		}}, nil
	})
	return started, err
}

// brief refuses a text that is none, or too long.
func brief(what, text string, longest int) error {
	if len(text) > longest || !utf8.ValidString(text) {
		return BadOrder(fmt.Sprintf("the %s is too long, or no text: use at most %d bytes", what, longest))
	}
	return nil
}

// shown returns the walk with its checks, for others to read. They share the checks, which nobody alters: more are
// added behind those that they see.
func (k *keptWalk) shown() *Walk {
	out := k.Walk
	if out.Checks = slices.Clip(k.Checks); out.Checks == nil {
		out.Checks = []Check{}
	}
	return &out
}

// List returns the walks without their checks, the newest first.
func (w *Walks) List(context.Context) ([]Walk, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Walk, 0, len(w.walks))
	for _, k := range w.walks {
		about := k.Walk
		about.Checks = nil
		out = append(out, about)
	}
	slices.SortFunc(out, func(a, b Walk) int { return cmp.Or(cmp.Compare(b.Started, a.Started), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// Get returns a walk with its checks. An error is an [UnknownWalk].
func (w *Walks) Get(_ context.Context, id string) (*Walk, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k, ok := w.walks[id]
	if !ok {
		return nil, UnknownWalk(id)
	}
	return k.shown(), nil
}

// Undo takes back the last check of an asset, which need not be there any more.
func (w *Walks) Undo(ctx context.Context, id string, asset gateway.AssetID) error {
	return w.alter(ctx, func() (step, error) {
		k, err := w.underWay(id)
		if err != nil {
			return step{}, err
		}
		for i := len(k.Checks) - 1; i >= 0; i-- {
			if k.Checks[i].Asset == asset {
				return step{map[string]string{checkKey(id, k.keys[i]): ""}, func() {
					k.Counts.count(k.Checks[i].Verdict, -1)
					k.Checks, k.keys = slices.Concat(k.Checks[:i], k.Checks[i+1:]), slices.Delete(k.keys, i, i+1) // others read the old ones
					w.total--
				}}, nil
			}
		}
		return step{}, UnknownAsset{fmt.Errorf("undoing the check of %s: the walk has none", asset)}
	})
}

// underWay returns a walk that has not ended.
func (w *Walks) underWay(id string) (*keptWalk, error) {
	k, ok := w.walks[id]
	switch {
	case !ok:
		return nil, UnknownWalk(id)
	case k.Ended != 0:
		return nil, fmt.Errorf("the walk %q has ended, and stays as it is: start another one", k.Name)
	}
	return k, nil
}

// End ends a walk: it stays as it is from now on. Ending it again does nothing.
func (w *Walks) End(ctx context.Context, id string) error {
	now := w.rows.now()
	return w.alter(ctx, func() (step, error) {
		k, ok := w.walks[id]
		switch {
		case !ok:
			return step{}, UnknownWalk(id)
		case k.Ended != 0:
			return step{}, nil
		}
		ended := k.Walk
		ended.Ended, ended.Checks = Moment(now), nil
		return step{written(id, &ended), func() { k.Ended = ended.Ended }}, nil
	})
}

// Delete forgets a walk and its checks.
func (w *Walks) Delete(ctx context.Context, id string) error {
	return w.alter(ctx, func() (step, error) {
		k, ok := w.walks[id]
		if !ok {
			return step{}, UnknownWalk(id)
		}
		gone := map[string]string{id: ""}
		for _, key := range k.keys {
			gone[checkKey(id, key)] = ""
		}
		return step{gone, func() {
			w.total -= len(k.Checks)
			delete(w.walks, id)
		}}, nil
	})
}
