package config_test

import (
	"errors"
	"flag"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"butlr-gateway/config"
	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

const strongSecret = "correct horse battery staple"

// aMachine has a few variables and files; the files' paths are those of Unix.
func aMachine() config.Machine {
	variables := map[string]string{"BUTLR_WEBHOOK_KEY": strongSecret, "SET_TO_NOTHING": ""}
	type file struct {
		text string
		mode fs.FileMode
	}
	files := map[string]file{
		"/secrets/good":            {strongSecret + " from a file\n", 0o640},
		"/secrets/windows":         {strongSecret + " from Windows\r\n", 0o600},
		"/secrets/empty":           {"\n", 0o600},
		"/secrets/two lines":       {"one\ntwo\n", 0o600},
		"/secrets/readable by all": {strongSecret, 0o644},
	}
	return config.Machine{
		Variable: func(name string) (string, bool) {
			text, ok := variables[name]
			return text, ok
		},
		File: func(path string) ([]byte, fs.FileMode, error) {
			f, ok := files[path]
			if !ok {
				return nil, 0, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			return []byte(f.text), f.mode, nil
		},
	}
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("gateway.toml", []byte(text), aMachine())
	if err != nil {
		t.Fatalf("the file is refused:\n%v", err)
	}
	return c
}

// problems returns what is wrong with a file.
func problems(t *testing.T, text string) config.Problems {
	t.Helper()
	_, err := config.Parse("gateway.toml", []byte(text), aMachine())
	if err == nil {
		return nil
	}
	list, ok := errors.AsType[config.Problems](err)
	if !ok {
		t.Fatalf("the error is a %T, not Problems", err)
	}
	return list
}

func onUnix(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the paths and modes of these files are those of Unix")
	}
}

// TestBrokenFiles compares all that is said about each broken file with the text beside it.
//
// Seen to break brokers_alike: addresses compared letter by letter; every broker on the embedded one's port taken for
// it, whatever its machine.
func TestBrokenFiles(t *testing.T) {
	onUnix(t)
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no broken files: %v", err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(strings.TrimSuffix(name, ".toml"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = config.Parse(name, text, aMachine())
			if err == nil {
				t.Fatal("the file is accepted")
			}
			for _, p := range problems(t, string(text)) {
				if p.Hint == "" {
					t.Errorf("no way out: %v", p)
				}
			}
			compareGolden(t, strings.TrimSuffix(path, ".toml")+".txt", err.Error()+"\n")
		})
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; \"go test ./config -update\" writes it", err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		t.Errorf("%s differs (-file +now); \"go test ./config -update\" rewrites it:\n%s", path, diff)
	}
}

