package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

const (
	// lastIndex is the last number that a controller can read: the Modbus map has 100 units of 4 089
	// blocks.
	lastIndex = 100*4089 - 1
	// maxCapacity is the largest number of people that a register can tell from unknown.
	maxCapacity = 65_534
	maxName     = 256 // bytes; longer names are cut
	maxID       = 256 // bytes; longer ids are refused
)

var (
	idLetters = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	ksuid     = regexp.MustCompile(`^[a-z]*_[A-Za-z0-9]{27}$`) // what Butlr's ids end with
	groupKey  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)    // it becomes a level of a topic
)

const (
	idHint   = "copy the id from Butlr: it begins with site_, building_, space_ (a floor), room_, zone_ or sensor_"
	siteHint = "copy the site's id from Butlr: it begins with site_"

	customPrefix = "custom:"
	groupPrefix  = "group:"
	tagPrefix    = "tag:"
)

func (d *document) checkAssets(c *Config) {
	for id := range c.Sites {
		key := toml.Key{"sites", string(id)}
		if id.Kind() != gateway.Site || idFault(id, siteHint) != nil {
			d.refuse(key, fault{message: "is not the id of a site", hint: siteHint})
			continue
		}
		d.warnOfID(key, id, "")
	}
	for id, a := range c.Assets {
		key := toml.Key{"assets", string(id)}
		if group, ok := strings.CutPrefix(string(id), groupPrefix); ok {
			d.refuse(key, fault{message: "is a group", hint: "write [" + keyText(toml.Key{"groups", group}) + "], with the same keys"})
		} else {
			d.checkID(key, id)
		}
		d.checkFacts(key, a.Name, a.Capacity)
	}
}

// checkID demands that a section's name is that of an asset.
func (d *document) checkID(key toml.Key, id gateway.AssetID) {
	bad := idFault(id, idHint)
	if bad == nil {
		d.warnOfID(key, id, "")
		return
	}
	if sensor, ok := bareSensor(id); ok {
		bad.hint += ": [" + keyText(toml.Key{key[0], sensor}) + "]"
	}
	d.refuse(key, *bad)
}

// idFault says why a text names no asset that Butlr could tell of, or nil.
func idFault(id gateway.AssetID, hint string) *fault {
	custom, isCustom := strings.CutPrefix(string(id), customPrefix)
	_, isSensor := bareSensor(id)
	switch kind := id.Kind(); {
	case isCustom && (custom == "" || strings.TrimSpace(custom) != custom || strings.ContainsFunc(custom, unseen) || len(custom) > maxID):
		return &fault{message: "is not an id of your own", hint: `write what stands in Butlr as the custom id, as in "custom:MH-3.09"`}
	case isCustom:
		return nil
	case isSensor:
		return &fault{message: "does not say what it is", hint: "a sensor's id is written with sensor_ before it"}
	case kind == gateway.NoKind || kind == gateway.Group || !idLetters.MatchString(string(id)) || len(id) > maxID || strings.HasSuffix(string(id), "_"):
		return &fault{message: "is not the id of an asset", hint: hint}
	}
	return nil
}

// bareSensor returns the id of a sensor that is written as in Butlr's webhooks, where it says of no kind.
func bareSensor(id gateway.AssetID) (string, bool) {
	return "sensor_" + string(id), ksuid.MatchString("_" + string(id))
}

// warnOfID warns of ids that have lost a part on their way; value is that of the entry in a list.
func (d *document) warnOfID(key toml.Key, id gateway.AssetID, value string) {
	if strings.HasPrefix(string(id), customPrefix) || ksuid.MatchString(string(id)) {
		return
	}
	d.warnings = append(d.warnings, d.problem(key, fault{
		value:   value,
		message: "does not end with 27 letters and digits as Butlr's ids do: no event may ever name it", hint: "copy it from Butlr again",
	}))
}

// checkFacts checks what an asset and a group are called, and how many people they are made for.
func (d *document) checkFacts(key toml.Key, name string, capacity int) {
	if len(name) > maxName {
		d.refuse(below(key, "name"), fault{message: fmt.Sprintf("is longer than %d bytes", maxName), hint: "shorten it: people read it in lists"})
	}
	if bad := within(0, maxCapacity)(capacity); bad != nil {
		bad.hint = "0 is for not known"
		d.refuse(below(key, "capacity"), *bad)
	}
}

// below returns the key of that name in a section.
func below(section toml.Key, name string) toml.Key {
	return append(section[:len(section):len(section)], name)
}

// checkIndexes reports every number that a second asset or group claims, in the order of the file.
func (d *document) checkIndexes(c *Config) {
	taken := map[gateway.Number]string{}
	var twice []toml.Key
	for _, key := range d.meta.Keys() {
		index, ok := c.index(key)
		if !ok {
			continue
		}
		if _, second := taken[index]; second {
			twice = append(twice, key)
			continue
		}
		name := key[1]
		if key[0] == "groups" {
			name = groupPrefix + name
		}
		taken[index] = keyText(toml.Key{name})
	}
	for _, key := range twice {
		index, _ := c.index(key)
		d.refuse(key, fault{
			message: "is taken by " + taken[index],
			hint:    nextFree(taken, index) + `; "butlr-gateway points list" shows the numbers in use`,
		})
	}
}

// index returns the number that a key of the file asks for.
func (c *Config) index(key toml.Key) (gateway.Number, bool) {
	if len(key) != 3 || key[2] != "index" {
		return gateway.NoNumber, false
	}
	index := gateway.NoNumber
	switch key[0] {
	case "assets":
		if a, ok := c.Assets[gateway.AssetID(key[1])]; ok {
			index = a.Index
		}
	case "groups":
		if g, ok := c.Groups[key[1]]; ok {
			index = g.Index
		}
	}
	return index, index != gateway.NoNumber
}

// nextFree says which number a file leaves free for whoever wanted one that is taken.
func nextFree(taken map[gateway.Number]string, wanted gateway.Number) string {
	for free := wanted; free <= lastIndex; free++ {
		if _, ok := taken[free]; !ok {
			return "the next number that this file leaves free is " + strconv.Itoa(int(free))
		}
	}
	return "this file leaves no higher number free"
}
