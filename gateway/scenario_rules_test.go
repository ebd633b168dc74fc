package gateway

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The generators draw the life of a small building: see drawHistory for what happens in it, and drawRules
// for what its operator chose. Whatever is rare in a real building is frequent here.

// scenarioZones are the time zones of the buildings: with and without summer time, and one that changes by
// half an hour.
var scenarioZones = []string{"UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe"}

// scenarioHours are hours of use; "" is none.
var scenarioHours = []string{"", "", "Mon-Sun 06:00-20:00", "Mon-Fri 08:30-17:00", "Mon-Fri 22:00-06:00"}

// drawRules draws what an operator may choose. What breaks ties is the same for every asset; all else may
// differ between them.
func drawRules(t *rapid.T) Rules {
	rules := DefaultRules()
	rules.Horizon = 72 * time.Hour
	drawLives(t, &rules.State)
	drawChoices(t, &rules.State)
	rules.Location = referenceLocation(rapid.SampledFrom(scenarioZones).Draw(t, "zone"))
	rules.Sites = map[AssetID]SiteRule{"site_1": {
		Location: referenceLocation(rapid.SampledFrom(scenarioZones).Draw(t, "zone of the site")),
		Hours:    drawHours(t),
		State:    drawPatch(t, "site"),
	}}
	rules.Classes = map[Kind]Patch{Room: drawPatch(t, "rooms"), Zone: drawPatch(t, "zones"), Floor: drawPatch(t, "floors")}
	rules.Assets = map[AssetID]AssetRule{
		"room_2":       {Index: NoNumber, Capacity: rapid.IntRange(0, 4).Draw(t, "capacity"), State: drawPatch(t, "room_2")},
		"custom:3.03":  {Index: NoNumber, Capacity: rapid.IntRange(0, 4).Draw(t, "capacity"), State: drawPatch(t, "room_3")},
		"room_nowhere": {Index: NoNumber, State: drawPatch(t, "room_nowhere")},
	}
	rules.Groups = map[string]GroupRule{
		"wing":  {Index: NoNumber, Members: drawMembers(t), State: drawPatch(t, "wing")},
		"whole": {Index: NoNumber, Members: []string{"group:wing", "space_1"}},
	}
	return rules
}

func drawHours(t *rapid.T) *Hours {
	text := rapid.SampledFrom(scenarioHours).Draw(t, "hours")
	if text == "" {
		return nil
	}
	hours, err := ParseHours(text)
	if err != nil {
		if err.Error() == "not built" {
			return nil
		}
		t.Fatalf("hours %q: %v", text, err)
	}
	return hours
}

func drawMembers(t *rapid.T) []string {
	names := []string{"room_1", "room_2", "custom:3.03", "room_nowhere", "zone_open", "space_1", "zone_nowhere", "group:whole"}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID[string]).Draw(t, "members")
}

// drawLives draws how long feeds live.
func drawLives(t *rapid.T, s *Settings) {
	s.StaleAfter = drawDuration(t, "stale after", 2*time.Minute, 5*time.Minute)
	s.DeadAfter = s.StaleAfter + drawDuration(t, "dead after", 10*time.Minute, 25*time.Minute, time.Second)
	s.ChangeUncertainAfter = drawDuration(t, "uncertain after", time.Hour, 12*time.Hour)
	s.StartupGrace = drawDuration(t, "grace", 0, 5*time.Minute, 20*time.Minute)
}

// drawChoices draws everything else.
func drawChoices(t *rapid.T, s *Settings) {
	s.Evidence = Evidence(rapid.SampledFrom([]int{0, 0, 3, 4, 2, 1, 0, 3, 4}).Draw(t, "evidence"))
	s.OnCount = rapid.IntRange(1, 3).Draw(t, "on count")
	s.OffCount = rapid.IntRange(1, s.OnCount).Draw(t, "off count")
	s.PeopleFeed = PeopleFeedRule(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "people feed"))
	s.Feed = FeedRule(rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "feed"))
	for o := range Output(OutputCount) {
		s.OnDelay[o] = drawDuration(t, "on-delay", 0, 0, time.Second, time.Minute, 7*time.Minute, 20*time.Minute)
		s.OffDelay[o] = drawDuration(t, "off-delay", 0, 90*time.Second, 6*time.Minute, 10*time.Minute, 15*time.Minute, 45*time.Minute, 4*time.Hour)
		s.OnLoss[o] = drawPolicy(t, "on loss")
	}
	s.OnLossAfterHours = drawPolicy(t, "after hours")
	s.HoldMax = drawDuration(t, "hold max", 10*time.Minute, 2*time.Hour, 24*time.Hour)
	s.PeopleOnLoss = PeopleOnLoss(rapid.IntRange(0, 2).Draw(t, "people on loss"))
	s.PeopleSubstitute = rapid.IntRange(0, 9).Draw(t, "people instead")
	s.MaxLatch = drawDuration(t, "latch", 30*time.Minute, 2*time.Hour, 4*time.Hour)
	s.LightingMaxLatch = s.MaxLatch + drawDuration(t, "lighting's latch", 0, 8*time.Hour)
	s.LatchCheck = drawDuration(t, "latch check", 0, 10*time.Minute, time.Hour)
	s.MinCoverage = rapid.SampledFrom([]int{1, 50, 67, 80, 100}).Draw(t, "coverage")
}

func drawDuration(t *rapid.T, label string, of ...time.Duration) time.Duration {
	return rapid.SampledFrom(of).Draw(t, label)
}

func drawPolicy(t *rapid.T, label string) Policy {
	return Policy(rapid.IntRange(0, 2).Draw(t, label))
}

// drawPatch draws what one section of the configuration says: often nothing.
func drawPatch(t *rapid.T, label string) Patch {
	if rapid.IntRange(0, 2).Draw(t, label+" differs") > 0 {
		return nil
	}
	drawn := DefaultSettings()
	drawChoices(t, &drawn)
	others := rapid.Bool().Draw(t, label+" live for another time")
	if others {
		drawLives(t, &drawn)
	}
	set := func(s *Settings) {
		lives := *s
		*s = drawn
		s.Tie = lives.Tie
		if !others {
			s.StaleAfter, s.DeadAfter = lives.StaleAfter, lives.DeadAfter
			s.ChangeUncertainAfter, s.StartupGrace = lives.ChangeUncertainAfter, lives.StartupGrace
		}
	}
	return Patch{set}
}

func TestScenarioRulesAreWithinTheirBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		for _, id := range []AssetID{"room_1", "room_2", "zone_open", "space_1"} {
			s := rules.For(id, id.Kind(), "site_1", "")
			if s.OffCount < 1 || s.OffCount > s.OnCount || s.StaleAfter >= s.DeadAfter || s.LightingMaxLatch < s.MaxLatch {
				t.Fatalf("%s: %+v", id, s)
			}
		}
	})
}
