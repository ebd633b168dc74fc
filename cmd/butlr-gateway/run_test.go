package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"butlr-gateway/config"
	"butlr-gateway/packaging"
)

// A gateway may begin with the example, and never again with it: what an operator wrote stays. Seen to break it: a
// copy that is made each time.
func TestAGatewayBeginsWithTheExampleOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "gateway.toml")
	var said bytes.Buffer
	if err := beginConfig(&said, path); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, packaging.Config) {
		t.Fatalf("the configuration is %d bytes, and %v", len(text), err)
	}
	if _, err := config.Load(path); err != nil {
		t.Errorf("the example cannot be begun with: %v", err)
	}
	if !bytes.Contains(said.Bytes(), []byte("a copy of the example")) {
		t.Errorf("it said %q", &said)
	}
	own := []byte("[webhook]\nlisten = \"127.0.0.1:0\"\n")
	if err := os.WriteFile(path, own, 0o600); err != nil {
		t.Fatal(err)
	}
	said.Reset()
	if err := beginConfig(&said, path); err != nil || said.Len() > 0 {
		t.Errorf("with a configuration it said %q, and %v", &said, err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, own) {
		t.Errorf("the operator's configuration is %q, and %v", text, err)
	}
}
