package gateway

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Find returns the asset that a name means, as the configuration and commands write it: Butlr's id,
// "custom:" and the customer's own, or "group:" and a group's key. An error says what to do.
func (s *State) Find(name string) (AssetID, error) {
	if a := s.lookUp(name); a != nil {
		return a.about.ID, nil
	}
	if custom, ok := strings.CutPrefix(name, customPrefix); ok {
		if named := s.custom[custom]; len(named) > 1 {
			return "", fmt.Errorf("finding %s: %d assets have that id, among them %s and %s; use Butlr's id", name, len(named), named[0].about.ID, named[1].about.ID)
		}
	}
	if meant := s.nearMisses(name); meant != "" {
		return "", fmt.Errorf("finding %s: there is no such asset; did you mean %s?", name, meant)
	}
	return "", fmt.Errorf("finding %s: there is no such asset; \"butlr-gateway points list\" shows those that are known", name)
}

// Asset returns the description of an asset, nil if there is none of that id. It may be kept.
func (s *State) Asset(id AssetID) *Asset {
	if a := s.byID[id]; a != nil {
		return a.about
	}
	return nil
}

const nearMissesSaid = 3

// nearMisses lists the assets that a name may have been meant for: written in other letters, without its
// prefix, or by what people call it.
func (s *State) nearMisses(name string) string {
	bare := strings.TrimSpace(name)
	for _, prefix := range []string{customPrefix, groupPrefix} {
		if len(bare) > len(prefix) && strings.EqualFold(bare[:len(prefix)], prefix) {
			bare = bare[len(prefix):]
		}
	}
	if bare == "" {
		return ""
	}
	var said []string
	for _, a := range s.assets {
		if a == nil || !a.about.mayBeMeant(bare) {
			continue
		}
		if len(said) == nearMissesSaid {
			return strings.Join(said, ", ") + " or another one"
		}
		said = append(said, s.nameOf(a))
	}
	return strings.Join(said, " or ")
}

// mayBeMeant tells whether a name is one of an asset's, but for letters and prefixes.
func (a *Asset) mayBeMeant(bare string) bool {
	for _, known := range []string{
		string(a.ID), strings.TrimPrefix(string(a.ID), kindPrefixes[Sensor]), a.ID.groupKey(), a.CustomID, a.Name, a.Given, a.MAC,
	} {
		if known != "" && strings.EqualFold(strings.TrimSpace(known), bare) {
			return true
		}
	}
	return false
}

// nameOf returns a name that means this asset alone, the shorter one where there are two.
func (s *State) nameOf(a *asset) string {
	names := s.namesOf(a)
	name, label := names[len(names)-1], a.about.Label()
	if strings.HasSuffix(name, label) {
		return name
	}
	return name + " (" + strconv.Quote(label) + ")"
}

// topDown orders assets that lie beside each other: by kind, by the name that events gave, by id.
func topDown(a, b *asset) int {
	x, y := a.about, b.about
	return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Given, y.Given), cmp.Compare(x.ID, y.ID))
}
