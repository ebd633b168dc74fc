package push

import (
	"fmt"
	"slices"
	"strings"

	"butlr-gateway/gateway"
)

// news is what is known of one asset, as far as it may be pushed.
type news struct {
	asset    *gateway.Asset
	quality  gateway.Quality
	readings [gateway.MeasureCount]gateway.Reading
}

// take copies what changed, and tells whether any of the points would show it.
func (n *news) take(s *gateway.Snapshot, points []*point) bool {
	moved := n.asset == nil || n.quality != s.Quality
	for _, p := range points {
		if p.scale.quality {
			continue
		}
		before, after := &n.readings[p.scale.measure], &s.Readings[p.scale.measure]
		moved = moved || before.Value != after.Value || before.Known != after.Known
	}
	n.asset, n.quality, n.readings = s.Asset, s.Quality, s.Readings
	return moved
}

// subject is what points call an asset. A customer's own id may mean none yet, and may mean several.
type subject struct {
	name    string
	points  []*point
	bearers []*news // the assets that are called that
}

// only returns the one asset that is meant, or why there is none.
func (s *subject) only() (*news, reason) {
	switch len(s.bearers) {
	case 1:
		return s.bearers[0], reason{}
	case 0:
		return nil, reason{text: "nothing was heard of " + s.name + " yet"}
	}
	return nil, reason{fault: true, text: fmt.Sprintf("%d assets have the id %s, among them %s and %s: use Butlr's id",
		len(s.bearers), s.name, s.bearers[0].asset.ID, s.bearers[1].asset.ID)}
}

// take takes up what changed of an asset that is called that; it tells whether anything is to be done.
func (s *subject) take(snapshot *gateway.Snapshot) bool {
	for _, n := range s.bearers {
		if n.asset.ID == snapshot.Asset.ID {
			return n.take(snapshot, s.points)
		}
	}
	n := new(news)
	s.bearers = append(s.bearers, n)
	return n.take(snapshot, s.points)
}

// leave says that an asset is not called that any more.
func (s *subject) leave(id gateway.AssetID) {
	s.bearers = slices.DeleteFunc(s.bearers, func(n *news) bool { return n.asset.ID == id })
}

// index finds the subjects that an asset is. An asset that nobody pushes costs it the look.
type index struct {
	byID     map[gateway.AssetID]*subject
	byCustom map[string]*subject          // by the customer's own id
	bearing  map[gateway.AssetID]*subject // of the assets that have one of those
}

func newIndex() index {
	return index{make(map[gateway.AssetID]*subject), make(map[string]*subject), make(map[gateway.AssetID]*subject)}
}

const customPrefix = "custom:"

// subject returns that of a name.
func (x *index) subject(name string) *subject {
	if custom, ok := strings.CutPrefix(name, customPrefix); ok {
		if x.byCustom[custom] == nil {
			x.byCustom[custom] = &subject{name: name}
		}
		return x.byCustom[custom]
	}
	id := gateway.AssetID(name)
	if x.byID[id] == nil {
		x.byID[id] = &subject{name: name}
	}
	return x.byID[id]
}

// find calls yield with each subject that changed with the snapshot.
func (x *index) find(s *gateway.Snapshot, yield func(*subject)) {
	if by := x.byID[s.Asset.ID]; by != nil && by.take(s) {
		yield(by)
	}
	if len(x.byCustom) == 0 {
		return
	}
	by := x.byCustom[s.Asset.CustomID]
	if before := x.bearing[s.Asset.ID]; before != nil && before != by {
		before.leave(s.Asset.ID)
		delete(x.bearing, s.Asset.ID)
		yield(before)
	}
	if by == nil {
		return
	}
	x.bearing[s.Asset.ID] = by
	if by.take(s) {
		yield(by)
	}
}
