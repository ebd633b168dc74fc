package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"butlr-gateway/tools/internal/rig"
)

// home is a Home Assistant with a folder of its own.
type home struct {
	rig.Daemon
	config string // the folder
	port   int
	token  string // that lets us in
	year   int    // of its version
	month  int
}

// runInTree starts Home Assistant within the Debian tree at $1, with the folder $2 as its configuration. The
// mounts are seen by it alone, and gone with it; it takes the place of the shell.
const runInTree = `mount -t proc proc "$1/proc"
mount --bind "$2" "$1/srv/config"
exec chroot "$1" /srv/ha/bin/hass --skip-pip --config /srv/config`

// newHome makes the folder of a Home Assistant of the version that lies in cache. It does not start it.
func newHome(cache, dir, automations string) (*home, error) {
	port, err := rig.FreePort()
	if err != nil {
		return nil, err
	}
	h := &home{config: filepath.Join(dir, "config"), port: port}
	if _, err := fmt.Sscanf(filepath.Base(cache), "%d.%d", &h.year, &h.month); err != nil {
		return nil, fmt.Errorf("%s is not named after a version: %w", cache, err)
	}
	if err := os.MkdirAll(h.config, 0o755); err != nil {
		return nil, err
	}
	settings := fmt.Sprintf(configuration, port)
	command := []string{filepath.Join(cache, "venv/bin/hass"), "--config", h.config}
	if h.since(2026, 1) {
		settings += "frontend:\n"
	}
	if tree := filepath.Join(cache, "root"); exists(tree) {
		command = []string{"unshare", "--mount", "--propagation", "private", "sh", "-euc", runInTree, "sh", tree, h.config}
	}
	if !h.since(2024, 10) {
		automations = "[]\n" // it does not know their words yet
	}
	for name, text := range map[string]string{"configuration.yaml": settings, "automations.yaml": automations} {
		if err := os.WriteFile(filepath.Join(h.config, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	h.Daemon = rig.Daemon{Name: "homeassistant", Command: command, Dir: dir}
	return h, nil
}

// since tells whether it is of that version, or a later one.
func (h *home) since(year, month int) bool {
	return h.year > year || h.year == year && h.month >= month
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// configuration is as little as a Home Assistant can have: what lets it be asked, and the things that the
// automations of the guide switch.
const configuration = `homeassistant:
  name: Trial
  country: NL
  time_zone: Europe/Amsterdam
  unit_system: metric
http:
  server_host: 127.0.0.1
  server_port: %d
api:
config:
onboarding:
persistent_notification:
websocket_api:
automation: !include automations.yaml
mqtt:
  - light:
      name: Boardroom lights
      unique_id: trial_lights
      command_topic: trial/lights/set
      optimistic: true
  - fan:
      name: Boardroom ventilation
      unique_id: trial_ventilation
      command_topic: trial/ventilation/set
      percentage_command_topic: trial/ventilation/percentage/set
      optimistic: true
`

// Start starts it, and returns when it answers.
func (h *home) Start() error {
	if err := h.Daemon.Start(); err != nil {
		return err
	}
	err := rig.Wait(3*time.Minute, func() error {
		if h.Ended() {
			return fmt.Errorf("it has ended: read %s", h.LogFile())
		}
		if h.token == "" {
			return h.get("/api/onboarding", nil)
		}
		var state struct{ State string }
		if err := h.get("/api/config", &state); err != nil {
			return err
		}
		if state.State != "RUNNING" {
			return fmt.Errorf("it is %s", state.State)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("starting Home Assistant: %w", err)
	}
	return nil
}

// settle makes the first user, as its first page does, and connects it to the broker, as its settings do.
func (h *home) settle(broker int) error {
	client := h.url("/")
	var made struct {
		Code string `json:"auth_code"`
	}
	user := map[string]string{"client_id": client, "name": "Trial", "username": "trial", "password": "trial", "language": "en"}
	if err := h.post("/api/onboarding/users", user, &made); err != nil {
		return err
	}
	answer, err := http.PostForm(h.url("/auth/token"), url.Values{
		"client_id": {client}, "grant_type": {"authorization_code"}, "code": {made.Code},
	})
	if err != nil {
		return fmt.Errorf("asking for a token: %w", err)
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := read(answer, &granted); err != nil {
		return fmt.Errorf("asking for a token: %w", err)
	}
	h.token = granted.Token
	if h.since(2026, 1) {
		// Without that it takes its settings of the network back after some minutes.
		if err := h.tell(command{map[string]any{"type": "http/config/promote"}, nil}); err != nil {
			return err
		}
	}
	var flow struct {
		ID     string `json:"flow_id"`
		Type   string `json:"type"`
		Errors any    `json:"errors"`
	}
	if err := h.post("/api/config/config_entries/flow", map[string]any{"handler": "mqtt"}, &flow); err != nil {
		return err
	}
	form := map[string]any{"broker": "127.0.0.1", "port": broker}
	if h.since(2026, 1) {
		form["other_settings"] = map[string]any{"set_client_cert": false, "set_ca_cert": "off"}
	}
	if err := h.post("/api/config/config_entries/flow/"+flow.ID, form, &flow); err != nil {
		return err
	}
	if flow.Type != "create_entry" {
		return fmt.Errorf("adding MQTT to Home Assistant: it answers %s, %v", flow.Type, flow.Errors)
	}
	return nil
}

// welcome goes through the other pages that a browser is shown at first. They load half of what Home Assistant
// can do.
func (h *home) welcome() error {
	for _, page := range []string{"core_config", "analytics"} {
		if err := h.post("/api/onboarding/"+page, map[string]string{}, nil); err != nil {
			return err
		}
	}
	return h.post("/api/onboarding/integration", map[string]string{"client_id": h.url("/"), "redirect_uri": h.url("/")}, nil)
}

// call calls a service (an action) of Home Assistant.
func (h *home) call(service string, data map[string]any) error {
	return h.post("/api/services/"+strings.Replace(service, ".", "/", 1), data, nil)
}

func (h *home) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", h.port, path) }

func (h *home) get(path string, into any) error { return h.ask(http.MethodGet, path, nil, into) }

func (h *home) post(path string, body, into any) error {
	return h.ask(http.MethodPost, path, body, into)
}

func (h *home) ask(method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, h.url(path), bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if h.token != "" {
		request.Header.Set("Authorization", "Bearer "+h.token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		err = read(answer, into)
	}
	if err != nil {
		return fmt.Errorf("asking Home Assistant for %s: %w", path, err)
	}
	return nil
}

func read(answer *http.Response, into any) error {
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
