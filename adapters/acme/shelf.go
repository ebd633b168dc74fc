package acme

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/crypto/acme/autocert"
)

// shelf keeps the account's key and the certificate, a file for each, which nobody but the gateway's user may read. It is
// an [autocert.Cache] that survives a power cut, takes a damaged file for none instead of failing for ever, and keeps
// what the disk does not take until it does: a certificate that is lost is ordered again, and authorities count orders.
type shelf struct {
	dir    string
	placed func(name string, text []byte) // told of everything that is put

	mu      sync.Mutex
	waiting map[string][]byte
	failure error
}

// proofEnd is at the end of the name of what answers a proof over HTTP, which alone is no PEM.
const proofEnd = "+http-01"

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._+-]*$`)

// Get implements [autocert.Cache].
func (s *shelf) Get(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, ok := s.waiting[name]; ok {
		return text, nil
	}
	if !plainName.MatchString(name) {
		return nil, autocert.ErrCacheMiss
	}
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !strings.HasSuffix(name, proofEnd) && !holdsKey(text) {
		return nil, autocert.ErrCacheMiss
	}
	return text, err
}

// holdsKey tells whether a file begins with a key in the form that autocert writes.
func holdsKey(text []byte) bool {
	block, _ := pem.Decode(text)
	if block == nil {
		return false
	}
	_, err := x509.ParseECPrivateKey(block.Bytes)
	return err == nil
}

// Put implements [autocert.Cache]. It keeps what the disk does not take, and returns nil for it.
func (s *shelf) Put(_ context.Context, name string, text []byte) error {
	s.mu.Lock()
	if !plainName.MatchString(name) {
		s.mu.Unlock()
		return errors.New("this is no name of a file")
	}
	s.keep(name, text)
	s.mu.Unlock()
	s.placed(name, text)
	return nil
}

// retry writes what the disk did not take.
func (s *shelf) retry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, text := range s.waiting {
		s.keep(name, text)
	}
}

func (s *shelf) keep(name string, text []byte) {
	if s.failure = s.write(name, text); s.failure == nil {
		delete(s.waiting, name)
		return
	}
	if s.waiting == nil {
		s.waiting = make(map[string][]byte)
	}
	s.waiting[name] = text
}

// trouble returns why the disk does not take something; nil if it has everything.
func (s *shelf) trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return nil
	}
	return s.failure
}

// Delete implements [autocert.Cache].
func (s *shelf) Delete(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, name)
	if err := os.Remove(filepath.Join(s.dir, filepath.Base(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// write replaces a file: whatever happens meanwhile, either the old or the new one is there, and whole.
func (s *shelf) write(name string, text []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(s.dir, ".new-*") // for its owner only
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(s.dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	if folder, err := os.Open(s.dir); err == nil { // where a folder can be synced, so that its new entry stays
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

// folderName returns a host, and its port, as the name of a folder.
func folderName(host string) string {
	return strings.Map(func(c rune) rune {
		if c == ':' || c == '[' || c == ']' || c == '%' {
			return '_'
		}
		return c
	}, host)
}
