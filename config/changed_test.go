package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/config"
)

// TestWhatChangedBetweenTwoConfigurations. Seen to break it: keys that came left out, keys that went left out, a secret
// that is another in its variable not noticed, a comment taken for a change.
func TestWhatChangedBetweenTwoConfigurations(t *testing.T) {
	const secret = "0123456789abcdefghijklmn"
	parse := func(text, key string) *config.Config {
		t.Helper()
		c, err := config.Parse("gateway.toml", []byte(text+"\n[webhook]\nlisten = \"127.0.0.1:8443\"\nheader_name = \"X\"\nheader_value = \"env:KEY\"\n"),
			config.Machine{Variable: func(string) (string, bool) { return key, true }})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := "[gateway]\nname = \"a\"\nlog_level = \"info\"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\nname = \"Boardroom\""
	for _, c := range []struct {
		what, text, key string
		want            []string
	}{
		{"nothing", base, secret, nil},
		{"a comment and the order", "[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\nname = 'Boardroom'\n# new\n[gateway]\nlog_level = \"info\"\nname = \"a\"", secret, nil},
		{"one that is another, one that came, one that went", "[gateway]\nname = \"b\"\ntimezone = \"Europe/Amsterdam\"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\nname = \"Boardroom\"", secret,
			[]string{"gateway.log_level", "gateway.name", "gateway.timezone"}},
		{"the secret", base, secret + "x", []string{"webhook.header_value"}},
		{"the secret, and a name", "[gateway]\nname = \"b\"\nlog_level = \"info\"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\nname = \"Boardroom\"", secret + "x",
			[]string{"gateway.name", "webhook.header_value"}},
		{"a secret of many sections", base + "\n[forward.app]\nurl = \"https://app.example.org\"\nheader_name = \"X\"\nheader_value = \"env:APP\"", secret,
			[]string{"forward.app.header_name", "forward.app.header_value", "forward.app.url"}},
	} {
		if d := cmp.Diff(c.want, parse(base, secret).Changed(parse(c.text, c.key))); d != "" {
			t.Errorf("%s: %s", c.what, d)
		}
	}
}

// TestWhatAReloadPutsInForce. Seen to break it: a section's own name asked for instead of that of its kind; who may come
// let in to an address that is not in use yet; a key that waits for a restart said to be in force.
func TestWhatAReloadPutsInForce(t *testing.T) {
	for _, c := range []struct {
		key     string
		changed []string
		want    bool
	}{
		{"gateway.log_level", nil, true},
		{"gateway.timezone", nil, false},
		{"state.hvac_off_delay", nil, true},
		{"class.zone.evidence", nil, true},
		{"sites.site_3jjxDZeswABHTuukIaBLbQURjaX.hours", nil, true},
		{"assets.custom:MH-3.09.name", nil, true},
		{"groups.ahu-3.members", nil, true},
		{"webhook.sites", []string{"webhook.listen", "webhook.sites"}, true},
		{"webhook.header_value", nil, true},
		{"webhook.header_value", []string{"modbus.listen", "webhook.header_value"}, true},
		{"webhook.header_value", []string{"webhook.header_value", "webhook.listen"}, false},
		{"webhook.listen", nil, false},
		{"webhook.max_connections", nil, false},
		{"modbus.allow", nil, true},
		{"modbus.allow", []string{"modbus.allow", "modbus.listen"}, false},
		{"modbus.tls.allow", []string{"modbus.listen", "modbus.tls.allow"}, true},
		{"modbus.unit_id", nil, false},
		{"modbus.idle_timeout", nil, true},
		{"modbus.write.roles", nil, true},
		{"modbus.write.watchdog", nil, false},
		{"web.viewer_password", nil, true},
		{"web.password", []string{"web.listen", "web.password"}, false},
		{"web.hosts", nil, false},
		{"mqtt.names", nil, false},
		{"push.ahu-3.points.occupancy.scale", nil, false},
		{"nowhere", nil, false},
	} {
		if got := config.Live(c.key, c.changed); got != c.want {
			t.Errorf("%s of %v: %v, want %v", c.key, c.changed, got, c.want)
		}
	}
}
