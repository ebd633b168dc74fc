package modbus

import (
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"testing"

	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
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

// Assets appear in any order, in any batches, move, are retired and come back, are appended and settled; the
// checksum is always that of the assets that are neither retired nor appended, and what readers see is what a
// fresh image would show them.
// Seen to break it: an asset below another that is added to the sum, and a retired one whose line stays; a
// settled one that nobody notices; leave without the number; vacate without the end, the bits, or the name.
func TestTheChecksumIsThatOfTheDocumentedText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBuilding(t)
		there := make(map[gateway.Number]gateway.Snapshot)
		number := rapid.Custom(func(t *rapid.T) gateway.Number {
			return gateway.Number(rapid.OneOf(rapid.IntRange(0, 8), rapid.IntRange(60, 70), rapid.IntRange(4085, 4093)).Draw(t, "number"))
		})
		fresh := 0
		for range rapid.IntRange(1, 12).Draw(rt, "updates") {
			u := gateway.Update{At: b.clock.now()}
			changed := make(map[gateway.Number]bool)
			for range rapid.IntRange(1, 4).Draw(rt, "assets") {
				n := number.Draw(rt, "number")
				s, known := there[n]
				switch {
				case !known:
					fresh++
					s = snapshots()["full"]
					s.OffDelayEnds = at("12:05:00")
					s.Asset = &gateway.Asset{ID: gateway.AssetID(fmt.Sprint("room_", fresh)), Kind: gateway.Room, Number: n, Name: fmt.Sprint("Room ", fresh)}
				case rapid.Bool().Draw(rt, "moves"):
					to := number.Draw(rt, "to")
					if _, taken := there[to]; taken || slices.Contains(u.Left, n) || slices.Contains(u.Left, to) || changed[n] {
						continue
					}
					u.Left = append(u.Left, n)
					delete(there, n)
					about := *s.Asset
					about.Number = to
					s.Asset, n = &about, to
				}
				about := *s.Asset
				about.Retired, about.Appended = rapid.Bool().Draw(rt, "retired"), rapid.Bool().Draw(rt, "appended")
				s.Asset = &about
				there[n], changed[n] = s, true
			}
			for n := range changed {
				u.Changed = append(u.Changed, there[n])
			}
			u.Summary.Assets = len(there)
			b.Publish(&u)

			ids, appended, other := make(map[int]gateway.AssetID), 0, newBuilding(t)
			var all []gateway.Snapshot
			for n, s := range there {
				all = append(all, s)
				switch {
				case s.Asset.Retired:
				case s.Asset.Appended:
					appended++
				default:
					ids[int(n)] = s.Asset.ID
				}
			}
			other.show(all...)
			if got, want := b.checksum(t), documented(ids); got != want {
				rt.Fatalf("got %08x, want %08x", got, want)
			}
			if got := b.appended(t); got != appended {
				rt.Fatalf("appended: got %d, want %d", got, appended)
			}
			for _, unit := range []byte{1, 2, 101, 102} {
				if diff := cmp.Diff(everything(t, other, unit), everything(t, b, unit)); diff != "" {
					rt.Fatalf("unit %d (-of a fresh image +after all that):\n%s", unit, diff)
				}
			}
		}
	})
}

// everything is what a unit answers where it has assets of the test.
func everything(t testing.TB, b building, unit byte) (answers []string) {
	c := newCore(t, b.Image)
	for _, at := range [][2]int{{22, 2}, {100, 120}, {1060, 120}, {65412, 112}, {4096, 80}, {8192, 80}, {12288, 80}, {16384, 80}, {20480, 80}, {28672, 120}, {8180, 12}} {
		for _, function := range []byte{3, 1} {
			answers = append(answers, fmt.Sprintf("%d from %d: % x", function, at[0], c.handlePDU(unit, "", request(function, at[0], at[1]), nil)))
		}
	}
	return answers
}

func TestTheChecksumChangesWhenTheMapDoes(t *testing.T) {
	b := newBuilding(t)
	b.show(room(0), room(1))
	known := b.checksum(t)
	expect := func(what string, changes bool, s gateway.Snapshot) {
		t.Helper()
		before := b.checksum(t)
		if b.show(s); (b.checksum(t) != before) != changes {
			t.Errorf("%s: changes %v, want %v", what, !changes, changes)
		}
	}
	another := func(n gateway.Number, edit func(*gateway.Asset)) gateway.Snapshot {
		s := room(n)
		about := *s.Asset
		edit(&about)
		s.Asset = &about
		return s
	}
	appended := func(a *gateway.Asset) { a.Appended = true }
	disabled := room(1)
	disabled.Quality = gateway.OutOfService
	expect("an asset that says something", false, with(room(1), occupied(1)))
	expect("one that is renamed", false, another(1, func(a *gateway.Asset) { a.Name, a.CustomID = "Renamed", "MH-9" }))
	expect("one that the configuration lacks for now", false, disabled)
	expect("one that is appended", false, another(2, appended))
	expect("one that is retired", true, another(1, func(a *gateway.Asset) { a.Retired = true }))
	expect("one that is put back", true, room(1))
	if b.checksum(t) != known {
		t.Error("the same map has another checksum")
	}
	expect("another one behind the same number", true, another(1, func(a *gateway.Asset) { a.ID = "room_X" }))
	expect("a pair that was not covered", false, another(2, func(a *gateway.Asset) { a.ID = "room_Y"; a.Appended = true }))
	expect("one that is settled", true, another(2, func(a *gateway.Asset) { a.ID = "room_Y" }))
	if got := b.appended(t); got != 0 {
		t.Errorf("%d are appended", got)
	}
	if sum, appended := Checksum(slices.Values([]*gateway.Asset{room(0).Asset, another(1, func(a *gateway.Asset) { a.ID = "room_X" }).Asset,
		another(2, func(a *gateway.Asset) { a.ID = "room_Y" }).Asset, another(3, func(a *gateway.Asset) { a.Appended = true }).Asset, room(Capacity).Asset,
	})); sum != b.checksum(t) || appended != 1 {
		t.Errorf("of a list it is %08x with %d appended, read it is %08x", sum, appended, b.checksum(t))
	}
}

// Sites that exchange their numbers keep when they were heard of.
func TestSitesMayMove(t *testing.T) {
	b := newBuilding(t)
	site := func(n gateway.Number, id gateway.AssetID) gateway.Snapshot {
		s := room(n)
		s.Asset = &gateway.Asset{ID: id, Kind: gateway.Site, Number: n}
		return s
	}
	heard := func(n gateway.Number, clock string) gateway.SiteFeed {
		return gateway.SiteFeed{Site: n, Newest: at(clock)}
	}
	age := func() uint16 { return newCore(t, b.Image).registers(t, 1, 12, 1)[0] }
	b.Publish(&gateway.Update{Changed: []gateway.Snapshot{site(0, "site_a"), site(1, "site_b")}, Heard: []gateway.SiteFeed{heard(0, "11:00:00"), heard(1, "11:59:00")}})
	b.Publish(&gateway.Update{Left: []gateway.Number{0, 1}, Changed: []gateway.Snapshot{site(1, "site_a"), site(0, "site_b")}})
	if got := age(); got != 3600 {
		t.Errorf("the site that is silent for the longest was heard %d s ago", got)
	}
	b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{heard(1, "11:59:30")}})
	if got := age(); got != 60 {
		t.Errorf("heard again at its new number, the other one was heard %d s ago", got)
	}
}
