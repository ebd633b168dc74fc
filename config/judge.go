package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

// judgement is what settings must not be together, or should not.
type judgement struct {
	keys   []string // those that it is about
	unwise bool     // a warning
	// find says what is wrong with each of the keys, nil if nothing is. from tells in which other section a
	// key has its value.
	find func(s *gateway.Settings, kind gateway.Kind, from func(key string) string) []string
	hint string
	// rooms leaves out sections about every kind of asset where it is no matter of rooms.
	rooms bool
	// silence leaves it out where the sensors' health is a heartbeat.
	silence bool
}

// judge reports each fault once, at the section that brings it about.
type judge struct {
	*document
	said   map[string]bool
	rooms  gateway.Patch // of [class.room]
	health bool          // the sensors' is asked for
}

// apply judges the settings of a chain that its last section decides about: the others are those of a
// shorter chain.
func (j *judge) apply(r *judgement, c *chain) {
	if r.silence && j.health {
		return
	}
	at := slices.IndexFunc(r.keys, func(key string) bool { return j.sets(c.last(), key) })
	if at < 0 || slices.ContainsFunc(r.keys, func(key string) bool { return j.isRefused(c, key) }) {
		return
	}
	settings := c.settings()
	if r.rooms && c.kind == gateway.NoKind {
		settings.Evidence = j.evidenceOfRooms(settings)
	}
	messages := r.find(&settings, c.kind, func(key string) string { return j.origin(c, key) })
	if messages == nil {
		return
	}
	key := below(c.last().path, r.keys[at])
	f := fault{message: messages[at], hint: r.hint}
	switch {
	case !j.first(key, strings.Join(r.keys, " ")):
	case r.unwise || c.maybe:
		j.warnings = append(j.warnings, j.problem(key, f))
	default:
		j.problems = append(j.problems, j.problem(key, f))
	}
}

// evidenceOfRooms returns what [class.room] makes of the evidence.
func (j *judge) evidenceOfRooms(s gateway.Settings) gateway.Evidence {
	for _, change := range j.rooms {
		change(&s)
	}
	return s.Evidence
}

// first tells whether nothing was said yet of a key in that matter.
func (j *judge) first(key toml.Key, matter string) bool {
	once := key.String() + " " + matter
	before := j.said[once]
	j.said[once] = true
	return !before
}

// origin tells in which other section than the last a key has its value.
func (d *document) origin(c *chain, key string) string {
	for i, l := range slices.Backward(c.layers) {
		switch {
		case !d.sets(&l, key):
		case i == len(c.layers)-1:
			return ""
		default:
			return " in [" + keyText(l.path) + "]"
		}
	}
	return " by default"
}

// sets tells whether a section has a key.
func (d *document) sets(l *layer, key string) bool {
	_, ok := d.entries[below(l.path, key).String()]
	return ok
}

// isRefused tells whether the value of a key could not be used in one of the sections.
func (d *document) isRefused(c *chain, key string) bool {
	return slices.ContainsFunc(c.layers, func(l layer) bool { return d.refused[below(l.path, key).String()] })
}

var judgements = []judgement{
	{
		keys: []string{"off_count", "on_count"},
		find: func(s *gateway.Settings, _ gateway.Kind, from func(string) string) []string {
			if s.OffCount <= s.OnCount {
				return nil
			}
			return []string{
				"is more than on_count, which is " + strconv.Itoa(s.OnCount) + from("on_count"),
				"is less than off_count, which is " + strconv.Itoa(s.OffCount) + from("off_count"),
			}
		},
		hint: "fewer than off_count people are vacant, and on_count or more are occupied: set both here, off_count to on_count at most",
	},
	{
		keys: []string{"stale_after", "dead_after"},
		find: func(s *gateway.Settings, _ gateway.Kind, from func(string) string) []string {
			if s.StaleAfter < s.DeadAfter {
				return nil
			}
			return []string{
				"is not less than dead_after, which is " + duration(s.DeadAfter) + from("dead_after"),
				"is not more than stale_after, which is " + duration(s.StaleAfter) + from("stale_after"),
			}
		},
		hint: "silence is first stale and then a loss: set both here, stale_after to less than dead_after",
	},
	{
		keys: []string{"max_latch", "lighting_max_latch"},
		find: func(s *gateway.Settings, _ gateway.Kind, from func(string) string) []string {
			if s.MaxLatch <= s.LightingMaxLatch {
				return nil
			}
			return []string{
				"is more than lighting_max_latch, which is " + duration(s.LightingMaxLatch) + from("lighting_max_latch"),
				"is less than max_latch, which is " + duration(s.MaxLatch) + from("max_latch"),
			}
		},
		hint: "lighting is the last to give up motion that never ended: set both here, max_latch to lighting_max_latch at most",
	},
	shortOffDelay(gateway.LightingOutput), shortOffDelay(gateway.HVACOutput), shortOffDelay(gateway.VentilationOutput),
	{
		keys: []string{offDelayKey(gateway.LightingOutput)}, unwise: true,
		find: func(s *gateway.Settings, kind gateway.Kind, _ func(string) string) []string {
			if isAggregate(kind) || s.OffDelay[gateway.LightingOutput] <= 15*time.Minute {
				return nil
			}
			return []string{"is more than 15m: codes ask for lights off after 20 minutes, with the controller's own delay included"}
		},
	},
	{
		keys: []string{"stale_after"}, unwise: true,
		find: func(s *gateway.Settings, _ gateway.Kind, _ func(string) string) []string {
			if s.StaleAfter >= 2*time.Minute {
				return nil
			}
			return []string{"is less than two of Butlr's minutes: one late event makes a room stale"}
		},
	},
	{
		keys: []string{"feed"}, unwise: true, silence: true,
		find: func(s *gateway.Settings, kind gateway.Kind, _ func(string) string) []string {
			if s.Feed != gateway.FeedChange || kind != gateway.NoKind {
				return nil
			}
			return []string{"leaves a site without a heartbeat: its silence never counts as a loss, and what it says is only uncertain, after " + duration(s.ChangeUncertainAfter)}
		},
		hint: `have Butlr send some counts of each site every minute, and write feed = "minute" in the sections of those assets; or ask for the sensors' health, as in health = "5m" below [butlr]`,
	},
}

// correctionsEnd is how long after a minute its count is final: Butlr corrects a rolling window of five.
const correctionsEnd = 6 * time.Minute

// shortOffDelay warns of a delay after which a count may still be corrected.
func shortOffDelay(o gateway.Output) judgement {
	return judgement{
		keys: []string{offDelayKey(o), "evidence"}, unwise: true, rooms: true,
		find: func(s *gateway.Settings, kind gateway.Kind, from func(string) string) []string {
			counted := s.Evidence == gateway.EvidencePeople || s.Evidence == gateway.EvidenceEither || s.Evidence == gateway.EvidenceBoth
			if isAggregate(kind) || kind == gateway.Sensor || !counted || s.OffDelay[o] >= correctionsEnd {
				return nil
			}
			return []string{
				"is less than 6m: Butlr may still correct the count of people, and the output would switch twice",
				"counts people, whom Butlr may still correct after " + duration(s.OffDelay[o]) + ", the " + offDelayKey(o) + from(offDelayKey(o)) + ": the output would switch twice",
			}
		},
		hint: "make the delay 6m or more where people are evidence",
	}
}

// isAggregate tells whether assets of a kind have no evidence of their own.
func isAggregate(kind gateway.Kind) bool {
	return kind == gateway.Site || kind == gateway.Building || kind == gateway.Group
}
