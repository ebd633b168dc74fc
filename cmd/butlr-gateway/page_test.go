package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// browser is one that takes any certificate.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

// TestThePageForTheNetwork serves it with a password and its hash, logs in, rightly and wrongly, and looks for the
// secrets in all that the program says: its log, its pages, its metrics, the status and the dumps.
//
// Seen to break it: the options of the page logged; a hash in the status; the cookie in the log.
func TestThePageForTheNetwork(t *testing.T) {
	const right, guess, viewer = "canary-right-password", "canary-wrong-password", "canary-viewer-password"
	cert, key := filepath.Join(t.TempDir(), "page.crt"), filepath.Join(t.TempDir(), "page.key")
	if err := makeCertificateFor(3*24*time.Hour, cert, key); err != nil {
		t.Fatal(err)
	}
	hash := access.NewHash(viewer).String()
	s := newSite(t, fmt.Sprintf("[web]\nlisten = \"0.0.0.0:0\"\npassword = %q\nviewer_password = %q\ntls_cert = %q\ntls_key = %q\n", right, hash, cert, key))
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	loud := strings.Replace(string(text), "[gateway]", "[gateway]\nlog_level = \"debug\"", 1)
	if err := os.WriteFile(s.config, []byte(loud), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-10*time.Second)))

	listening := s.address("page")
	_, port, ok := strings.Cut(strings.TrimPrefix(listening, "https://"), "]:")
	if !ok {
		_, port, ok = strings.Cut(strings.TrimPrefix(listening, "https://"), ":")
	}
	if !ok || !strings.HasPrefix(listening, "https://") {
		t.Fatalf("the page is at %s", listening)
	}
	page := "https://127.0.0.1:" + port
	var said strings.Builder
	read := func(response *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		said.Write(body)
		return response.StatusCode, string(body)
	}
	b := browser(t)
	if code, body := read(b.Get(page + "/")); code != 200 || !strings.Contains(body, "<form method=\"post\" action=\"/login\">") {
		t.Errorf("a stranger sees %d %s", code, body)
	}
	if code, _ := read(b.PostForm(page+"/login", url.Values{"password": {guess}, "name": {"Anna"}})); code != 403 {
		t.Errorf("a wrong password: %d", code)
	}
	if code, body := read(b.PostForm(page+"/login", url.Values{"password": {viewer}, "name": {"Anna"}, "to": {"/?q=Boardroom"}})); code != 200 || !strings.Contains(body, "Boardroom Erasmus") {
		t.Errorf("a viewer sees %d %s", code, body)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("prometheus", right)
	if code, body := read(browser(t).Do(request)); code != 200 || !strings.Contains(body, `butlr_web_passwords_total{result="wrong"} 1`) || !strings.Contains(body, `{result="accepted"} 2`) {
		t.Errorf("a program reads %d %s", code, body)
	}
	read(b.Get(page + "/api/v1/status"))

	for _, args := range [][]string{{"health", "--json"}, {"health"}, {"state", "dump"}, {"state", "dump", "--format", "json"}, {"check"}} {
		out, err := program(t, append(args, "--config", s.config)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		said.Write(out)
	}
	if !strings.Contains(said.String(), "the page's certificate ends on ") || !strings.Contains(said.String(), gateway.CertificateExpiring.String()) {
		t.Error("there is no alarm about a certificate that ends in three days")
	}
	s.stop(syscall.SIGTERM)
	said.WriteString(s.log.String())
	if !strings.Contains(said.String(), "login refused") || !strings.Contains(s.log.String(), "page "+listening) {
		t.Errorf("the log says\n%s", s.log)
	}
	address, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"canary", "argon2id", hash[len(hash)-43:]}
	for _, c := range b.Jar.Cookies(address) {
		secrets = append(secrets, c.Value)
	}
	if len(secrets) != 4 {
		t.Errorf("%d secrets, want the cookie among them", len(secrets))
	}
	for _, secret := range secrets {
		if strings.Contains(said.String(), secret) {
			t.Errorf("%q is in what was said:\n%s", secret, said.String())
		}
	}
}

// Seen to break it: a demo that is closed; every page open, also that of a gateway that serves a building.
func TestOnlyADemoIsOpen(t *testing.T) {
	demo := program(t, "demo", "--rooms", "1")
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = demo.Wait() }()
	defer func() { _ = demo.Process.Signal(syscall.SIGTERM) }()
	page := ""
	for lines := bufio.NewScanner(out); page == "" && lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 2 && fields[0] == "page" {
			page = fields[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s := newSite(t, "[web]\nlisten = \"127.0.0.1:0\"\n")
	s.start()
	defer s.stop(syscall.SIGTERM)
	for address, want := range map[string]string{page: "This is a demo", s.address("page"): "There is no password"} {
		response, err := http.Get(address + "/login")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v", address, body, err)
		}
	}
}
