package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// arranger is a hub that notes what is wanted of it.
type arranger struct {
	wish   gateway.Wish
	moves  bool
	author string
	plan   gateway.Plan
	fails  error
}

func (a *arranger) Rearrange(_ context.Context, w *gateway.Wish, allowMoves bool, author string) (*gateway.Plan, error) {
	a.wish, a.moves, a.author = *w, allowMoves, author
	return &a.plan, a.fails
}

// Seen to break it: place without the parent, the tags, the time zone; tellingsOf without what the configuration says.
func TestALedgerOrderIsAWish(t *testing.T) {
	hub := &arranger{plan: gateway.Plan{
		Changes: []gateway.Change{
			{Step: gateway.StepMove, Asset: "room_1", Kind: gateway.Room, Name: "Boardroom", From: 3, To: 40, Why: "index = 40"},
			{Step: gateway.StepAdd, Asset: "group:ahu", Kind: gateway.Group, From: gateway.NoNumber, To: 4, Reuse: true},
		},
		Notes: []string{"a note"}, Covered: 2, Uncovered: 1, First: true,
		Told: []gateway.Telling{{
			Asset: "room_9", Kind: gateway.Room, Name: "Nine", Number: 9, What: gateway.ToldCapacity, From: "", To: "12", Ruled: "10",
		}},
	}}
	desk, _ := newDesk(overrider{})
	desk.Arranger = hub
	s := serveControl(t, desk)
	const order = `{"pins":{"room_1":40},"groups":["ahu"],"retire":["custom:MH-3.12"],"reinstate":["space_3"],"gateway":"0badcafe","allow_moves":true,"author":"Noor",
		"listing":{"vacated":[7],"assets":[{"asset":"room_9","kind":"room","number":9,"name":"Nine","custom_id":"MH-9","parent":"space_1","retired":true,"appended":true}]},
		"inventory":[{"asset":"room_9","kind":"room","name":"Nine","custom_id":"MH-9","parent":"space_1","capacity":12,"tags":["quiet","lab","quiet"]},
			{"asset":"site_1","kind":"site","timezone":"Europe/Amsterdam"},{"asset":"sensor_1","kind":"sensor","entrance":true}]}`
	code, body, err := s.ask("POST", "/api/v1/ledger", asJSON, order)
	if err != nil || code != 200 {
		t.Fatalf("answered %d %s, %v", code, body, err)
	}
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.Wish{
		Pins: map[gateway.AssetID]gateway.Number{"room_1": 40}, Groups: []string{"ahu"}, Gateway: "0badcafe",
		Retire: []gateway.AssetID{"room_1"}, Reinstate: []gateway.AssetID{"space_3"},
		Listing: &gateway.Listing{Vacated: []gateway.Number{7}, Assets: []gateway.Asset{{
			ID: "room_9", Kind: gateway.Room, Number: 9, Given: "Nine", CustomID: "MH-9", Parent: "space_1", Retired: true, Appended: true,
		}}},
		Inventory: []gateway.Asset{
			{ID: "room_9", Kind: gateway.Room, Given: "Nine", CustomID: "MH-9", Parent: "space_1", Facts: &gateway.Facts{Capacity: 12, Tags: []string{"lab", "quiet"}}},
			{ID: "site_1", Kind: gateway.Site, Facts: &gateway.Facts{Clock: amsterdam}},
			{ID: "sensor_1", Kind: gateway.Sensor, Facts: &gateway.Facts{Entrance: true}},
		},
	}
	if diff := cmp.Diff(want, hub.wish); diff != "" || !hub.moves || hub.author != "Noor" {
		t.Errorf("moves %v, author %q, wish (-want +got):\n%s", hub.moves, hub.author, diff)
	}
	const answer = `{"changes":[{"step":"move","asset":"room_1","kind":"room","name":"Boardroom","from":3,"to":40,"reuse":false,"why":"index = 40"},` +
		`{"step":"add","asset":"group:ahu","kind":"group","name":"","from":null,"to":4,"reuse":true,"why":""}],"notes":["a note"],"covered":2,"uncovered":1,"first":true,` +
		`"told":[{"asset":"room_9","kind":"room","name":"Nine","number":9,"what":"capacity","from":"","to":"12","ruled":"10"}]}`
	if strings.TrimSpace(body) != answer {
		t.Errorf("answered %s, want %s", body, answer)
	}
}

// What an order does not say is left as it is: no groups are not all groups gone.
func TestAnOrderThatSaysNothingLeavesEverything(t *testing.T) {
	hub := &arranger{}
	desk, _ := newDesk(overrider{})
	desk.Arranger = hub
	s := serveControl(t, desk)
	for body, groups := range map[string]bool{"{}": false, `{"groups":null}`: false, `{"groups":[]}`: true} {
		if code, answer, err := s.ask("POST", "/api/v1/ledger", asJSON, body); err != nil || code != 200 {
			t.Fatalf("answered %d %s, %v", code, answer, err)
		}
		if (hub.wish.Groups != nil) != groups || hub.wish.Pins != nil || hub.wish.Listing != nil || hub.moves {
			t.Errorf("%s: the wish is %+v", body, hub.wish)
		}
	}
}

