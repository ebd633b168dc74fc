package pages

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

var rowLink = regexp.MustCompile(`<a href="/assets/([^"]+)"><bdi>`)

// shown lists the assets of a table in their order.
func shown(page string) string {
	var ids []string
	for _, m := range rowLink.FindAllStringSubmatch(page, -1) {
		ids = append(ids, m[1])
	}
	return strings.Join(ids, " ")
}

// Places are shown within the places around them, names as people order them, groups as a part of their own.
// Seen to break it: numbers in names compared digit by digit.
func TestTheTableIsATree(t *testing.T) {
	page := newFixture(t, building()...).page(t, guest, "/")
	if got, want := shown(page), "site_1 space_3 room_3 room_5 room_4 zone_6 sensor_7 space_10 group:ahu-3"; got != want {
		t.Errorf("shown %s, want %s", got, want)
	}
	says(t, page, `<tr class="part"><th colspan="10" scope="rowgroup">Groups</th></tr>`, "level-3", ">60 s</td>", "<code>1 / 148</code>", "30149 · 40149",
		`butlr/room/room_3`, "people 3 at 11:59:00", `class="chip held" data-quality="held"`, ">9 of 9 assets<")
	says(t, page, ">? in, ? out<")
	if strings.Contains(page, "nothing known") {
		t.Error("an entrance that only counts is said to lack something")
	}
}

