// Package tlsfiles keeps what a TLS listener shows and trusts as its files have it: a certificate, its key
// and, where clients must show certificates too, those that may sign them. The files are read again when
// they change. What cannot be used is told once, and what was read before stays in use.
package tlsfiles

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// period is how often the files are looked at.
const period = 5 * time.Second

// Options name the files, all in PEM form.
type Options struct {
	Cert, Key string
	ClientCA  string       // whom clients' certificates must be signed by; "" where clients show none
	Log       *slog.Logger // must not be nil
}

// Files is the newest content that could be used.
type Files struct {
	options Options
	current atomic.Pointer[Content]

	mu     sync.Mutex
	seen   [3]version // what current was made of
	broken bool       // what the files hold now cannot be used
}

// Content is what the files held together.
type Content struct {
	Certificate *tls.Certificate
	ClientCA    *x509.CertPool // nil where clients show no certificates
}

// version tells one content of a file from another.
type version struct {
	modified time.Time
	size     int64
}

// New returns files that were not read yet.
func New(o Options) *Files { return &Files{options: o} }

// Content returns what was read last, nil before [Files.Load].
func (f *Files) Content() *Content { return f.current.Load() }

// Expiry returns when the certificate ends, the zero time before [Files.Load].
func (f *Files) Expiry() time.Time {
	c := f.current.Load()
	if c == nil {
		return time.Time{}
	}
	return c.Certificate.Leaf.NotAfter
}

// Load reads the files for the first time.
func (f *Files) Load() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.load()
}

func (f *Files) load() error {
	seen, err := f.versions()
	if err != nil {
		return fmt.Errorf("reading the TLS certificate: %w; its files must be there, and readable", err)
	}
	o := &f.options
	pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
	if _, unreadable := errors.AsType[*fs.PathError](err); unreadable {
		return fmt.Errorf("reading the TLS certificate: %w; let the gateway's user read it", err)
	}
	if err != nil {
		return fmt.Errorf("reading the TLS certificate %s with the key %s: %w; both must be PEM files that belong together", o.Cert, o.Key, err)
	}
	content := &Content{Certificate: &pair}
	if o.ClientCA != "" {
		if content.ClientCA, err = readPool(o.ClientCA); err != nil {
			return err
		}
	}
	f.seen = seen
	f.current.Store(content)
	return nil
}

func readPool(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates that clients must be signed by: %w; let the gateway's user read it", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading the certificates that clients must be signed by: %s has none; it must be a PEM file", path)
	}
	return pool, nil
}

func (f *Files) versions() (v [3]version, err error) {
	for i, name := range []string{f.options.Cert, f.options.Key, f.options.ClientCA} {
		if name == "" {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return v, err
		}
		v[i] = version{info.ModTime(), info.Size()}
	}
	return v, nil
}

// Watch reads the files again when they change, until ctx ends.
func (f *Files) Watch(ctx context.Context) {
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			f.Refresh()
		}
	}
}

// Refresh looks once. It tells of files that cannot be used once, and of the next ones that can.
func (f *Files) Refresh() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now, err := f.versions(); err == nil && now == f.seen && !f.broken {
		return
	}
	err := f.load()
	switch {
	case err != nil && !f.broken:
		f.options.Log.Error("the new TLS certificate cannot be used, the one before is kept", "err", err)
	case err == nil:
		f.options.Log.Info("TLS certificate renewed", "expires", f.Expiry())
	}
	f.broken = err != nil
}
