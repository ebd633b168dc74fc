package config_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"butlr-gateway/config"
	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
)

// TestEveryKeyIsInTheReference compares the keys that are read with those that are described.
func TestEveryKeyIsInTheReference(t *testing.T) {
	var read []string
	addKeys("", reflect.TypeFor[config.Config](), &read)
	var described []string
	for _, s := range config.Sections() {
		for _, k := range s.Keys {
			described = append(described, s.Name+"."+k.Name)
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

// addKeys collects the full names of the keys of a struct's fields.
func addKeys(section string, table reflect.Type, into *[]string) {
	for field := range table.Fields() {
		tag := field.Tag.Get("toml")
		name := strings.TrimPrefix(section+"."+tag, ".")
		switch {
		case tag == "" || tag == "-":
		case field.Type.Kind() == reflect.Map:
			addKeys(name+".KEY", field.Type.Elem(), into)
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
		file.WriteString("[" + strings.Replace(s.Name, "KEY", "room_3jsO3M1KzCEuPDimYj0iZrqyaiW", 1) + "]\n")
		for _, k := range s.Keys {
			switch {
			case s.Name == "webhook" && k.Name == "listen":
				file.WriteString("listen = \"127.0.0.1:8443\"\n")
			case k.Default != "":
				file.WriteString(k.Name + " = " + k.Default + "\n")
			}
		}
	}
	want := config.Default()
	want.Webhook.Listen = "127.0.0.1:8443"
	want.Webhook.Organisations, want.Webhook.Sites, want.Webhook.Buildings = []gateway.AssetID{}, []gateway.AssetID{}, []gateway.AssetID{}
	want.Webhook.TrustedProxies = nil
	want.Assets["room_3jsO3M1KzCEuPDimYj0iZrqyaiW"] = config.Asset{Index: gateway.NoNumber}
	got := parse(t, file.String())
	got.Webhook.TrustedProxies, got.Modbus.Allow = nil, nil
	if diff := cmp.Diff(want, got, comparable(), cmp.FilterPath(atField("Warnings"), cmp.Ignore())); diff != "" {
		t.Errorf("-defaults +reference:\n%s", diff)
	}
}

// TestTheExamplesOfTheReference reads each example alone: whatever else may be wrong with such a file,
// the key is known and its value is one that it can have.
func TestTheExamplesOfTheReference(t *testing.T) {
	onUnix(t)
	notItsOwnFault := regexp.MustCompile(`needs .*not set|environment variable|cannot be read|would |must be set`)
	for _, s := range config.Sections() {
		for _, k := range s.Keys {
			section := strings.Replace(s.Name, "KEY", "room_3jsO3M1KzCEuPDimYj0iZrqyaiW", 1)
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

// TestTheExampleFile reads the example as it is shipped, and after the two edits that it asks for.
func TestTheExampleFile(t *testing.T) {
	text := exampleText(t)
	c := parse(t, text)
	if len(c.Warnings) != 1 || c.Warnings[0].Key != "webhook.listen" {
		t.Errorf("as shipped it warns of something else than the missing secret:\n%v", c.Warnings)
	}
	if !c.Webhook.Listen.Loopback() || !c.Modbus.Listen.Loopback() || !c.Web.Listen.Loopback() {
		t.Error("as shipped it lets other machines connect")
	}

	edited := text
	for _, edit := range [][2]string{
		{"#header_name =", "header_name ="},
		{"#header_value =", "header_value ="},
		{"listen = \"127.0.0.1:502\"", "listen = \":502\""},
		{"#allow =", "allow ="},
	} {
		if strings.Count(edited, "\n"+edit[0]) != 1 {
			t.Fatalf("%q is not there exactly once", edit[0])
		}
		edited = strings.Replace(edited, "\n"+edit[0], "\n"+edit[1], 1)
	}
	c = parse(t, edited)
	if len(c.Warnings) > 0 {
		t.Errorf("after both edits it warns:\n%v", c.Warnings)
	}
	if c.Webhook.HeaderValue.Reveal() != strongSecret || len(c.Modbus.Allow) != 2 || c.Modbus.Listen != ":502" {
		t.Error("the edits have no effect")
	}
}

// TestTheExampleFileHasEveryKey demands each key once, with its default, or where that is nothing with
// the reference's example.
func TestTheExampleFileHasEveryKey(t *testing.T) {
	line := regexp.MustCompile(`^(#?)([a-z_]+) = ("[^"]*"|\[.*\]|[^ ]+)(?: +#.*)?$`)
	header := regexp.MustCompile(`^#?\[([a-zA-Z0-9_.]+)\]$`)
	type entry struct{ off, value string }
	found := map[string]entry{}
	section := ""
	for text := range strings.Lines(exampleText(t)) {
		text = strings.TrimSuffix(text, "\n")
		if m := header.FindStringSubmatch(text); m != nil {
			section = strings.Replace(m[1], "room_3jsO3M1KzCEuPDimYj0iZrqyaiW", "KEY", 1)
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
		if _, twice := found[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		found[name] = entry{m[1], m[3]}
	}
	for _, s := range config.Sections() {
		for _, k := range s.Keys {
			name := s.Name + "." + k.Name
			got, ok := found[name]
			delete(found, name)
			want := k.Default
			if want == "" || want == `""` || want == "[]" || s.Name == "assets.KEY" {
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
	for name := range found {
		t.Errorf("%s is not known", name)
	}
}
