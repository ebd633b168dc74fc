package pages

import (
	"fmt"
	"testing"

	"butlr-gateway/gateway"
)

// The table of a campus as it is served: 5 000 assets on 50 floors.
func BenchmarkTheTableOfACampus(b *testing.B) {
	var campus []gateway.Snapshot
	for n := range gateway.Number(5000) {
		s := room(n, fmt.Sprintf("Room %d", n), int64(n%4))
		s.Asset.Parent = gateway.AssetID(fmt.Sprint("space_", n%50))
		campus = append(campus, s)
	}
	for n := range gateway.Number(50) {
		campus = append(campus, asset(5000+n, gateway.Floor, gateway.AssetID(fmt.Sprint("space_", n)), "", fmt.Sprint("Level ", n), 3))
	}
	f := newFixture(b, campus...)
	for b.Loop() {
		f.page(b, guest, "/")
	}
}
