// Command nodered tries docs/node-red-flow.json with a real Node-RED: it starts a broker, the gateway of this
// tree and Node-RED with that flow, and asks the flow what it knows of a room. "make node-red" starts it.
// Nothing of it stays.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"butlr-gateway/tools/internal/rig"
)

// trial is everything that takes part.
type trial struct {
	rig.Report
	root, dir string
	port      int // of Node-RED
	broker    *rig.Broker
	gateway   *rig.Gateway
	nodeRed   rig.Daemon
	life      *rig.Life
}

func main() {
	cache := flag.String("nodered", "", "what \"prepare\" has made")
	root := flag.String("root", "..", "the source tree")
	flag.Parse()
	if err := run(*cache, *root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cache, root string) (err error) {
	dir, err := os.MkdirTemp("", "butlr-gateway-nodered-")
	if err != nil {
		return err
	}
	t := &trial{Report: rig.Report{Out: os.Stdout}, root: root, dir: dir}
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
	t.tell()
	return t.Verdict()
}

// begin starts everything.
func (t *trial) begin(cache string) (err error) {
	if t.broker, err = rig.NewBroker(t.dir); err != nil {
		return err
	}
	if t.gateway, err = rig.NewGateway(t.root, t.dir, t.broker.Port); err != nil {
		return err
	}
	if t.port, err = rig.FreePort(); err != nil {
		return err
	}
	flow, err := os.ReadFile(filepath.Join(t.root, "docs", "node-red-flow.json"))
	if err != nil {
		return err
	}
	// The one thing that is not as it is imported: where the broker is.
	text := strings.Replace(string(flow), `"port": "1883"`, fmt.Sprintf(`"port": "%d"`, t.broker.Port), 1)
	if text == string(flow) {
		return fmt.Errorf("the flow does not name the port 1883")
	}
	settings := fmt.Sprintf(`module.exports = { uiHost: "127.0.0.1", uiPort: %d, flowFile: "flow.json", credentialSecret: false,
	telemetry: { enabled: false, updateNotification: false }, logging: { console: { level: "info" } } }`, t.port)
	for name, text := range map[string]string{"flow.json": text, "settings.js": settings} {
		if err := os.WriteFile(filepath.Join(t.dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	t.nodeRed = rig.Daemon{Name: "node-red", Dir: t.dir, Command: []string{
		"node", filepath.Join(cache, "node_modules/node-red/red.js"), "--userDir", t.dir, "--settings", filepath.Join(t.dir, "settings.js"),
	}}
	if err := t.nodeRed.Start(); err != nil {
		return err
	}
	return rig.Wait(time.Minute, func() error { return t.get("/settings", nil) })
}

// end stops everything that was started.
func (t *trial) end() {
	if t.life != nil {
		t.life.End()
	}
	t.nodeRed.Stop()
	if t.gateway != nil {
		t.gateway.Stop()
	}
	if t.broker != nil {
		t.broker.Stop()
	}
}

func (t *trial) get(path string, into any) error {
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", t.port, path), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking Node-RED: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("asking Node-RED for %s: %s", path, answer.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
