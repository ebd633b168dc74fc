package butlr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
)

type row = map[string]any

// aBuilding is the inventory of a small one.
func aBuilding() butlrtest.Inventory {
	return butlrtest.Inventory{
		Sites:     []row{{"id": "site_1", "name": "Rotterdam", "timezone": "Europe/Amsterdam", "customID": ""}},
		Buildings: []row{{"id": "building_1", "name": "Maas House", "site_id": "site_1", "capacity": row{"max": 0, "mid": 0}}},
		Floors: []row{
			{"id": "space_2", "name": "Level 2", "building_id": "building_1", "customID": nil, "capacity": row{"max": 80}},
			{"id": "space_1", "name": "Level 1", "building_id": "building_1", "timezone": ""},
		},
		Rooms: []row{
			{"id": "room_2", "name": "Boardroom", "floor_id": "space_2", "customID": "MH-2.09", "capacity": row{"max": 12}, "tags": []row{{"id": "t1", "name": "quiet"}, {"id": "t2", "name": "lab"}}},
			{"id": "room_1", "name": "Atelier", "floor_id": "space_2", "capacity": nil},
			{"id": "room_3", "name": "Lobby", "floor_id": "space_1", "capacity": row{"max": 1e9}},
			{"id": "room_9", "name": "Elsewhere", "floor_id": "space_9"},
		},
		Zones: []row{
			{"id": "zone_1", "name": "Desks", "floor_id": "space_2", "room_id": "room_1", "capacity": row{"max": 4}},
			{"id": "zone_2", "name": "Corridor", "floor_id": "space_2", "room_id": ""},
		},
		Sensors: []row{
			{"id": "sensor_1", "name": "Door", "mac_address": "0A-00", "mode": "TRAFFIC", "floor_id": "space_1", "room_id": "", "is_entrance": true},
			{"id": "2", "name": "Ceiling", "mac_address": "0a:01", "mode": "presence", "floor_id": "space_2", "room_id": "room_2", "is_entrance": false},
			{"id": "sensor_3", "mac_address": "MI-RR-OR-01"}, {"id": "sensor_4", "mac_address": "fa-ke-00"}, {"id": "sensor_5", "mac_address": "0a-02", "hive_serial": "FAKE1"},
		},
	}
}

// walked is an inventory in words.
func walked(i *butlr.Inventory) (words []string) {
	for _, p := range i.Places {
		text := fmt.Sprintf("%s %q in %s", p.ID, p.Name, p.Parent)
		for _, more := range []struct {
			what string
			is   bool
		}{{p.CustomID, p.CustomID != ""}, {fmt.Sprint(p.Capacity, " people"), p.Capacity > 0}, {p.Timezone, p.Timezone != ""}, {strings.Join(p.Tags, "+"), p.Tags != nil}, {p.Mode, p.Mode != ""}, {p.MAC, p.MAC != ""}, {"entrance", p.Entrance}} {
			if more.is {
				text += ", " + more.what
			}
		}
		words = append(words, text)
	}
	return append(words, i.Notes...)
}

var aWalk = []string{
	`site_1 "Rotterdam" in , Europe/Amsterdam`,
	`building_1 "Maas House" in site_1`,
	`space_1 "Level 1" in building_1`,
	`room_3 "Lobby" in space_1`,
	`sensor_1 "Door" in space_1, traffic, 0a-00, entrance`,
	`space_2 "Level 2" in building_1, 80 people`,
	`room_1 "Atelier" in space_2`,
	`zone_1 "Desks" in room_1, 4 people`,
	`room_2 "Boardroom" in space_2, MH-2.09, 12 people, lab+quiet`,
	`sensor_2 "Ceiling" in room_2, presence, 0a-01`,
	`zone_2 "Corridor" in space_2`,
	`room_9 "Elsewhere" in space_9`,
	"3 test devices are left out",
}

// TestTheInventory asks for a small building, keeps it in a file, and reads it again.
//
// Seen to break it: an id asked for in camelCase; test devices taken; a capacity of 1e9 people believed; the floor of
// a zone taken before its room; a sensor's bare id taken as it is; places in the order in which they come.
func TestTheInventory(t *testing.T) {
	virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
		api.Furnish(aBuilding())
		stock, err := c.Stock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(aWalk, walked(stock.Inventory())); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		text, err := stock.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		kept, err := butlr.ReadStock(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(aWalk, walked(kept.Inventory())); diff != "" {
			t.Errorf("after it was kept: -want +got:\n%s", diff)
		}
	})
}

