package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"butlr-gateway/config"

	"github.com/BurntSushi/toml"
)

const canary = "canary-4711-canary-0815-canary"

// TestASecretIsNeverPrinted puts a secret through every way of printing that this program has.
func TestASecretIsNeverPrinted(t *testing.T) {
	type holder struct {
		Public  config.Secret
		private config.Secret
		list    []config.Secret
	}
	secret := config.NewSecret(canary)
	held := holder{secret, secret, []config.Secret{secret}}
	c := config.Default()
	c.Webhook.HeaderValue, c.MQTT.Password = secret, secret

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%08b", "%T", "%p"} {
		for _, value := range []any{secret, &secret, held, &held, c, *c, []any{secret}, map[string]config.Secret{"a": secret}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
				t.Errorf("%s of %T shows it: %s", verb, value, text)
			}
		}
	}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("started", "secret", secret, "pointer", &secret, "holder", held, "config", c.Webhook)
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("a log shows it: %s", log.String())
	}
	if text, err := json.Marshal(c.Webhook); err != nil || strings.Contains(string(text), "canary") || !strings.Contains(string(text), "***") {
		t.Errorf("JSON shows it: %s, %v", text, err)
	}
	if text, err := toml.Marshal(c.Webhook); err != nil || strings.Contains(string(text), "canary") {
		t.Errorf("TOML shows it: %s, %v", text, err)
	}
	if got := secret.String() + fmt.Sprint(secret) + secret.GoString() + secret.LogValue().String(); got != "************" {
		t.Errorf("it prints as %q", got)
	}
	if got := secret.Reveal(); got != canary {
		t.Errorf("it reveals %q", got)
	}
}

func TestNoSecretPrintsAsNothing(t *testing.T) {
	var none config.Secret
	if none.IsSet() || none.Reveal() != "" || fmt.Sprintf("%v%s", none, none) != "" || config.NewSecret("").IsSet() {
		t.Error("no secret looks like one")
	}
}

// TestNoProblemShowsASecret breaks files with a secret in them in every way that the file can be broken.
func TestNoProblemShowsASecret(t *testing.T) {
	const digits = "98765432109876543210987654321"
	for _, text := range []string{
		"[webhook]\nheader_value = \"canary\"\n",
		"[webhook]\nheader_value = canary\n",
		"[webhook]\nheader_value = canary-4711\n",
		"[webhook]\nheader_value = \"canary\n",
		"[webhook]\nheader_value = \"\"\"canary\n",
		"[webhook]\nheader_value = \"canary\" canary\n",
		"[webhook]\nheader_value = \"canary\\canary\"\n",
		"[webhook]\nheader_value = [\"canary\"]\n",
		"[webhook]\nheader_value = {value = \"canary\"}\n",
		"[webhook.header_value]\ncanary = \"canary-value\"\n",
		"[webhook]\nheader_value = \"canary\"\nheader_value = \"canary\"\n",
		"[webhook]\nheader_value = \"env:canary canary\"\n",
		"[webhook]\nheader_value = \"file:canary\"\n",
		"[webhook]\npassword = \"canary\u00e4\"\n",
		"[webhook]\nheader_values = \"canary\"\n",
		"[webhook]\nheader_values = canary\n",
		"[forward.a]\nurl = \"https://host/?token=canary\"\nheader_value = \"canary\"\n",
		"[butlr]\nclient_secret = \"canary\"\n",
		"[butlr]\nclient_secret = 01canary\n",
		"butlr.client_secret = canary\n",
		"[butlr]\npublic_url = \"https://user:canary@host/\"\n",
		"[butlr]\npublic_url = \"https://host/?token=canary\"\n",
		"[butlr]\napi_url = \"https://canary@host\"\n",
		"[mqtt]\nbroker = \"tcp://user:canary@host:1883\"\n",
		"[mqtt]\nbroker = \"tcp:/user:canary@host:1883\"\n",
		"[mqtt]\nbroker = \"tcp://user:canary%zz@host:1883\"\n",
		"[mqtt]\npassword = \"canary\"\n",
		"mqtt = \"canary\"\n",
		"[web]\npassword = \"canary\"\n",
		"[web]\npassword = \"$2b$12$canary canary canary\"\n",
		"[web]\nviewer_password = \"canary canary canary\"\npassword = \"canary canary canary\"\n",
		"[webhook]\nheader_value = " + digits + "\n",
		"[webhook]\nheader_value = 0" + digits + "\n",
		"[webhook]\nheader_value = 1_" + digits + "_\n",
		"[webhook]\nheader_value = 1." + digits + ".\n",
		"[webhook]\nheader_value = 1979-99-99 # " + digits + "\n",
		"[webhook]\nheader_valu = " + digits + "\n",
		"webhook.header_value = " + digits + "\n",
		"[mqtt]\nembedded = { password = " + digits + " }\n",
	} {
		list := problems(t, text)
		if len(list) == 0 {
			t.Errorf("nothing is said about\n%s", text)
		}
		// A key may be repeated, and where it is asked to be one a secret is no secret.
		if said := strings.ReplaceAll(list.Error(), "header_value.canary", ""); strings.Contains(said, "canary") ||
			strings.Contains(said, digits[:8]) || strings.Contains(fmt.Sprintf("%#v", list), digits[:8]) {
			t.Errorf("the problems of\n%s\nshow the secret:\n%s", text, said)
		}
	}
}