// TestEveryKeyArrives writes every key in a way that no default has.
func TestEveryKeyArrives(t *testing.T) {
	onUnix(t)
	c := parse(t, `
[gateway]
name = "maas-house"
state_dir = "/srv/state"
timezone = "Europe/Amsterdam"
log_level = "debug"
log_file = "/srv/gateway.log"
[webhook]
listen = ":8443"
path = "/hook"
tls_cert = "/etc/tls.crt"
tls_key = "/etc/tls.key"
header_name = "X-Api-Key"
header_value = "env:BUTLR_WEBHOOK_KEY"
header_value_next = "file:/secrets/good"
username = "butlr"
password = "file:/secrets/windows"
organisations = ["org_1"]
sites = ["site_1", "site_2"]
buildings = ["building_1"]
max_unknown_assets = 0
max_connections = 10
trusted_proxies = ["127.0.0.1/32", "fd00::/8"]
[mqtt]
broker = "wss://broker/mqtt"
topic = "butlr/hq"
username = "gateway"
password = "short"
client_id = "hq"
ca_file = "/etc/ca.crt"
cert_file = "/etc/mqtt.crt"
key_file = "/etc/mqtt.key"
discovery = "component"
discovery_prefix = "ha/1"
scalars = false
names = true
detections = true
commands = true
refresh = "1h30m"
[mqtt.embedded]
listen = "[::1]:1884"
username = "building"
password = "y"
tls_cert = "/etc/b.crt"
tls_key = "/etc/b.key"
[brokers.cloud]
broker = "ssl://cloud"
topic = "site-4"
discovery = "off"
[modbus]
listen = "10.0.0.1:502"
unit_id = 48
allow = ["10.20.0.0/16"]
word_order = "CDAB"
unmapped = "zero"
max_connections = 2
max_per_address = 1
idle_timeout = "90s"
[modbus.tls]
listen = ":802"
cert = "/etc/modbus.crt"
key = "/etc/modbus.key"
client_ca = "/etc/clients.crt"
allow = ["10.20.1.0/24"]
word_order = "ABCD"
[modbus.rtu_over_tcp]
listen = "127.0.0.1:4001"
allow = ["127.0.0.1/32"]
word_order = "CDAB"
unit_ids = [49, 148]
[modbus.serial]
port = "/dev/ttyS1"
baud = 9600
parity = "none"
stop_bits = 2
rs485 = true
word_order = "ABCD"
unit_ids = [247]
[modbus.write]
allow = ["10.20.1.0/24"]
roles = ["operator", "engineer"]
serial = true
expiry = "30m"
watchdog = "2m"
[push.ahu-3]
target = "rtuovertcp://10.20.0.31:4001"
unit_id = 5
refresh = "1m"
timeout = "5s"
word_order = "CDAB"
on_stop = "policy"
[push.ahu-3.points.occupancy]
asset = "group:ahu-3"
measure = "occupied"
register = "4x1701"
function = 16
type = "f32"
word_order = "ABCD"
scale = 0.5
offset = -1
values = { vacant = 0, occupied = 1, unknown = 2 }
read_back = true
on_stop = 2
[push.boiler]
target = "/dev/ttyUSB0"
baud = 9600
parity = "none"
stop_bits = 2
points.run = { asset = "custom:MH-3.09", measure = "hvac", coil = "0x17" }
[web]
listen = "localhost:8080"
password = "operators of the page"
viewer_password = '$argon2id$v=19$m=19456,t=3,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5a2V5'
tls_cert = "/etc/page.crt"
tls_key = "/etc/page.key"
hosts = ["gateway.example.org", "10.20.0.4", "2001:db8::4"]
history_max = "300MiB"
[forward.workplace-app]
url = "https://app.example.org:444/hook"
header_name = "X-App"
header_value = "short"
username = "us"
password = "file:/secrets/good"
queue_max = "3MiB"
[forward.Other]
url = "http://127.0.0.1:9/"
[butlr]
client_id = "env:BUTLR_WEBHOOK_KEY"
client_secret = "file:/secrets/good"
public_url = "https://bms.example.org/hook"
api_url = "http://127.0.0.1:9"
events = ["ZONE_OCCUPANCY_1MIN", "DETECTIONS"]
send_on_value_change = true
http_timeout = "15s"
filters = { site = ["site_1"], building = ["building_1", "building_2"] }
reconcile = "20m"
poll = "90s"
max_requests_per_minute = 1
[state]
evidence = "both"
on_count = 4
off_count = 2
people_feed = "1min"
feed = "change"
tie = "arrival"
lighting_on_delay = "1s"
hvac_on_delay = "2m"
ventilation_on_delay = "20m"
lighting_off_delay = "7m"
hvac_off_delay = "4h"
ventilation_off_delay = "8m"
lighting_on_loss = "hold"
hvac_on_loss = "vacant"
ventilation_on_loss = "hold"
on_loss_after_hours = "vacant"
hold_max = "48h"
people_on_loss = 65534
stale_after = "6m"
dead_after = "16m"
change_uncertain_after = "13h"
startup_grace = "0s"
min_coverage = 0
max_latch = "3h"
lighting_max_latch = "3h"
latch_check = "0s"
horizon = "48h"
max_ids = 1000
max_future = "10s"
[class.zone]
people_on_loss = "capacity"
[class.group]
[sites.site_3jjxDZeswABHTuukIaBLbQURjaX]
timezone = "America/New_York"
hours = "Mon-Fri 06:00-20:00"
evidence = "motion"
[sites.site_3jjxDZeswABHTuukIaBLbQURjaY]
[groups.ahu-3]
name = "Air handler 3"
members = ["room_3jsO3M1KzCEuPDimYj0iZrqyaiW", "custom:MH-3.09", "group:AHU_4"]
capacity = 60
index = 7
min_coverage = 100
[groups.AHU_4]
members = ["space_34SkpZonXCHmY5tqVQTVR5WzxzJ"]
[assets."custom:MH-3.09"]
on_count = 5
[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]
name = "Boardroom"
capacity = 12
index = 0
[assets.zone_3jsO3M1KzCEuPDimYj0iZrqyaiW]
`)
	amsterdam, newYork := location(t, "Europe/Amsterdam"), location(t, "America/New_York")
	hours, err := gateway.ParseHours("Mon-Fri 06:00-20:00")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Gateway: config.Gateway{Name: "maas-house", StateDir: "/srv/state", Timezone: amsterdam, LogLevel: -4, LogFile: "/srv/gateway.log"},
		Webhook: config.Webhook{
			Listen: ":8443", Path: "/hook", TLSCert: "/etc/tls.crt", TLSKey: "/etc/tls.key", ACMEDirectory: config.LetsEncrypt,
			HeaderName: "X-Api-Key", HeaderValue: config.NewSecret(strongSecret),
			HeaderValueNext: config.NewSecret(strongSecret + " from a file"),
			Username:        "butlr", Password: config.NewSecret(strongSecret + " from Windows"),
			Organisations: []gateway.AssetID{"org_1"}, Sites: []gateway.AssetID{"site_1", "site_2"},
			Buildings: []gateway.AssetID{"building_1"}, MaxUnknownAssets: 0, MaxConnections: 10,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("fd00::/8")},
		},
		MQTT: config.MQTT{
			Publishing: config.Publishing{
				Broker: "wss://broker/mqtt", Topic: "butlr/hq", Username: "gateway", Password: config.NewSecret("short"),
				ClientID: "hq", CAFile: "/etc/ca.crt", CertFile: "/etc/mqtt.crt", KeyFile: "/etc/mqtt.key",
				Discovery: config.DiscoverComponents, DiscoveryPrefix: "ha/1", Names: true, Detections: true, Commands: true,
				Scalars: false, Refresh: 90 * time.Minute,
			},
			Embedded: config.Embedded{
				Listen: "[::1]:1884", Username: "building", Password: config.NewSecret("y"), TLSCert: "/etc/b.crt", TLSKey: "/etc/b.key",
			},
		},
		Forward: map[string]config.Forward{
			"workplace-app": {
				URL: "https://app.example.org:444/hook", HeaderName: "X-App", HeaderValue: config.NewSecret("short"),
				Username: "us", Password: config.NewSecret(strongSecret + " from a file"), QueueMax: 3 << 20,
			},
			"Other": {URL: "http://127.0.0.1:9/", QueueMax: 256 << 20},
		},
		Brokers: map[string]config.Publishing{"cloud": {
			Broker: "ssl://cloud", Topic: "site-4", Discovery: config.DiscoverNothing, DiscoveryPrefix: "homeassistant", Scalars: true,
			Refresh: 10 * time.Minute,
		}},
		Modbus: config.Modbus{
			Listen: "10.0.0.1:502", UnitID: 48, Allow: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")},
			WordOrder: config.LowWordFirst, Unmapped: config.UnmappedZero, MaxConnections: 2, MaxPerAddress: 1,
			IdleTimeout: 90 * time.Second,
			TLS: config.ModbusTLS{
				Listen: ":802", Cert: "/etc/modbus.crt", Key: "/etc/modbus.key", ClientCA: "/etc/clients.crt",
				Allow: []netip.Prefix{netip.MustParsePrefix("10.20.1.0/24")}, WordOrder: config.HighWordFirst,
			},
			RTUOverTCP: config.ModbusRTU{
				Listen: "127.0.0.1:4001", Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
				WordOrder: config.LowWordFirst, UnitIDs: []int{49, 148},
			},
			Serial: config.ModbusSerial{
				Port: "/dev/ttyS1", Baud: 9600, Parity: config.NoParity, StopBits: 2, RS485: true,
				WordOrder: config.HighWordFirst, UnitIDs: []int{247},
			},
			Write: config.ModbusWrite{
				Allow: []netip.Prefix{netip.MustParsePrefix("10.20.1.0/24")}, Roles: []string{"operator", "engineer"},
				Serial: true, Expiry: 30 * time.Minute, Watchdog: 2 * time.Minute,
			},
		},
		Push: map[string]config.Push{
			"ahu-3": {
				Target: "rtuovertcp://10.20.0.31:4001", Baud: 19200, Parity: config.EvenParity, StopBits: 1, UnitID: 5,
				Refresh: time.Minute, Timeout: 5 * time.Second, WordOrder: config.LowWordFirst, OnStop: config.OnStopPolicy,
				Points: map[string]config.PushPoint{"occupancy": {
					Asset: "group:ahu-3", Measure: "occupied", Register: 1700, Coil: config.NoCoil, Function: 16, Type: "f32",
					WordOrder: config.HighWordFirst, Scale: 0.5, Offset: -1, ReadBack: true, OnStop: "2",
					Values: config.StateMap{{State: "occupied", Number: 1}, {State: "unknown", Number: 2}, {State: "vacant", Number: 0}},
				}},
			},
			"boiler": {
				Target: "/dev/ttyUSB0", Baud: 9600, Parity: config.NoParity, StopBits: 2, UnitID: 1, Refresh: 30 * time.Second,
				Timeout: 2 * time.Second, WordOrder: config.HighWordFirst, OnStop: config.OnStopLeave,
				Points: map[string]config.PushPoint{"run": {
					Asset: "custom:MH-3.09", Measure: "hvac", Register: config.NoRegister, Coil: 16, Scale: 1,
				}},
			},
		},
		Web: config.Web{
			Listen: "localhost:8080", Password: config.NewSecret("operators of the page"),
			ViewerPassword: config.NewSecret("$argon2id$v=19$m=19456,t=3,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5a2V5"),
			TLSCert:        "/etc/page.crt", TLSKey: "/etc/page.key", Hosts: []string{"gateway.example.org", "10.20.0.4", "2001:db8::4"},
			HistoryMax: 300 << 20,
		},
		Butlr: config.Butlr{
			ClientID: config.NewSecret(strongSecret), ClientSecret: config.NewSecret(strongSecret + " from a file"),
			PublicURL: "https://bms.example.org/hook", APIURL: "http://127.0.0.1:9", Events: []config.EventName{"ZONE_OCCUPANCY_1MIN", "DETECTIONS"},
			SendOnValueChange: true, HTTPTimeout: 15 * time.Second, Reconcile: 20 * time.Minute, Poll: 90 * time.Second, MaxRequestsPerMinute: 1,
			Filters: config.Filters{{Name: "building", IDs: []string{"building_1", "building_2"}}, {Name: "site", IDs: []string{"site_1"}}},
		},
		State: config.State{
			Settings: gateway.Patch{func(s *gateway.Settings) { *s = everySetting }},
			Horizon:  48 * time.Hour, MaxIDs: 1000, MaxFuture: 10 * time.Second,
		},
		Classes: map[string]config.Class{
			"zone":  {Settings: gateway.Patch{func(s *gateway.Settings) { s.PeopleOnLoss, s.PeopleSubstitute = gateway.PeopleCapacity, 0 }}},
			"group": {},
		},
		Sites: map[gateway.AssetID]config.Site{
			"site_3jjxDZeswABHTuukIaBLbQURjaX": {
				Timezone: newYork, Hours: hours,
				Settings: gateway.Patch{func(s *gateway.Settings) { s.Evidence = gateway.EvidenceMotion }},
			},
			"site_3jjxDZeswABHTuukIaBLbQURjaY": {},
		},
		Assets: map[gateway.AssetID]config.Asset{
			"room_3jsO3M1KzCEuPDimYj0iZrqyaiW": {Name: "Boardroom", Capacity: 12, Index: 0},
			"zone_3jsO3M1KzCEuPDimYj0iZrqyaiW": {Index: gateway.NoNumber},
			"custom:MH-3.09":                   {Index: gateway.NoNumber, Settings: gateway.Patch{func(s *gateway.Settings) { s.OnCount = 5 }}},
		},
		Groups: map[string]config.Group{
			"ahu-3": {
				Name: "Air handler 3", Capacity: 60, Index: 7,
				Members:  []config.Member{"room_3jsO3M1KzCEuPDimYj0iZrqyaiW", "custom:MH-3.09", "group:AHU_4"},
				Settings: gateway.Patch{func(s *gateway.Settings) { s.MinCoverage = 100 }},
			},
			"AHU_4": {Index: gateway.NoNumber, Members: []config.Member{"space_34SkpZonXCHmY5tqVQTVR5WzxzJ"}},
		},
	}
	if diff := cmp.Diff(want, *c, comparable(), cmp.FilterPath(atField("Warnings"), cmp.Ignore())); diff != "" {
		t.Errorf("the file arrives otherwise (-want +got):\n%s", diff)
	}
}

