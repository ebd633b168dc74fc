package config

import (
	"maps"
	"slices"
	"strings"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

// layer is one section with settings.
type layer struct {
	path    toml.Key
	changes gateway.Patch
}

// chain is the sections that speak about the same assets, the one that counts least first. The last of
// them changes something.
type chain struct {
	layers []layer
	kind   gateway.Kind // of these assets; NoKind is any
	maybe  bool         // this file cannot tell whether there are such assets
}

// last returns the section that counts most.
func (c *chain) last() *layer { return &c.layers[len(c.layers)-1] }

func (c *chain) settings() gateway.Settings {
	patches := make([]gateway.Patch, len(c.layers))
	for i, l := range c.layers {
		patches[i] = l.changes
	}
	return resolved(patches...)
}

// placeKinds are the kinds of assets that Butlr knows.
var placeKinds = []gateway.Kind{gateway.Site, gateway.Building, gateway.Floor, gateway.Room, gateway.Zone, gateway.Sensor}

// chains returns every way in which sections of the file may speak about the same assets: those that the
// file can be sure of first.
func (c *Config) chains() []chain {
	return slices.Concat(c.plainChains(), c.groupChains(), c.assetChains(), c.doubtfulChains())
}

// plainChains are those of [state], of classes and of sites.
func (c *Config) plainChains() []chain {
	state := []layer{{toml.Key{"state"}, c.State.Settings}}
	chains := []chain{{layers: state}}
	for _, kind := range append(placeKinds, gateway.Group) {
		chains = extend(chains, chain{layers: state, kind: kind}, c.classLayer(kind))
	}
	for _, site := range c.siteLayers() {
		inSite := append(slices.Clip(state), site)
		chains = append(chains, chain{layers: inSite})
		for _, kind := range placeKinds {
			chains = extend(chains, chain{layers: inSite, kind: kind}, c.classLayer(kind))
		}
	}
	return chains
}

func (c *Config) groupChains() []chain {
	var chains []chain
	base := []layer{{toml.Key{"state"}, c.State.Settings}, c.classLayer(gateway.Group)}
	for _, name := range slices.Sorted(maps.Keys(c.Groups)) {
		own := layer{toml.Key{"groups", name}, c.Groups[name].Settings}
		chains = extend(chains, chain{layers: base, kind: gateway.Group}, own)
	}
	return chains
}

// assetChains are those of assets, without the sites that these may lie in.
func (c *Config) assetChains() []chain {
	var chains []chain
	for _, id := range slices.Sorted(maps.Keys(c.Assets)) {
		kind := id.Kind()
		base := []layer{{toml.Key{"state"}, c.State.Settings}, c.classLayer(kind)}
		if kind == gateway.Site {
			base = slices.Insert(base, 1, c.siteLayer(id))
		}
		chains = extend(chains, chain{layers: base, kind: kind}, c.assetLayer(id))
	}
	return chains
}

// doubtfulChains are those of assets with a site, and with a class, of which only Butlr can tell whether
// they are the asset's.
func (c *Config) doubtfulChains() []chain {
	var chains []chain
	anywhere := layer{toml.Key{"sites"}, nil}
	for _, id := range slices.Sorted(maps.Keys(c.Assets)) {
		kinds, places := []gateway.Kind{id.Kind()}, c.siteLayers()
		if strings.HasPrefix(string(id), customPrefix) {
			kinds, places = placeKinds, append(places, anywhere)
		} else if id.Kind() == gateway.Site {
			continue
		}
		for _, place := range places {
			for _, kind := range kinds {
				base := []layer{{toml.Key{"state"}, c.State.Settings}, place, c.classLayer(kind)}
				chains = extend(chains, chain{layers: base, kind: kind, maybe: true}, c.assetLayer(id))
			}
		}
	}
	return chains
}

// extend adds a chain with one more section, if that one changes something.
func extend(chains []chain, base chain, last layer) []chain {
	if len(last.changes) == 0 {
		return chains
	}
	base.layers = append(slices.Clip(base.layers), last)
	return append(chains, base)
}

func (c *Config) classLayer(kind gateway.Kind) layer {
	return layer{toml.Key{"class", kind.String()}, c.Classes[kind.String()].Settings}
}

func (c *Config) assetLayer(id gateway.AssetID) layer {
	return layer{toml.Key{"assets", string(id)}, c.Assets[id].Settings}
}

func (c *Config) siteLayer(id gateway.AssetID) layer {
	return layer{toml.Key{"sites", string(id)}, c.Sites[id].Settings}
}

// siteLayers returns the sections of sites that change something.
func (c *Config) siteLayers() []layer {
	var layers []layer
	for _, id := range slices.Sorted(maps.Keys(c.Sites)) {
		if l := c.siteLayer(id); len(l.changes) > 0 {
			layers = append(layers, l)
		}
	}
	return layers
}
