package config_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/config"
)

// TestAMaskedConfigurationHasNoSecret: neither under keys that are for secrets, nor where somebody has put one by
// mistake. Seen to break it: keys that are not known shown, lists under them shown, comments kept, a password in an
// address shown, whatever stands after "env:" or "file:" shown.
func TestAMaskedConfigurationHasNoSecret(t *testing.T) {
	root := map[bool]string{true: "C:"}[runtime.GOOS == "windows"]
	text := `# canary in a comment
[gateway]
name = "house"
pasword = "canary"
[webhook]
listen = ":8443" # canary
header_value = "canary"
header_value_next = "file:` + root + `/etc/butlr-gateway/next"
password = """
canary
"""
trusted_proxies = ["10.0.0.1/32"]
[forward.app]
header_value = "env:canary, and no variable"
password = "file:canary"
[mqtt]
broker = "tcp://user:canary@10.0.0.2:1883"
password = "env:MQTT_PASSWORD"
tokens = ["canary"]
[canary-not.really]
key = 5
[assets.room_a]
name = "Boardroom"
capacity = 12
[push.ahu.points.occupied]
values = { vacant = 0, occupied = 1 }
`
	masked, err := config.Masked([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(string(masked), "canary-not", "")
	if strings.Contains(got, "canary") {
		t.Errorf("it says %s", got)
	}
	for _, want := range []string{
		`name = "house"`, `header_value = "***"`, `header_value_next = "file:` + root + `/etc/butlr-gateway/next"`, `password = "env:MQTT_PASSWORD"`,
		`trusted_proxies = ["10.0.0.1/32"]`, `capacity = 12`, `occupied = 1`, `name = "Boardroom"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if masked, err := config.Masked([]byte("password = \"canary\nlisten")); err == nil || strings.Contains(err.Error()+string(masked), "canary") {
		t.Errorf("a broken one: %s, %v", masked, err)
	}
}

// TestSecretsOfAConfiguration. Seen to break it: maps not looked into.
func TestSecretsOfAConfiguration(t *testing.T) {
	c := config.Default()
	c.Webhook.HeaderValue = config.NewSecret("one")
	c.MQTT.Embedded.Password = config.NewSecret("two")
	c.Brokers["second"] = config.Publishing{Password: config.NewSecret("three")}
	got := c.Secrets()
	slices.Sort(got)
	if d := cmp.Diff([]string{"one", "three", "two"}, got); d != "" {
		t.Error(d)
	}
}
