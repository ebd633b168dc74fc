package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// example returns the block of docs/ways-in.md that is written in a language.
func example(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "ways-in.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```\n").FindAllSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("the page has %d blocks of %s", len(found), language)
	}
	return string(found[0][1])
}

// replaced changes each of some texts, which must be there once, as an operator would.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			t.Fatalf("%q is there %d times in\n%s", pairs[i], strings.Count(text, pairs[i]), text)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// freePort returns a port that nobody has at this moment.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// proxied starts a gateway that listens on this machine, behind a proxy or at the end of a tunnel.
func proxied(t *testing.T) (s *site, address string) {
	t.Helper()
	s = newSite(t, "")
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	behind := replaced(t, string(text), "[webhook]\nlisten = \"127.0.0.1:0\"\n", "[webhook]\nlisten = \"127.0.0.1:"+freePort(t)+"\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n")
	if err := os.WriteFile(s.config, []byte(behind), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	return s, strings.TrimSuffix(strings.TrimPrefix(s.address("webhook"), "http://"), "/webhooks/butlr")
}

// stranger runs somebody else's program until the function that it returns is called, or the test ends.
func stranger(t *testing.T, command *exec.Cmd) (end func()) {
	t.Helper()
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	command.WaitDelay = time.Second // for what it started, and which may outlive it
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	end = func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = command.Process.Kill()
			<-ended
		}
	}
	t.Cleanup(func() {
		end()
		if t.Failed() {
			t.Logf("%s says\n%s", command.Path, said.String())
		}
	})
	return end
}

// oneOfMany posts from an address of this machine, as one of the many who may post to a proxy.
type oneOfMany struct {
	t    *testing.T
	from string
	url  string
}

func (s oneOfMany) posts(path, secret string, body io.Reader) (int, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", secret)
	r.Host = "bms.example.org"
	r.Header.Set("X-Forwarded-For", "203.0.113.9") // what anybody may claim
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(s.from)}}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "bms.example.org"}}}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	answer.Body.Close()
	return answer.StatusCode, nil
}

// must is posts where there has to be this answer.
func (s oneOfMany) must(want int, path, secret, body string) {
	s.t.Helper()
	if got, err := s.posts(path, secret, strings.NewReader(body)); err != nil || got != want {
		s.t.Errorf("from %s to %s: %d, %v; want %d", s.from, path, got, err, want)
	}
}

// crossProxy posts through a proxy whatever may come: events, bodies of every size, guesses, other paths.
func crossProxy(t *testing.T, s *site, port string) {
	t.Helper()
	butlr := oneOfMany{t, "127.0.0.2", "https://127.0.0.1:" + port}
	event := payload(t, "ROOM_OCCUPANCY", time.Now())
	waitFor(t, func() string {
		if status, err := butlr.posts("/webhooks/butlr", testSecret, strings.NewReader(event)); err != nil || status != 204 {
			return fmt.Sprint(status, err)
		}
		return ""
	})
	if b := s.block(boardroom); b[1] != 6 {
		t.Errorf("the boardroom has %d people", b[1])
	}
	many := "[" + event + strings.Repeat(","+event, 200) + "]"
	many += strings.Repeat(" ", 256<<10-len(many))
	butlr.must(204, "/webhooks/butlr", testSecret, many)
	butlr.must(413, "/webhooks/butlr", testSecret, many+" ")
	for _, path := range []string{"/", "/metrics", "/webhooks/butlr/x", "/api/v1/status"} {
		butlr.must(404, path, testSecret, event)
	}
	guesser := oneOfMany{t, "127.0.0.3", butlr.url}
	for range 10 {
		guesser.must(401, "/webhooks/butlr", "wrong", event)
	}
	guesser.must(429, "/webhooks/butlr", "wrong", event)
	oneOfMany{t, "127.0.0.4", butlr.url}.must(401, "/webhooks/butlr", "wrong", event) // what one guesses is not held against another
	butlr.must(204, "/webhooks/butlr", testSecret, event)
}

// TestTheExampleOfNginx runs nginx with the example of docs/ways-in.md before the program.
//
// Seen to break it: 128k in the example; X-Forwarded-For passed on as it comes; no trusted_proxies.
func TestTheExampleOfNginx(t *testing.T) {
	nginx := tool(t, "nginx")
	s, address := proxied(t)
	port := freePort(t)
	cert, key := testCertificate(t)
	dir := t.TempDir()
	server := replaced(t, example(t, "nginx"), "listen 443 ssl", "listen 127.0.0.1:"+port+" ssl", "127.0.0.1:8443", address,
		"/etc/ssl/bms.example.org.crt", cert, "/etc/ssl/bms.example.org.key", key)
	whole := "pid " + dir + "/nginx.pid;\nerror_log stderr;\n"
	if os.Getuid() == 0 {
		whole += "user root;\n" // else its workers may not read this folder
	}
	whole += "events {}\nhttp {\naccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		whole += kind + "_temp_path " + filepath.Join(dir, kind) + ";\n"
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(whole+server+"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger(t, exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", file, "-g", "daemon off;"))
	crossProxy(t, s, port)
}

// TestTheExampleOfCaddy runs Caddy with the example of docs/ways-in.md before the program, with a certificate of the
// test's in place of one that it would order.
//
// Seen to break it: another path in the example; no trusted_proxies.
func TestTheExampleOfCaddy(t *testing.T) {
	caddy := tool(t, "caddy")
	s, address := proxied(t)
	port := freePort(t)
	cert, key := testCertificate(t)
	dir := t.TempDir()
	site := replaced(t, example(t, "caddyfile"), "bms.example.org {\n", "https://bms.example.org:"+port+" {\n    bind 127.0.0.1\n    tls "+cert+" "+key+"\n", "127.0.0.1:8443", address)
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte("{\n    admin off\n    auto_https off\n}\n"+site+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(caddy, "run", "--adapter", "caddyfile", "--config", file)
	command.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	stranger(t, command)
	crossProxy(t, s, port)
}