func TestWhyALedgerWasNotRearrangedIsSaid(t *testing.T) {
	conflict := gateway.Conflict{Asset: "room_1", Number: 40, What: "is taken by room_2", Remedy: "the lowest free number is 57"}
	for _, c := range []struct {
		order string
		hub   arranger
		code  int
		want  string
	}{
		{"{}", arranger{fails: gateway.ErrConflict, plan: gateway.Plan{Conflicts: []gateway.Conflict{conflict, conflict}}}, 422,
			"not everything that is asked for can be had: number 40 for room_1 is taken by room_2: the lowest free number is 57; and 1 more"},
		{"{}", arranger{fails: gateway.ErrMoves, plan: gateway.Plan{Changes: []gateway.Change{{Step: gateway.StepMove}}}}, 422,
			"numbers would come to mean other assets, which has not been allowed: 1 do"},
		{"{}", arranger{fails: gateway.ErrBusy}, 503, "too many senders are waiting"},
		{"{}", arranger{fails: context.DeadlineExceeded}, 503, "the gateway did not answer in time, so that it may or may not be done"},
		{"{}", arranger{fails: errors.New("disk full")}, 422, "disk full"},
		{`{"retire":["room_x"]}`, arranger{}, 404, `finding room_x: there is none`},
		{`{"retire":[""]}`, arranger{}, 400, "the asset is missing"},
		{`{"gateway":"x"}`, arranger{}, 400, `"x" is no id of a gateway`},
		{fmt.Sprintf(`{"author":%q}`, strings.Repeat("x", 65)), arranger{}, 400, "the author is too long"},
		{`{"listing":{"assets":[{"asset":"room_1","kind":"castle"}],"vacated":[]}}`, arranger{}, 400, `asset "room_1" of kind "castle" is none`},
		{`{"inventory":[{"asset":"room_1","kind":"zone"}]}`, arranger{}, 400, `asset "room_1" of kind "zone" is in no inventory`},
		{`{"inventory":[{"asset":"group:a","kind":"group"}]}`, arranger{}, 400, `asset "group:a" of kind "group" is in no inventory`},
		{`{"inventory":[{"asset":"room_1","kind":"room","capacity":65535}]}`, arranger{}, 400, "the capacity 65535 of room_1 is not possible: use 0 to 65534"},
		{`{"inventory":[{"asset":"room_1","kind":"room","capacity":-1}]}`, arranger{}, 400, "the capacity -1 of room_1"},
		{`{"inventory":[{"asset":"site_1","kind":"site","timezone":"Mars/Olympus"}]}`, arranger{}, 400, `the time zone "Mars/Olympus" of site_1 is not known to this machine`},
		{`{"inventory":[{"asset":"site_1","kind":"site","timezone":"Local"}]}`, arranger{}, 400, `the time zone "Local" of site_1`},
		{fmt.Sprintf(`{"inventory":[{"asset":"room_1","kind":"room","tags":[%q]}]}`, strings.Repeat("x", 257)), arranger{}, 400, "a text of room_1 is too long"},
		{`{"moves":true}`, arranger{}, 400, "reading the order: "},
		{`{"pins":{"room_1":-1}}`, arranger{}, 400, "reading the order: "},
	} {
		desk, _ := newDesk(overrider{})
		desk.Arranger = &c.hub
		code, body, err := serveControl(t, desk).ask("POST", "/api/v1/ledger", asJSON, c.order)
		if err != nil || code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s: answered %d %q, %v; want %d %q", c.order, code, body, err, c.code, c.want)
		}
	}
}

// A listing of a whole campus is an order too.
func TestAListingMayBeLong(t *testing.T) {
	hub := &arranger{}
	desk, _ := newDesk(overrider{})
	desk.Arranger = hub
	order := web.LedgerOrder{Listing: &web.LedgerListing{}}
	for n := range 20_000 {
		order.Listing.Assets = append(order.Listing.Assets, web.LedgerAsset{Asset: gateway.AssetID(fmt.Sprintf("room_%027d", n)), Kind: "room", Number: gateway.Number(n)})
	}
	body, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	s := serveControl(t, desk)
	if code, answer, err := s.ask("POST", "/api/v1/ledger", asJSON, string(body)); err != nil || code != 200 || len(hub.wish.Listing.Assets) != 20_000 {
		t.Errorf("answered %d %s, %v", code, answer, err)
	}
}
