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

// documented returns the checksum as docs/registers.md describes it, and how many assets were appended.
func documented(there map[int]*gateway.Asset) (sum uint32, appended int) {
	var text strings.Builder
	text.WriteString("BGW1 1\n")
	for _, n := range slices.Sorted(maps.Keys(there)) {
		switch a := there[n]; {
		case a.Appended:
			appended++
		case !a.Retired:
			fmt.Fprintf(&text, "%d %s\n", n, a.ID)
		}
	}
	return crc32.ChecksumIEEE([]byte(text.String())), appended
}

// Assets appear in any order, in any batches, are retired and come back, move, and are settled; the checksum is
// always that of the assets that it covers and that are in service. Seen to break it: an asset below another
// that is added to the sum, a retired one whose line stays, and a number that was left and still counts.
func TestTheChecksumIsThatOfTheDocumentedText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, there := newBuilding(t), make(map[int]*gateway.Asset)
		place := rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(0, 9000))
		serial := 0
		say := func(n int, id gateway.AssetID) gateway.Snapshot {
			s := room(gateway.Number(n))
			if s.Asset.ID = id; id == "" {
				serial++
				s.Asset.ID = gateway.AssetID(fmt.Sprintf("room_%d", serial))
			}
			s.Asset.Appended, s.Asset.Retired = rapid.Bool().Draw(rt, "appended"), rapid.Bool().Draw(rt, "retired")
			there[n] = s.Asset
			return s
		}
		for range rapid.IntRange(1, 6).Draw(rt, "updates") {
			u := gateway.Update{}
			for range rapid.IntRange(0, 6).Draw(rt, "changes") {
				n := place.Draw(rt, "number")
				switch a := there[n]; {
				case a == nil:
					u.Changed = append(u.Changed, say(n, ""))
				case rapid.Bool().Draw(rt, "moves"):
					to := place.Draw(rt, "to")
					if there[to] != nil {
						continue
					}
					u.Changed = slices.DeleteFunc(u.Changed, func(s gateway.Snapshot) bool { return s.Asset.ID == a.ID })
					u.Left = append(u.Left, gateway.Number(n))
					delete(there, n)
					u.Changed = append(u.Changed, say(to, a.ID))
				default:
					u.Changed = append(u.Changed, say(n, a.ID))
				}
			}
			b.Publish(&u)
			sum, appended := documented(there)
			if got := b.checksum(t); got != sum {
				rt.Fatalf("got %08x, want %08x", got, sum)
			}
			if got := b.appended(t); got != appended {
				rt.Fatalf("appended: got %d, want %d", got, appended)
			}
		}
	})
}

func TestTheChecksumChangesWhenTheMapDoes(t *testing.T) {
	b := newBuilding(t)
	b.show(room(0), room(1))
	known := b.checksum(t)
	as := func(n gateway.Number, edit func(*gateway.Asset)) gateway.Snapshot {
		s := room(n)
		edit(s.Asset)
		return s
	}
	expect := func(what string, changes bool, s gateway.Snapshot, left ...gateway.Number) {
		t.Helper()
		before := b.checksum(t)
		if b.Publish(&gateway.Update{Changed: []gateway.Snapshot{s}, Left: left}); (b.checksum(t) != before) != changes {
			t.Errorf("%s: changes %v, want %v", what, !changes, changes)
		}
	}
	expect("an asset that says something", false, with(room(1), occupied(1)))
	expect("one that is renamed", false, as(1, func(a *gateway.Asset) { a.Name, a.CustomID = "Renamed", "MH-9" }))
	expect("one that is appended", false, as(2, func(a *gateway.Asset) { a.Appended = true }))
	if got := b.appended(t); got != 1 {
		t.Errorf("%d appended, want 1", got)
	}
	expect("one that is retired", true, as(1, func(a *gateway.Asset) { a.Retired = true }))
	expect("one that is put back", true, room(1))
	if b.checksum(t) != known {
		t.Error("the same map has another checksum")
	}
	expect("another one behind the same number", true, as(1, func(a *gateway.Asset) { a.ID = "room_X" }))
	expect("one that moves", true, as(7, func(a *gateway.Asset) { a.ID = "room_X" }), 1)
	expect("numbers that are declared right", true, room(2))
	if got := b.appended(t); got != 0 {
		t.Errorf("%d appended, want none", got)
	}
}
