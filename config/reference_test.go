package config_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"butlr-gateway/config"
	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
)

// oneOf names one section of those of which there may be many.
func oneOf(section string) string {
	return strings.NewReplacer("push.KEY.points.KEY", "push.ahu-3.points.occupancy", "push.KEY", "push.ahu-3", "assets.KEY", "assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW", "sites.ID", "sites.site_3jjxDZeswABHTuukIaBLbQURjaX",
		"class.KIND", "class.zone", "brokers.NAME", "brokers.second", "forward.NAME", "forward.workplace-app", "groups.KEY", "groups.ahu-3").Replace(section)
}

// TestEveryKeyIsInTheReference compares the keys that are read with those that are described.
func TestEveryKeyIsInTheReference(t *testing.T) {
	var read []string
	addKeys("", reflect.TypeFor[config.Config](), &read)
	var described []string
	for _, s := range config.Sections() {
		for _, k := range s.Keys {
			if !isSetting(s.Name, k) {
				described = append(described, s.Name+"."+k.Name)
			}
			if k.Type == "" || k.Example == "" || !strings.HasSuffix(k.Meaning, ".") {
				t.Errorf("%s.%s is not described in full: %+v", s.Name, k.Name, k)
			}
		}
	}
	slices.Sort(read)
	slices.Sort(described)
	if diff := cmp.Diff(read, described); diff != "" {
		t.Errorf("-read +described:\n%s", diff)
	}
}

// isSetting tells whether a key of [state] is one that other sections take too.
func isSetting(section string, k config.Key) bool {
	return section == "state" && !slices.Contains([]string{"horizon", "max_ids", "max_future"}, k.Name)
}

