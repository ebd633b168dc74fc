package modbus

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// Every row of every asset, wherever it is on the map, leads back to the asset, and no two of its rows are the
// same point. Seen to break it: a stride taken from the wrong row; the unit not counted.
func TestTheLocatorIsTheInverseOfThePoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := MapOptions{UnitID: uint8(rapid.IntRange(1, maxUnitID).Draw(t, "unit")), WordOrder: WordOrder(rapid.IntRange(0, 1).Draw(t, "order"))}
		l, err := NewLocator(o)
		if err != nil {
			t.Fatal(err)
		}
		n := gateway.Number(rapid.OneOf(rapid.IntRange(0, Capacity-1), rapid.SampledFrom([]int{0, unitAssets - 1, unitAssets, Capacity - 1})).Draw(t, "number"))
		seen := make(map[int]bool)
		a := slices.Values([]*gateway.Asset{{ID: "room_1", Kind: gateway.Room, Number: n}})
		for _, row := range slices.Concat(slices.Collect(Points(a, o)), slices.Collect(ColumnPoints(a, o))) {
			got, point, err := l.Locate(&row)
			if err != nil || got != n || seen[point] || point >= l.Points() {
				t.Fatalf("%+v is point %d of number %d, %v; want one of number %d", row, point, got, err, n)
			}
			seen[point] = true
		}
		if len(seen) != l.Points() {
			t.Fatalf("%d points, want %d", len(seen), l.Points())
		}
		for row := range HeaderPoints("0badcafe", o) {
			if err := l.LocateHeader(&row); err != nil {
				t.Fatalf("%+v: %v", row, err)
			}
		}
	})
}

// A row whose address was changed is another asset's, or nobody's: it is never taken for what it was.
func TestARowThatWasChangedIsNoticed(t *testing.T) {
	o := MapOptions{UnitID: 1}
	l, err := NewLocator(o)
	if err != nil {
		t.Fatal(err)
	}
	people := func(edit func(*Row)) *Row {
		for row := range Points(one(3), o) {
			if row.Measure == "people" {
				edit(&row)
				return &row
			}
		}
		return nil
	}
	for want, edit := range map[string]func(*Row){
		"reference is not that of the address, which is 30150":         func(r *Row) { r.Reference = "30151" },
		"address is no place of people in the table input":             func(r *Row) { r.Address, r.Reference = 150, "30151" },
		"unit_id is none of this gateway's units, which begin at 1":    func(r *Row) { r.UnitID = 0 },
		"measure is none that an asset has in the table input":         func(r *Row) { r.Measure = "poeple" },
		"measure is none that an asset has in the table discrete":      func(r *Row) { r.Table = "discrete" },
		"type is not that of people, which is u16":                     func(r *Row) { r.Type = "u32" },
		"address is no place of people in the table input (beginning)": func(r *Row) { r.Address, r.Reference = 49, "30050" },
	} {
		_, _, err := l.Locate(people(edit))
		if err == nil || len(err.Error()) < 10 || err.Error() != want && err.Error()+" (beginning)" != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for want, edit := range map[string]func(*Row){
		"measure is none that a gateway has in the table input":     func(r *Row) { r.Measure = "people" },
		"unit_id is not the first unit of this gateway, which is 1": func(r *Row) { r.UnitID = 2 },
		"address is not that of heartbeat, which is 5":              func(r *Row) { r.Address = 6 },
		"type is not that of heartbeat, which is u16":               func(r *Row) { r.Type = "u32" },
	} {
		for row := range HeaderPoints("0badcafe", o) {
			if row.Measure != "heartbeat" || row.Table != "input" {
				continue
			}
			edit(&row)
			if err := l.LocateHeader(&row); err == nil || err.Error() != want {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	}
	if _, err := NewLocator(MapOptions{}); err == nil {
		t.Error("a map without a unit has no places")
	}
}

// The gateway's own points are the documented header, each of which a client reads where the row says.
func TestTheHeaderHasPointsToo(t *testing.T) {
	rows := slices.Collect(HeaderPoints("0badcafe", MapOptions{UnitID: 7, WordOrder: LowWordFirst}))
	if want := 2*len(headerFields) + 2*gateway.AlarmCount; len(rows) != want {
		t.Errorf("%d rows, want %d", len(rows), want)
	}
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Measure == ChecksumMeasure && r.Table == "holding" })
	want := Row{
		Asset: "0badcafe", Kind: "gateway", Measure: "checksum", UnitID: 7, Table: "holding", Address: 3, Reference: "40004", Type: "u32", WordOrder: "CDAB",
		Scale: 1, Access: "read", Description: rows[i].Description,
	}
	if rows[i] != want {
		t.Errorf("got %+v, want %+v", rows[i], want)
	}
	writable := 0
	for _, r := range rows {
		if r.Access == readWrite {
			writable++
			if r.Measure != "watchdog" || r.Table != "holding" {
				t.Errorf("%+v can be written", r)
			}
		}
	}
	if writable != 1 {
		t.Errorf("%d rows can be written", writable)
	}
}
