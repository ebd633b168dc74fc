package config_test

import (
	"strings"
	"testing"
	"time"

	"butlr-gateway/config"
	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	required = "[webhook]\nlisten = \"127.0.0.1:8443\"\nheader_name = \"X-Api-Key\"\nheader_value = \"env:BUTLR_WEBHOOK_KEY\"\n[modbus]\nlisten = \"127.0.0.1:502\"\n"

	aRoom  = "room_3jsO3M1KzCEuPDimYj0iZrqyaiW"
	aZone  = "zone_3jsO3M1KzCEuPDimYj0iZrqyaiW"
	aSite  = "site_3jjxDZeswABHTuukIaBLbQURjaX"
	noSite = "site_3jjxDZeswABHTuukIaBLbQURjaY"
)

// TestTheNearestSectionCounts asks the rules of a file for the settings of assets: the asset's own section
// goes before its class, that before its site, that before [state], key by key.
func TestTheNearestSectionCounts(t *testing.T) {
	c := parse(t, required+`
[state]
on_count = 2
stale_after = "2m"
hvac_off_delay = "20m"
people_on_loss = 7
[sites.`+aSite+`]
on_count = 3
stale_after = "3m"
hvac_off_delay = "30m"
[class.room]
on_count = 4
stale_after = "4m"
[class.group]
on_count = 5
stale_after = "6m"
[assets.`+aRoom+`]
on_count = 6
people_on_loss = "hold"
[assets."custom:MH-3.09"]
on_count = 7
[groups.ahu-3]
members = ["`+aRoom+`"]
on_count = 8
`)
	rules := c.Rules()
	type want struct {
		on     int
		stale  time.Duration
		hvac   time.Duration
		people gateway.PeopleOnLoss
	}
	const (
		minute = time.Minute
		number = gateway.PeopleNumber
	)
	tests := []struct {
		name   string
		id     gateway.AssetID
		kind   gateway.Kind
		site   gateway.AssetID
		custom string
		want   want
	}{
		{"a zone somewhere", aZone, gateway.Zone, noSite, "", want{2, 2 * minute, 20 * minute, number}},
		{"a zone in the site", aZone, gateway.Zone, aSite, "", want{3, 3 * minute, 30 * minute, number}},
		{"another room in the site", "room_other", gateway.Room, aSite, "", want{4, 4 * minute, 30 * minute, number}},
		{"another room somewhere", "room_other", gateway.Room, noSite, "", want{4, 4 * minute, 20 * minute, number}},
		{"the room in the site", aRoom, gateway.Room, aSite, "", want{6, 4 * minute, 30 * minute, gateway.PeopleHold}},
		{"the room with the customer's id", "room_other", gateway.Room, aSite, "MH-3.09", want{7, 4 * minute, 30 * minute, number}},
		{"a zone with the customer's id", aZone, gateway.Zone, noSite, "MH-3.09", want{7, 2 * minute, 20 * minute, number}},
		{"both of its names", aRoom, gateway.Room, aSite, "MH-3.09", want{6, 4 * minute, 30 * minute, gateway.PeopleHold}},
		{"the group", "group:ahu-3", gateway.Group, "", "", want{8, 6 * minute, 20 * minute, number}},
		{"another group", "group:ahu-4", gateway.Group, "", "", want{5, 6 * minute, 20 * minute, number}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := rules.For(test.id, test.kind, test.site, test.custom)
			got := want{s.OnCount, s.StaleAfter, s.OffDelay[gateway.HVACOutput], s.PeopleOnLoss}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if s.PeopleOnLoss == gateway.PeopleNumber && s.PeopleSubstitute != 7 || s.MinCoverage != 80 {
				t.Errorf("the others: %+v", s)
			}
		})
	}
}

