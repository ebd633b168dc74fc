package web

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"butlr-gateway/adapters/internal/tlsfiles/tlstest"
	"butlr-gateway/adapters/web/door"
)

// serving runs a server until the test ends.
func serving(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestThePageAndTheSocketAnswerThemselves, whatever the gateway's health is: this hub does not answer, which is for the hub
// to be asked. Seen to break it: a socket that is asked as a port is.
func TestThePageAndTheSocketAnswerThemselves(t *testing.T) {
	for name, edit := range map[string]func(*Options){
		"loopback": func(*Options) {},
		"IPv6":     func(o *Options) { o.Listen = "[::1]:0" },
		"TLS everywhere": func(o *Options) {
			o.Listen, o.Password = ":0", "correct horse battery staple"
			o.TLSCert, o.TLSKey = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
			tlstest.Write(t, o.TLSCert, o.TLSKey, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testOptions(NewBoard())
			edit(&o)
			s, err := NewServer(o)
			if err != nil {
				t.Fatal(err)
			}
			serving(t, s)
			if err := s.Ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("socket", func(t *testing.T) {
		t.Parallel()
		dir, err := os.MkdirTemp("", "s") // a socket's path must be short
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o := testOptions(NewBoard())
		o.Listen = filepath.Join(dir, door.Name)
		s := NewControl(o)
		serving(t, s)
		if err := s.Ask(t.Context()); err != nil {
			t.Error(err)
		}
		if err := os.Remove(o.Listen); err != nil {
			t.Fatal(err)
		}
		if err := s.Ask(t.Context()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket's file is gone, and it says %v", err)
		}
	})
}

// Seen to break it: an Ask that is always nil.
func TestAPageThatNobodyServesIsTold(t *testing.T) {
	s, err := NewServer(testOptions(NewBoard()))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil { // and Run is not called
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := s.Ask(ctx); err == nil {
		t.Error("nobody accepts, and it is well")
	}
}
