package mqtt

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// notebook is a memory that can fail.
type notebook struct {
	mu   sync.Mutex
	rows map[string]string
	full bool
}

func (n *notebook) Load(context.Context) (map[string]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.rows), nil
}

func (n *notebook) Write(_ context.Context, changes map[string]string) error {
	time.Sleep(20 * time.Millisecond)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.full {
		return errors.New("disk full")
	}
	for key, value := range changes {
		if value == "" {
			delete(n.rows, key)
			continue
		}
		n.rows[key] = value
	}
	return nil
}

// free lets it be written again, and tells whether it could not.
func (n *notebook) free() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.full
	n.full = false
	return was
}

// era is a process with its settings, and what happens while it runs.
type era struct {
	root           string
	scalars, names bool
	steps          []step
	killed         bool // it ends without a word
}

// step is an asset that changes, or something that goes wrong.
type step struct {
	what  string
	asset int
	name  int
	has   gateway.Measures
}

var (
	eraRoots = []string{"butlr", "butlr/hq"}
	eraNames = []string{"Böiler Room", "boiler room", "#", "Groups", "会議室", "Level 3"}
)

func eras(t *rapid.T) []era {
	measures := rapid.SampledFrom([]gateway.Measures{
		gateway.MeasuresOf(gateway.Occupied, gateway.People), gateway.MeasuresOf(gateway.Occupied, gateway.People, gateway.Utilisation), gateway.MeasuresOf(gateway.Detections), 0,
	})
	aStep := rapid.Custom(func(t *rapid.T) step {
		return step{
			what:  rapid.SampledFrom([]string{"change", "change", "change", "lose", "dawdle", "keep up", "wait", "disk full", "disk free"}).Draw(t, "what"),
			asset: rapid.IntRange(0, len(eraAssets)-1).Draw(t, "asset"), name: rapid.IntRange(0, len(eraNames)-1).Draw(t, "name"), has: measures.Draw(t, "has"),
		}
	})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) era {
		return era{
			root: rapid.SampledFrom(eraRoots).Draw(t, "root"), scalars: rapid.Bool().Draw(t, "scalars"), names: rapid.Bool().Draw(t, "names"),
			steps: rapid.SliceOfN(aStep, 0, 8).Draw(t, "steps"), killed: rapid.Bool().Draw(t, "killed"),
		}
	}), 1, 4).Draw(t, "eras")
}

// eraAssets are what is there: a floor, two rooms in it, and a group.
var eraAssets = []gateway.Asset{
	{ID: "space_1", Kind: gateway.Floor, Number: 0},
	{ID: "room_1", Kind: gateway.Room, Number: 1, Parent: "space_1"},
	{ID: "room_2", Kind: gateway.Room, Number: 2, Parent: "space_1"},
	{ID: "group:ahu", Kind: gateway.Group, Number: 3},
}

// After whatever restarts, with whatever settings, the broker keeps exactly what the gateway says now: nothing of
// another root, of a name before, of a measure that is gone.
//
// Seen to break it: nothing wiped on a new name, shed without wipeScalars, no recall of roots before, no tidy,
// shelve without waiting for the acknowledgements (stale dropped at once), forgetAgain left out, an entry without
// its scalars, said before it is remembered, the root remembered after the connection.
func TestTheBrokerKeepsNothingOfBefore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := eras(rt)
		var diff string
		synctest.Test(t, func(t *testing.T) { diff = live(t, list) })
		if diff != "" {
			rt.Fatalf("what the broker keeps (-want +got):\n%s", diff)
		}
	})
}

// live goes through the eras and returns how the broker differs from what the last one says.
func live(t *testing.T, list []era) string {
	b, memory := newFakeBroker(), &notebook{rows: map[string]string{}}
	now := make([]gateway.Snapshot, len(eraAssets))
	for i := range now {
		now[i] = furnished(i, step{has: gateway.MeasuresOf(gateway.Occupied), name: i})
	}
	for place, e := range list {
		b.set(func(b *fakeBroker) { b.dawdles = false })
		o := testOptions()
		o.Topic, o.Scalars, o.Names, o.Shelf = e.root, e.scalars, e.names, memory
		p, stop := start(t, b, o)
		p.Publish(update(now...))
		for _, s := range e.steps {
			switch s.what {
			case "change":
				now[s.asset] = furnished(s.asset, s)
				if s.asset == 0 { // what lies in it is described anew
					for _, inside := range []int{1, 2} {
						a := *now[inside].Asset
						a.Path = []string{now[0].Asset.Name}
						now[inside].Asset = &a
					}
				}
				p.Publish(update(now...))
			case "wait":
				time.Sleep(3 * time.Second)
			case "disk full":
				memory.mu.Lock()
				memory.full = true
				memory.mu.Unlock()
			case "disk free":
				lateMemory(b, memory)
			default:
				disturb(b, trouble{what: s.what})
			}
			synctest.Wait()
		}
		lateMemory(b, memory)
		if place == len(list)-1 {
			disturb(b, trouble{what: "keep up"})
			time.Sleep(stalledAfter + 10*time.Second)
			has := kept(b)
			stop()
			return cmp.Diff(wantedOf(p, e, now), has) + strings.Join(b.faults, "\n")
		}
		if e.killed {
			b.lose()
			b.set(func(b *fakeBroker) { b.refuses = errors.New("killed") })
		}
		stop()
		b.set(func(b *fakeBroker) { b.refuses = nil })
	}
	return ""
}

// lateMemory lets a full disk be written again: what was said meanwhile is remembered a little later.
func lateMemory(b *fakeBroker, memory *notebook) {
	if memory.free() {
		disturb(b, trouble{what: "keep up"})
		time.Sleep(5 * time.Second)
	}
}

