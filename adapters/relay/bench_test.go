package relay

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// contents returns the files below a directory.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func bareRelay(t testing.TB) *Relay {
	t.Helper()
	r, err := Open(Options{Dir: t.TempDir(), Targets: []Target{theTarget()}, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// Handing a body over takes a copy of it and nothing more, also when nobody takes it.
//
// Seen to break it: a buffer that grows.
func TestForwardTakesOneCopy(t *testing.T) {
	r := bareRelay(t)
	body := []byte(strings.Repeat("x", 600))
	if n := testing.AllocsPerRun(2*bufferBodies, func() { r.Forward(body, false) }); n != 1 {
		t.Errorf("%v allocations for each body", n)
	}
	if s := r.Status()[0]; s.Dropped != bufferBodies+1 {
		t.Errorf("%d dropped, want what does not fit", s.Dropped)
	}
}

// BenchmarkForward is what the webhook pays for a target, with somebody to take the bodies.
func BenchmarkForward(b *testing.B) {
	r := bareRelay(b)
	body := []byte(strings.Repeat("x", 600))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range r.targets[0].buffer.more {
			r.targets[0].buffer.take()
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		r.Forward(body, false)
	}
	close(r.targets[0].buffer.more)
	<-ended
}
