package gateway_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// setting takes up a line without a moment: what the operator configured, and where things lie.
func (r *storyReader) setting(line string) error {
	words := strings.Fields(line)
	rest := strings.TrimSpace(strings.TrimPrefix(line, words[0]))
	switch {
	case line == "gateway is off":
		r.story.asleep = true
		return nil
	case words[0] == "date":
		day, err := time.Parse(time.DateOnly, rest)
		r.almanac.day = day
		return err
	case words[0] == "timezone":
		place, err := time.LoadLocation(rest)
		r.story.place, r.story.rules.Location = place, place
		return err
	case words[0] == "hours":
		hours, err := gateway.ParseHours(rest)
		site := r.story.rules.Sites["site_1"]
		site.Hours = hours
		r.story.rules.Sites["site_1"] = site
		return err
	case words[0] == "group":
		return r.group(rest)
	case len(words) == 4 && words[1] == "lies" && words[2] == "in":
		r.story.lies[gateway.AssetID(words[0])] = gateway.AssetID(words[3])
		return nil
	case words[0] == "for" && len(words) == 4:
		return r.settingFor(gateway.AssetID(words[1]), words[2], words[3])
	case len(words) == 2:
		set, err := settingOf(words[0], words[1])
		if err == nil {
			set(&r.story.rules.State)
		}
		return err
	}
	return fmt.Errorf("neither a setting nor a moment")
}

// group reads "lab = room_a, room_b".
func (r *storyReader) group(text string) error {
	key, members, ok := strings.Cut(text, " = ")
	if !ok {
		return fmt.Errorf("a group is written as: group lab = room_a, room_b")
	}
	r.story.rules.Groups[strings.TrimSpace(key)] = gateway.GroupRule{Members: strings.Split(members, ", "), Index: gateway.NoNumber}
	return nil
}

// settingFor takes up what is configured for one asset, or for its whole site.
func (r *storyReader) settingFor(id gateway.AssetID, key, value string) error {
	rules := &r.story.rules
	if key == "capacity" {
		n, err := strconv.Atoi(value)
		rules.Assets[id] = gateway.AssetRule{Capacity: n, Index: gateway.NoNumber, State: rules.Assets[id].State}
		return err
	}
	set, err := settingOf(key, value)
	if err != nil {
		return err
	}
	switch id.Kind() {
	case gateway.Site:
		site := rules.Sites[id]
		site.State = append(site.State, set)
		rules.Sites[id] = site
	default:
		asset, ok := rules.Assets[id]
		if !ok {
			asset.Index = gateway.NoNumber
		}
		asset.State = append(asset.State, set)
		rules.Assets[id] = asset
	}
	return nil
}

// settingOf returns what sets a key of the configuration.
func settingOf(key, value string) (func(*gateway.Settings), error) {
	if d, err := time.ParseDuration(value); err == nil {
		if field, ok := durationSettings[key]; ok {
			return func(s *gateway.Settings) { *field(s) = d }, nil
		}
	}
	if n, err := strconv.Atoi(value); err == nil {
		if field, ok := numberSettings[key]; ok {
			return func(s *gateway.Settings) { *field(s) = n }, nil
		}
		if key == "people_on_loss" {
			return func(s *gateway.Settings) { s.PeopleOnLoss, s.PeopleSubstitute = gateway.PeopleNumber, n }, nil
		}
	}
	choice, ok := choiceSettings[key]
	n := slices.Index(choice.names, value)
	if !ok || n < 0 {
		return nil, fmt.Errorf("%s %s is no setting of the configuration", key, value)
	}
	return func(s *gateway.Settings) { choice.set(s, n) }, nil
}

var durationSettings = map[string]func(*gateway.Settings) *time.Duration{
	"lighting_on_delay":      func(s *gateway.Settings) *time.Duration { return &s.OnDelay[gateway.LightingOutput] },
	"hvac_on_delay":          func(s *gateway.Settings) *time.Duration { return &s.OnDelay[gateway.HVACOutput] },
	"ventilation_on_delay":   func(s *gateway.Settings) *time.Duration { return &s.OnDelay[gateway.VentilationOutput] },
	"lighting_off_delay":     func(s *gateway.Settings) *time.Duration { return &s.OffDelay[gateway.LightingOutput] },
	"hvac_off_delay":         func(s *gateway.Settings) *time.Duration { return &s.OffDelay[gateway.HVACOutput] },
	"ventilation_off_delay":  func(s *gateway.Settings) *time.Duration { return &s.OffDelay[gateway.VentilationOutput] },
	"hold_max":               func(s *gateway.Settings) *time.Duration { return &s.HoldMax },
	"stale_after":            func(s *gateway.Settings) *time.Duration { return &s.StaleAfter },
	"dead_after":             func(s *gateway.Settings) *time.Duration { return &s.DeadAfter },
	"change_uncertain_after": func(s *gateway.Settings) *time.Duration { return &s.ChangeUncertainAfter },
	"startup_grace":          func(s *gateway.Settings) *time.Duration { return &s.StartupGrace },
	"max_latch":              func(s *gateway.Settings) *time.Duration { return &s.MaxLatch },
	"lighting_max_latch":     func(s *gateway.Settings) *time.Duration { return &s.LightingMaxLatch },
	"latch_check":            func(s *gateway.Settings) *time.Duration { return &s.LatchCheck },
}

var numberSettings = map[string]func(*gateway.Settings) *int{
	"on_count":     func(s *gateway.Settings) *int { return &s.OnCount },
	"off_count":    func(s *gateway.Settings) *int { return &s.OffCount },
	"min_coverage": func(s *gateway.Settings) *int { return &s.MinCoverage },
}

// choice is a setting with names for its values, in their order.
type choice struct {
	names []string
	set   func(*gateway.Settings, int)
}

var policyNames = []string{"occupied", "hold", "vacant"}

func onLoss(o gateway.Output) choice {
	return choice{policyNames, func(s *gateway.Settings, n int) { s.OnLoss[o] = gateway.Policy(n) }}
}

var choiceSettings = map[string]choice{
	"evidence":    {[]string{"either", "people", "motion", "both", "traffic"}, func(s *gateway.Settings, n int) { s.Evidence = gateway.Evidence(n) }},
	"people_feed": {[]string{"auto", "raw", "1min"}, func(s *gateway.Settings, n int) { s.PeopleFeed = gateway.PeopleFeedRule(n) }},
	"feed":        {[]string{"minute", "change"}, func(s *gateway.Settings, n int) { s.Feed = gateway.FeedRule(n) }},

	"lighting_on_loss":    onLoss(gateway.LightingOutput),
	"hvac_on_loss":        onLoss(gateway.HVACOutput),
	"ventilation_on_loss": onLoss(gateway.VentilationOutput),
	"on_loss_after_hours": {policyNames, func(s *gateway.Settings, n int) { s.OnLossAfterHours = gateway.Policy(n) }},
	"people_on_loss":      {[]string{"hold", "capacity"}, func(s *gateway.Settings, n int) { s.PeopleOnLoss = gateway.PeopleOnLoss(n) }},
}
