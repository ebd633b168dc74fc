package mqtt

import (
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"time"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/gateway"
)

const (
	repeatAfter = 5 * time.Second  // a device is not announced twice within
	keepMissing = 10 * time.Minute // an entity stays when what it shows goes: much comes back soon
)

// announcer decides what is said of devices, and when. It is the sender's alone, and outlives sessions. What
// is said was remembered before: see [Memory].
type announcer struct {
	gateway discovery.Gateway
	memory  Memory
	log     *slog.Logger

	rows  map[string]string   // what is remembered
	nodes map[string][]string // the keys of each node in it

	self     *announced // nil where nothing is announced
	assets   map[gateway.AssetID]*announced
	children map[gateway.AssetID][]*announced // by parent
	swept    bool                             // what is remembered and nobody wants is on its way out

	due      dueQueue                     // devices to announce, or to take back
	lying    []*announced                 // those that are remembered and can be said, parents first
	ready    chan struct{}                // holds a token while anything is lying
	settling map[string]map[string]string // by node: what to remember when the broker has acknowledged
	births   chan struct{}                // holds a token after Home Assistant has started
	seed     maphash.Seed

	writing bool
	batch   []*announced      // what waits for the write
	changes map[string]string // what is written
	written chan error        // holds what became of the write
	writers sync.WaitGroup
	owed    map[string]string // what counts here and is not written
	failed  bool              // the last write did
	retry   time.Time         // when what is owed is written again, after it failed
}

// announced is a device: of an asset, of the gateway itself, or one that is only remembered.
type announced struct {
	node      string
	asset     *gateway.Asset // nil for those that are of none
	self      bool
	aggregate bool
	gone      bool             // out of service, or of nobody any more
	stands    bool             // it was announced since everything was to be, and not taken back
	shown     gateway.Measures // by the newest snapshot
	has       gateway.Measures // as announced: some may be missing for the moment
	missing   time.Time        // since when

	said   time.Time // when it was announced last
	digest uint64    // of what was said; 0 if it must be said again in any case
	at     time.Time // when it is due
	place  int       // in the queue of those due, from 1; 0 is not in it
}

func newAnnouncer(o *Options) *announcer {
	if o.Memory == nil {
		return nil
	}
	a := &announcer{
		gateway: discovery.Gateway{
			Place: discovery.Place{Prefix: o.DiscoveryPrefix, Form: o.Discovery},
			ID:    o.Gateway, Name: o.Name, Version: o.Version, Root: o.Topic, Commands: o.Commander != nil, Page: o.Page,
		},
		memory: o.Memory, log: o.Log, rows: make(map[string]string), nodes: make(map[string][]string),
		assets: make(map[gateway.AssetID]*announced), children: make(map[gateway.AssetID][]*announced),
		settling: make(map[string]map[string]string), ready: make(chan struct{}, 1), births: make(chan struct{}, 1),
		written: make(chan error, 1), owed: make(map[string]string), seed: maphash.MakeSeed(),
	}
	if o.Discovery != discovery.Off {
		a.self = &announced{node: a.gateway.SelfNode(), self: true, asset: &gateway.Asset{}}
	}
	return a
}

// notice takes what a snapshot says of what there is to be seen. While that is as before it costs next to
// nothing.
func (a *announcer) notice(into **announced, s *gateway.Snapshot, now time.Time) {
	d, gone := *into, s.Quality == gateway.OutOfService
	if d != nil && d.asset == s.Asset && d.shown == s.Has && d.gone == gone {
		return
	}
	if a.self == nil {
		return
	}
	before := announced{gone: true, asset: &gateway.Asset{}}
	if d == nil {
		d = &announced{node: a.gateway.Node(s.Asset.Kind, s.Asset.ID), aggregate: s.Coverage >= 0}
		d.has = a.measuresTold(d.node)
		a.assets[s.Asset.ID], *into = d, d
	} else {
		before = *d
	}
	d.asset, d.gone, d.shown = s.Asset, gone, s.Has
	d.has |= s.Has
	switch {
	case d.has == d.shown:
		d.missing = time.Time{}
	case d.missing.IsZero():
		d.missing = now
	}
	if parent := d.asset.Parent; parent != before.asset.Parent {
		inside := a.children[before.asset.Parent]
		a.children[before.asset.Parent] = slices.DeleteFunc(inside, func(c *announced) bool { return c == d })
		a.children[parent] = append(a.children[parent], d)
	}
	a.want(d, now)
	if gone != before.gone {
		a.moveChildren(d, now)
	}
}

// measuresTold returns the measures that a node was announced with before the restart.
func (a *announcer) measuresTold(node string) gateway.Measures {
	var has gateway.Measures
	for _, t := range a.told(node) {
		if t.Place != a.gateway.Place {
			continue
		}
		for _, n := range t.Names {
			if m, ok := gateway.ParseMeasure(n.Key); ok {
				has |= gateway.MeasuresOf(m)
			}
		}
	}
	return has
}

// steps returns how to get the broker from what it was told of a device to what that is now.
func (a *announcer) steps(d *announced) discovery.Steps {
	told := a.told(d.node)
	switch {
	case d.gone:
		return a.gateway.Steps(nil, told)
	case d.self:
		self := a.gateway.Self()
		return a.gateway.Steps(&self, told)
	}
	device := a.gateway.Of(discovery.Asset{Asset: d.asset, Has: d.has, Aggregate: d.aggregate, Via: a.via(d)})
	return a.gateway.Steps(&device, told)
}

// via returns the node that an asset lies in; "" if it lies in none. Home Assistant does not let a device lie
// in one that it was not told of.
func (a *announcer) via(d *announced) string {
	if around := a.around(d); around.stands {
		return around.node
	}
	if a.self.stands {
		return a.self.node
	}
	return ""
}

// around returns the device of the place that an asset lies in, and else the gateway's. What lies in a place
// that is no larger was described wrongly: devices must not lie in each other.
func (a *announcer) around(d *announced) *announced {
	parent := a.assets[d.asset.Parent]
	if parent == nil || parent.gone || parent.asset.Kind >= d.asset.Kind {
		return a.self
	}
	return parent
}

// take takes the devices that are due, parents first, and returns what must be remembered before they are
// said.
func (a *announcer) take(now time.Time) (batch []*announced, news map[string]string) {
	news = make(map[string]string)
	for d := a.due.take(now); d != nil; d = a.due.take(now) {
		d.let(now)
		batch = append(batch, d)
		for _, t := range a.remember(d) {
			news[t.Key()] = t.Value()
		}
	}
	slices.SortFunc(batch, byRank)
	return batch, news
}

func (a *announcer) remember(d *announced) []discovery.Told {
	steps := a.steps(d)
	return steps.Remember
}

// let lets go of what has been missing for long enough.
func (d *announced) let(now time.Time) {
	if !d.missing.IsZero() && now.Sub(d.missing) >= keepMissing {
		d.has, d.missing = d.shown, time.Time{}
	}
}
