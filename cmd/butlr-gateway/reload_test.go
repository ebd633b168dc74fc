package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"butlr-gateway/config"
)

// TestAThousandReloads, of good and bad configurations, by several at once: the level is that of a good one, and an
// error is of a bad one. Seen to break it: the level set before the whole of the file is found to be good.
func TestAThousandReloads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.toml")
	write := func(level, more string) {
		t.Helper()
		text := "[gateway]\nlog_level = \"" + level + "\"\n[webhook]\nlisten = \"127.0.0.1:0\"\nheader_name = \"X\"\nheader_value = \"" + testSecret + "\"\n" + more
		part := path + ".part"
		if err := errors.Join(os.WriteFile(part, []byte(text), 0o600), os.Rename(part, path)); err != nil {
			t.Error(err)
		}
	}
	write("warn", "")
	running, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := openLog(&running.Gateway, streamLogs{new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	r := newReloader(path, running, &service{log: log})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 250 {
				did, err := r.reload(t.Context())
				if bad := err != nil; bad && !strings.Contains(err.Error(), "stays in force") || !bad && len(did.Restart) > 0 {
					t.Errorf("%+v, %v", did, err)
				}
				if l := levelOf(log).Level(); l != slog.LevelWarn && l != slog.LevelError {
					t.Errorf("the level is %v, of a configuration that is wrong", l)
				}
			}
		})
	}
	for i := range 200 {
		switch i % 3 {
		case 0:
			write("error", "")
		case 1:
			write("debug", "[modbuss]\n")
		case 2:
			write("warn", "")
		}
	}
	wait.Wait()
}
