package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/config"
)

// canary is in every secret of this test, and in nothing else.
const canary = "c4n4ry"

// secretOf returns a secret that every key takes.
func secretOf(key string) string { return canary + "-of-" + key + "-0123456789" }

// canaryCommands has every command with what it is called with; BUNDLE and the like are files that are looked into. A
// command that takes no --config gets none.
var canaryCommands = map[string][][]string{
	"assets import":         {{}, {"--save", "INVENTORY", "--toml", "TOML"}, {"--yes"}, {"--from", "INVENTORY"}},
	"capture off":           {{}},
	"capture on":            {{"--for", "20m"}},
	"check":                 {{}},
	"completion bash":       {{}},
	"completion fish":       {{}},
	"completion powershell": {{}},
	"completion zsh":        {{}},
	"estimate reset":        {{boardroomID}},
	"force":                 {{boardroomID, "occupied", "--reason", "drill"}, {"room_none", "occupied"}},
	"health":                {{}, {"--json"}, {"--refused"}},
	"help":                  {{"run"}},
	"log-level":             {{}, {"debug"}},
	"password":              {{}},
	"paths":                 {{}},
	"points apply":          {{}, {"--retire", "room_none"}},
	"points export":         {{"--format", "csv"}, {"--format", "json"}, {"--output", "XLSX"}},
	"points import":         {{"SECRETS"}},
	"points list":           {{}},
	"points plan":           {{}, {"SECRETS"}},
	"read":                  {{"--target", "MODBUS", "0"}},
	"release":               {{boardroomID}},
	"reload":                {{}},
	"service status":        {{}},
	"simulate":              {{"--url", "WEBHOOK", "--header", "X-Api-Key: " + secretOf("header_value"), "--for", "50ms"}, {"--url", "WEBHOOK", "--header", canary}},
	"state backup":          {{"BACKUP"}},
	"state dump":            {{}, {"--format", "json", "--ledger"}, {boardroomID}},
	"state restore":         {{"SECRETS"}},
	"state verify":          {{"BACKUP"}, {"SECRETS"}},
	"support-bundle":        {{"BUNDLE"}},
	"version":               {{}},
	"webhooks delete":       {{}, {"--yes"}},
	"webhooks list":         {{}, {"--json"}},
	"webhooks register":     {{}, {"--yes"}, {"--yes", "--take-over"}, {"--json"}},
	"webhooks update":       {{}, {"--yes"}},
}

// elsewhere has the commands that are not called here, and why.
var elsewhere = map[string]string{
	"run":             "it is the process whose log is looked through",
	"demo":            "it has fixed ports, and neither a configuration nor a secret",
	"service install": "it would change this machine", "service uninstall": "it would change this machine",
	"service start": "it would change this machine", "service stop": "it would change this machine", "service restart": "it would change this machine",
}

// canarySite is a gateway with a canary in every secret, and all whom it talks to tell it more.
type canarySite struct {
	*site
	api      *butlrtest.API
	text     string            // of the configuration
	said     map[string]int    // bytes that each command said
	patience time.Duration     // with one command
	at       map[string]string // files and addresses that commands are called with
}

