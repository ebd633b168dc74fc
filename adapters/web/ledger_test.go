package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

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

func TestALedgerOrderIsAWish(t *testing.T) {
	hub := &arranger{plan: gateway.Plan{
		Changes: []gateway.Change{
			{Step: gateway.StepMove, Asset: "room_1", Kind: gateway.Room, Name: "Boardroom", From: 3, To: 40, Why: "index = 40"},
			{Step: gateway.StepAdd, Asset: "group:ahu", Kind: gateway.Group, From: gateway.NoNumber, To: 4, Reuse: true},
		},
		Notes: []string{"a note"}, Covered: 2, Uncovered: 1, First: true,
	}}
	desk, _ := newDesk(overrider{})
	desk.Arranger = hub
	s := serveControl(t, desk)
	const order = `{"pins":{"room_1":40},"groups":["ahu"],"retire":["custom:MH-3.12"],"reinstate":["space_3"],"gateway":"0badcafe","allow_moves":true,"author":"Noor",
		"listing":{"vacated":[7],"assets":[{"asset":"room_9","kind":"room","number":9,"name":"Nine","custom_id":"MH-9","parent":"space_1","retired":true,"appended":true}]}}`
	code, body, err := s.ask("POST", "/api/v1/ledger", asJSON, order)
	if err != nil || code != 200 {
		t.Fatalf("answered %d %s, %v", code, body, err)
	}
	want := gateway.Wish{
		Pins: map[gateway.AssetID]gateway.Number{"room_1": 40}, Groups: []string{"ahu"}, Gateway: "0badcafe",
		Retire: []gateway.AssetID{"room_1"}, Reinstate: []gateway.AssetID{"space_3"},
		Listing: &gateway.Listing{Vacated: []gateway.Number{7}, Assets: []gateway.Asset{{
			ID: "room_9", Kind: gateway.Room, Number: 9, Given: "Nine", CustomID: "MH-9", Parent: "space_1", Retired: true, Appended: true,
		}}},
	}
	if diff := cmp.Diff(want, hub.wish); diff != "" || !hub.moves || hub.author != "Noor" {
		t.Errorf("moves %v, author %q, wish (-want +got):\n%s", hub.moves, hub.author, diff)
	}
	const answer = `{"changes":[{"step":"move","asset":"room_1","kind":"room","name":"Boardroom","from":3,"to":40,"reuse":false,"why":"index = 40"},` +
		`{"step":"add","asset":"group:ahu","kind":"group","name":"","from":null,"to":4,"reuse":true,"why":""}],"notes":["a note"],"covered":2,"uncovered":1,"first":true}`
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
