package config

import (
	"fmt"
	"regexp"
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
)

const idHint = "copy the id from Butlr: it begins with site_, building_, space_ (a floor), room_, zone_ or sensor_"

func (d *document) checkAssets(assets map[gateway.AssetID]Asset) {
	for id, a := range assets {
		key := toml.Key{"assets", string(id)}
		d.checkAssetID(key, id)
		if len(a.Name) > maxName {
			d.refuse(append(key, "name"), fault{message: fmt.Sprintf("is longer than %d bytes", maxName), hint: "shorten it: people read it in lists"})
		}
		if a.Capacity < 0 || a.Capacity > maxCapacity {
			bad := notBetween(0, maxCapacity)
			bad.hint = "0 is for not known"
			d.refuse(append(key, "capacity"), *bad)
		}
	}
	d.checkIndexes(assets)
}

func (d *document) checkAssetID(key toml.Key, id gateway.AssetID) {
	kind := id.Kind()
	switch {
	case kind == gateway.Group || strings.HasPrefix(string(id), "custom:"):
		d.refuse(key, fault{message: "names an asset in a way that is not known to this version", hint: idHint})
	case ksuid.MatchString("_" + string(id)):
		d.refuse(key, fault{message: "does not say what it is", hint: "a sensor's id is written with sensor_ before it: [assets.sensor_" + string(id) + "]"})
	case kind == gateway.NoKind || !idLetters.MatchString(string(id)) || len(id) > maxID || strings.HasSuffix(string(id), "_"):
		d.refuse(key, fault{message: "is not the id of an asset", hint: idHint})
	case !ksuid.MatchString(string(id)):
		d.warnings = append(d.warnings, d.problem(key, fault{
			message: "does not end with 27 letters and digits as Butlr's ids do: no event may ever name it", hint: "copy it from Butlr again",
		}))
	}
}

// checkIndexes reports every number that a second asset claims, in the order of the file.
func (d *document) checkIndexes(assets map[gateway.AssetID]Asset) {
	taken := map[gateway.Number]gateway.AssetID{}
	var twice []toml.Key
	for _, key := range d.meta.Keys() {
		if len(key) != 3 || key[0] != "assets" || key[2] != "index" {
			continue
		}
		id := gateway.AssetID(key[1])
		asset, ok := assets[id]
		if !ok || asset.Index == gateway.NoNumber {
			continue
		}
		if _, second := taken[asset.Index]; second {
			twice = append(twice, key)
			continue
		}
		taken[asset.Index] = id
	}
	for _, key := range twice {
		index := assets[gateway.AssetID(key[1])].Index
		d.refuse(key, fault{
			message: "is taken by " + keyText(toml.Key{string(taken[index])}),
			hint:    nextFree(taken, index) + `; "butlr-gateway points list" shows the numbers in use`,
		})
	}
}

// nextFree says which number a file leaves free for whoever wanted one that is taken.
func nextFree(taken map[gateway.Number]gateway.AssetID, wanted gateway.Number) string {
	for free := wanted; free <= lastIndex; free++ {
		if _, ok := taken[free]; !ok {
			return fmt.Sprintf("the next number that this file leaves free is %d", free)
		}
	}
	return "this file leaves no higher number free"
}