// everySetting is what the file of TestEveryKeyArrives says: nothing in it is a default.
var everySetting = gateway.Settings{
	Evidence: gateway.EvidenceBoth, OnCount: 4, OffCount: 2,
	PeopleFeed: gateway.PeopleMinute, Feed: gateway.FeedChange, Tie: gateway.TieByArrival,
	OnDelay:          [gateway.OutputCount]time.Duration{time.Second, 2 * time.Minute, 20 * time.Minute},
	OffDelay:         [gateway.OutputCount]time.Duration{7 * time.Minute, 4 * time.Hour, 8 * time.Minute},
	OnLoss:           [gateway.OutputCount]gateway.Policy{gateway.PolicyHold, gateway.PolicyVacant, gateway.PolicyHold},
	OnLossAfterHours: gateway.PolicyVacant, HoldMax: 48 * time.Hour,
	PeopleOnLoss: gateway.PeopleNumber, PeopleSubstitute: 65534,
	StaleAfter: 6 * time.Minute, DeadAfter: 16 * time.Minute, ChangeUncertainAfter: 13 * time.Hour, StartupGrace: 0,
	MinCoverage: 0, MaxLatch: 3 * time.Hour, LightingMaxLatch: 3 * time.Hour, LatchCheck: 0,
}

// TestAnEmptySectionHasItsDefaults compares a file that sets only what must be set with the defaults.
func TestAnEmptySectionHasItsDefaults(t *testing.T) {
	want := config.Default()
	want.Webhook.Listen = "127.0.0.1:8443"
	got := parse(t, "[webhook]\nlisten = \"127.0.0.1:8443\"\n[gateway]\n[mqtt]\n[mqtt.embedded]\n[modbus]\n[web]\n[butlr]\n[forward]\n[state]\n[class]\n[sites]\n[assets]\n[groups]\n")
	if diff := cmp.Diff(want, got, comparable(), cmp.FilterPath(atField("Warnings"), cmp.Ignore())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheDefaultRulesAreTheGateways(t *testing.T) {
	want := gateway.DefaultRules()
	want.Classes, want.Sites = map[gateway.Kind]gateway.Patch{}, map[gateway.AssetID]gateway.SiteRule{}
	want.Assets, want.Groups = map[gateway.AssetID]gateway.AssetRule{}, map[string]gateway.GroupRule{}
	want.Location = time.UTC
	if diff := cmp.Diff(want, config.Default().Rules(), comparable()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// comparable lets cmp look at what has private fields.
func comparable() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() }),
		cmp.Comparer(func(a, b *time.Location) bool {
			return (a == nil) == (b == nil) && (a == nil || a.String() == b.String())
		}),
		cmp.Comparer(func(a, b *gateway.Hours) bool {
			return (a == nil) == (b == nil) && (a == nil || a.String() == b.String())
		}),
		cmp.Comparer(sameChanges),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.FilterPath(atField("file"), cmp.Ignore()),
	}
}

