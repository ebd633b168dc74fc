package discovery_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/adapters/mqtt/internal/homeassistant"
	"butlr-gateway/gateway"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

const prefix = "homeassistant"

// announcer is a gateway that announces in that form.
func announcer(form discovery.Form) *discovery.Gateway {
	return &discovery.Gateway{
		Place: discovery.Place{Prefix: prefix, Form: form}, ID: "1a2b3c4d", Name: "maas-house", Version: "1.2.3",
		Root: "butlr/hq", Commands: true, Page: "https://gateway.example.org",
	}
}

const outputs = 1<<gateway.Occupied | 1<<gateway.Lighting | 1<<gateway.HVAC | 1<<gateway.Ventilation

// things are assets of every kind, with what they usually have.
func things(g *discovery.Gateway) map[string]discovery.Asset {
	inside := []string{"Rotterdam Campus", "Maas House", "Level 3"}
	self := g.SelfNode()
	return map[string]discovery.Asset{
		"site": {
			Asset: &gateway.Asset{ID: "site_1", Kind: gateway.Site, Name: "Rotterdam Campus"},
			Has:   outputs | gateway.MeasuresOf(gateway.People), Aggregate: true, Via: self,
		},
		"building": {
			Asset: &gateway.Asset{ID: "building_1", Kind: gateway.Building, Name: "Maas House", Parent: "site_1", Path: inside[:1]},
			Has:   outputs | gateway.MeasuresOf(gateway.People, gateway.Utilisation), Aggregate: true, Via: g.Node(gateway.Site, "site_1"),
		},
		"floor": {
			Asset: &gateway.Asset{ID: "space_1", Kind: gateway.Floor, Name: "Level 3", Parent: "building_1", Path: inside[:2]},
			Has:   outputs | gateway.MeasuresOf(gateway.People, gateway.PeakToday), Aggregate: true, Via: g.Node(gateway.Building, "building_1"),
		},
		"room": {
			Asset: &gateway.Asset{ID: "room_3jsO3M1KzCEuPDimYj0iZrqyaiW", Kind: gateway.Room, Name: "Meeting Room 3.12", Parent: "space_1", Path: inside},
			Has:   1<<gateway.MeasureCount - 1, Via: g.Node(gateway.Floor, "space_1"),
		},
		"zone": {
			Asset: &gateway.Asset{
				ID: "zone_1", Kind: gateway.Zone, Name: "Window seats", Parent: "room_3jsO3M1KzCEuPDimYj0iZrqyaiW",
				Path: append(inside[:3:3], "Meeting Room 3.12"),
			},
			Has: outputs | gateway.MeasuresOf(gateway.People, gateway.Motion), Via: g.Node(gateway.Room, "room_3jsO3M1KzCEuPDimYj0iZrqyaiW"),
		},
		"sensor": {
			Asset: &gateway.Asset{ID: "sensor_1", Kind: gateway.Sensor, MAC: "00-17-0d-00-00-01", Parent: "space_1", Path: inside},
			Has:   gateway.MeasuresOf(gateway.TrafficIn, gateway.TrafficOut, gateway.TrafficEstimate), Via: g.Node(gateway.Floor, "space_1"),
		},
		"group": {
			Asset: &gateway.Asset{ID: "group:ahu-3", Kind: gateway.Group, Name: "Air handler 3"},
			Has:   outputs, Aggregate: true, Via: self,
		},
		"hostile": {
			Asset: &gateway.Asset{
				ID: "room_a/b#", Kind: gateway.Room, Name: "People/+#$ \"\\\x00\xff\n😀" + strings.Repeat("ü", 300), Parent: "space_1",
				Path: []string{"#"},
			},
			Has: gateway.MeasuresOf(gateway.People), Via: self,
		},
		"never": {Asset: &gateway.Asset{ID: "room_2", Kind: gateway.Room}, Via: self},
	}
}

// devices are all things and the gateway itself.
func devices(g *discovery.Gateway) map[string]discovery.Device {
	all := map[string]discovery.Device{"gateway": g.Self()}
	for name, a := range things(g) {
		all[name] = g.Of(a)
	}
	return all
}

