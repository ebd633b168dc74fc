package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// purePackages are the standard packages that the domain may import: values, time, and what the hub's goroutines need to wait
// for one another and to give way; no I/O.
var purePackages = []string{
	"bytes", "cmp", "context", "crypto/sha256", "encoding/hex", "errors", "fmt", "iter", "log/slog", "maps", "math", "math/bits", "runtime", "slices",
	"sort", "strconv", "strings", "sync", "sync/atomic", "time", "unicode/utf8",
}

const module = "butlr-gateway/"

// forbidden tells why a package may not import another, "" if it may.
func forbidden(from, to string) string {
	from, ours := strings.TrimPrefix(from, module), strings.HasPrefix(to, module)
	to = strings.TrimPrefix(to, module)
	family := func(path string) string {
		return strings.Join(strings.SplitN(path, "/", 3)[:min(2, strings.Count(path, "/")+1)], "/")
	}
	switch {
	case from == "gateway":
		if !slices.Contains(purePackages, to) {
			return "the domain is pure: it imports nothing of ours and no I/O"
		}
	case strings.HasPrefix(from, "adapters/") && ours:
		if to != "gateway" && family(to) != family(from) && family(to) != "adapters/internal" {
			return "an adapter imports the domain and its library, never another adapter or the configuration"
		}
	case from == "config" && ours && to != "gateway":
		return "the configuration imports the domain and nothing else of ours"
	case ours && strings.HasPrefix(to, "adapters/") && to != "adapters/webhook" && strings.HasPrefix(from, "cmd/internal/"):
		return "of the adapters, only the webhook's wire format is shared by the commands"
	case ours && !strings.HasPrefix(from, "cmd/") && (strings.HasPrefix(to, "adapters/") || to == "config" || strings.HasPrefix(to, "cmd/")):
		return "only the commands see everything"
	}
	return ""
}

func TestImportRules(t *testing.T) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	packages := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; packages++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, to := range p.Imports {
			if why := forbidden(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
	if packages < 9 {
		t.Errorf("only %d packages were looked at", packages)
	}
}

func TestImportRulesCatchWhatTheyForbid(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"gateway", "time", true},
		{"gateway", "net", false},
		{"gateway", "os", false},
		{"gateway", "encoding/json", false},
		{"gateway", "butlr-gateway/config", false},
		{"adapters/modbus", "butlr-gateway/gateway", true},
		{"adapters/modbus", "net", true},
		{"adapters/modbus", "butlr-gateway/adapters/mqtt", false},
		{"adapters/modbus", "butlr-gateway/adapters/modbus/frame", true},
		{"adapters/modbus", "butlr-gateway/adapters/internal/tlsfiles", true},
		{"adapters/modbus", "butlr-gateway/config", false},
		{"adapters/modbus/frame", "butlr-gateway/adapters/webhook", false},
		{"config", "butlr-gateway/gateway", true},
		{"config", "butlr-gateway/adapters/modbus", false},
		{"cmd/butlr-gateway", "butlr-gateway/adapters/modbus", true},
		{"cmd/butlr-gateway", "butlr-gateway/config", true},
		{"cmd/internal/building", "butlr-gateway/adapters/webhook", true},
		{"cmd/internal/building", "butlr-gateway/adapters/store", false},
	} {
		if why := forbidden(module+c.from, c.to); (why == "") != c.allowed {
			t.Errorf("%s importing %s: allowed %v, want %v", c.from, c.to, why == "", c.allowed)
		}
	}
}
