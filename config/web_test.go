package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"butlr-gateway/config"
)

// TestWhoMaySeeThePage has every combination of where the page is, its password and its certificate.
//
// Seen to break it: a viewer's password not counted as one; TLS asked for on loopback; the two faults of a page
// that is open to the world depending on each other, so that one of them is said only.
func TestWhoMaySeeThePage(t *testing.T) {
	const (
		plain  = "would send passwords, and what is in the building, to other machines without encryption"
		nobody = "would show the page to everybody, because there is no password"
	)
	for _, listen := range []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", ":8080", "0.0.0.0:8080", "10.20.0.4:8080", "[::]:8080"} {
		for password, known := range map[string]bool{
			"": false, "password = \"correct horse battery\"\n": true, "viewer_password = \"correct horse battery\"\n": true,
			"password = \"correct horse battery\"\nviewer_password = \"staple and more\"\n": true,
		} {
			for files, secure := range map[string]bool{"": false, "tls_cert = \"/etc/page.crt\"\ntls_key = \"/etc/page.key\"\n": true} {
				var want []string
				if beyond := !strings.Contains(listen, "1]:") && !strings.HasPrefix(listen, "127.") && !strings.HasPrefix(listen, "localhost"); beyond {
					if !secure {
						want = append(want, plain)
					}
					if !known {
						want = append(want, nobody)
					}
				}
				text := "[webhook]\nlisten = \"127.0.0.1:8443\"\n[web]\nlisten = \"" + listen + "\"\n" + password + files
				if got := said(t, text, "web.listen"); got != strings.Join(want, "; ") {
					t.Errorf("%sis said to be: %q, want %q", text, got, want)
				}
				if all := problems(t, text); len(all) != len(want) {
					t.Errorf("%s%v", text, all)
				}
			}
		}
	}
}

// Seen to break it: bytes counted for characters; one letter compared with its neighbour only.
func TestPasswordsOfPeople(t *testing.T) {
	for text, want := range map[string]string{
		"twelve chars": "", "ääääääääääöö": "", "aaaaaaaaaaaab": "", strings.Repeat("ab", 512): "",
		"eleven char":             "has 11 characters, and at least 12 are needed",
		"ääääääää":                "has 8 characters, and at least 12 are needed",
		"aaaaaaaaaaaa":            "is one character again and again",
		"éééééééééééé":            "is one character again and again",
		strings.Repeat("ab", 513): "has 1026 bytes, and at most 1024 can be given",
	} {
		if got := config.PasswordWeakness(text); got != want {
			t.Errorf("%q %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "password")
		good := len([]rune(text)) >= 12 && len(text) <= 1024 && strings.Trim(text, string([]rune(text)[:1])) != ""
		if got := config.PasswordWeakness(text); (got == "") != good {
			r.Errorf("%q: %q", text, got)
		}
	})
}

// What stands in a secret file is not seen by commands that need no secrets: they take two for different ones.
//
// Seen to break it: one stand-in for all.
func TestSecretsThatMustDifferMayStandElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.toml")
	text := `[webhook]
listen = "127.0.0.1:8443"
header_name = "X-Api-Key"
header_value = "env:BUTLR_KEY_THAT_IS_NOT_SET"
header_value_next = "env:BUTLR_NEXT_KEY_THAT_IS_NOT_SET"
[web]
listen = "127.0.0.1:8080"
password = "env:BUTLR_PASSWORD_THAT_IS_NOT_SET"
viewer_password = "file:/nowhere/viewers.password"
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.LoadWithoutSecrets(path); err != nil {
		t.Error(err)
	}
}
