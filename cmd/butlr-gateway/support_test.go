package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoSecretIsInABundle. The canaries are in every place that a secret can come from, and one has got into the log
// and into the name of a room. Seen to break it: the configuration put in as it is, and nothing hidden in the rest.
func TestNoSecretIsInABundle(t *testing.T) {
	s := newSite(t, "")
	file := filepath.Join(s.dir, "key")
	if err := os.WriteFile(file, []byte("canary-file-0123456789-abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CANARY", "canary-env-0123456789-abcdefg")
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(s.dir, "gateway.log")
	more := strings.NewReplacer("[webhook]", "log_file = \""+log+"\"\n[webhook]\nheader_value_next = \"file:"+file+"\"\nusername = \"butlr\"\npassword = \"env:CANARY\"").Replace(string(text)) +
		"\n[mqtt]\nbroker = \"tcp://127.0.0.1:1\"\nusername = \"u\"\npassword = \"canary-plain\"\n"
	if err := os.WriteFile(s.config, []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	if err := os.WriteFile(log, []byte("msg=odd secret=canary-plain and "+testSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"running", "stopped"} {
		bundle := filepath.Join(s.dir, when+".zip")
		if code := run(t.Context(), []string{"support-bundle", "--config", s.config, bundle}, io.Discard, os.Stderr); code != 0 {
			t.Fatalf("%s: exit code %d", when, code)
		}
		parts := unzip(t, bundle)
		for name, part := range parts {
			if strings.Contains(part, "canary") || strings.Contains(part, testSecret) {
				t.Errorf("%s: %s has %s", when, name, part)
			}
			if missing := strings.Contains(part, "could not be had"); missing != (when == "stopped" && name == "status.json") {
				t.Errorf("%s: %s says %s", when, name, part)
			}
		}
		if len(parts) != 9 || !strings.Contains(parts["config.toml"], `header_value = "***"`) || !strings.Contains(parts["log.txt"], "secret=***") {
			t.Errorf("%s: %v", when, parts)
		}
		if when == "running" {
			s.stop(os.Interrupt)
		}
	}
	// Also of a configuration that cannot be read.
	if err := os.WriteFile(s.config, []byte("[webhook]\nheader_value = \"canary-broken\nx"), 0o600); err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(s.dir, "broken.zip")
	if code := run(t.Context(), []string{"support-bundle", "--config", s.config, bundle}, io.Discard, os.Stderr); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for name, part := range unzip(t, bundle) {
		if strings.Contains(part, "canary") {
			t.Errorf("%s has %s", name, part)
		}
	}
}

func unzip(t *testing.T, file string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(text)
	}
	return parts
}