func newCanarySite(t *testing.T) *canarySite {
	t.Helper()
	s := &canarySite{site: newSite(t, ""), api: butlrtest.New(secretOf("client_id"), secretOf("client_secret")), said: map[string]int{}, patience: patience}
	api := httptest.NewServer(s.api)
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", fmt.Sprint(r.Header))
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, r.Header)
	}))
	t.Cleanup(api.Close)
	t.Cleanup(echo.Close)
	s.api.Subscribe(butlrtest.Webhook{
		Name: "app", EventTypes: []string{"TRAFFIC"}, URL: "https://a.example/" + canary + "-path", Timeout: 10, Key: "X-Theirs",
		Value: secretOf("theirs"), Username: canary + "-user", Password: secretOf("their-password"),
	})
	file := func(name, text string) string {
		path := filepath.Join(s.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("BUTLR_TRY_KEY", secretOf("header_value"))
	next := file("next.key", secretOf("header_value_next"))
	cert, key := testCertificate(t)
	s.text = fmt.Sprintf(`[gateway]
state_dir = %[1]q
log_level = "debug"
[webhook]
listen = "127.0.0.1:0"
header_name = "X-Api-Key"
header_value = "env:BUTLR_TRY_KEY"
header_value_next = "file:%[2]s"
[forward.app]
url = "%[3]s/hook"
header_name = "X-App"
header_value = %[4]q
username = "gateway"
password = %[5]q
[mqtt]
broker = "tcp://127.0.0.1:1"
username = "gateway"
password = %[6]q
[mqtt.embedded]
username = "building"
password = %[7]q
[brokers.cloud]
broker = "tcp://127.0.0.1:2"
username = "gateway"
password = %[8]q
[modbus]
listen = "127.0.0.1:0"
[web]
listen = "127.0.0.1:0"
password = %[9]q
viewer_password = %[10]q
tls_cert = "%[11]s"
tls_key = "%[12]s"
[butlr]
client_id = %[13]q
client_secret = %[14]q
api_url = %[15]q
public_url = "https://bms.example.org/webhooks/butlr"
`, filepath.Join(s.dir, "state"), next, echo.URL, secretOf("forward"), secretOf("forward-password"), secretOf("mqtt"), secretOf("embedded"), secretOf("cloud"),
		secretOf("page"), secretOf("viewer"), cert, key, secretOf("client_id"), secretOf("client_secret"), api.URL)
	s.at = map[string]string{
		"SECRETS": file("secrets.csv", "id,name\n"+canary), "BACKUP": filepath.Join(s.dir, "try.backup"), "BUNDLE": filepath.Join(s.dir, "try.zip"),
		"INVENTORY": filepath.Join(s.dir, "inventory.json"), "TOML": filepath.Join(s.dir, "capacities.toml"), "XLSX": filepath.Join(s.dir, "points.xlsx"),
		"MODBUS": "127.0.0.1:1", "WEBHOOK": "http://127.0.0.1:1/webhooks/butlr",
	}
	s.configure(s.text)
	return s
}

func (s *canarySite) configure(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// leaves calls yield with every command that does something, by its words.
func leaves(c *cobra.Command, words []string, yield func(*cobra.Command, string)) {
	for _, sub := range c.Commands() {
		if path := append(slices.Clone(words), sub.Name()); sub.HasSubCommands() {
			leaves(sub, path, yield)
		} else {
			yield(sub, strings.Join(path, " "))
		}
	}
}

// calls has every command called, and looks through all that it says and writes.
func (s *canarySite) calls(when string) {
	s.t.Helper()
	s.removes("BACKUP", "BUNDLE", "INVENTORY", "TOML", "XLSX")
	leaves(newRoot(io.Discard, io.Discard), nil, func(c *cobra.Command, path string) {
		ways, known := canaryCommands[path]
		if !known && elsewhere[path] == "" {
			s.t.Fatalf("%q is called nowhere: add it to canaryCommands, with every option that has it say something else", path)
		}
		for _, way := range ways {
			s.call(when, c.Flags().Lookup("config") != nil, path, way)
		}
	})
	s.looksInto(when)
}

// removes removes files of an earlier call: a command that finds one there writes nothing.
func (s *canarySite) removes(files ...string) {
	s.t.Helper()
	for _, name := range files {
		if err := os.Remove(s.at[name]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.t.Fatal(err)
		}
	}
}

func (s *canarySite) call(when string, configured bool, path string, way []string) {
	s.t.Helper()
	args := strings.Fields(path)
	for _, word := range way {
		if at, ok := s.at[word]; ok {
			word = at
		}
		args = append(args, word)
	}
	if configured {
		args = append(args, "--config", s.config)
	}
	var said bytes.Buffer
	root := newRoot(&said, &said)
	root.SetIn(strings.NewReader(secretOf("password") + "\n"))
	root.SetArgs(args)
	ctx, cancel := context.WithTimeout(s.t.Context(), s.patience)
	defer cancel()
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(&said, "\n%v\n%+v\n", err, err)
	}
	s.said[path] += said.Len()
	s.clean(when+": butlr-gateway "+strings.Join(append(strings.Fields(path), way...), " "), said.String())
}

// clean demands that there is no canary in a text.
func (s *canarySite) clean(what, text string) {
	s.t.Helper()
	if i := strings.Index(text, canary); i >= 0 {
		s.t.Errorf("%s tells a secret:\n…%s…", what, text[max(0, i-200):min(len(text), i+100)])
	}
}

// looksInto looks through every file that was written.
func (s *canarySite) looksInto(when string) {
	s.t.Helper()
	ours := []string{"gateway.toml", "next.key", "secrets.csv"}
	files := 0
	err := filepath.WalkDir(s.dir, func(path string, f fs.DirEntry, err error) error {
		if err != nil || !f.Type().IsRegular() || slices.Contains(ours, filepath.Base(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		s.clean(when+": the file "+path, string(text))
		if ext := filepath.Ext(path); ext == ".zip" || ext == ".xlsx" {
			for name, part := range unzip(s.t, path) {
				s.clean(when+": "+name+" in "+path, part)
			}
		}
		return nil
	})
	if err != nil || files < 4 {
		s.t.Errorf("%s: %d files were looked into, %v", when, files, err)
	}
}

// visits looks through the pages and the API, as an operator and as a stranger, and tries passwords.
func (s *canarySite) visits() {
	s.t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	paths := []string{"/", "/assets/" + boardroomID, "/polls", "/health", "/audit", "/points", "/walks", "/login", "/metrics", "/api/v1/status", "/api/v1/assets", "/api/v1/openapi.json", "/api/v1/points", "/api/v1/push", "/healthz"}
	for _, path := range paths {
		for _, password := range []string{"", secretOf("page"), secretOf("viewer"), canary + "-guess"} {
			r, err := http.NewRequest(http.MethodGet, s.address("page")+path, nil)
			if err != nil {
				s.t.Fatal(err)
			}
			if password != "" {
				r.SetBasicAuth("anna", password)
			}
			answer, err := client.Do(r)
			if err != nil {
				s.t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil {
				s.t.Fatal(err)
			}
			s.clean(fmt.Sprintf("GET %s as %q", path, password), fmt.Sprint(answer.Header)+string(text))
		}
	}
	answer, err := http.Get(strings.Replace(s.address("page"), "https:", "http:", 1) + "/" + canary) // which only debug tells
	if err != nil {
		s.t.Fatal(err)
	}
	answer.Body.Close()
	if code, _ := s.postWith(secretOf("header_value") + "x"); code != http.StatusUnauthorized {
		s.t.Errorf("a wrong secret is answered %d", code)
	}
}

// postWith posts an event with a secret.
func (s *canarySite) postWith(secret string) (int, error) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.address("webhook"), strings.NewReader(payload(s.t, "ROOM_OCCUPANCY", time.Now())))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// TestThreat09SecretsInAllThatIsSaid has a canary in every secret that the configuration can have, and in what Butlr and an
// application answer, and calls every command that there is: with no gateway, with one that logs everything, while Butlr
// fails and repeats what it was told. Whatever is said or written has no canary.
//
// Seen to break it: a command that is not in the list; a secret key that the configuration does not have; the
// configuration put into the bundle as it is, and secrets not looked for there; the value of a header logged; the text of
// Butlr's errors repeated.
func TestThreat09SecretsInAllThatIsSaid(t *testing.T) {
	s := newCanarySite(t)
	settings, err := config.Load(s.config)
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for _, section := range config.Sections() {
		for _, k := range section.Keys {
			if k.Type == "secret" {
				keys++
			}
		}
	}
	if secrets := settings.Secrets(); len(secrets) != keys-1 { // password of [webhook] would be needed beside the header
		t.Errorf("the configuration has %d secrets, and there are keys for %d", len(secrets), keys)
	}

	s.calls("before there is a state")
	s.start()
	for _, secret := range []string{secretOf("header_value"), secretOf("header_value_next")} {
		if code, err := s.postWith(secret); err != nil || code != http.StatusNoContent {
			t.Fatal(code, err)
		}
	}
	s.at["MODBUS"], s.at["WEBHOOK"] = s.address("Modbus TCP"), s.address("webhook")
	until(t, "the application was tried", func() bool { return strings.Contains(s.command("health"), "500") })
	s.calls("while it runs")
	s.visits()
	s.patience = time.Second // it would wait, and ask again
	for _, said := range []string{
		secretOf("client_secret"), `{"errors":[{"message":"no user ` + secretOf("client_id") + `","extensions":{"code":"` + secretOf("client_secret") + `"}}]}`,
		`{"data":{"webhooks":[null]},"errors":[{"message":"` + secretOf("client_secret") + `"}]}`,
	} {
		s.api.Trouble(slices.Repeat([]http.HandlerFunc{butlrtest.Pass, butlrtest.Text(said)}, 3)...) // after the login
		for _, path := range []string{"webhooks list", "assets import", "webhooks register"} {
			s.call("while Butlr fails", true, path, nil)
		}
	}
	s.patience = patience
	s.stop(syscall.SIGTERM)
	s.clean("the log", s.log.String())
	if !strings.Contains(s.log.String(), "level=DEBUG") {
		t.Errorf("the log has no details:\n%s", s.log)
	}
	s.calls("after it ran")
	for path := range canaryCommands {
		if s.said[path] == 0 {
			t.Errorf("%q said nothing, so that nothing was tried", path)
		}
	}
}

// TestNoWrongConfigurationTellsASecret spoils every line with a secret in every way that a hand can, and calls what reads
// the configuration.
//
// Seen to break it: the value of an unknown key shown; a type error that shows the value; what the library says of a text
// with a wrong escape shown; what stands after "env:" and is no variable shown in the bundle; the configuration put into it
// as it is.
func TestNoWrongConfigurationTellsASecret(t *testing.T) {
	s := newCanarySite(t)
	spoilt := 0
	for line := range strings.Lines(s.text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		if !strings.Contains(value, canary) {
			continue
		}
		for _, bad := range []string{
			name + " = \"" + canary + "\"", name + " = [" + value + "]", name + "s = " + value, name + " = " + strings.TrimSuffix(value, `"`), name + " = " + strings.Trim(value, `"`),
			name + " " + value, name + " = " + value + " " + value, name + " = \"env:" + canary + " 1\"", name + " = \"file:" + canary + "\"", name + " = { x = " + value + " }",
			name + " = " + value + "\n" + name + " = " + value, name + " = \"\\u0007" + canary + "0123456789abcdefgh\"", name + " = \"$2b$" + canary + "\"",
			name + " = \"" + canary + "-\\under-0123456789\"",
		} {
			s.configure(strings.Replace(s.text, line, bad+"\n", 1))
			s.removes("BUNDLE")
			for _, path := range []string{"check", "paths", "health", "support-bundle", "reload", "webhooks list", "points list"} {
				s.call(bad, true, path, canaryCommands[path][0])
			}
			var said bytes.Buffer
			if _, err := config.Load(s.config); err != nil { // what the journal has of a start that fails
				run(t.Context(), []string{"run", "--config", s.config}, &said, &said)
				s.clean(bad+": butlr-gateway run", said.String())
				spoilt++
			}
			for name, part := range unzip(t, s.at["BUNDLE"]) {
				s.clean(bad+": "+name, part)
			}
		}
	}
	if spoilt < 90 {
		t.Errorf("%d configurations were refused", spoilt)
	}
}