// TestAnInventoryWithHoles has a row that Butlr cannot answer: the rest is taken, and that something is missing is said.
//
// Seen to break it: the rest given up; nothing said.
func TestAnInventoryWithHoles(t *testing.T) {
	virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
		api.Trouble(butlrtest.Pass, butlrtest.Text(`{"data":{"sites":{"data":[null,{"id":"site_1","name":"Rotterdam"}]}},"errors":[{"message":"a resolver failed"}]}`))
		stock, err := c.Stock(t.Context())
		refused, ok := errors.AsType[*butlr.Refused](err)
		if !ok || !refused.Partial || err.Error() != "listing the sites: Butlr's API answered in part: a resolver failed" {
			t.Errorf("got %v", err)
		}
		want := []string{`site_1 "Rotterdam" in `, "1 row has no id that an asset can have, and is left out"}
		if diff := cmp.Diff(want, walked(stock.Inventory())); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestStocksOfOddForm has rows and lists that nobody documented, and places that lie in one another.
//
// Seen to break it: any place taken for one that another lies in, so that the walk did not come to the two that lie
// in each other; a kind not compared with the list that it is in.
func TestStocksOfOddForm(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{`{"sites":null}`, nil},
		{`{"sites":[{"id":"site_1"}]}`, []string{`site_1 "" in `}},
		{`{"sites":{"data":null},"rooms":{"data":"x"},"zones":7}`, []string{"the rooms are no list, and are left out", "the zones are no list, and are left out"}},
		{`{"sites":[5,{"id":"room_1"},{"id":"site_1 x"},{"id":"site_` + strings.Repeat("1", 300) + `"}]}`, []string{"4 rows have no id that an asset can have, and are left out"}},
		{`{"sites":[{"id":"site_1","name":"a"},{"id":"site_1","name":"b"}]}`, []string{`site_1 "a" in `, "site_1 is there twice, and counts once"}},
		{`{"sites":[],"zones":[{"id":"zone_1","room_id":"zone_2"},{"id":"zone_2","room_id":"zone_1"}]}`, []string{`zone_1 "" in zone_2`, `zone_2 "" in zone_1`}},
		{`{"sites":[{"id":"site_1","name":"` + strings.Repeat("é", 200) + `"}]}`, []string{`site_1 "` + strings.Repeat("é", 128) + `" in `}},
	} {
		stock, err := butlr.ReadStock([]byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, walked(stock.Inventory())); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.text, diff)
		}
	}
	for _, text := range []string{``, `[]`, `{"rooms":[]}`, `{"sites":`} {
		if _, err := butlr.ReadStock([]byte(text)); err == nil || !strings.HasSuffix(err.Error(), "take the file that --save wrote") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestEveryPlaceIsWalkedOnce draws places that lie in any others: each is there once, and behind what it lies in.
//
// Seen to break it: any place taken for one that another lies in.
func TestEveryPlaceIsWalkedOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"room_1", "room_2", "room_3", "zone_1", "zone_2", "zone_3", "space_1", "space_2"}), 1, 8, rapid.ID).Draw(r, "ids")
		lists := map[string][]string{}
		for _, id := range ids {
			kind := map[string]string{"r": "rooms", "z": "zones", "s": "floors"}[id[:1]]
			in := rapid.SampledFrom(ids).Draw(r, "in")
			lists[kind] = append(lists[kind], fmt.Sprintf(`{"id":%q,"floor_id":%q,"room_id":%q,"building_id":%q}`, id, in, in, in))
		}
		text := `{"sites":[]`
		for kind, rows := range lists {
			text += fmt.Sprintf(`,%q:[%s]`, kind, strings.Join(rows, ","))
		}
		stock, err := butlr.ReadStock([]byte(text + "}"))
		if err != nil {
			r.Fatal(err)
		}
		places, at := stock.Inventory().Places, map[string]int{}
		for i, p := range places {
			at[string(p.ID)] = i
			if around, ok := at[string(p.Parent)]; p.Parent.Kind() < p.Kind && (!ok || around >= i) {
				r.Errorf("%s comes before %s, in which it lies", p.ID, p.Parent)
			}
		}
		if len(places) != len(ids) || len(at) != len(ids) {
			r.Errorf("of %v are walked %v", ids, walked(stock.Inventory()))
		}
	})
}
