package packaging

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the example for Windows anew")

// onWindows says in words of Windows what the example has in those of Linux.
var onWindows = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`Make one with:  openssl rand -base64 24`), `docs\install-windows.md has a command that makes one.`},
	{regexp.MustCompile(`"(file:)?/etc/butlr-gateway/([^"]*)"`), `'${1}C:\ProgramData\butlr-gateway\$2'`},
	{regexp.MustCompile(`"/var/lib/butlr-gateway"`), `'C:\ProgramData\butlr-gateway\state'`},
	{regexp.MustCompile(`"/var/log/butlr-gateway/([^"]*)"`), `'C:\ProgramData\butlr-gateway\logs\$1'`},
	{regexp.MustCompile(`"/dev/ttyUSB0" *# on Windows "COM3"`), `"COM3"`},
	{regexp.MustCompile(`(without: )the journal, or (the event log) of Windows`), `$1$2`},
	{regexp.MustCompile(`docs/`), `docs\`},
	{regexp.MustCompile(`\n`), "\r\n"}, // for every editor
}

// TestTheExampleForWindows is that for Linux, in other words. Seen to break it: a key that is in one of them only, and
// a path of Linux that no line above knows.
func TestTheExampleForWindows(t *testing.T) {
	text, err := os.ReadFile("gateway.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for _, in := range onWindows {
		if !in.from.MatchString(want) {
			t.Errorf("nothing in the example is %s any more", in.from)
		}
		want = in.from.ReplaceAllString(want, in.to)
	}
	if left := regexp.MustCompile(`.*(/etc|/var|/dev/|journal|openssl).*`).FindString(want); left != "" {
		t.Errorf("this is not for Windows: %s", left)
	}
	if *update {
		if err := os.WriteFile("windows/gateway.toml", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("windows/gateway.toml")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error(`windows/gateway.toml is not what gateway.toml makes of it: run "go test ./packaging -update"`)
	}
	if lines := strings.Count(want, "\r\n"); lines != strings.Count(want, "\n") || lines != strings.Count(string(text), "\n") {
		t.Errorf("%d lines", lines)
	}
}