// Seen to break it: a filter that is not kept while sorting; what has no value before what has.
func TestTheTableIsFilteredAndSorted(t *testing.T) {
	f := newFixture(t, building()...)
	for target, want := range map[string]string{
		"/?q=LEVEL+10":                   "space_10",
		"/?q=room_5":                     "room_5",
		"/?kind=floor":                   "space_3 space_10",
		"/?quality=held":                 "room_5",
		"/?kind=room&sort=people":        "room_4 room_5 room_3",
		"/?kind=room&sort=-people":       "room_3 room_5 room_4",
		"/?sort=-name&kind=room":         "room_4 room_5 room_3",
		"/?sort=-people&q=e":             "site_1 space_3 group:ahu-3 room_3 space_10 room_5 zone_6 room_4 sensor_7",
		"/?sort=people&q=e":              "room_4 zone_6 room_5 room_3 space_10 space_3 group:ahu-3 site_1 sensor_7",
		"/?sort=register&quality=good":   "site_1 space_3 space_10 room_3 room_4 zone_6 sensor_7 group:ahu-3",
		"/?sort=nonsense&kind=x&quality": "site_1 space_3 room_3 room_5 room_4 zone_6 sensor_7 space_10 group:ahu-3",
		"/?q=nowhere":                    "",
	} {
		if got := shown(f.page(t, guest, target)); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	says(t, f.page(t, guest, "/?q=nowhere"), "Nothing has “nowhere” in it.")
	says(t, f.page(t, guest, "/?quality=forced"), "Nothing is forced.")
	says(t, f.page(t, guest, "/?q=room&kind=room&sort=people"), `href="/?kind=room&amp;q=room&amp;sort=-people" data-sort="people"`, `aria-sort="ascending"`,
		`href="/?kind=room&amp;q=room&amp;quality=held&amp;sort=people"`, "Level 3, Campus")
	says(t, newFixture(t).page(t, guest, "/"), "Nothing yet: assets appear with their first event.")
}

// Seen to break it: a next page without the query.
func TestLongListsComeInPages(t *testing.T) {
	var rooms []gateway.Snapshot
	for n := range gateway.Number(250) {
		rooms = append(rooms, room(n, fmt.Sprintf("Room %d", n), 1))
	}
	f := newFixture(t, rooms...)
	for target, want := range map[string][]string{
		"/":                 {"1–100 of 250", "Room 99<", `href="/?from=100"`},
		"/?from=100":        {"101–200 of 250", "Room 100<", `href="/"`, `href="/?from=200"`},
		"/?from=200":        {"201–250 of 250", "Room 249<", `href="/?from=100"`},
		"/?from=-5":         {"1–100 of 250"},
		"/?from=900":        {`href="/?from=150"`},
		"/?q=Room+1&from=9": {"10–109 of 111", `href="/?from=109&amp;q=Room&#43;1"`},
	} {
		says(t, f.page(t, guest, target), want...)
	}
}

func TestWhatIsForcedAndWhatIsLostIsShown(t *testing.T) {
	until := noon.Add(3 * time.Hour)
	forced := room(3, "Boardroom", 3)
	forced.Quality, forced.OffDelayEnds = gateway.Forced, noon.Add(90*time.Second)
	forced.Overrides = []gateway.Override{
		{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromOperator, Author: "anna", Reason: "fire <drill>\u202e", Until: until},
		{Target: gateway.TargetPeople, Value: 12, Source: gateway.FromMessage, Author: "scheduler", Until: until},
	}
	forced.Reason = gateway.Reason{Code: gateway.ReasonForced, By: &forced.Overrides[0]}
	unknown := room(4, "Unheard", 0)
	unknown.Readings[gateway.Occupied], unknown.Readings[gateway.People], unknown.Oldest = gateway.Reading{}, gateway.Reading{}, 0
	f := newFixture(t, forced, unknown)
	f.board.Publish(&gateway.Update{Epoch: noon.Add(-time.Hour), Summary: gateway.Summary{SitesLost: 1, SiteLost: "Rotterdam\u202e", ClockDoubt: "it shows <1970>"}})
	page := f.page(t, guest, "/")
	says(t, page, `fire &lt;drill&gt;\u202e`, "; people forced to 12 until 10 Mar 2026 15:00 UTC by scheduler (message)", ">1:30<", `>?</span>`, ">?</td>", ">–</td>",
		`Rotterdam\u202e`, "it shows &lt;1970&gt;")
}

// Whatever lies in what: every asset is shown once.
func TestEveryAssetIsInTheTreeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "assets")
		var entries []web.Entry
		for i := range n {
			id := func(k int) gateway.AssetID { return gateway.AssetID(fmt.Sprint("room_", k)) }
			parent := id(rapid.IntRange(0, 14).Draw(t, "parent"))
			s := asset(gateway.Number(i), gateway.Kind(rapid.IntRange(1, 7).Draw(t, "kind")), id(i), parent, rapid.StringMatching(`[a1 0]{0,3}`).Draw(t, "name"), 0)
			entries = append(entries, web.Entry{Snapshot: s})
		}
		var numbers []gateway.Number
		for _, b := range inTree(entries) {
			numbers = append(numbers, b.Asset.Number)
		}
		slices.Sort(numbers)
		for i, got := range numbers {
			if got != gateway.Number(i) {
				t.Fatalf("in the tree are %v of %d", numbers, n)
			}
		}
		if len(numbers) != n {
			t.Fatalf("in the tree are %v of %d", numbers, n)
		}
	})
}

func TestNamesAreOrderedAsPeopleDo(t *testing.T) {
	names := []string{"", "Room 2", "room 09", "Room 10", "Room 10a", "Room b", "roomy"}
	for i := range names {
		for j := range names {
			if got, want := natural(strings.ToLower(names[i]), strings.ToLower(names[j])), i-j; (got < 0) != (want < 0) || (got > 0) != (want > 0) {
				t.Errorf("%q and %q: %d", names[i], names[j], got)
			}
		}
	}
}

// Without a broker there is no column of topics that nobody could subscribe to.
// Seen to break it: the column always there.
func TestTopicsAreThereWithABroker(t *testing.T) {
	f := newFixture(t, building()...)
	if page := f.page(t, guest, "/"); strings.Contains(page, "no-topics") {
		t.Error("there is a broker, and no column of topics")
	}
	f.Sources.Brokers = nil
	says(t, f.page(t, guest, "/"), `class="rows no-topics"`)
}
