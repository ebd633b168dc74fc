package config

import (
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// setting is a key that [state] has for every asset, and the sections of classes, sites, assets and groups
// for theirs.
type setting struct {
	Key
	read func(value any) (change func(*gateway.Settings), bad []fault)
}

// The bounds of the settings. Those without a reason here are state.md's, or keep a slip of the pen out.
const (
	longestOnDelay  = 20 * time.Minute
	longestOffDelay = 4 * time.Hour
	longestSilence  = 24 * time.Hour
	longestLatch    = 7 * 24 * time.Hour
	longestWait     = 30 * 24 * time.Hour // as long as an override can last
)

// settings are all of them, in the order of the reference.
var settings = slices.Concat(evidenceSettings, delaySettings, lossSettings, silenceSettings, latchSettings)

var evidenceSettings = []setting{
	settingOf(Key{"evidence", typeChoice, `"either"`, `"people"`, "What decides whether an asset is occupied: `people`, `motion`, `either` of them (one that says so is enough, and vacant needs all that were ever seen), `both` (one that says vacant is enough for that), or `traffic`, the count of people who went in less those who went out."},
		func(s *gateway.Settings) *gateway.Evidence { return &s.Evidence }, anything),
	settingOf(Key{"on_count", typeNumber, `1`, `3`, "So many people, or more, are occupied. From 1 to 65534."},
		func(s *gateway.Settings) *int { return &s.OnCount }, within(1, maxCapacity)),
	settingOf(Key{"off_count", typeNumber, `1`, `1`, "Fewer people than this are vacant. Between it and `on_count` the answer stays what it was. From 1 to `on_count`."},
		func(s *gateway.Settings) *int { return &s.OffCount }, within(1, maxCapacity)),
	settingOf(Key{"people_feed", typeChoice, `"auto"`, `"1min"`, "Which of Butlr's two counts is believed: `raw`, the smoothed `1min`, or `auto`, which is `raw` while it is fresh and else `1min`."},
		func(s *gateway.Settings) *gateway.PeopleFeedRule { return &s.PeopleFeed }, anything),
	settingOf(Key{"feed", typeChoice, `"minute"`, `"change"`, "How often Butlr sends the people of an asset: every `minute`, so that silence is a loss, or when they `change`, so that the asset is as alive as its site. Write what you chose in Butlr (`send_on_value_change`). A site where nothing is sent every minute has no heartbeat but its sensors' `health`, if `[butlr]` asks for that: its silence never counts as a loss."},
		func(s *gateway.Settings) *gateway.FeedRule { return &s.Feed }, anything),
	settingOf(Key{"tie", typeChoice, `"ksuid"`, `"arrival"`, "Which of two events about the same place and moment counts: the one that Butlr made later (`ksuid`), or the one that arrived later (`arrival`)."},
		func(s *gateway.Settings) *gateway.TieRule { return &s.Tie }, anything),
}

var delaySettings = []setting{
	onDelay(gateway.LightingOutput, "How long an asset must be occupied before its lighting output is. From `0s` to `20m`."),
	onDelay(gateway.HVACOutput, "The same for the output for heating, ventilation and air conditioning, which is also called `occupied`."),
	onDelay(gateway.VentilationOutput, "The same for the ventilation output."),
	offDelay(gateway.LightingOutput, `"10m"`, "How long the lighting output stays occupied after an asset became vacant. From `0s` to `4h`. Codes ask for at most 20 minutes, with the delay of the lighting controller included."),
	offDelay(gateway.HVACOutput, `"15m"`, "The same for the HVAC output."),
	offDelay(gateway.VentilationOutput, `"6m"`, "The same for the ventilation output. Butlr corrects the counts of the last minutes: with less than 6 minutes, a correction can switch an output twice."),
}

var lossSettings = []setting{
	onLoss(gateway.LightingOutput, "What the lighting output says when events have been missing for `dead_after`: `occupied`, `vacant`, or `hold` for what they said last. `occupied` is meant for the `hours` of the site, if it has some."),
	onLoss(gateway.HVACOutput, "The same for the HVAC output."),
	onLoss(gateway.VentilationOutput, "The same for the ventilation output."),
	settingOf(Key{"on_loss_after_hours", typeChoice, `"hold"`, `"vacant"`, "What is said instead of `occupied` outside the `hours` of a site that has some, so that a lost connection does not light a building at night: `hold`, `vacant` or `occupied`."},
		func(s *gateway.Settings) *gateway.Policy { return &s.OnLossAfterHours }, anything),
	settingOf(Key{"hold_max", typeDuration, `"24h"`, `"72h"`, "How long `hold` holds. Then the output is occupied, but outside the `hours` of a site it goes on holding. From `1m` to `720h`."},
		func(s *gateway.Settings) *time.Duration { return &s.HoldMax }, lasting(time.Minute, longestWait)),
	{Key{"people_on_loss", typeChoiceOrNumber, `"hold"`, `"capacity"`, "What the count of people says then: `hold` for the last count, `capacity` for that of the asset (where it is not known, the last count), or a number from 0 to 65534."},
		readPeopleOnLoss},
}

var silenceSettings = []setting{
	settingOf(Key{"stale_after", typeDuration, `"5m"`, `"10m"`, "A count that was not renewed for so long is shown as held: still the last value, no longer good. From `1s` to `24h`, and less than `dead_after`."},
		func(s *gateway.Settings) *time.Duration { return &s.StaleAfter }, lasting(time.Second, longestSilence)),
	settingOf(Key{"dead_after", typeDuration, `"15m"`, `"30m"`, "A silence of so long is a loss. From `1s` to `24h`."},
		func(s *gateway.Settings) *time.Duration { return &s.DeadAfter }, lasting(time.Second, longestSilence)),
	settingOf(Key{"change_uncertain_after", typeDuration, `"12h"`, `"72h"`, "In a site where nothing is sent every minute, a silence of so long makes the answers uncertain. From `1m` to `720h`."},
		func(s *gateway.Settings) *time.Duration { return &s.ChangeUncertainAfter }, lasting(time.Minute, longestWait)),
	settingOf(Key{"startup_grace", typeDuration, `"5m"`, `"10m"`, "After its start the gateway waits for so long for the events of assets that were not lost when it stopped: until then these are held. From `0s` to `1h`."},
		func(s *gateway.Settings) *time.Duration { return &s.StartupGrace }, lasting(0, time.Hour)),
	settingOf(Key{"min_coverage", typeNumber, `80`, `100`, "How many of the members of a floor, building, site or group must be known, in percent, for the rest to be left out. Below, the rest counts with what `…_on_loss` makes of it. From 0 to 100."},
		func(s *gateway.Settings) *int { return &s.MinCoverage }, within(0, 100)),
}

var latchSettings = []setting{
	settingOf(Key{"max_latch", typeDuration, `"4h"`, `"2h"`, "Motion that was never said to have ended is no longer believed after so long, except by the lighting output. From `1m` to `168h`, and at most `lighting_max_latch`."},
		func(s *gateway.Settings) *time.Duration { return &s.MaxLatch }, lasting(time.Minute, longestLatch)),
	settingOf(Key{"lighting_max_latch", typeDuration, `"12h"`, `"8h"`, "The same for the lighting output. From `1m` to `168h`."},
		func(s *gateway.Settings) *time.Duration { return &s.LightingMaxLatch }, lasting(time.Minute, longestLatch)),
	settingOf(Key{"latch_check", typeDuration, `"60m"`, `"0s"`, "Motion that was never said to have ended is taken to have ended when a live count of people has shown nobody for so long. From `0s`, which is off, to `24h`."},
		func(s *gateway.Settings) *time.Duration { return &s.LatchCheck }, lasting(0, 24*time.Hour)),
}

func onDelay(o gateway.Output, meaning string) setting {
	return settingOf(Key{onDelayKey(o), typeDuration, `"0s"`, `"2m"`, meaning},
		func(s *gateway.Settings) *time.Duration { return &s.OnDelay[o] }, lasting(0, longestOnDelay))
}

func offDelay(o gateway.Output, usual, meaning string) setting {
	return settingOf(Key{offDelayKey(o), typeDuration, usual, `"12m"`, meaning},
		func(s *gateway.Settings) *time.Duration { return &s.OffDelay[o] }, lasting(0, longestOffDelay))
}

func onLoss(o gateway.Output, meaning string) setting {
	return settingOf(Key{onLossKey(o), typeChoice, `"occupied"`, `"hold"`, meaning},
		func(s *gateway.Settings) *gateway.Policy { return &s.OnLoss[o] }, anything)
}

func onDelayKey(o gateway.Output) string { return o.String() + "_on_delay" }

func offDelayKey(o gateway.Output) string { return o.String() + "_off_delay" }

func onLossKey(o gateway.Output) string { return o.String() + "_on_loss" }

// settingOf returns the setting that a key puts into a field, within a limit.
func settingOf[T any](key Key, field func(*gateway.Settings) *T, limit func(T) *fault) setting {
	return setting{key, func(value any) (func(*gateway.Settings), []fault) {
		var v T
		if bad := set(&v, value); len(bad) > 0 {
			return nil, bad
		}
		if bad := limit(v); bad != nil {
			return nil, []fault{*bad}
		}
		return func(s *gateway.Settings) { *field(s) = v }, nil
	}}
}

func anything[T any](T) *fault { return nil }

func within(low, high int) func(int) *fault {
	return func(n int) *fault {
		if n < low || n > high {
			return notBetween(low, high)
		}
		return nil
	}
}

func lasting(low, high time.Duration) func(time.Duration) *fault {
	return func(d time.Duration) *fault {
		if d < low || d > high {
			return notLasting(low, high)
		}
		return nil
	}
}

func readPeopleOnLoss(value any) (func(*gateway.Settings), []fault) {
	var (
		policy gateway.PeopleOnLoss
		people int
		bad    *fault
	)
	switch value := value.(type) {
	case int64:
		policy = gateway.PeopleNumber
		if people, bad = asInt(value); bad == nil {
			bad = within(0, maxCapacity)(people)
		}
	case string:
		if value == "vacant" || value == "occupied" {
			return nil, []fault{{
				message: "is for outputs, and this is about the count",
				hint:    `write "hold", "capacity" or a number of people here; set lighting_on_loss, hvac_on_loss and ventilation_on_loss for the outputs`,
			}}
		}
		bad = pick(&policy, value, option[gateway.PeopleOnLoss]{"hold", gateway.PeopleHold},
			option[gateway.PeopleOnLoss]{"capacity", gateway.PeopleCapacity})
	default:
		bad = &fault{message: "is neither a choice nor a whole number"}
	}
	if bad != nil {
		bad.hint = `write "hold", "capacity", or a number of people without quotes, from 0 to 65534`
		return nil, []fault{*bad}
	}
	return func(s *gateway.Settings) { s.PeopleOnLoss, s.PeopleSubstitute = policy, people }, nil
}

// settingNamed returns the setting with that key.
func settingNamed(name string) (setting, bool) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.Name == name })
	if i < 0 {
		return setting{}, false
	}
	return settings[i], true
}

func settingNames() []string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = s.Name
	}
	return names
}