// furnished is what an asset shows after a step.
func furnished(i int, s step) gateway.Snapshot {
	a := eraAssets[i]
	a.Name = eraNames[s.name]
	return gateway.Snapshot{Asset: &a, Has: s.has, Quality: gateway.Good, Coverage: -1}
}

// wantedOf returns the topics that there must be.
func wantedOf(p *Publisher, e era, now []gateway.Snapshot) []string {
	wanted := []string{e.root + "/gateway/status", e.root + "/gateway/state"}
	for i := range now {
		bases := []string{Topic(e.root, now[i].Asset)}
		if e.names {
			bases = append(bases, e.root+"/names/"+p.names.paths[now[i].Asset.ID])
		}
		for _, base := range bases {
			wanted = append(wanted, base+"/availability", base+"/state")
			for m := range gateway.Measure(gateway.MeasureCount) {
				if e.scalars && now[i].Has.Has(m) {
					wanted = append(wanted, base+"/"+m.String())
				}
			}
		}
	}
	slices.Sort(wanted)
	return wanted
}

func kept(b *fakeBroker) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.retained))
}

// Names are unique, of the characters promised, and stay with whom they were given to.
//
// Seen to break it: no number behind a name that is taken, an empty slug, the parent's path as it was before it
// was renamed.
func TestNames(t *testing.T) {
	m := newMailbox("butlr")
	n := newNames(m)
	site := gateway.Asset{ID: "site_1", Kind: gateway.Site, Number: 0, Name: "Rotterdam Campus"}
	group := gateway.Asset{ID: "group:x", Kind: gateway.Group, Number: 1, Name: "Air handler 3"}
	floor := gateway.Asset{ID: "space_1", Kind: gateway.Floor, Number: 2, Parent: "site_1", Name: "Étage 3 / Nord"}
	first := gateway.Asset{ID: "room_1", Kind: gateway.Room, Number: 3, Parent: "space_1", Name: "Boardroom"}
	second := gateway.Asset{ID: "room_2", Kind: gateway.Room, Number: 4, Parent: "space_1", Name: "boardroom!"}
	script := gateway.Asset{ID: "room_3", Kind: gateway.Room, Number: 5, Parent: "space_1", Name: "会議室"}
	odd := gateway.Asset{ID: "site_2", Kind: gateway.Site, Number: 6, Name: "Groups"}
	lost := gateway.Asset{ID: "room_4", Kind: gateway.Room, Number: 7, Parent: "space_9", Name: strings.Repeat("ä🙂", 200)}
	check := func(want map[gateway.AssetID]string, assets ...gateway.Asset) {
		t.Helper()
		for i := range assets {
			m.put(update(gateway.Snapshot{Asset: &assets[i]}))
		}
		for i := range assets {
			if got := n.path(&assets[i]); got != want[assets[i].ID] {
				t.Errorf("%s is %s, want %s", assets[i].ID, got, want[assets[i].ID])
			}
		}
	}
	check(map[gateway.AssetID]string{
		"site_1": "rotterdam-campus", "group:x": "groups/air-handler-3", "space_1": "rotterdam-campus/etage-3-nord",
		"room_1": "rotterdam-campus/etage-3-nord/boardroom", "room_2": "rotterdam-campus/etage-3-nord/boardroom-4",
		"room_3": "rotterdam-campus/etage-3-nord/room", "site_2": "groups-6", "room_4": strings.Repeat("a-", 31) + "a",
	}, site, group, floor, first, second, script, odd, lost)
	site.Name, first.Name = "HQ", "Small"
	check(map[gateway.AssetID]string{
		"room_2": "hq/etage-3-nord/boardroom-4", "room_1": "hq/etage-3-nord/small", "space_1": "hq/etage-3-nord", "site_1": "hq",
	}, second, first, floor, site)
}

// After a restart those who share a name have the paths that they had, whoever is said first.
//
// Seen to break it: paths not held.
func TestNamesStayOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, memory := newFakeBroker(), &notebook{rows: map[string]string{}}
		o := testOptions()
		o.Names, o.Shelf = true, memory
		rooms := []gateway.Snapshot{furnished(2, step{name: 0}), furnished(1, step{name: 0})}
		for range 2 {
			p, stop := start(t, b, o)
			for i := range rooms {
				p.Publish(update(rooms[i]))
				time.Sleep(time.Second)
			}
			stop()
			if got, want := p.names.paths["room_2"], "boiler-room"; got != want {
				t.Errorf("the one that came first is %s, want %s", got, want)
			}
			if got, want := p.names.paths["room_1"], "boiler-room-1"; got != want {
				t.Errorf("the one that came second is %s, want %s", got, want)
			}
			slices.Reverse(rooms)
		}
	})
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "Boardroom": "boardroom", "  A  b ": "a-b", "Straße 7": "strasse-7", "Ærø/#+$": "aero", "--x--": "x", "１２": "12",
		"İstanbul": "istanbul", "ǅ": "dz", "Level 3, North": "level-3-north", "🙂": "",
	} {
		if got := slug(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func FuzzSlug(f *testing.F) {
	f.Add("Meeting Room 3.12")
	f.Fuzz(func(t *testing.T, name string) {
		got := slug(name)
		if len(got) > maxSlug || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(got, "--") ||
			strings.HasPrefix(got, "-") || strings.HasSuffix(got, "-") {
			t.Errorf("%q is %q", name, got)
		}
		if again := slug(got); again != got {
			t.Errorf("%q is %q, and that %q", name, got, again)
		}
	})
}