// TestEverySettingBelongsInEverySection writes each key of [state] into the other sections that may have it.
func TestEverySettingBelongsInEverySection(t *testing.T) {
	takers := 0
	for _, s := range config.Sections() {
		if !s.Settings {
			continue
		}
		takers++
		section := oneOf(s.Name)
		for _, k := range stateKeys() {
			key := section + "." + k.Name
			got := said(t, "["+section+"]\n"+k.Name+" = "+k.Example+"\n", key)
			if want := ""; isSetting("state", k) && got != want {
				t.Errorf("%s: %s", key, got)
			}
			if want := "belongs in [state]: there is one for the whole gateway"; !isSetting("state", k) && got != want {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
		}
	}
	if takers != 4 {
		t.Errorf("%d sections take settings, want those of classes, sites, assets and groups", takers)
	}
}

func stateKeys() []config.Key {
	for _, s := range config.Sections() {
		if s.Name == "state" {
			return s.Keys
		}
	}
	return nil
}

// manyOf is what stands for the name of one section among many.
var manyOf = map[string]string{"class": "KIND", "sites": "ID", "assets": "KEY", "groups": "KEY", "push": "KEY", "push.KEY.points": "KEY", "brokers": "NAME", "forward": "NAME"}

// addKeys collects the full names of the keys of a struct's fields.
func addKeys(section string, table reflect.Type, into *[]string) {
	for field := range table.Fields() {
		tag := field.Tag.Get("toml")
		name := strings.TrimPrefix(section+"."+tag, ".")
		switch {
		case field.Anonymous:
			addKeys(section, field.Type, into)
		case tag == "" || tag == "-":
		case field.Type.Kind() == reflect.Map:
			addKeys(name+"."+manyOf[name], field.Type.Elem(), into)
		case field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[config.Secret]():
			addKeys(name, field.Type, into)
		default:
			*into = append(*into, name)
		}
	}
}

// TestTheDefaultsOfTheReference writes every default of the reference into a file: nothing must change.
func TestTheDefaultsOfTheReference(t *testing.T) {
	var file strings.Builder
	for _, s := range config.Sections() {
		file.WriteString("[" + oneOf(s.Name) + "]\n")
		for _, k := range s.Keys {
			switch {
			case s.Name == "webhook" && k.Name == "listen":
				file.WriteString("listen = \"127.0.0.1:8443\"\n")
			case s.Name == "brokers.NAME" && k.Name == "broker":
				file.WriteString("broker = \"tcp://10.20.0.5\"\n")
			case s.Name == "forward.NAME" && k.Name == "url":
				file.WriteString("url = \"https://app.example.org/hook\"\n")
			case k.Name == "members":
				file.WriteString("members = [\"room_3jsO3M1KzCEuPDimYj0iZrqyaiW\"]\n")
			case slices.Contains(requiredOfPush, k.Name):
				file.WriteString(k.Name + " = " + k.Example + "\n")
			case slices.Contains([]string{"baud", "parity", "stop_bits"}, k.Name): // with another target
			case k.Default != "":
				file.WriteString(k.Name + " = " + k.Default + "\n")
			}
		}
	}
	want := config.Default()
	want.Webhook.Listen = "127.0.0.1:8443"
	want.Webhook.Organisations, want.Webhook.Sites, want.Webhook.Buildings = []gateway.AssetID{}, []gateway.AssetID{}, []gateway.AssetID{}
	want.Webhook.TrustedProxies = nil
	want.Classes["zone"] = config.Class{}
	want.Sites["site_3jjxDZeswABHTuukIaBLbQURjaX"] = config.Site{}
	want.Assets["room_3jsO3M1KzCEuPDimYj0iZrqyaiW"] = config.Asset{Index: gateway.NoNumber}
	want.Push["ahu-3"] = config.Push{
		Target: "tcp://10.20.0.31:502", Baud: 19200, Parity: config.EvenParity, StopBits: 1, UnitID: 1, Refresh: 30 * time.Second,
		Timeout: 2 * time.Second, WordOrder: config.HighWordFirst, OnStop: config.OnStopLeave,
		Points: map[string]config.PushPoint{"occupancy": {
			Asset: "group:ahu-3", Measure: "occupied", Register: 1700, Coil: config.NoCoil, Scale: 1,
		}},
	}
	want.Forward["workplace-app"] = config.Forward{URL: "https://app.example.org/hook", QueueMax: 256 << 20}
	second := want.MQTT.Publishing
	second.Broker = "tcp://10.20.0.5"
	want.Brokers["second"] = second
	want.Groups["ahu-3"] = config.Group{Index: gateway.NoNumber, Members: []config.Member{"room_3jsO3M1KzCEuPDimYj0iZrqyaiW"}}
	got := parse(t, file.String())
	if diff := cmp.Diff(gateway.DefaultSettings(), got.Rules().State); diff != "" {
		t.Errorf("-defaults +reference:\n%s", diff)
	}
	if n := len(got.State.Settings); n != len(stateKeys())-3 {
		t.Errorf("the reference has defaults for %d settings of %d", n, len(stateKeys())-3)
	}
	got.State.Settings = nil // the defaults, as was seen
	got.Webhook.TrustedProxies, got.Modbus.Allow = nil, nil
	got.Modbus.TLS.Allow, got.Modbus.RTUOverTCP.Allow, got.Modbus.Write.Allow, got.Modbus.Write.Roles = nil, nil, nil, nil
	got.Modbus.RTUOverTCP.UnitIDs, got.Modbus.Serial.UnitIDs, got.Web.Hosts = nil, nil, nil
	if diff := cmp.Diff(want, got, comparable(), cmp.FilterPath(atField("Warnings"), cmp.Ignore())); diff != "" {
		t.Errorf("-defaults +reference:\n%s", diff)
	}
}

// requiredOfPush are the keys of a target and of a point that have no default.
var requiredOfPush = []string{"target", "asset", "measure", "register"}

// TestTheExamplesOfTheReference reads each example alone: whatever else may be wrong with such a file,
// the key is known and its value is one that it can have.
func TestTheExamplesOfTheReference(t *testing.T) {
	onUnix(t)
	notItsOwnFault := regexp.MustCompile(`needs .*not set|environment variable|cannot be read|would |must be set|that this file does not have|nobody|needs a serial line`)
	for _, s := range config.Sections() {
		for _, k := range s.Keys {
			section := oneOf(s.Name)
			for _, p := range problems(t, "["+section+"]\n"+k.Name+" = "+k.Example+"\n") {
				if p.Key == section+"."+k.Name && !notItsOwnFault.MatchString(p.Message) {
					t.Errorf("the example is refused: %v", p)
				}
			}
		}
	}
}

func TestTheReferenceIsWritten(t *testing.T) {
	var text strings.Builder
	if err := config.WriteReference(&text); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "../docs/configuration.md", text.String())
}

const exampleFile = "../packaging/gateway.toml"

