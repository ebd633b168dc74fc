package gateway

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Rules are the operator's choices that the state obeys.
type Rules struct {
	State    Settings       // for every asset
	Classes  map[Kind]Patch //
	Sites    map[AssetID]SiteRule
	Assets   map[AssetID]AssetRule // by Butlr's id, or "custom:" and the customer's own
	Groups   map[string]GroupRule  // by key
	Location *time.Location        // of assets whose site has none of its own; nil is UTC

	MaxFuture time.Duration // how far ahead of this machine's clock an event may lie
	Horizon   time.Duration // TRAFFIC events are remembered, and counted, for this long after they happened
	MaxIDs    int           // TRAFFIC events that can be remembered
	Built     Timestamp     // when this program was built: a clock that shows less is wrong; 0 is not known

	Organisations []AssetID // accept only events of these; none accepts all
	OnlySites     []AssetID
	Buildings     []AssetID

	Health time.Duration // how often Butlr is asked how the sensors are; 0 never

	Polled    bool // TRAFFIC is asked for: what is sent of it is refused, because it would count twice
	Simulated bool // every reading is marked as made up

	MaxUnknownAssets int // assets that neither Assets nor an inventory names; 0 is no limit
}

// SiteRule is what the operator said of one site.
type SiteRule struct {
	Location *time.Location // nil is that of the inventory, then that of the rules
	Hours    *Hours         // when the building is in use; nil is not known
	State    Patch          // for every asset of the site
}

// AssetRule is what the operator said of one asset.
type AssetRule struct {
	Name     string
	Capacity int    // people; 0 is that of the inventory
	Index    Number // the number that it must have; NoNumber leaves it to the gateway
	State    Patch
}

// GroupRule is a group of assets: the rooms of an air handler, a department.
type GroupRule struct {
	Name     string
	Members  []string // each Butlr's id, "custom:ID", "group:KEY", or "tag:NAME" for all that have the tag
	Capacity int      // people; 0 is the sum of what is known of its members
	Index    Number   // the number that it must have; NoNumber leaves it to the gateway
	State    Patch
}

// groupKey returns the key of a group's id.
func (id AssetID) groupKey() string { return strings.TrimPrefix(string(id), groupPrefix) }

// GroupID returns the id of the group with that key.
func GroupID(key string) AssetID { return AssetID(groupPrefix + key) }

const (
	groupPrefix  = "group:"
	customPrefix = "custom:"
	tagPrefix    = "tag:"
)

// DefaultRules returns the rules that are in force where the operator says nothing.
func DefaultRules() Rules {
	return Rules{
		State:            DefaultSettings(),
		MaxFuture:        2 * time.Minute,
		Horizon:          24 * time.Hour,
		MaxIDs:           4_000_000,
		MaxUnknownAssets: 4088,
	}
}

// For returns the settings of an asset: its own section (or its group's) before that of its class, of its
// site, and of the whole gateway. custom is the customer's own id of it, "" if none.
func (r *Rules) For(id AssetID, kind Kind, site AssetID, custom string) Settings {
	s := r.State
	r.Sites[site].State.apply(&s)
	r.Classes[kind].apply(&s)
	if kind == Group {
		r.Groups[id.groupKey()].State.apply(&s)
		return s
	}
	if rule, ok := r.asset(id, custom); ok {
		rule.State.apply(&s)
	}
	return s
}

// Loss returns what an output of an asset does when nothing is heard any more from a moment on.
func (r *Rules) Loss(a *Asset, o Output, at Timestamp) Policy {
	settings := r.For(a.ID, a.Kind, a.Site, a.CustomID)
	site := r.Sites[a.Site]
	place := cmp.Or(site.Location, a.Clock.Location, r.Location, time.UTC)
	return settings.lossPolicy(o, site.Hours == nil || site.Hours.Inside(at, place))
}

// asset returns what the operator said of an asset under its id or under the customer's own.
func (r *Rules) asset(id AssetID, custom string) (AssetRule, bool) {
	if rule, ok := r.Assets[id]; ok {
		return rule, true
	}
	if custom == "" || len(r.Assets) == 0 {
		return AssetRule{}, false
	}
	rule, ok := r.Assets[AssetID(customPrefix+custom)]
	return rule, ok
}

// sections calls yield with every part of the rules that sets something.
func (r *Rules) sections(yield func(Patch)) {
	for _, p := range r.Classes {
		yield(p)
	}
	for _, site := range r.Sites {
		yield(site.State)
	}
	for _, a := range r.Assets {
		yield(a.State)
	}
	for _, g := range r.Groups {
		yield(g.State)
	}
}

// extremes returns settings with the longest delays, the shortest silence and the shortest grace of any asset.
func (r *Rules) extremes() Settings {
	out := r.State
	r.sections(func(p Patch) {
		s := r.State
		p.apply(&s)
		for o := range OutputCount {
			out.OnDelay[o], out.OffDelay[o] = max(out.OnDelay[o], s.OnDelay[o]), max(out.OffDelay[o], s.OffDelay[o])
		}
		out.StartupGrace = min(out.StartupGrace, s.StartupGrace)
		out.StaleAfter = min(out.StaleAfter, s.StaleAfter)
		out.ChangeUncertainAfter = min(out.ChangeUncertainAfter, s.ChangeUncertainAfter)
	})
	return out
}

// groupKeys returns the keys of the groups in their order.
func (r *Rules) groupKeys() []string {
	keys := make([]string, 0, len(r.Groups))
	for key := range r.Groups {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
