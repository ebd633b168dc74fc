package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Gateway is the gateway of the tree that we stand in, with a configuration that is written anew before
// each start.
type Gateway struct {
	Daemon
	Broker                  int
	WebhookPort, ModbusPort int
	Commands                bool
	Discovery               string // device, component or off
	Groups                  bool   // there is a group: Air handler 3
	program, config         string
}

// NewGateway builds the gateway from the source tree at root. It does not start it.
func NewGateway(root, dir string, broker int) (*Gateway, error) {
	g := &Gateway{
		Broker: broker, Commands: true, Discovery: "device", Groups: true,
		program: filepath.Join(dir, "butlr-gateway"), config: filepath.Join(dir, "gateway.toml"),
	}
	build := exec.Command("go", "build", "-trimpath", "-o", g.program, "./cmd/butlr-gateway")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the gateway: %w: %s", err, out)
	}
	for _, port := range []*int{&g.WebhookPort, &g.ModbusPort} {
		free, err := FreePort()
		if err != nil {
			return nil, err
		}
		*port = free
	}
	g.Daemon = Daemon{Name: "gateway", Command: []string{g.program, "run", "--config", g.config}, Dir: dir}
	return g, nil
}

// Start writes the configuration and starts the gateway.
func (g *Gateway) Start() error {
	if err := os.WriteFile(g.config, []byte(g.text()), 0o644); err != nil {
		return err
	}
	if out, err := g.Command("check"); err != nil {
		return fmt.Errorf("checking the configuration: %w: %s", err, out)
	}
	if err := g.Daemon.Start(); err != nil {
		return err
	}
	return Wait(20*time.Second, func() error { return Answers(g.WebhookPort) })
}

// text is the configuration: what a user sets for Home Assistant, and what lets everything be looked at.
func (g *Gateway) text() string {
	text := fmt.Sprintf(`[gateway]
name      = "maas-house"
state_dir = %q
timezone  = "Europe/Amsterdam"

[webhook]
listen = "127.0.0.1:%d"

[mqtt]
broker    = "tcp://127.0.0.1:%d"
discovery = %q
commands  = %t

[modbus]
listen = "127.0.0.1:%d"

[assets.%s]
capacity = 12
# Without the usual delays, to be seen.
hvac_off_delay = "2s"
lighting_off_delay = "2s"
ventilation_off_delay = "2s"

# Soon held, to be seen.
[assets.%s]
stale_after = "20s"
`, filepath.Join(g.Dir, "state"), g.WebhookPort, g.Broker, g.Discovery, g.Commands, g.ModbusPort, Boardroom, Studio)
	if g.Groups {
		text += fmt.Sprintf("\n[groups.ahu-3]\nname = \"Air handler 3\"\nmembers = [%q, %q]\n", Boardroom, Focus)
	}
	return text
}

// Command runs a command of the gateway beside it and returns what it writes.
func (g *Gateway) Command(args ...string) (string, error) {
	if args[0] != "read" {
		args = append(args, "--config", g.config)
	}
	out, err := exec.Command(g.program, args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("butlr-gateway %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
