package gateway_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// exported is a ledger from elsewhere, in which room_b is appended, room_c retired, and 6 was left.
func exported() *gateway.Listing {
	return &gateway.Listing{
		Assets: []gateway.Asset{
			{ID: "site_1", Kind: gateway.Site, Number: 0, Given: "Rotterdam"},
			{ID: "space_3", Kind: gateway.Floor, Number: 3, Given: "Level 3", Parent: "building_1"},
			{ID: "building_1", Kind: gateway.Building, Number: 8, Given: "Maas House", Parent: "site_1"},
			{ID: "room_a", Kind: gateway.Room, Number: 1, Given: "Boardroom", CustomID: "MH-3.14", Parent: "space_3"},
			{ID: "room_b", Kind: gateway.Room, Number: 12, Parent: "space_3", Appended: true},
			{ID: "room_c", Kind: gateway.Room, Number: 7, Parent: "space_3", Retired: true},
		},
		Vacated: []gateway.Number{4, 6},
	}
}

// Replacement hardware: a fresh gateway takes over every number, who has had it, and whose ledger it is.
// Seen to break it: add without the parent; vacate without the listing; cover not asking the listing.
func TestAListingIsTakenOverByAFreshGateway(t *testing.T) {
	h := newHouse(t)
	s, err := gateway.RestoreState(h.rules, &gateway.Saved{}, h.now())
	if err != nil {
		t.Fatal(err)
	}
	h.State = s
	plan, _ := h.want(gateway.Wish{Listing: exported(), Gateway: "0badcafe"}, false)
	if len(plan.Changes) != 6 || plan.Moves() != 0 {
		t.Errorf("the plan is %+v", plan.Changes)
	}
	if got := h.journal.rows.edition.Gateway; got != "0badcafe" {
		t.Errorf("it is the ledger of %q", got)
	}
	const numbers = "site_1 0, room_a 1, space_3 3, room_c 7~, building_1 8, room_b 12+"
	for range 2 {
		h.expect(numbers)
		a := show(t, h.State, h.now(), "room_a").Asset
		if got := fmt.Sprint(a.Name, " ", a.CustomID, " ", strings.Join(a.Path, "/"), " ", a.Site); got != "Boardroom MH-3.14 Rotterdam/Maas House/Level 3 site_1" {
			t.Errorf("room_a is %s", got)
		}
		h.restart()
	}
	for _, room := range []string{"room_a", "room_b", "room_d", "room_e"} {
		h.hear(room)
	}
	h.expect("site_1 0, room_a 1, room_d 2+, space_3 3, room_e 5+, room_c 7~, building_1 8, room_b 12+")
	if a := show(t, h.State, h.now(), "room_a").Asset; a.Name != "Name of room_a" {
		t.Errorf("an event names room_a, and it is %q", a.Name)
	}
}

