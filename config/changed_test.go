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
		{"the secret", base, secret + "x", []string{config.SecretsChanged}},
	} {
		if d := cmp.Diff(c.want, parse(base, secret).Changed(parse(c.text, c.key))); d != "" {
			t.Errorf("%s: %s", c.what, d)
		}
	}
}
