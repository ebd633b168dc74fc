package gateway

import (
	"strconv"
)

// SettingExplanation is one setting as it is in force for an asset, and which section says so.
type SettingExplanation struct {
	Key   string
	Value string
	From  string // "[state]", "[class.room]", "[sites.X]", "[assets.X]" or "[groups.X]"; "default" where none does
}

// settingShown is a setting under the key that the configuration has for it.
type settingShown struct {
	key   string
	value func(*Settings) string
}

// The settings by what they are about, in the order of the reference.
var (
	evidenceShown = []settingShown{
		{"evidence", func(s *Settings) string { return s.Evidence.String() }},
		{"on_count", func(s *Settings) string { return strconv.Itoa(s.OnCount) }},
		{"off_count", func(s *Settings) string { return strconv.Itoa(s.OffCount) }},
		{"people_feed", func(s *Settings) string { return s.PeopleFeed.String() }},
		{"feed", func(s *Settings) string { return s.Feed.String() }},
	}
	outputsShown = []settingShown{
		ofOutput(LightingOutput, "_on_delay", onDelayShown), ofOutput(HVACOutput, "_on_delay", onDelayShown), ofOutput(VentilationOutput, "_on_delay", onDelayShown),
		ofOutput(LightingOutput, "_off_delay", offDelayShown), ofOutput(HVACOutput, "_off_delay", offDelayShown), ofOutput(VentilationOutput, "_off_delay", offDelayShown),
		ofOutput(LightingOutput, "_on_loss", onLossShown), ofOutput(HVACOutput, "_on_loss", onLossShown), ofOutput(VentilationOutput, "_on_loss", onLossShown),
		{"on_loss_after_hours", func(s *Settings) string { return s.OnLossAfterHours.String() }},
		{"hold_max", func(s *Settings) string { return brief(s.HoldMax) }},
	}
	peopleShown  = []settingShown{{"people_on_loss", (*Settings).peopleOnLoss}}
	silenceShown = []settingShown{
		{"stale_after", func(s *Settings) string { return brief(s.StaleAfter) }},
		{"dead_after", func(s *Settings) string { return brief(s.DeadAfter) }},
		{"change_uncertain_after", func(s *Settings) string { return brief(s.ChangeUncertainAfter) }},
		{"startup_grace", func(s *Settings) string { return brief(s.StartupGrace) }},
	}
	latchShown = []settingShown{
		{"max_latch", func(s *Settings) string { return brief(s.MaxLatch) }},
		{"lighting_max_latch", func(s *Settings) string { return brief(s.LightingMaxLatch) }},
		{"latch_check", func(s *Settings) string { return brief(s.LatchCheck) }},
	}
	coverageShown = []settingShown{{"min_coverage", func(s *Settings) string { return strconv.Itoa(s.MinCoverage) }}}
)

func ofOutput(o Output, suffix string, value func(*Settings, Output) string) settingShown {
	return settingShown{o.String() + suffix, func(s *Settings) string { return value(s, o) }}
}

func onDelayShown(s *Settings, o Output) string  { return brief(s.OnDelay[o]) }
func offDelayShown(s *Settings, o Output) string { return brief(s.OffDelay[o]) }
func onLossShown(s *Settings, o Output) string   { return s.OnLoss[o].String() }

// String returns the name that the configuration has for the choice.
func (e Evidence) String() string {
	return [...]string{"either", "people", "motion", "both", "traffic"}[e]
}

// String returns the name that the configuration has for the choice.
func (f FeedRule) String() string { return [...]string{"minute", "change"}[f] }

// String returns the name that the configuration has for the choice.
func (p PeopleFeedRule) String() string { return [...]string{"auto", "raw", "1min"}[p] }

func (s *Settings) peopleOnLoss() string {
	switch s.PeopleOnLoss {
	case PeopleCapacity:
		return "capacity"
	case PeopleNumber:
		return strconv.Itoa(s.PeopleSubstitute)
	}
	return "hold"
}

// explainSettings lists the settings that decide about an asset.
func (s *State) explainSettings(a *asset) []SettingExplanation {
	var out []SettingExplanation
	sections := s.sectionsOf(a)
	add := func(some []settingShown) {
		for i := range some {
			out = append(out, SettingExplanation{some[i].key, some[i].value(a.settings), s.origin(sections, &some[i])})
		}
	}
	site := s.rules.Sites[a.about.Site]
	if a.sum == nil || a.hasFeeds() {
		add(evidenceShown)
		add(outputsShown)
		add(peopleShown)
		add(silenceShown)
		if a.feeds[MotionFeed] != nil {
			add(latchShown)
		}
	}
	if a.sum != nil {
		add(coverageShown)
	}
	if site.Hours != nil {
		out = append(out, SettingExplanation{"hours", site.Hours.String(), "[sites." + string(a.about.Site) + "]"})
	}
	return out
}

func (a *asset) hasFeeds() bool {
	for _, h := range a.feeds {
		if h != nil {
			return true
		}
	}
	return false
}

// section is a part of the rules that speaks about an asset.
type section struct {
	name  string
	patch Patch
}

// sectionsOf lists the sections about an asset, the one that counts most first.
func (s *State) sectionsOf(a *asset) []section {
	about := a.about
	class := section{"[class." + about.Kind.String() + "]", s.rules.Classes[about.Kind]}
	if about.Kind == Group {
		key := about.ID.groupKey()
		return []section{{"[groups." + key + "]", s.rules.Groups[key].State}, class}
	}
	name := string(about.ID)
	if _, ok := s.rules.Assets[about.ID]; !ok && about.CustomID != "" {
		name = strconv.Quote(customPrefix + about.CustomID)
	}
	own, _ := s.rules.asset(about.ID, about.CustomID)
	return []section{
		{"[assets." + name + "]", own.State}, class,
		{"[sites." + string(about.Site) + "]", s.rules.Sites[about.Site].State},
	}
}

// origin tells which section a setting has its value from: the first that makes settings alike in it that
// were not.
func (s *State) origin(sections []section, shown *settingShown) string {
	for _, section := range sections {
		one, other := DefaultSettings(), otherSettings()
		section.patch.apply(&one)
		section.patch.apply(&other)
		if shown.value(&one) == shown.value(&other) {
			return section.name
		}
	}
	usual := DefaultSettings()
	if shown.value(&s.rules.State) != shown.value(&usual) {
		return "[state]"
	}
	return "default"
}

// otherSettings differ from the default ones in everything that is shown.
func otherSettings() Settings {
	s := Settings{
		Evidence: EvidenceTraffic, OnCount: -1, OffCount: -1, PeopleFeed: PeopleRaw, Feed: FeedChange,
		OnLossAfterHours: PolicyVacant, PeopleOnLoss: PeopleNumber, PeopleSubstitute: -1,
		HoldMax: -1, StaleAfter: -1, DeadAfter: -1, ChangeUncertainAfter: -1, StartupGrace: -1,
		MaxLatch: -1, LightingMaxLatch: -1, LatchCheck: -1, MinCoverage: -1,
	}
	for o := range OutputCount {
		s.OnDelay[o], s.OffDelay[o], s.OnLoss[o] = -1, -1, PolicyVacant
	}
	return s
}