// say returns what a broker is told of a device that it knows nothing of.
func say(g *discovery.Gateway, d *discovery.Device) []discovery.Message {
	s := g.Steps(d, nil)
	return s.Say()
}

// TestDocuments keeps the documents as they are, in both forms, and holds them against Home Assistant's
// rules. Seen to break it: an "object_id" or a "qos" in a component; a state class for quality; no
// unique_id; options without the device class; "via_hub"; the mode of the availability left out; no default
// id for a room's entities, or one without the platform.
func TestDocuments(t *testing.T) {
	for _, form := range []discovery.Form{discovery.Devices, discovery.Components} {
		g := announcer(form)
		for name, d := range devices(g) {
			t.Run(form.String()+"/"+name, func(t *testing.T) {
				said := say(g, &d)
				judge(t, said)
				golden(t, form.String()+"_"+name+".json", indented(t, said))
			})
		}
	}
}

// judge fails the test for everything that there is to be said against messages.
func judge(t *testing.T, messages []discovery.Message) {
	t.Helper()
	unique := make(map[string]bool)
	for _, m := range messages {
		entities, faults := homeassistant.Parse(prefix, m.Topic, m.Payload)
		for _, fault := range faults {
			t.Errorf("%s: %s", m.Topic, fault)
		}
		for _, e := range entities {
			id := e.Text("unique_id")
			if unique[id] || !strings.HasPrefix(id, "bgw_1a2b3c4d_") {
				t.Errorf("the unique id %q is in use, or none of ours", id)
			}
			unique[id] = true
		}
	}
}

// indented writes messages as a person can read them.
func indented(t *testing.T, messages []discovery.Message) []byte {
	t.Helper()
	var text bytes.Buffer
	for _, m := range messages {
		text.WriteString(m.Topic + "\n")
		if err := json.Indent(&text, m.Payload, "", "  "); err != nil {
			t.Fatalf("%s: %v", m.Topic, err)
		}
		text.WriteString("\n")
	}
	return text.Bytes()
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *updateGolden {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// names are what people may call things.
var names = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
	"", " ", "P", "People", "People today", "HVAC", "a/b", "+", "#", "$SYS", "😀", "\xff\xfe", "\x00", `"`, strings.Repeat("long ", 60), "{{ 1 }}",
}))

// assets are any assets.
func assets(g *discovery.Gateway) *rapid.Generator[discovery.Asset] {
	return rapid.Custom(func(t *rapid.T) discovery.Asset {
		kind := gateway.Kind(rapid.IntRange(int(gateway.Site), int(gateway.Group)).Draw(t, "kind"))
		id := rapid.OneOf(
			rapid.StringMatching(`(site|building|space|room|zone|sensor)_[a-zA-Z0-9]{0,3}`),
			rapid.StringMatching(`(room|group|zone)[_/:]?[ab]?`), rapid.StringMatching(`h-[0-9a-f]{32}`), rapid.String(),
		).Draw(t, "id")
		if kind == gateway.Group {
			id = "group:" + id
		}
		return discovery.Asset{
			Asset: &gateway.Asset{
				ID: gateway.AssetID(id), Kind: kind, Name: names.Draw(t, "name"), CustomID: names.Draw(t, "custom id"),
				MAC: names.Draw(t, "MAC"), Parent: gateway.AssetID(rapid.SampledFrom([]string{"", "room_1", "space_1"}).Draw(t, "parent")),
				Path: rapid.SliceOfN(names, 0, 4).Draw(t, "path"),
			},
			Has:       gateway.Measures(rapid.Uint32Range(0, 1<<gateway.MeasureCount-1).Draw(t, "has")),
			Aggregate: rapid.Bool().Draw(t, "aggregate"), Via: g.SelfNode(),
		}
	})
}

