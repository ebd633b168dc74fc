package acme_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"butlr-gateway/adapters/acme"
	"butlr-gateway/adapters/acme/acmetest"
)

const (
	domain   = "bms.example.org"
	ninety   = 90 * 24 * 3600 // seconds that a certificate lasts
	patience = 30 * time.Second
)

// journal is a log that is read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) log() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// door is a TLS listener that shows what a keeper keeps, as the webhook does.
type door struct {
	net.Listener
	keeper chan *acme.Keeper
}

// newDoor takes a port; handshakes wait until there is a keeper.
func newDoor(t *testing.T) *door {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{keeper: make(chan *acme.Keeper, 1)}
	d.Listener = tls.NewListener(plain, &tls.Config{
		NextProtos: []string{"http/1.1", acme.Protocol},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			k := <-d.keeper
			d.keeper <- k
			return k.Certificate(hello)
		},
	})
	t.Cleanup(func() { d.Close() })
	go func() {
		for {
			c, err := d.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_ = c.(*tls.Conn).Handshake()
			}()
		}
	}()
	return d
}

// open puts a keeper behind the door.
func (d *door) open(k *acme.Keeper) {
	select {
	case <-d.keeper:
	default:
	}
	d.keeper <- k
}

func (d *door) port() int { return d.Addr().(*net.TCPAddr).Port }

// shakes makes a handshake as a client that trusts the authority, and returns what it was shown.
func (d *door) shakes(a *acmetest.Authority) (*tls.ConnectionState, error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", d.Addr().String(), &tls.Config{ServerName: domain, RootCAs: a.Roots, NextProtos: []string{"http/1.1"}})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	state := c.ConnectionState()
	return &state, nil
}

func newKeeper(t *testing.T, o acme.Options) *acme.Keeper {
	t.Helper()
	k, err := acme.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// runs has a keeper run until the function that it returns is called, or the test ends.
func runs(t *testing.T, k *acme.Keeper) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain waited for: " + what)
		}
	}
}

func issued(k *acme.Keeper) func() bool {
	return func() bool { return !k.Status().Ends.IsZero() && k.Status().Why == "" }
}

func says(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("nothing is said of %q:\n%s", w, text)
		}
	}
}