// A gateway that has given numbers of its own already is told what stands in the way, and gives way only
// where it may.
func TestAListingIsNoReasonToMoveUnasked(t *testing.T) {
	h := newHouse(t, func(r *gateway.Rules) { r.Assets["room_a"] = gateway.AssetRule{Index: 1} })
	h.hear("room_n") // site_1 0, room_a 1, building_1 2, space_3 3, room_n 4
	h.hear("room_m")
	l := exported()
	l.Assets[4].Number = 4 // room_b, where room_n is
	wish := gateway.Wish{Listing: l}
	h.refused(wish, false, gateway.ErrMoves)
	plan, _ := h.want(wish, true)
	var told []string
	for _, c := range plan.Changes {
		told = append(told, fmt.Sprintf("%s %s: %s", c.Step, c.Asset, c.Why))
	}
	want := []string{
		"move building_1: the file has it there", "move room_n: the file gives its number to room_b",
		"add room_b: the file has it there", "add room_c: the file has it there",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	h.expect("site_1 0, room_a 1, space_3 3, room_b 4+, room_m 5+, room_c 7~, building_1 8, room_n 9+") // the file does not have room_m and room_n
	if diff := cmp.Diff([]gateway.Number{2, 6}, h.Edition().Vacated); diff != "" {
		t.Errorf("vacated (-want +got):\n%s", diff)
	}
	if plan.Covered != 0 || plan.Uncovered != 2 {
		t.Errorf("%d are covered, %d no more", plan.Covered, plan.Uncovered)
	}
	if plan := h.Plan(&wish); !plan.Empty() {
		t.Errorf("again: %+v", plan)
	}
}

func TestWhatAListingContradictsIsToldInWords(t *testing.T) {
	for want, edit := range map[string]func(*house, *gateway.Listing){
		"number 12 for room_b is that of room_z in the same file: take the file as it was exported": func(_ *house, l *gateway.Listing) {
			l.Assets = slices.Insert(l.Assets, 0, gateway.Asset{ID: "room_z", Kind: gateway.Room, Number: 12})
		},
		"number 9 for room_a is not the only one that the file gives it": func(_ *house, l *gateway.Listing) {
			l.Assets = append(l.Assets, gateway.Asset{ID: "room_a", Kind: gateway.Room, Number: 9})
		},
		"number 12 for room_b cannot be: it is a room here, and a zone in the file": func(h *house, l *gateway.Listing) {
			h.hear("room_b")
			l.Assets[4].Kind = gateway.Zone
		},
		"number 4194304 for room_b is no place of an asset": func(_ *house, l *gateway.Listing) { l.Assets[4].Number = gateway.MaxNumber + 1 },
		"number 5 for custom:MH-3.14 is in the configuration, and 1 in the file: write index = 1, or leave it out": func(h *house, _ *gateway.Listing) {
			h.rules.Assets["custom:MH-3.14"] = gateway.AssetRule{Index: 5}
		},
		"number 12 for room_q is that of room_b in the file: the lowest free number is 2": func(h *house, _ *gateway.Listing) {
			h.rules.Assets["room_q"] = gateway.AssetRule{Index: 12}
		},
		"number 12 for custom:Q is that of room_b in the file: the lowest free number is 2": func(h *house, _ *gateway.Listing) {
			h.rules.Assets["custom:Q"] = gateway.AssetRule{Index: 12}
		},
		"room_c is retired in the file, and stays in service here: points apply --retire room_c takes it out": func(h *house, l *gateway.Listing) {
			l.Assets = l.Assets[5:]
			l.Assets[0].Number = 3
			h.hear("room_c")
		},
		"room_b is in service in the file, and stays retired here: points apply --reinstate room_b brings it back": func(h *house, l *gateway.Listing) {
			l.Assets = l.Assets[4:5]
			l.Assets[0].Number = 3
			h.hear("room_b")
			h.want(gateway.Wish{Retire: []gateway.AssetID{"room_b"}}, false)
		},
	} {
		h, l := newHouse(t), exported()
		edit(h, l)
		plan := h.Plan(&gateway.Wish{Pins: h.rules.Pins(), Listing: l})
		if got := sentences(plan); !strings.HasPrefix(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

// A rearrangement whose commit fails leaves no trace, also if all of it is on disk: a later edition puts
// back what was there.
// Seen to break it: Undo without undoMoves, without undoEdition; undoEdition without a greater number.
func TestARearrangementThatCannotBeStoredIsUndone(t *testing.T) {
	for _, torn := range []bool{false, true} {
		h := newHouse(t)
		h.hear("room_a")
		h.hear("room_b")
		h.want(gateway.Wish{Pins: map[gateway.AssetID]gateway.Number{"custom:X": 5}}, false)
		readings, edition := belief(h.State, h.now()), h.Edition()
		h.journal.fail, h.journal.torn = errDisk, torn
		wish := gateway.Wish{
			Pins:    map[gateway.AssetID]gateway.Number{"room_a": 4, "room_b": 9},
			Retire:  []gateway.AssetID{"space_3"},
			Listing: &gateway.Listing{Assets: []gateway.Asset{{ID: "zone_n", Kind: gateway.Zone, Number: 3}}, Vacated: []gateway.Number{7}},
		}
		if _, err := h.Rearrange(h.now(), &wish, true); err != nil {
			t.Fatal(err)
		}
		if err := h.journal.Commit(t.Context(), h.Batch()); !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
		h.Undo()
		h.journal.fail = nil
		if !h.journal.repair(t, h.State) {
			t.Fatal("not repaired")
		}
		const numbers = "site_1 0, building_1 1, space_3 2, room_a 3, room_b 4"
		h.expect(numbers)
		if diff := cmp.Diff(readings, belief(h.State, h.now())); diff != "" {
			t.Errorf("torn %v: readings (-before +after):\n%s", torn, diff)
		}
		if e := h.Edition(); e.Number <= edition.Number+1 || e.At != edition.At || len(e.Vacated) != 0 {
			t.Errorf("torn %v: edition %+v after %+v", torn, e, edition)
		}
		h.hear("room_c") // 5 is kept, as it was
		after := h.Edition()
		h.restart()
		h.expect(numbers + ", room_c 6+")
		if diff := cmp.Diff(after, h.Edition()); diff != "" {
			t.Errorf("torn %v: edition (-before a restart +after):\n%s", torn, diff)
		}
	}
}

// Whatever happens to a building, in whatever order, numbers move only where that was allowed, no number is
// given twice, what is covered changes only when somebody settles the ledger, and a restart changes nothing.
// Seen to break it: free not asking vacant; cover in create; Retired not stored; undoMoves in the wrong order.
func TestNumbersStayThroughWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse(t)
		rooms := []string{"room_a", "room_b", "room_c", "room_d", "room_e"}
		room := func() string { return rapid.SampledFrom(rooms).Draw(rt, "room") }
		used := make(map[gateway.Number]bool) // ever
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			before, edition := h.numbers(), h.Edition()
			places := make(map[gateway.AssetID]gateway.Number)
			for _, a := range h.Assets() {
				places[a.ID] = a.Number
				used[a.Number] = true
			}
			allowed, settled, asked := false, false, make(map[gateway.Number]bool)
			switch rapid.IntRange(0, 6).Draw(rt, "what happens") {
			case 0:
				h.at = h.at.Add(rapid.SampledFrom(hours).Draw(rt, "later"))
				h.hear(room())
			case 1:
				h.restart() // which brings what the configuration names
				after := h.numbers()
				h.restart()
				if diff := cmp.Diff(after, h.numbers()); diff != "" {
					rt.Fatalf("a restart changed numbers (-before +after):\n%s", diff)
				}
			case 2:
				key := rapid.SampledFrom([]string{"east", "west"}).Draw(rt, "group")
				if _, ok := h.rules.Groups[key]; ok {
					delete(h.rules.Groups, key)
				} else {
					h.rules.Groups[key] = group(room())
				}
				h.restart()
			case 3:
				n := gateway.Number(rapid.IntRange(0, 12).Draw(rt, "index"))
				h.rules.Assets[gateway.AssetID(room())] = gateway.AssetRule{Index: n}
				asked[n] = true
				if rapid.Bool().Draw(rt, "restart") {
					h.restart()
				}
			default:
				wish := gateway.Wish{Pins: h.rules.Pins(), Groups: slices.Collect(maps.Keys(h.rules.Groups))}
				if rapid.Bool().Draw(rt, "retire") {
					wish.Retire = []gateway.AssetID{gateway.AssetID(room())}
				}
				if rapid.Bool().Draw(rt, "reinstate") {
					wish.Reinstate = []gateway.AssetID{gateway.AssetID(room())}
				}
				allowed = rapid.Bool().Draw(rt, "moves allowed")
				plan, err := h.Rearrange(h.now(), &wish, allowed)
				if settled = err == nil && !plan.Empty(); !settled {
					allowed = false
				}
				for _, c := range plan.Changes {
					asked[c.To] = asked[c.To] || allowed
				}
				if err == nil && rapid.IntRange(0, 3).Draw(rt, "disk") == 0 {
					h.fail(rt, rapid.Bool().Draw(rt, "torn"))
					allowed, settled = false, false
				}
				h.store()
			}
			for _, a := range h.Assets() {
				n, known := places[a.ID]
				if known && n != a.Number && !allowed {
					rt.Fatalf("%s moved from %d to %d", a.ID, n, a.Number)
				}
				if !known && used[a.Number] && !asked[a.Number] {
					rt.Fatalf("%s has number %d, which was another's", a.ID, a.Number)
				}
				_, was := before[a.ID]
				if was && !settled && digits(a) != before[a.ID] {
					rt.Fatalf("%s was %s and is %s, and nobody settled the ledger", a.ID, before[a.ID], digits(a))
				}
				if !was && !settled && edition.At != 0 && !a.Appended {
					rt.Fatalf("%s came to a settled ledger, and is not appended", a.ID)
				}
			}
		}
	})
}

// fail lets the commit of the batch in progress fail, and repairs.
func (h *house) fail(t *rapid.T, torn bool) {
	h.journal.fail, h.journal.torn = errDisk, torn
	if b := h.Batch(); !b.Empty() {
		if h.journal.Commit(h.t.Context(), b) == nil {
			t.Fatal("the disk was to fail")
		}
		h.Undo()
	}
	h.journal.fail = nil
	if !h.journal.repair(h.t, h.State) {
		t.Fatal("not repaired")
	}
}
