package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"butlr-gateway/gateway"
)

func boardOf(n int) *Board {
	b := NewBoard()
	snapshots := make([]gateway.Snapshot, n)
	for i := range snapshots {
		snapshots[i] = place(gateway.Number(i), fmt.Sprintf("Room 3.%04d", i), int64(i%7))
	}
	say(b, snapshots...)
	return b
}

// A list of 5 000 assets.
func BenchmarkList(b *testing.B) {
	_, h := routesOf(b, testOptions(boardOf(5000)))
	size := 0
	for b.Loop() {
		size = visit(b, h, guest, http.MethodGet, "/api/v1/assets", "").Body.Len()
	}
	b.ReportMetric(float64(size), "bytes/answer")
}

func BenchmarkRow(b *testing.B) {
	board := boardOf(16)
	o := testOptions(board)
	rows := rowsOf(&o)
	e, _ := board.entry(atNoon(), 3)
	out := json.NewEncoder(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		row := rows.row(&e, noon)
		if err := out.Encode(&row); err != nil {
			b.Fatal(err)
		}
	}
}

// What an update costs while somebody watches.
func BenchmarkPublishWatched(b *testing.B) {
	board := boardOf(5000)
	board.watch(true)
	u := &gateway.Update{Epoch: noon, Changed: make([]gateway.Snapshot, 1)}
	var n news
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		u.Changed[0] = place0
		u.Changed[0].Asset = board.shown[i%5000].Asset
		board.Publish(u)
		if i%5000 == 0 {
			board.take(atNoon(), 5000, &n)
		}
	}
}

var place0 = place(0, "Room", 2)