// TestTheRulesOfAFile reads what is no setting.
func TestTheRulesOfAFile(t *testing.T) {
	c := parse(t, required+`
max_connections = 8
[gateway]
timezone = "Europe/Amsterdam"
[state]
horizon = "48h"
max_ids = 1000
max_future = "10s"
min_coverage = 70
[sites.`+aSite+`]
timezone = "America/New_York"
hours = "Mon-Fri 06:00-20:00"
[sites.`+noSite+`]
[assets.`+aRoom+`]
name = "Boardroom"
capacity = 12
index = 40
[groups.ahu-3]
name = "Air handler 3"
members = ["`+aRoom+`", "group:ahu-4", "`+aRoom+`"]
capacity = 60
[groups.ahu-4]
members = ["custom:MH-3.09"]
index = 7
`)
	got := c.Rules()
	hours, err := gateway.ParseHours("Mon-Fri 06:00-20:00")
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.DefaultRules()
	want.State.MinCoverage = 70
	want.Location = location(t, "Europe/Amsterdam")
	want.Horizon, want.MaxIDs, want.MaxFuture = 48*time.Hour, 1000, 10*time.Second
	want.Classes = map[gateway.Kind]gateway.Patch{}
	want.Sites = map[gateway.AssetID]gateway.SiteRule{aSite: {Location: location(t, "America/New_York"), Hours: hours}, noSite: {}}
	want.Assets = map[gateway.AssetID]gateway.AssetRule{aRoom: {Name: "Boardroom", Capacity: 12, Index: 40}}
	want.Groups = map[string]gateway.GroupRule{
		"ahu-3": {Name: "Air handler 3", Members: []string{aRoom, "group:ahu-4", aRoom}, Capacity: 60, Index: gateway.NoNumber},
		"ahu-4": {Members: []string{"custom:MH-3.09"}, Index: 7},
	}
	if diff := cmp.Diff(want, got, comparable()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !got.Sites[aSite].Hours.Inside(gateway.TimestampOf(time.Date(2026, 3, 9, 11, 30, 0, 0, time.UTC)), got.Sites[aSite].Location) {
		t.Error("half past seven in New York is outside the hours")
	}
}

// TestWarningsOfSettings has what is unwise in the sections of settings and groups.
func TestWarningsOfSettings(t *testing.T) {
	const (
		night      = "applies at night too, because no site has hours: a lost connection would switch the building on"
		short      = "is less than 6m: Butlr may still correct the count of people, and the output would switch twice"
		long       = "is more than 15m: codes ask for lights off after 20 minutes, with the controller's own delay included"
		noEffect   = "has no effect: a group is occupied as long as one of its rooms is"
		allHold    = "lighting_on_loss = \"hold\"\nhvac_on_loss = \"hold\"\nventilation_on_loss = \"vacant\"\n"
		siteOpen   = "[sites." + aSite + "]\nhours = \"Mon-Fri 06:00-20:00\"\n"
		group      = "[groups.ahu-3]\nmembers = [\"" + aRoom + "\"]\n"
		firstLine  = 7 // of what the cases add
		countHours = siteOpen
	)
	tests := []struct{ name, text, want string }{
		{"no hours", "", "0 state.lighting_on_loss: \"occupied\" " + night},
		{"no hours, and the choice is written", "[state]\nlighting_on_loss = \"hold\"\nhvac_on_loss = \"occupied\"\n", "9 state.hvac_on_loss: \"occupied\" " + night},
		{"no hours that are known", "[sites." + aSite + "]\nhours = \"\"\n[state]\n", "9 state.lighting_on_loss: \"occupied\" " + night},
		{"no hours, and nothing is switched on", "[state]\n" + allHold, ""},
		{"no hours, and some rooms are switched on", "[state]\n" + allHold + "[class.room]\nventilation_on_loss = \"occupied\"\n", "12 class.room.ventilation_on_loss: \"occupied\" " + night},
		{"hours of one site of two", siteOpen + "[sites." + noSite + "]\n", "9 sites." + noSite + ".hours: is not known: \"occupied\" applies at night too, and a lost connection would switch the site on"},
		{"a site without hours that is not switched on", siteOpen + "[sites." + noSite + "]\n" + allHold, ""},

		{"short delays", countHours + "[state]\nlighting_off_delay = \"5m59s\"\nhvac_off_delay = \"6m\"\nventilation_off_delay = \"0s\"\n",
			"10 state.lighting_off_delay: \"5m59s\" " + short + "\n12 state.ventilation_off_delay: \"0s\" " + short},
		{"short delays after motion", countHours + "[state]\nevidence = \"motion\"\nlighting_off_delay = \"1m\"\n", ""},
		{"short delays of sensors", countHours + "[class.sensor]\nlighting_off_delay = \"1m\"\n", ""},
		{"people after short delays", countHours + "[state]\nevidence = \"traffic\"\nhvac_off_delay = \"1m\"\n[assets." + aRoom + "]\nevidence = \"both\"\n",
			"13 assets." + aRoom + ".evidence: \"both\" counts people, whom Butlr may still correct after 1m, the hvac_off_delay in [state]: the output would switch twice"},
		{"lights for 15 minutes", countHours + "[state]\nlighting_off_delay = \"15m\"\nhvac_off_delay = \"1h\"\n", ""},
		{"lights for longer", countHours + "[state]\nlighting_off_delay = \"15m1s\"\n[class.zone]\nlighting_off_delay = \"1h\"\n",
			"10 state.lighting_off_delay: \"15m1s\" " + long + "\n12 class.zone.lighting_off_delay: \"1h\" " + long},
		{"delays of what has none", countHours + group + "lighting_off_delay = \"1m\"\nhvac_on_delay = \"1m\"\n",
			"11 groups.ahu-3.lighting_off_delay: \"1m\" " + noEffect + "\n12 groups.ahu-3.hvac_on_delay: \"1m\" " + noEffect},
		{"delays of a site's asset, and of the site", "[sites." + aSite + "]\nhours = \"Mon 06:00-20:00\"\nhvac_off_delay = \"30m\"\n[assets." + aSite + "]\nhvac_off_delay = \"30m\"\n",
			"11 assets." + aSite + ".hvac_off_delay: \"30m\" has no effect: a site is occupied as long as one of its rooms is"},
		{"delays of what may have some", countHours + "[assets.\"custom:MH-3.09\"]\nhvac_off_delay = \"30m\"\n", ""},
		{"stale at once, for some", countHours + "[class.floor]\nstale_after = \"1m\"\n", "10 class.floor.stale_after: \"1m\" is less than two of Butlr's minutes: one late event makes a room stale"},

		{"a room that may lie in a site with other counts", siteOpen + "on_count = 4\noff_count = 4\n[assets." + aRoom + "]\non_count = 3\n",
			"12 assets." + aRoom + ".on_count: 3 is less than off_count, which is 4 in [sites." + aSite + "]"},
		{"two matters of one key", siteOpen + "stale_after = \"20s\"\ndead_after = \"30s\"\n[assets." + aZone + "]\nstale_after = \"1m\"\n",
			"9 sites." + aSite + ".stale_after: \"20s\" is less than two of Butlr's minutes: one late event makes a room stale\n" +
				"12 assets." + aZone + ".stale_after: \"1m\" is less than two of Butlr's minutes: one late event makes a room stale\n" +
				"12 assets." + aZone + ".stale_after: \"1m\" is not less than dead_after, which is 30s in [sites." + aSite + "]"},
		{"a site that does not lie in another", siteOpen + "on_count = 4\noff_count = 4\n[assets." + noSite + "]\non_count = 3\n[sites." + noSite + "]\nhours = \"Mon 00:00-24:00\"\n", ""},
		{"an asset of a kind that is not known", countHours + "[class.zone]\ndead_after = \"1h\"\nstale_after = \"30m\"\n[assets.\"custom:MH-3.09\"]\ndead_after = \"20m\"\n",
			"13 assets.\"custom:MH-3.09\".dead_after: \"20m\" is not more than stale_after, which is 30m in [class.zone]"},

		{"members", countHours + "[groups.ahu-3]\nmembers = [\"" + aRoom + "\", \"" + aRoom + "\", \"sensor_33cqPYRZypH2B6Q765wa6rM5RBF\", \"room_short\", \"custom:a b\", \"group:ahu-4\"]\n[groups.ahu-4]\nmembers = [\"" + aRoom + "\"]\n",
			"10 groups.ahu-3.members: \"" + aRoom + "\" is listed twice, and counts once\n" +
				"10 groups.ahu-3.members: \"sensor_33cqPYRZypH2B6Q765wa6rM5RBF\" is a sensor, and a group is made of rooms and zones: it adds nothing\n" +
				"10 groups.ahu-3.members: \"room_short\" does not end with 27 letters and digits as Butlr's ids do: no event may ever name it"},
		{"a site whose id lost its end", "[sites.site_short]\nhours = \"Mon-Fri 06:00-20:00\"\n", "7 sites.site_short: does not end with 27 letters and digits as Butlr's ids do: no event may ever name it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if n := strings.Count(required, "\n") + 1; n != firstLine {
				t.Fatalf("the cases begin in line %d", n)
			}
			var got []string
			for _, w := range parse(t, required+test.text).Warnings {
				if w.Hint == "" {
					t.Errorf("no way out: %v", w)
				}
				w.Hint, w.File = "", ""
				text, ok := strings.CutPrefix(w.String(), ":")
				if _, rest, hasLine := strings.Cut(text, ": "); ok && w.Line > 0 && hasLine {
					text = text[:strings.Index(text, ":")] + " " + rest
				} else {
					text = "0" + text
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestNoAssetHasContradictingSettings draws files and asks for the settings of every asset that they are
// about: what is accepted without a warning holds together for all of them.
func TestNoAssetHasContradictingSettings(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		text := drawSettings(t)
		c, err := config.Parse("gateway.toml", []byte(text), aMachine())
		if err != nil || strings.Contains(c.Warnings.Error(), " than ") {
			return
		}
		accepted++
		rules := c.Rules()
		for _, id := range []gateway.AssetID{aRoom, aZone, aSite, noSite, "room_other", "zone_other", "group:ahu-3", "group:other"} {
			for _, site := range []gateway.AssetID{aSite, noSite, ""} {
				for _, custom := range []string{"", "MH-3.09"} {
					if id.Kind() == gateway.Site && site != id || id.Kind() == gateway.Group && (site != "" || custom != "") {
						continue
					}
					if s := rules.For(id, id.Kind(), site, custom); contradicts(&s) {
						t.Fatalf("%s in %q, also %q: %+v\n%s", id, site, custom, s, text)
					}
				}
			}
		}
	})
	if accepted == 0 {
		t.Error("no file was accepted")
	}
}

func contradicts(s *gateway.Settings) bool {
	return s.OffCount > s.OnCount || s.StaleAfter >= s.DeadAfter || s.MaxLatch > s.LightingMaxLatch
}

func drawSettings(t *rapid.T) string {
	var text strings.Builder
	text.WriteString("[webhook]\nlisten = \"127.0.0.1:8443\"\n")
	keys := map[string][]string{
		"on_count": {"1", "2", "3"}, "off_count": {"1", "2", "3"},
		"stale_after": {`"5m"`, `"15m"`, `"20m"`}, "dead_after": {`"10m"`, `"15m"`, `"30m"`},
		"max_latch": {`"2h"`, `"12h"`, `"13h"`}, "lighting_max_latch": {`"4h"`, `"12h"`, `"14h"`},
	}
	pairs := [][]string{{"on_count", "off_count"}, {"stale_after", "dead_after"}, {"max_latch", "lighting_max_latch"}}
	pair := rapid.SampledFrom(pairs).Draw(t, "pair")
	for _, section := range []string{
		"state", "class.room", "class.site", "class.group", "sites." + aSite, "assets." + aRoom, "assets." + aSite,
		"assets.\"custom:MH-3.09\"", "groups.ahu-3",
	} {
		if section != "groups.ahu-3" && rapid.IntRange(0, 2).Draw(t, section) > 0 {
			continue
		}
		text.WriteString("[" + section + "]\n")
		if section == "groups.ahu-3" {
			text.WriteString("members = [\"" + aRoom + "\"]\n")
		}
		for _, key := range pair {
			if rapid.Bool().Draw(t, key) {
				text.WriteString(key + " = " + rapid.SampledFrom(keys[key]).Draw(t, "value") + "\n")
			}
		}
	}
	return text.String()
}
