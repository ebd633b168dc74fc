package config

import (
	"maps"
	"slices"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

// ofEvidence are the keys about events and silence. Groups have none of their own; for their delays see
// warnOfDelays.
var ofEvidence = []string{
	"evidence", "on_count", "off_count", "people_feed", "feed", "tie", "people_on_loss", "hold_max", "on_loss_after_hours",
	"stale_after", "dead_after", "change_uncertain_after", "startup_grace", "max_latch", "lighting_max_latch", "latch_check",
}

// warnOfEffects warns of keys that change nothing where they stand.
func (j *judge) warnOfEffects(c *Config, of *chain) {
	last := of.last()
	warn := func(name, message, hint string) {
		key := below(last.path, name)
		if j.sets(last, name) && !j.refused[key.String()] && j.first(key, "no effect") {
			j.warnings = append(j.warnings, j.problem(key, fault{message: message, hint: hint}))
		}
	}
	if of.kind == gateway.Group {
		for _, name := range ofEvidence {
			warn(name, "has no effect: a group hears no events, its members do", "set it for the members: below [state], [class.room], [sites.site_…] or their own sections")
		}
	}
	if of.kind == gateway.Room || of.kind == gateway.Zone || of.kind == gateway.Sensor {
		warn("min_coverage", "has no effect: a "+of.kind.String()+" has no members", "set it for what has: below [state], [class.floor], [class.group] or a section of its own")
	}
	if settings := of.settings(); settings.PeopleOnLoss == gateway.PeopleCapacity && of.kind != gateway.Group && !c.knowsCapacity(last.path) {
		warn("people_on_loss", "has an effect only where \"assets import\" brought a capacity: this file has none, and else it is the last count as with \"hold\"", `import the inventory, or write capacity = 12 in the asset's section, below [assets.room_…]`)
	}
	if of.kind != gateway.Group && !c.knowsHours(last.path) {
		warn("on_loss_after_hours", "has no effect: no hours are known, so that no time is after them", `write hours = "Mon-Fri 06:00-20:00" below [sites.site_…]`)
	}
}

// knowsCapacity tells whether any asset that a section speaks about has a capacity.
func (c *Config) knowsCapacity(section toml.Key) bool {
	if section[0] == "assets" {
		return c.Assets[gateway.AssetID(section[1])].Capacity > 0
	}
	for _, a := range c.Assets {
		if a.Capacity > 0 {
			return true
		}
	}
	return false
}

// knowsHours tells whether any site that a section speaks about has hours.
func (c *Config) knowsHours(section toml.Key) bool {
	if section[0] == "sites" && len(section) > 1 {
		return c.Sites[gateway.AssetID(section[1])].Hours != nil
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(c.Sites)), func(s Site) bool { return s.Hours != nil })
}
