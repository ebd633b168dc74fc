package modbus_test

import (
	"fmt"
	"testing"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"

	"pgregory.net/rapid"
)

func TestAnAssetsPlaceFollowsFromItsNumber(t *testing.T) {
	for _, row := range []struct {
		base    uint8
		number  gateway.Number
		unit    uint8
		address uint16
		fits    bool
	}{
		{1, 0, 1, 100, true},
		{1, 1, 1, 116, true},
		{1, 4088, 1, 65508, true},
		{1, 4089, 2, 100, true},
		{17, 4090, 18, 116, true},
		{1, 408899, 100, 65508, true},
		{48, 408899, 147, 65508, true},
		{1, 408900, 0, 0, false},
		{1, gateway.NoNumber, 0, 0, false},
	} {
		place, fits := modbus.MapOptions{UnitID: row.base}.Locate(row.number)
		if want := (modbus.Place{Unit: row.unit, Address: row.address}); place != want || fits != row.fits {
			t.Errorf("number %d from unit %d: got %v %v, want %v %v", row.number, row.base, place, fits, want, row.fits)
		}
	}
}

func TestNoTwoAssetsShareAPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := modbus.MapOptions{UnitID: rapid.Uint8Range(1, 48).Draw(t, "unit id")}
		a := gateway.Number(rapid.Uint32Range(0, modbus.Capacity-1).Draw(t, "a"))
		b := gateway.Number(rapid.Uint32Range(0, modbus.Capacity-1).Draw(t, "b"))
		at, _ := o.Locate(a)
		bt, _ := o.Locate(b)
		if distance := int(at.Address) - int(bt.Address); a != b && at.Unit == bt.Unit && distance > -16 && distance < 16 {
			t.Fatalf("%d lies at %v and %d at %v", a, at, b, bt)
		}
	})
}

func TestReferencesCountFromOne(t *testing.T) {
	for _, row := range []struct {
		table   modbus.Table
		address uint16
		want    string
	}{
		{modbus.Input, 0, "30001"},
		{modbus.Holding, 0, "40001"},
		{modbus.Discrete, 0, "10001"},
		{modbus.Coil, 0, "00001"},
		{modbus.Input, 100, "30101"},
		{modbus.Holding, 9998, "49999"},
		{modbus.Input, 9999, "310000"},
		{modbus.Holding, 9999, "410000"},
		{modbus.Coil, 9999, "010000"},
		{modbus.Discrete, 65535, "165536"},
		{modbus.Table(4), 0, ""},
	} {
		if got := row.table.Reference(row.address); got != row.want {
			t.Errorf("%s %d: got %s, want %s", row.table, row.address, got, row.want)
		}
	}
}

func TestWordsOfTheConfigurationReadBack(t *testing.T) {
	for _, w := range []modbus.WordOrder{modbus.HighWordFirst, modbus.LowWordFirst} {
		if got, err := modbus.ParseWordOrder(w.String()); err != nil || got != w {
			t.Errorf("%s: got %v, %v", w, got, err)
		}
	}
	for _, u := range []modbus.Unmapped{modbus.UnmappedException, modbus.UnmappedZero} {
		if got, err := modbus.ParseUnmapped(u.String()); err != nil || got != u {
			t.Errorf("%s: got %v, %v", u, got, err)
		}
	}
	for _, table := range []modbus.Table{modbus.Input, modbus.Holding, modbus.Discrete, modbus.Coil} {
		if got, err := modbus.ParseTable(table.String()); err != nil || got != table {
			t.Errorf("%s: got %v, %v", table, got, err)
		}
	}
	for _, wrong := range []string{"", "abcd", "BADC", "Exception", "inputs"} {
		_, order := modbus.ParseWordOrder(wrong)
		_, unmapped := modbus.ParseUnmapped(wrong)
		_, table := modbus.ParseTable(wrong)
		if order == nil || unmapped == nil || table == nil {
			t.Errorf("%q was taken for something: %v, %v, %v", wrong, order, unmapped, table)
		}
	}
}

func ExampleMapOptions_Locate() {
	place, _ := modbus.MapOptions{UnitID: 1}.Locate(3)
	fmt.Println(place.Unit, place.Address, modbus.Holding.Reference(place.Address))
	// Output: 1 148 40149
}
