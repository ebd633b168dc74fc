// Command homeassistant tries the gateway with a real Home Assistant: it starts a broker, the gateway of this
// tree and Home Assistant, looks at what Home Assistant makes of it, breaks one after another, and prints
// what it saw with a verdict for each. "make homeassistant" starts it; it needs root, because Home Assistant
// runs in a Debian tree of its own. Nothing of it stays.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"butlr-gateway/tools/internal/rig"
)

// trial is everything that takes part.
type trial struct {
	rig.Report
	root    string // of the source tree
	look    bool   // somebody will look with a browser
	page    string // of the boardroom in Home Assistant
	dir     string // everything that is written
	broker  *rig.Broker
	gateway *rig.Gateway
	home    *home
	life    *rig.Life
	picture map[string]string // what was shown, to be compared: states by entity id
	logRead int               // so much of Home Assistant's log
}

func main() {
	cache := flag.String("home", "", "what \"prepare\" has made")
	root := flag.String("root", "..", "the source tree")
	look := flag.Bool("look", false, "only begin, and then keep everything running to be looked at, until interrupted")
	flag.Parse()
	if err := run(*cache, *root, *look); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cache, root string, look bool) (err error) {
	root, err = filepath.Abs(root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "butlr-gateway-homeassistant-")
	if err != nil {
		return err
	}
	t := &trial{Report: rig.Report{Out: os.Stdout}, root: root, dir: dir, look: look}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		t.end()
		os.Exit(1)
	}()
	defer func() {
		t.end()
		if err == nil {
			os.RemoveAll(dir)
		} else {
			fmt.Printf("the logs are in %s\n", dir)
		}
	}()
	if err := t.begin(cache); err != nil {
		return err
	}
	if look {
		t.firstSight()
		fmt.Printf("\nHome Assistant is at %s (user trial, password trial); everything is in %s. Ctrl-C ends it.\n", t.home.url(t.page), dir)
		select {}
	}
	t.tell()
	return t.Verdict()
}

// begin starts the broker and Home Assistant, which knows the broker then. The gateway is only built.
func (t *trial) begin(cache string) (err error) {
	if t.broker, err = rig.NewBroker(t.dir); err != nil {
		return err
	}
	if t.gateway, err = rig.NewGateway(t.root, t.dir, t.broker.Port); err != nil {
		return err
	}
	automations, err := examples(filepath.Join(t.root, "docs", "home-assistant.md"))
	if err != nil {
		return err
	}
	if t.home, err = newHome(cache, t.dir, automations); err != nil {
		return err
	}
	if !t.home.since(2024, 12) {
		t.gateway.Discovery = "component" // it knows no other
	}
	if err := t.home.Start(); err != nil {
		return err
	}
	if err := t.home.settle(t.broker.Port); err != nil {
		return err
	}
	if t.look {
		if err := t.home.welcome(); err != nil {
			return err
		}
	}
	var config struct{ Version string }
	if err := t.home.get("/api/config", &config); err != nil {
		return err
	}
	t.Say("Home Assistant %s, with the broker at 127.0.0.1:%d", config.Version, t.broker.Port)
	return nil
}

// loud are the lines of Home Assistant's log that tell of something wrong with what was published.
var loud = regexp.MustCompile(`(?m)^.*(?:WARNING|ERROR).*\[homeassistant\.(?:components\.(?:mqtt|sensor|binary_sensor|select|button|automation)|helpers\.template).*$`)

// These are none: the broker was killed, and what is taken back is heard as often as it was subscribed to.
const (
	brokerGone  = "The connection was lost"
	alreadyGone = "No device components to cleanup"
)

// complaints returns those since the last time.
func (t *trial) complaints() ([]string, error) {
	text, err := os.ReadFile(t.home.LogFile())
	if err != nil {
		return nil, err
	}
	found := loud.FindAllString(string(text[t.logRead:]), -1)
	t.logRead = len(text)
	return slices.DeleteFunc(found, func(line string) bool { return strings.Contains(line, brokerGone) }), nil
}

// quiet is the verdict that there are none.
func (t *trial) quiet() {
	found, err := t.complaints()
	found = slices.DeleteFunc(found, func(line string) bool { return strings.Contains(line, alreadyGone) })
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("%s", strings.Join(found, "\n"))
	}
	t.Check("Home Assistant's log has no warning and no error about what was published", err)
}

// warned says which warnings there are, where Home Assistant warns of what it has itself asked for.
func (t *trial) warned() {
	found, err := t.complaints()
	t.Check("Home Assistant's log is read", err)
	kinds := make(map[string]int)
	for _, line := range found {
		_, said, _ := strings.Cut(line, "] ")
		kinds[strings.Join(strings.Fields(said)[:min(7, len(strings.Fields(said)))], " ")]++
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Say("%4d times: %s …", kinds[kind], kind)
	}
}

// end stops everything that was started.
func (t *trial) end() {
	if t.life != nil {
		t.life.End()
	}
	if t.gateway != nil {
		t.gateway.Stop()
	}
	if t.home != nil {
		t.home.Stop()
	}
	if t.broker != nil {
		t.broker.Stop()
	}
}
