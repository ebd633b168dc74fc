package config_test

import (
	"path/filepath"
	"testing"

	"butlr-gateway/config"
)

// One folder may have everything: a container keeps but one. Seen to break it: a state directory that stays where it
// is otherwise, and is lost with the container.
func TestOneFolderMayHaveEverything(t *testing.T) {
	home := t.TempDir()
	t.Setenv(config.HomeVariable, home)
	if got, want := config.DefaultFile(), filepath.Join(home, "gateway.toml"); got != want {
		t.Errorf("the configuration is %s, want %s", got, want)
	}
	if got, want := string(config.Default().Gateway.StateDir), filepath.Join(home, "state"); got != want {
		t.Errorf("the state is in %s, want %s", got, want)
	}
}