// Whatever things are called, their documents are valid.
//
// Seen to break it: the label as it is for the name of the device, which then begins an entity's name;
// invalid UTF-8 refused by the writer, which panics.
func TestAnyAssetHasValidDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := announcer(rapid.SampledFrom([]discovery.Form{discovery.Devices, discovery.Components}).Draw(t, "form"))
		g.Name, g.Commands = names.Draw(t, "gateway"), rapid.Bool().Draw(t, "commands")
		g.Page = rapid.SampledFrom([]string{"", "https://gateway.example.org"}).Draw(t, "page")
		d, self := g.Of(assets(g).Draw(t, "asset")), g.Self()
		home := homeassistant.NewInstance(prefix)
		for _, m := range append(say(g, &self), say(g, &d)...) {
			home.Hear(m.Topic, string(m.Payload))
		}
		if len(home.Faults) > 0 || len(home.Entities) != len(d.Names())+len(self.Names()) {
			t.Fatalf("%d entities of %d and %d; faults: %q", len(home.Entities), len(d.Names()), len(self.Names()), home.Faults)
		}
	})
}

// Two assets never share a device, nor a unique id, although the kind is not in it.
//
// Seen to break it: the level of the readings' topics for the node, which a group's key shares with a room
// of that id; the kind left out of what is hashed.
func TestNoTwoAssetsCollide(t *testing.T) {
	g := announcer(discovery.Devices)
	rapid.Check(t, func(t *rapid.T) {
		a := assets(g).Draw(t, "a")
		b := assets(g).Draw(t, "b")
		if rapid.Bool().Draw(t, "alike") {
			text := strings.TrimPrefix(string(a.ID), "group:")
			b.ID = gateway.AssetID(text)
			if b.Kind == gateway.Group {
				b.ID = gateway.AssetID("group:" + text)
			}
		}
		if a.ID == b.ID {
			t.Skip("one asset")
		}
		if one, other := g.Node(a.Kind, a.ID), g.Node(b.Kind, b.ID); one == other || strings.Trim(one, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			t.Fatalf("%v %q has the node %s, %v %q has %s", a.Kind, a.ID, one, b.Kind, b.ID, other)
		}
		unique := make(map[string]bool)
		for _, x := range []discovery.Asset{a, b} {
			d := g.Of(x)
			for _, m := range say(g, &d) {
				entities, _ := homeassistant.Parse(prefix, m.Topic, m.Payload)
				for _, e := range entities {
					if id := e.Text("unique_id"); unique[id] {
						t.Fatalf("%q has two owners", id)
					} else {
						unique[id] = true
					}
				}
			}
		}
	})
}

// The node of a usual asset holds its id as the topics of its readings do.
func TestNodes(t *testing.T) {
	g := announcer(discovery.Devices)
	for id, want := range map[gateway.AssetID]string{
		"room_3jsO3M1KzCEuPDimYj0iZrqyaiW": "bgw_1a2b3c4d_room_3jsO3M1KzCEuPDimYj0iZrqyaiW",
		"space_34Sk":                       "bgw_1a2b3c4d_space_34Sk",
		"group:ahu-3":                      "bgw_1a2b3c4d_ahu-3",
		"group:room_1":                     "bgw_1a2b3c4d_h-b734eaf7277fc68220ac19731b0d7450",
		"room_#":                           "bgw_1a2b3c4d_h-3aebb58fafeeacc450b9391ae2111f1a",
	} {
		if got := g.Node(id.Kind(), id); got != want {
			t.Errorf("the node of %s is %s, want %s", id, got, want)
		}
	}
}

// Nothing is said of a page that only this host reaches, of commands that are not carried out, nor of an
// area outside a room.
func TestWhatIsLeftOut(t *testing.T) {
	g := announcer(discovery.Devices)
	g.Commands, g.Page = false, ""
	for name, d := range devices(g) {
		text := string(say(g, &d)[0].Payload)
		for _, word := range []string{"configuration_url", "command_topic", `"select"`, `"button"`, "object_id", "expire_after", "qos"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: there is %s in %s", name, word, text)
			}
		}
		inRoom := name == "room" || name == "zone" || name == "hostile" || name == "never"
		if strings.Contains(text, "suggested_area") != inRoom {
			t.Errorf("%s: an area is suggested: %v, want %v", name, !inRoom, inRoom)
		}
	}
}