// sameChanges tells whether two patches make the same of the defaults, and of settings that no default has.
func sameChanges(a, b gateway.Patch) bool {
	for _, start := range []gateway.Settings{gateway.DefaultSettings(), strangeSettings()} {
		if changed(start, a) != changed(start, b) {
			return false
		}
	}
	return true
}

func changed(s gateway.Settings, changes gateway.Patch) gateway.Settings {
	for _, change := range changes {
		change(&s)
	}
	return s
}

func strangeSettings() gateway.Settings {
	var s gateway.Settings
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch {
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case v.CanInt():
			v.SetInt(99)
		default:
			v.SetUint(99)
		}
	}
	for _, v := range reflect.ValueOf(&s).Elem().Fields() {
		fill(v)
	}
	return s
}

func location(t *testing.T, name string) *time.Location {
	t.Helper()
	place, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func atField(name string) func(cmp.Path) bool {
	return func(p cmp.Path) bool { return p.Last().String() == "."+name }
}

func TestLoad(t *testing.T) {
	onUnix(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "gateway.toml")
	text := "[webhook]\nlisten = \"127.0.0.1:8443\"\nheader_name = \"X-Api-Key\"\nheader_value = \"" + strongSecret + "\"\n[modbus]\nlisten = \"127.0.0.1:502\"\n" + hoursOfASite
	write := func(path, text string, mode fs.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("a file that only its group may read", func(t *testing.T) {
		write(path, text, 0o640)
		c, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Warnings) > 0 {
			t.Errorf("it warns:\n%v", c.Warnings)
		}
		if host, _ := os.Hostname(); c.Gateway.Name != host {
			t.Errorf("the name is %q, not the host's, %q", c.Gateway.Name, host)
		}
		if c.Webhook.HeaderValue.Reveal() != strongSecret {
			t.Error("the secret did not arrive")
		}
	})
	t.Run("a file with a secret that everybody may read", func(t *testing.T) {
		write(path, text, 0o644)
		c, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		want := path + ":4: webhook.header_value: *** stands in a file that every user of this machine can read\n" +
			"  hint: chmod o-rwx " + path
		if got := c.Warnings.Error(); got != want {
			t.Errorf("got the warnings\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("a secret in a file that everybody may read", func(t *testing.T) {
		key := filepath.Join(folder, "web hook.key")
		write(key, strongSecret, 0o604)
		write(path, strings.Replace(text, strongSecret, "file:"+key, 1), 0o600)
		_, err := config.Load(path)
		want := path + ":4: webhook.header_value: \"file:" + key + "\" names a file that every user of this machine can use\n" +
			"  hint: chmod o-rwx '" + key + "'"
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
		write(key, strongSecret, 0o640)
		if _, err := config.Load(path); err != nil {
			t.Errorf("after chmod: %v", err)
		}
	})
	t.Run("no file", func(t *testing.T) {
		_, err := config.Load(filepath.Join(folder, "none.toml"))
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--config") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a folder", func(t *testing.T) {
		if _, err := config.Load(folder); err == nil || !strings.Contains(err.Error(), "not a file") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file without end", func(t *testing.T) {
		write(path, strings.Repeat("# 0123456789\n", 1_400_000), 0o600)
		if _, err := config.Load(path); err == nil || !strings.Contains(err.Error(), "more than 16 MiB") {
			t.Errorf("got %v", err)
		}
	})
}

// TestAProblemFoundLater is about those who find a key's value wrong only when they use it.
func TestAProblemFoundLater(t *testing.T) {
	c := parse(t, "[webhook]\nlisten = \"127.0.0.1:8443\"\npath = \"/hook\"\n")
	if got, want := c.Problem("webhook.path", "is taken", "move").String(), "gateway.toml:3: webhook.path: \"/hook\" is taken\n  hint: move"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := c.Problem("webhook.tls_cert", "is missing", "").Line, 1; got != want {
		t.Errorf("a key that the file does not have is blamed on line %d, not on its section in %d", got, want)
	}
}
