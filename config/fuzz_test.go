package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// problemsOf returns what is wrong with a file, for where there is no *testing.T.
func problemsOf(text string) config.Problems {
	_, err := config.Parse("gateway.toml", []byte(text), aMachine())
	list, _ := errors.AsType[config.Problems](err)
	return list
}

// FuzzParse reads anything. What is refused is refused in words that can be printed, with lines that
// exist; what is accepted is never open to strangers.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(seeds, exampleFile) {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("[webhook]\nlisten = \":8443\"\ntls_cert = \"/a\"\ntls_key = \"/b\"\nheader_name = \"a\"\nheader_value = \"env:BUTLR_WEBHOOK_KEY\"\n[modbus]\nlisten = \":502\"\nallow = [\"10.0.0.0/8\"]\n"))
	f.Add([]byte(required + "[state]\non_count = 2\n[class.room]\noff_count = 2\n[groups.a]\nmembers = [\"room_x\", \"group:b\"]\nindex = 1\n[groups.b]\nmembers = [\"custom:c\"]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("gateway.toml", text, aMachine())
		if err == nil {
			checkClosed(t, c)
			checkProblems(t, c.Warnings, text)
			return
		}
		list, ok := errors.AsType[config.Problems](err)
		if !ok || len(list) == 0 {
			t.Fatalf("the error is a %T: %v", err, err)
		}
		checkProblems(t, list, text)
	})
}

func checkProblems(t *testing.T, list config.Problems, text []byte) {
	t.Helper()
	last := 1 + strings.Count(string(text), "\n")
	for _, p := range list {
		if p.Line < 0 || p.Line > last || p.Message == "" {
			t.Errorf("the file has %d lines: %+v", last, p)
		}
		if said := strings.Replace(p.String(), "\n  hint: ", "", 1); strings.ContainsFunc(said, unseen) {
			t.Errorf("a terminal would obey %q", said)
		}
	}
	if !slices.IsSortedFunc(list, func(a, b config.Problem) int {
		if a.Line == 0 || b.Line == 0 {
			return b.Line - a.Line
		}
		return a.Line - b.Line
	}) {
		t.Errorf("the problems are not in the order of the file:\n%v", list)
	}
}

func unseen(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// checkClosed demands what must hold for every configuration that is accepted.
func checkClosed(t *testing.T, c *config.Config) {
	t.Helper()
	w, m := &c.Webhook, &c.Modbus
	if w.Listen == "" {
		t.Error("nothing can arrive")
	}
	if !w.Listen.Loopback() && (w.TLSCert == "" || w.TLSKey == "" || !w.HeaderValue.IsSet() && !w.Password.IsSet()) {
		t.Error("the webhook is open to strangers")
	}
	for _, s := range []config.Secret{w.HeaderValue, w.HeaderValueNext, w.Password} {
		if s.IsSet() && len([]rune(s.Reveal())) < 22 {
			t.Error("a webhook secret is short")
		}
	}
	if m.Listen != "" && !m.Listen.Loopback() && len(m.Allow) == 0 {
		t.Error("Modbus is open to strangers")
	}
	if e := &c.MQTT.Embedded; c.MQTT.Broker == config.EmbeddedBroker && !e.Listen.Loopback() && (e.Username == "" || !e.Password.IsSet()) {
		t.Error("the embedded broker is open to strangers")
	}
	if p := &c.Web; p.Listen != "" && !p.Listen.Loopback() && (p.TLSCert == "" || p.TLSKey == "" || !p.Password.IsSet() && !p.ViewerPassword.IsSet()) {
		t.Error("the page is open to strangers")
	}
	for _, s := range []config.Secret{c.Web.Password, c.Web.ViewerPassword} {
		if s.IsSet() && len([]rune(s.Reveal())) < 12 {
			t.Error("a password of the page is short")
		}
	}
	if c.Web.Password.IsSet() && c.Web.Password.Reveal() == c.Web.ViewerPassword.Reveal() {
		t.Error("viewers have the password of operators")
	}
	if m.UnitID < 1 || m.UnitID > 48 {
		t.Errorf("the unit id is %d", m.UnitID)
	}
	taken := map[gateway.Number]bool{}
	take := func(id gateway.AssetID, index gateway.Number) {
		if index != gateway.NoNumber && taken[index] {
			t.Errorf("%s has a number that is taken", id)
		}
		taken[index] = true
	}
	rules := c.Rules()
	for id, a := range c.Assets {
		take(id, a.Index)
		if s := rules.For(id, id.Kind(), "", ""); contradicts(&s) {
			t.Errorf("%s has settings that contradict each other: %+v", id, s)
		}
	}
	for key, g := range c.Groups {
		id := gateway.GroupID(key)
		take(id, g.Index)
		if s := rules.For(id, gateway.Group, "", ""); contradicts(&s) || len(g.Members) == 0 {
			t.Errorf("%s has settings that contradict each other, or no members: %+v", id, s)
		}
	}
}
