package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
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

// fullDisk is a journal that stores nothing while it is full.
type fullDisk struct{ full bool }

func (d *fullDisk) Commit(context.Context, *gateway.Batch) error {
	if d.full {
		return errors.New("no space left on device")
	}
	return nil
}

// TestAReloadThatCannotBeStoredChangesNothing, and is not forgotten: what it was to change is applied the next time.
// Seen to break it: what is in force exchanged although the hub went on with the rules of before; the configuration
// taken for the one in force.
func TestAReloadThatCannotBeStoredChangesNothing(t *testing.T) {
	site := newSite(t, "")
	start, err := config.Load(site.config)
	if err != nil {
		t.Fatal(err)
	}
	state, err := gateway.NewState(rulesOf(start), &gateway.Saved{}, newClock()())
	if err != nil {
		t.Fatal(err)
	}
	disk := &fullDisk{full: true}
	hub, err := gateway.NewHub(gateway.HubOptions{State: state, Journal: disk, Clock: newClock(), Alarms: gateway.NewAlarms(nil)})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = hub.Run(t.Context()) }()
	s := &service{config: start, log: slog.New(slog.DiscardHandler), hub: hub}
	before := &choices{start, rulesOf(start)}
	s.choices.Store(before)
	r := newReloader(site.config, start, s)
	text, err := os.ReadFile(site.config)
	if err == nil {
		err = os.WriteFile(site.config, append(text, "[groups.ahu-3]\nmembers = [\"room_1\"]\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if did, err := r.reload(t.Context()); err == nil || !strings.Contains(err.Error(), "could not be put in force") {
		t.Errorf("%+v, %v", did, err)
	}
	if s.choices.Load() != before {
		t.Error("what is in force is another")
	}
	disk.full = false
	if did, err := r.reload(t.Context()); err != nil || !slices.Equal(did.Applied, []string{"groups.ahu-3.members"}) {
		t.Errorf("with a disk that is well again: %+v, %v", did, err)
	}
	if s.rules().Groups["ahu-3"].Members == nil {
		t.Error("the group is not in force")
	}
}

// TestAPasswordWaitsWithItsAddress: another password of the page is in force after a reload, unless the page is to be
// elsewhere after a restart; then it waits, and is applied once the page is to stay where it is.
//
// Seen to break it: a key that waited forgotten.
func TestAPasswordWaitsWithItsAddress(t *testing.T) {
	const first, second, third = "the first password", "the second password", "the third password"
	site := newSite(t, "")
	plain, err := os.ReadFile(site.config)
	if err != nil {
		t.Fatal(err)
	}
	write := func(listen, password string) {
		t.Helper()
		text := fmt.Sprintf("%s[web]\nlisten = %q\npassword = %q\n", plain, listen, password)
		if err := os.WriteFile(site.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("127.0.0.1:0", first)
	s := live(t, site.config)
	opens := func(password string) bool {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.page.URL()+"/api/v1/assets", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("", password)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}
	for _, step := range []struct {
		listen, password string
		want             web.Reloaded
		opens            string
	}{
		{"127.0.0.1:0", first, web.Reloaded{}, first},
		{"127.0.0.1:0", second, web.Reloaded{Applied: []string{"web.password"}}, second},
		{"localhost:0", third, web.Reloaded{Restart: []string{"web.listen", "web.password"}}, second},
		{"127.0.0.1:0", third, web.Reloaded{Applied: []string{"web.password"}}, third},
		{"127.0.0.1:0", first, web.Reloaded{Applied: []string{"web.password"}}, first},
	} {
		write(step.listen, step.password)
		did, err := s.reload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&step.want, did, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s, %s:\n%s", step.listen, step.password, d)
		}
		for _, password := range []string{first, second, third} {
			if got := opens(password); got != (password == step.opens) {
				t.Errorf("at %s with %q: %q opens the page: %v", step.listen, step.password, password, got)
			}
		}
	}
}