func exampleText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// TestTheExampleFile reads the example as it is shipped, and after the three edits that it asks for.
func TestTheExampleFile(t *testing.T) {
	text := exampleText(t)
	c := parse(t, text)
	if len(c.Warnings) != 2 || c.Warnings[0].Key != "webhook.listen" || c.Warnings[1].Key != "state.lighting_on_loss" {
		t.Errorf("as shipped it warns of something else than the missing secret and the missing hours:\n%v", c.Warnings)
	}
	if !c.Webhook.Listen.Loopback() || !c.Modbus.Listen.Loopback() || !c.Web.Listen.Loopback() {
		t.Error("as shipped it lets other machines connect")
	}

	edited := text
	for _, edit := range [][2]string{
		{"#header_name =", "header_name ="},
		{"#header_value =", "header_value ="},
		{"listen = \"127.0.0.1:502\"", "listen = \":502\""},
		{"#allow = [\"10.20.0.0/16\", \"127.0.0.1/32\"]", "allow = [\"10.20.0.0/16\", \"127.0.0.1/32\"]"},
		{"#[sites.", "[sites."},
		{"#hours =", "hours ="},
	} {
		before, _, _ := strings.Cut(edited, "\n#[forward.") // whose header is another one
		if strings.Count(before, "\n"+edit[0]) != 1 && strings.Count(edited, "\n"+edit[0]) != 1 {
			t.Fatalf("%q is not there exactly once", edit[0])
		}
		edited = strings.Replace(edited, "\n"+edit[0], "\n"+edit[1], 1)
	}
	c = parse(t, edited)
	if len(c.Warnings) > 0 {
		t.Errorf("after all edits it warns:\n%v", c.Warnings)
	}
	if c.Webhook.HeaderValue.Reveal() != strongSecret || len(c.Modbus.Allow) != 2 || c.Modbus.Listen != ":502" {
		t.Error("the edits have no effect")
	}
}

// TestTheExampleFileHasEveryKey demands each key once, with its default, or where that is nothing with
// the reference's example.
func TestTheExampleFileHasEveryKey(t *testing.T) {
	line := regexp.MustCompile(`^(#?)([a-z0-9_]+) = ("[^"]*"|\[.*\]|\{.*\}|[^ ]+)(?: +#.*)?$`)
	header := regexp.MustCompile(`^#?\[([a-zA-Z0-9_.-]+)\]$`)
	type entry struct{ off, value string }
	found := map[string]entry{}
	section := ""
	for text := range strings.Lines(exampleText(t)) {
		text = strings.TrimSuffix(text, "\n")
		if m := header.FindStringSubmatch(text); m != nil {
			section = strings.NewReplacer("push.boiler.points.run", "push.ahu-3.points.occupancy", "push.boiler", "push.ahu-3").Replace(m[1])
			continue
		}
		m := line.FindStringSubmatch(text)
		if m == nil {
			if text != "" && !strings.HasPrefix(text, "# ") && text != "#" {
				t.Errorf("what is this line: %s", text)
			}
			continue
		}
		name := section + "." + m[2]
		if _, twice := found[name]; twice && !strings.HasPrefix(section, "push.") {
			t.Errorf("%s is there twice", name)
		}
		if _, known := found[name]; !known {
			found[name] = entry{m[1], m[3]}
		}
	}
	for _, s := range config.Sections() {
		for _, k := range s.Keys {
			name := oneOf(s.Name) + "." + k.Name
			got, ok := found[name]
			delete(found, name)
			want := k.Default
			if want == "" || want == `""` || want == "[]" || s.Settings {
				want = k.Example
			}
			switch {
			case !ok:
				t.Errorf("%s is missing", name)
			case got.off == "#" && got.value != want:
				t.Errorf("%s is %s, and the reference says %s", name, got.value, want)
			case got.off == "" && !slices.Contains([]string{"webhook.listen", "modbus.listen", "web.listen"}, name):
				t.Errorf("%s is switched on", name)
			}
		}
	}
	for name, left := range found { // settings as examples in other sections than [state]
		section, key, _ := strings.Cut(name, ".")
		_, key, _ = strings.Cut(key, ".")
		known := slices.ContainsFunc(stateKeys(), func(k config.Key) bool { return k.Name == key && isSetting("state", k) })
		if !known || manyOf[section] == "" || left.off == "" {
			t.Errorf("%s is not known", name)
		}
	}
}

// TestTheExamplesOfTheExampleFile switches on everything from [state] on: all of it goes together.
func TestTheExamplesOfTheExampleFile(t *testing.T) {
	before, after, ok := strings.Cut(exampleText(t), "\n[state]\n")
	if !ok {
		t.Fatal("there is no [state]")
	}
	c := parse(t, before+"\n[state]\n"+regexp.MustCompile(`(?m)^#([a-z_]+ = |\[)`).ReplaceAllString(after, "$1"))
	if len(c.Classes) != 1 || len(c.Sites) != 1 || len(c.Assets) != 1 || len(c.Groups) != 1 || len(c.Push) != 2 || len(c.State.Settings) == 0 {
		t.Errorf("some sections are still off: %+v", c)
	}
}
