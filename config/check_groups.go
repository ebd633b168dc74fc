package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

const memberHint = `write an id of Butlr's, "custom:" and your own, "group:" and a group's key, or "tag:" and a tag`

// memberFrom reads one entry of a group's members.
func memberFrom(text string) (Member, *fault) {
	group, isGroup := strings.CutPrefix(text, groupPrefix)
	tag, isTag := strings.CutPrefix(text, tagPrefix)
	switch {
	case isGroup && !groupKey.MatchString(group):
		return "", &fault{message: "is not the name of a group", hint: groupHint}
	case isGroup:
		return Member(text), nil
	case isTag && (tag == "" || strings.TrimSpace(tag) != tag || strings.ContainsFunc(tag, unseen) || len(tag) > maxID):
		return "", &fault{message: "is not the name of a tag", hint: tagHint}
	case isTag:
		return Member(text), nil
	}
	if bad := idFault(gateway.AssetID(text), memberHint); bad != nil {
		return "", bad
	}
	return Member(text), nil
}

const tagHint = `write it as it stands in Butlr, as in "tag:lab"`

const groupHint = "a group's key has up to 64 letters, digits, - and _"

func (d *document) checkGroups(groups map[string]Group) {
	for name, g := range groups {
		key := toml.Key{"groups", name}
		if !groupKey.MatchString(name) {
			d.refuse(key, fault{message: "is not a key for a group", hint: groupHint + ", as in [groups.ahu-3]; the name that people read is its key name"})
		}
		d.checkFacts(key, g.Name, g.Capacity)
		d.checkMembers(key, g, groups)
	}
	d.checkCycles(groups)
}

func (d *document) checkMembers(group toml.Key, g Group, groups map[string]Group) {
	key := below(group, "members")
	if len(g.Members) == 0 && !d.refused[key.String()] && !d.refused[group.String()] {
		d.refuse(key, fault{message: "must be set: a group without members is nothing", hint: `write members = ["room_…", "zone_…"], or remove the section`})
	}
	seen := map[Member]bool{}
	for _, m := range g.Members {
		if !seen[m] {
			d.checkMember(key, m, groups)
		} else {
			d.warnOfMember(key, m, "is listed twice, and counts once", "remove one")
		}
		seen[m] = true
	}
}

// checkMember judges a member whose form is right.
func (d *document) checkMember(key toml.Key, m Member, groups map[string]Group) {
	if group, ok := strings.CutPrefix(string(m), groupPrefix); ok {
		if _, known := groups[group]; !known {
			bad := fault{value: shown(string(m)), message: "is a group that this file does not have", hint: "write [groups." + group + "] and its members"}
			if meant := nearest(group, slices.Sorted(maps.Keys(groups))); meant != "" {
				bad.hint = "did you mean " + strconv.Quote(groupPrefix+meant) + "?"
			}
			d.refuse(key, bad)
		}
		return
	}
	if strings.HasPrefix(string(m), tagPrefix) {
		return // what has it is known to the state alone
	}
	id := gateway.AssetID(m)
	if id.Kind() == gateway.Sensor {
		d.warnOfMember(key, m, "is a sensor, and a group is made of rooms and zones: it adds nothing", "name the room that the sensor is in")
	}
	d.warnOfID(key, id, shown(string(m)))
}

func (d *document) warnOfMember(key toml.Key, m Member, message, hint string) {
	d.warnings = append(d.warnings, d.problem(key, fault{value: shown(string(m)), message: message, hint: hint}))
}

// checkCycles refuses groups that are members of themselves, by way of others or not.
func (d *document) checkCycles(groups map[string]Group) {
	var (
		path   []string           // the groups on the way to the one that is looked at
		place  = map[string]int{} // where on it a group stands; left is of one that was looked at before
		follow func(name string)
	)
	const left = -1
	follow = func(name string) {
		if at, seen := place[name]; seen {
			if at != left {
				d.refuseCycle(path[at:])
			}
			return
		}
		place[name] = len(path)
		path = append(path, name)
		for _, m := range groups[name].Members {
			if member, ok := strings.CutPrefix(string(m), groupPrefix); ok {
				follow(member)
			}
		}
		path = path[:len(path)-1]
		place[name] = left
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		follow(name)
	}
}

// refuseCycle blames the last group of a cycle, whose member closes it.
func (d *document) refuseCycle(cycle []string) {
	last := len(cycle) - 1
	bad := fault{value: shown(groupPrefix + cycle[0]), message: "is this group itself", hint: "remove it"}
	if last > 0 {
		bad.message = "has this group among its own members: " + strings.Join(slices.Concat(cycle, cycle[:1]), " > ")
		bad.hint = "remove one of these from the members of the group before it"
	}
	d.refuse(toml.Key{"groups", cycle[last], "members"}, bad)
}
