package config

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

// checkState reports what is wrong or unwise in the settings: in each section, and together with those of
// the sections that it goes before.
func (d *document) checkState(c *Config) {
	d.lasts("state.horizon", c.State.Horizon, time.Minute, 7*24*time.Hour)
	d.lasts("state.max_future", c.State.MaxFuture, time.Second, time.Hour)
	d.between("state.max_ids", c.State.MaxIDs, 1000, 100_000_000)
	for name := range c.Classes {
		if gateway.ParseKind(name) == gateway.NoKind {
			d.refuse(toml.Key{"class", name}, fault{message: "is not a kind of asset", hint: kindHint(name)})
		}
	}
	j := &judge{document: d, said: map[string]bool{}, rooms: c.Classes[gateway.Room.String()].Settings, health: c.Butlr.Health > 0}
	chains := c.chains()
	for i := range chains {
		for r := range judgements {
			j.apply(&judgements[r], &chains[i])
		}
		j.warnOfDelays(&chains[i])
		j.warnOfEffects(c, &chains[i])
	}
	d.warnOfNights(c, chains)
}

func kindHint(name string) string {
	kinds := make([]string, 0, len(placeKinds)+1)
	for _, kind := range append(placeKinds, gateway.Group) {
		kinds = append(kinds, kind.String())
	}
	if meant := nearest(name, kinds); meant != "" {
		return "did you mean [class." + meant + "]?"
	}
	return "the kinds are " + andList(kinds)
}

// warnOfDelays warns of delays at assets that have none of their own.
func (j *judge) warnOfDelays(c *chain) {
	if !isAggregate(c.kind) || c.maybe {
		return
	}
	for o := range gateway.Output(gateway.OutputCount) {
		for _, name := range []string{onDelayKey(o), offDelayKey(o)} {
			key := below(c.last().path, name)
			if !j.sets(c.last(), name) || j.refused[key.String()] || !j.first(key, "no effect") {
				continue
			}
			j.warnings = append(j.warnings, j.problem(key, fault{
				message: "has no effect: a " + c.kind.String() + " is occupied as long as one of its rooms is",
				hint:    "set it for the rooms: below [state], [class.room], [sites.site_…] or their own sections",
			}))
		}
	}
}

// warnOfNights warns where a connection that is lost at night would switch a building on.
func (d *document) warnOfNights(c *Config, chains []chain) {
	hasHours := func(s Site) bool { return s.Hours != nil }
	if !slices.ContainsFunc(slices.Collect(maps.Values(c.Sites)), hasHours) {
		d.warnOfAllNights(chains)
		return
	}
	for id, site := range c.Sites {
		settings := resolved(c.State.Settings, site.Settings)
		key := toml.Key{"sites", string(id), "hours"}
		if hasHours(site) || d.refused[key.String()] || !slices.Contains(settings.OnLoss[:], gateway.PolicyOccupied) {
			continue
		}
		d.warnings = append(d.warnings, d.problem(key, fault{
			message: `is not known: "occupied" applies at night too, and a lost connection would switch the site on`,
			hint:    "write when the site is in use, as in hours = " + strconv.Quote(gateway.HoursExample),
		}))
	}
}

func (d *document) warnOfAllNights(chains []chain) {
	for i := range chains {
		settings := chains[i].settings()
		output := slices.Index(settings.OnLoss[:], gateway.PolicyOccupied)
		if output < 0 {
			continue
		}
		d.warnings = append(d.warnings, d.problem(below(chains[i].last().path, onLossKey(gateway.Output(output))), fault{
			value:   strconv.Quote(gateway.PolicyOccupied.String()),
			message: "applies at night too, because no site has hours: a lost connection would switch the building on",
			hint:    `write hours = "Mon-Fri 06:00-20:00" below [sites.site_…], or set lighting_on_loss, hvac_on_loss and ventilation_on_loss to "hold"`,
		}))
		return
	}
}
