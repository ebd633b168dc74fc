package modbus

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// What is shown of an asset's registers is what a controller reads at that moment, word for word and in the same
// order of words, on whatever unit; and names, places and descriptions are those of the list of points.
//
// Seen to break it: the other order of words; what ages not worked out anew; a value decoded in the usual order; the next asset's block; a unit counted
// from the base unit taken for its id; the description of another register.
func TestABlockIsShownAsItIsServed(t *testing.T) {
	b := newBuilding(t)
	var assets []*gateway.Asset
	shown := []gateway.Snapshot{campus(0)}
	for _, n := range []gateway.Number{1, 7, unitAssets - 1, unitAssets + 3} {
		s := snapshots()["full"]
		about := *s.Asset
		about.ID, about.Number = gateway.AssetID("room_"+string(rune('a'+n%26))), n
		s.Asset = &about
		s.Readings[gateway.People].Value = int64(n)
		s.Readings[gateway.TrafficIn].Value = 70_000 + int64(n)
		shown, assets = append(shown, s), append(assets, &about)
	}
	b.show(shown...)
	b.Publish(&gateway.Update{Heard: []gateway.SiteFeed{{Site: 0, Newest: at("11:59:58")}}})
	b.clock.past.Store(int64(90 * time.Second))
	for _, order := range []WordOrder{HighWordFirst, LowWordFirst} {
		o := MapOptions{UnitID: 11, WordOrder: order, Unmapped: UnmappedZero}
		target := serveTCP(t, b, func(s *ServerOptions) { s.Map = o })
		for _, a := range assets {
			place, _ := o.Locate(a.Number)
			c := NewClient(ClientOptions{Address: target, Unit: place.Unit})
			want, err := c.Registers(Input, place.Address, blockLength)
			if err != nil {
				t.Fatal(err)
			}
			block := b.Block(a.Number, o)
			var words []uint16
			for _, v := range block {
				words = append(words, v.Words...)
			}
			if diff := cmp.Diff(want, words); diff != "" {
				t.Errorf("%s, %s: words (-read +shown):\n%s", a.ID, order, diff)
			}
			compareWithPoints(t, a, o, block)
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	for _, n := range []gateway.Number{unitAssets + 4, 3 * unitAssets, Capacity, gateway.NoNumber} {
		if got := b.Block(n, MapOptions{UnitID: 11, Unmapped: UnmappedZero}); got != nil {
			t.Errorf("number %d, which nobody has: got %d values", n, len(got))
		}
	}
}

// compareWithPoints compares where values are said to be, and what they mean, with a list of points.
func compareWithPoints(t *testing.T, a *gateway.Asset, o MapOptions, block []Served) {
	t.Helper()
	type point struct {
		Name, Description string
		Unit              uint8
		Address           uint16
	}
	var want, got []point
	for row := range Points(slices.Values([]*gateway.Asset{a}), o) {
		if row.Table == Input.String() {
			want = append(want, point{row.Measure, row.Description, row.UnitID, row.Address})
		}
	}
	for _, v := range block {
		got = append(got, point{v.Name, v.Description, v.Place.Unit, v.Place.Address})
		if v.Text == "" || v.Asset != a.Number || v.Address != v.Place.Address {
			t.Errorf("%s of %s: got %+v", v.Name, a.ID, v)
		}
		if want := fmt.Sprint(70_000+int(a.Number), " people"); v.Name == "traffic_in" && v.Text != want {
			t.Errorf("%s of %s: it says %q, want %q", v.Name, a.ID, v.Text, want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-listed +shown):\n%s", a.ID, diff)
	}
}
