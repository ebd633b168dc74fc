package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certificateCheck is how often the files of the certificate are looked at.
const certificateCheck = 5 * time.Second

// certificate is the pair that the server shows: the newest whole one that its files ever held.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	current atomic.Pointer[tls.Certificate]
	mu      sync.Mutex
	seen    [2]fileVersion // what current was made of
	broken  bool           // what the files hold now cannot be used
}

// fileVersion tells one content of a file from another.
type fileVersion struct {
	modified time.Time
	size     int64
}

// load reads the pair. After an error the pair before it is still shown.
func (c *certificate) load() error {
	seen, err := c.versions()
	if err != nil {
		return fmt.Errorf("reading the TLS certificate: %w; tls_cert and tls_key must name readable files", err)
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if _, unreadable := errors.AsType[*fs.PathError](err); unreadable {
		return fmt.Errorf("reading the TLS certificate: %w; let the gateway's user read it", err)
	}
	if err != nil {
		return fmt.Errorf("reading the TLS certificate %s with the key %s: %w; both must be PEM files that belong together", c.certFile, c.keyFile, err)
	}
	c.seen = seen
	c.current.Store(&pair)
	return nil
}

func (c *certificate) versions() (v [2]fileVersion, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return v, err
		}
		v[i] = fileVersion{info.ModTime(), info.Size()}
	}
	return v, nil
}

// watch loads the pair again when its files change, until ctx ends.
func (c *certificate) watch(ctx context.Context) {
	ticks := time.NewTicker(certificateCheck)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			c.refresh()
		}
	}
}

// refresh looks once. It tells of a pair that cannot be used once, and of the next one that can.
func (c *certificate) refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, err := c.versions(); err == nil && now == c.seen && !c.broken {
		return
	}
	err := c.load()
	switch {
	case err != nil && !c.broken:
		c.log.Error("the new TLS certificate cannot be used, the one before is kept", "err", err)
	case err == nil:
		c.log.Info("TLS certificate renewed", "expires", c.current.Load().Leaf.NotAfter)
	}
	c.broken = err != nil
}

// config returns the listener's settings. HTTP/2 is left out: one connection is to be one request at a
// time, so that the limit on connections bounds the memory.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
}
