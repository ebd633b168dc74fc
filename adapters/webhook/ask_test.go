package webhook_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"butlr-gateway/adapters/webhook"
)

// TestTheWebhookAnswersItself, over HTTP and HTTPS, on every address that it may listen on, without a certificate yet, and
// with proxies that are believed; hundreds of times, and no log, no metric and no guess at the secret tells of it.
//
// Seen to break it: visits counted among the answers, and logged as refused.
func TestTheWebhookAnswersItself(t *testing.T) {
	for name, edit := range map[string]func(*testing.T, *webhook.Options){
		"loopback": func(*testing.T, *webhook.Options) {},
		"proxies": func(_ *testing.T, o *webhook.Options) {
			o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		},
		"IPv6":              func(_ *testing.T, o *webhook.Options) { o.Listen = "[::1]:0" },
		"HTTPS everywhere":  func(t *testing.T, o *webhook.Options) { *o = secure(t); o.Listen = ":0"; pair(t, *o, 1) },
		"HTTPS on one card": func(t *testing.T, o *webhook.Options) { *o = secure(t); o.Listen = "127.0.0.9:0"; pair(t, *o, 1) },
		"no certificate yet": func(_ *testing.T, o *webhook.Options) {
			o.Listen, o.Certificate = ":0", noCertificate
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, log, registry := options(), new(bytes.Buffer), prometheus.NewRegistry()
			edit(t, &o)
			o.Log, o.Metrics = slog.New(slog.NewTextHandler(log, nil)), registry
			s, _ := start(t, o)
			for range 200 {
				if err := s.Ask(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if log.Len() > 0 {
				t.Errorf("the log tells:\n%s", log)
			}
			if n, err := testutil.GatherAndCount(registry, "butlr_webhook_requests_total"); n == 0 || err != nil {
				t.Fatal(n, err)
			}
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				for _, m := range f.Metric {
					if m.GetCounter().GetValue() != 0 || m.GetHistogram().GetSampleCount() != 0 {
						t.Errorf("a metric tells: %s %v", f.GetName(), m)
					}
				}
			}
		})
	}
}

// TestAFullTableIsNoFault: every place is taken by a body that does not go on, and more wait for one. The visit is behind
// them all, or answered; either way the server is alive, again and again.
//
// Seen to break it: visits that have to wait for a place. (They are answered late or not at all.)
func TestAFullTableIsNoFault(t *testing.T) {
	o := options()
	o.MaxConnections = 8
	s, address := start(t, o)
	var idlers sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer idlers.Wait()
	defer stop()
	for range o.MaxConnections {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, "POST /webhooks/butlr HTTP/1.1\r\nHost: x\r\nX-Api-Key: "+secret+"\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 100"))); err != nil { // it reads the body
			t.Fatal(err)
		}
	}
	for range 3 {
		asked, done := context.WithTimeout(ctx, 5*time.Second)
		if err := s.Ask(asked); err != nil {
			t.Error(err)
		}
		done()
	}
}

// TestAWebhookThatNobodyServesIsTold: the port is open, and nothing accepts. Seen to break it: an Ask that is always nil.
func TestAWebhookThatNobodyServesIsTold(t *testing.T) {
	o := options()
	o.Listen = "127.0.0.1:0"
	s := newServer(t, o)
	if err := s.Listen(); err != nil { // and Run is not called
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := s.Ask(ctx); err == nil || !strings.Contains(err.Error(), "asking the webhook on 127.0.0.1:") || !strings.Contains(err.Error(), "no answer came in time") {
		t.Errorf("nobody accepts, and it says %v", err)
	}
}

func noCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return nil, errors.New("there is no certificate yet")
}
