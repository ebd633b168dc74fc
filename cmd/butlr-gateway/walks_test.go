package main

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// oneRoom is an archive of a single room, number 4.
type oneRoom struct{ web.Archive }

func (oneRoom) Find(context.Context, string) (gateway.AssetID, error) { return "room_4", nil }

func (oneRoom) Explain(_ context.Context, _ []gateway.AssetID, show func(*gateway.Explanation)) error {
	show(&gateway.Explanation{Number: 4})
	return nil
}

// What somebody ticked off is there after the gateway was started again: in the order in which it was done, also
// where something was taken back in between.
//
// Seen to break it: a table of another name at the second start; checks written under one key.
func TestAWalkSurvivesARestartOfTheStore(t *testing.T) {
	dir := t.TempDir()
	clock := func() gateway.Instant { return gateway.Instant{Wall: time.UnixMilli(int64(noon))} }
	board := web.NewBoard()
	board.Publish(&gateway.Update{Epoch: noon, Changed: []gateway.Snapshot{{
		Asset: &gateway.Asset{ID: "room_4", Kind: gateway.Room, Number: 4, Name: "=1+1 \u202e"}, Has: gateway.MeasuresOf(gateway.Occupied), Quality: gateway.Good, Coverage: -1,
	}}})
	open := func() (*web.Walks, func()) {
		kept, err := store.Open(t.Context(), store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		walks, err := web.OpenWalks(t.Context(), kept.Table("walks"), &web.Options{
			Board: board, Clock: clock, Place: time.UTC, Desk: &web.Desk{Archive: oneRoom{}}, Log: slog.New(slog.DiscardHandler),
			PlaceOf: func(*gateway.Asset) *time.Location { return time.UTC }, Topic: func(*gateway.Asset) string { return "" },
			Locate: func(*gateway.Asset) (web.Register, bool) { return web.Register{}, false },
		})
		if err != nil {
			t.Fatal(err)
		}
		return walks, func() {
			if err := kept.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	walks, shut := open()
	walk, err := walks.Start(t.Context(), "Level 3", "anna")
	if err != nil {
		t.Fatal(err)
	}
	for k := range 12 {
		if _, err := walks.Check(t.Context(), walk.ID, web.CheckOrder{Asset: "room_4", Expected: "vacant", Note: fmt.Sprint(k)}); err != nil {
			t.Fatal(err)
		}
		if k == 5 {
			if err := walks.Undo(t.Context(), walk.ID, "room_4"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := walks.End(t.Context(), walk.ID); err != nil {
		t.Fatal(err)
	}
	before, err := walks.Get(t.Context(), walk.ID)
	if err != nil {
		t.Fatal(err)
	}
	shut()
	walks, shut = open()
	defer shut()
	after, err := walks.Get(t.Context(), walk.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" || len(after.Checks) != 11 {
		t.Errorf("walk (-before +after):\n%s", diff)
	}
}
