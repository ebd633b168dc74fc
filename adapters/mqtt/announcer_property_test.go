package mqtt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/gateway"
)

// life is what happens to a gateway, its broker, its disk and its assets.
type life struct {
	what    string
	asset   int
	number  int // of a name, a parent, a set of measures, a form
	seconds int
}

// lives are any lives. All of a life is drawn before it is lived: time is virtual only then.
func lives(t *rapid.T) []life {
	one := rapid.Custom(func(t *rapid.T) life {
		return life{
			what: rapid.SampledFrom([]string{
				"name", "name", "parent", "measures", "retire", "return", "read", "lose", "birth", "full", "hang", "works", "restart", "long",
				"dawdle", "keep up",
			}).Draw(t, "what"),
			asset: rapid.IntRange(0, len(campus())-1).Draw(t, "asset"), number: rapid.IntRange(0, 15).Draw(t, "number"),
			seconds: rapid.IntRange(0, 4).Draw(t, "seconds"),
		}
	})
	return rapid.SliceOfN(one, 1, 30).Draw(t, "life")
}

// world is the truth that is to be announced.
type world struct {
	assets  []gateway.Snapshot
	options func(*Options)
}

func (w *world) live(l life) {
	s := &w.assets[l.asset]
	about := *s.Asset
	switch l.what {
	case "name":
		about.Name = fmt.Sprint("Name ", l.number)
	case "parent":
		if about.Kind != gateway.Room {
			return
		}
		about.Parent = []gateway.AssetID{"space_1", "building_1", "site_1", "", "space_9", "zone_1"}[l.number%6]
	case "measures":
		s.Has = gateway.Measures(l.number) & gateway.MeasuresOf(gateway.Occupied, gateway.People, gateway.Motion)
	case "retire":
		s.Quality = gateway.OutOfService
	case "return":
		s.Quality = gateway.Good
	case "read":
		s.Readings[gateway.People] = gateway.Reading{Value: int64(l.number), Known: true}
	}
	s.Asset = &about
}

// Whatever happens to a gateway, its broker, its disk and its assets: what is announced was remembered, no
// document is said twice within five seconds, no unique id has two owners, no device lies in one that is
// unknown; and in the end the broker keeps exactly what a new gateway would tell a new broker, and Home
// Assistant shows exactly that.
//
// Seen to break it: settle applied when it is written instead of at once; moveChildren left out; wantAll
// without the digest; what is owed to the disk dropped; no pause in want nor in say; via without looking at
// what stands; earliest without what is around.
func TestAnyLifeIsAnnouncedAsItIs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lived := lives(rt)
		h := newHouse()
		w := &world{assets: campus(), options: func(*Options) {}}
		synctest.Test(t, func(t *testing.T) { h.live(t, w, lived) })
		fresh := newHouse()
		synctest.Test(t, func(t *testing.T) { fresh.live(t, w, nil) })
		if diff := cmp.Diff(fresh.documents(), h.documents()); diff != "" {
			rt.Fatalf("the broker keeps (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(fresh.memory.rows, h.memory.rows); diff != "" {
			rt.Fatalf("remembered is (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(fresh.home.Names(), h.home.Names()); diff != "" {
			rt.Fatalf("Home Assistant shows (-want +got):\n%s", diff)
		}
		for _, fault := range slices.Concat(h.faults, h.home.Faults, h.broker.faults) {
			rt.Fatalf("%s", fault)
		}
	})
}

// documents returns what the broker keeps of announcements.
func (h *house) documents() map[string]string {
	kept := make(map[string]string)
	for topic, payload := range h.broker.retained {
		if strings.HasSuffix(topic, "/config") {
			kept[topic] = payload
		}
	}
	return kept
}

// live lives a life, and then long enough for everything to be settled.
func (h *house) live(t *testing.T, w *world, lived []life) {
	begin := func() (*Publisher, func()) {
		o := h.options()
		w.options(&o)
		p, stop := start(t, h.broker, o)
		time.Sleep(time.Second)
		p.Publish(update(w.assets...))
		return p, stop
	}
	p, stop := begin()
	for _, l := range lived {
		switch l.what {
		case "lose":
			h.broker.lose()
		case "birth":
			p.announcer.hear("", []byte(online), false)
		case "full":
			h.memory.set(func(m *fakeMemory) { m.fails = true })
		case "hang":
			h.memory.hang()
		case "works":
			h.memory.works()
		case "dawdle", "keep up":
			disturb(h.broker, trouble{what: l.what})
		case "long":
			time.Sleep(keepMissing + time.Minute)
		case "restart":
			h.memory.works() // a process ends with its writes
			stop()
			time.Sleep(repeatAfter) // a process that is started anew does not know when the last one spoke
			form := []discovery.Form{discovery.Off, discovery.Devices, discovery.Components}[l.number%3]
			w.options = func(o *Options) { o.Discovery = form }
			p, stop = begin()
		default:
			w.live(l)
			p.Publish(update(w.assets[l.asset]))
		}
		time.Sleep(time.Duration(l.seconds) * time.Second)
	}
	h.memory.works()
	disturb(h.broker, trouble{what: "keep up"})
	time.Sleep(2 * keepMissing)
	stop()
}
