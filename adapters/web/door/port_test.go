package door

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// behind serves what stands behind a door until the test ends.
func behind(t *testing.T, l net.Listener, h http.Handler) {
	t.Helper()
	s := http.Server{Handler: h}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-ended
	})
}

func openAt(t *testing.T, path string) *Door {
	t.Helper()
	d, err := openPort(path)
	if err != nil {
		t.Fatal(err)
	}
	behind(t, d, d.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "inside ", r.URL.Path) })))
	return d
}

// ask goes the way to the door, as the commands do.
func ask(t *testing.T, path string) (string, error) {
	t.Helper()
	client := http.Client{Transport: toPort(path)}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://gateway/status")
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return fmt.Sprint(answer.StatusCode, " ", string(text)), err
}

// TestWhoReadsTheFileComesIn, each time the gateway starts. Seen to break it: the file left when the door is closed.
func TestWhoReadsTheFileComesIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.port")
	for range 2 {
		d := openAt(t, path)
		if got, err := ask(t, path); got != "200 inside /status" {
			t.Errorf("%q, %v", got, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after closing the file is there: %v", err)
		}
	}
	openAt(t, path)
	openAt(t, path) // the first was killed
	if got, err := ask(t, path); got != "200 inside /status" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNobodyElseComesIn: without the word, with a wrong one, with the one that only the gateway says. Seen to break it:
// the guard left out, and words compared with those of the answer.
func TestNobodyElseComesIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.port")
	d := openAt(t, path)
	for _, word := range []string{"", "x", d.words.answered, d.words.asked + "x"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+d.Addr().String()+"/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(askedHeader, word)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized || strings.Contains(string(text), "inside") || answer.Header.Get(answeredHeader) != "" {
			t.Errorf("with %q: %d %s %v", word, answer.StatusCode, text, answer.Header)
		}
	}
	if host, _, err := net.SplitHostPort(d.Addr().String()); host != "127.0.0.1" {
		t.Errorf("the port is on %s, %v", host, err)
	}
}

// TestNobodyIsBehindTheDoor: no file, one that is being written, one whose port is closed by now, and one whose port is
// another program's. Seen to break it: an answer that says the wrong word taken for one of the gateway.
func TestNobodyIsBehindTheDoor(t *testing.T) {
	dir := t.TempDir()
	missing, begun, killed, taken := filepath.Join(dir, "missing"), filepath.Join(dir, "begun"), filepath.Join(dir, "killed"), filepath.Join(dir, "taken")
	if err := os.WriteFile(begun, []byte("127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed, err := openPort(killed)
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadFile(killed)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(closed.Close(), os.WriteFile(killed, left, 0o600)); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	behind(t, other, http.NotFoundHandler())
	if err := os.WriteFile(taken, fmt.Appendf(nil, "%s\nasked\nanswered\n", other.Addr()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{missing, begun, killed, taken} {
		if got, err := ask(t, path); !Nobody(err) {
			t.Errorf("%s: %q, %v", filepath.Base(path), got, err)
		}
	}
	if Nobody(fs.ErrPermission) || Nobody(nil) {
		t.Error("whoever may not ask is told that there is nobody")
	}
}

// TestACommandThatReadsTheFileIsInNobodysWay when a gateway starts after one that was killed. Seen to break it, on
// Windows: the file removed first.
func TestACommandThatReadsTheFileIsInNobodysWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.port")
	openAt(t, path)
	reading, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reading.Close() }()
	openAt(t, path)
	if got, err := ask(t, path); got != "200 inside /status" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTheFileIsForItsOwner, also where it was another one before. Seen to break it: mode 0644, and the mode that it had.
func TestTheFileIsForItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.port")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	openAt(t, path)
	if about, err := os.Stat(path); err != nil || about.Mode().Perm()&0o077 != 0 && Name == "control.sock" {
		t.Errorf("mode %v, %v", about.Mode(), err)
	}
}
