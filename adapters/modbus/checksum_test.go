package modbus

import (
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"testing"

	"butlr-gateway/gateway"

	"pgregory.net/rapid"
)

func (b building) checksum(t testing.TB) uint32 {
	r := newCore(t, b.Image).registers(t, 1, 3, 2)
	return uint32(r[0])<<16 | uint32(r[1])
}

func (b building) appended(t testing.TB) int {
	return int(newCore(t, b.Image).registers(t, 1, 29, 1)[0])
}

// documented returns the checksum as docs/registers.md describes it.
func documented(ids map[int]gateway.AssetID) uint32 {
	var text strings.Builder
	text.WriteString("BGW1 1\n")
	for _, n := range slices.Sorted(maps.Keys(ids)) {
		fmt.Fprintf(&text, "%d %s\n", n, ids[n])
	}
	return crc32.ChecksumIEEE([]byte(text.String()))
}

// Assets appear in any order, in any batches, are retired and come back; the checksum is always that of the
// assets that it covers and that are in service. Seen to break it: an asset below another that is added to
// the sum, and a retired one whose line stays.
func TestTheChecksumIsThatOfTheDocumentedText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		numbers := rapid.SliceOfDistinct(rapid.IntRange(0, 9000), func(n int) int { return n }).Draw(rt, "numbers in order of appearance")
		covered := make(map[gateway.Number]bool)
		for _, n := range numbers[:rapid.IntRange(0, len(numbers)).Draw(rt, "covered")] {
			covered[gateway.Number(n)] = true
		}
		covers := func(n gateway.Number) bool { return covered[n] }
		b := newBuilding(t, func(o *ImageOptions) { o.Covers = covers })
		ids, there := make(map[int]gateway.AssetID), make(map[int]gateway.Snapshot)
		say := func(n int, q gateway.Quality) gateway.Snapshot {
			s := room(gateway.Number(n))
			s.Quality = q
			there[n] = s
			delete(ids, n)
			if covers(s.Asset.Number) && q != gateway.OutOfService {
				ids[n] = s.Asset.ID
			}
			return s
		}
		quality := rapid.SampledFrom([]gateway.Quality{gateway.Never, gateway.Good, gateway.OutOfService})
		for len(numbers) > 0 {
			var batch []gateway.Snapshot
			size := rapid.IntRange(1, len(numbers)).Draw(rt, "batch")
			for _, n := range numbers[:size] {
				batch = append(batch, say(n, quality.Draw(rt, "quality")))
			}
			numbers = numbers[size:]
			for _, n := range slices.Sorted(maps.Keys(there)) {
				if rapid.Bool().Draw(rt, "said again") {
					batch = append(batch, say(n, quality.Draw(rt, "quality")))
				}
			}
			b.show(batch...)
			if got, want := b.checksum(t), documented(ids); got != want {
				rt.Fatalf("got %08x, want %08x", got, want)
			}
			if got, want := b.appended(t), len(there)-countOf(there, covers); got != want {
				rt.Fatalf("appended: got %d, want %d", got, want)
			}
		}
		b.Fix(func(gateway.Number) bool { return true })
		for n, s := range there {
			if s.Quality != gateway.OutOfService {
				ids[n] = s.Asset.ID
			}
		}
		if got, want := b.checksum(t), documented(ids); got != want || b.appended(t) != 0 {
			rt.Fatalf("fixed anew: got %08x and %d appended, want %08x and none", got, b.appended(t), want)
		}
	})
}

func countOf(there map[int]gateway.Snapshot, covers func(gateway.Number) bool) (count int) {
	for n := range there {
		if covers(gateway.Number(n)) {
			count++
		}
	}
	return count
}

func TestTheChecksumChangesWhenTheMapDoes(t *testing.T) {
	b := newBuilding(t, func(o *ImageOptions) { o.Covers = func(n gateway.Number) bool { return n < 2 } })
	b.show(room(0), room(1))
	known := b.checksum(t)
	expect := func(what string, changes bool, s gateway.Snapshot) {
		t.Helper()
		before := b.checksum(t)
		if b.show(s); (b.checksum(t) != before) != changes {
			t.Errorf("%s: changes %v, want %v", what, !changes, changes)
		}
	}
	renamed, retired, other := room(1), room(1), room(1)
	renamed.Asset.Name, renamed.Asset.CustomID = "Renamed", "MH-9"
	retired.Quality, other.Asset.ID = gateway.OutOfService, "room_X"
	expect("an asset that says something", false, with(room(1), occupied(1)))
	expect("one that is renamed", false, renamed)
	expect("one that is appended", false, room(2))
	expect("one that is retired", true, retired)
	expect("one that is put back", true, room(1))
	if b.checksum(t) != known {
		t.Error("the same map has another checksum")
	}
	expect("another one behind the same number", true, other)
	expect("a pair that was not covered", false, func() gateway.Snapshot { s := room(2); s.Asset.ID = "room_Y"; return s }())
	fresh := newBuilding(t)
	fresh.show(room(0))
	before := fresh.checksum(t)
	if fresh.show(room(1)); fresh.checksum(t) == before {
		t.Error("before the map was ever declared right, a new asset must change the checksum")
	}
}
