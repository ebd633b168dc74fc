package webhook_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"butlr-gateway/adapters/internal/tlsfiles/tlstest"
	"butlr-gateway/adapters/webhook"
)

// pair writes a certificate with this serial number and its key to the options' files.
func pair(t *testing.T, o webhook.Options, serial int64) {
	t.Helper()
	tlstest.Write(t, o.TLSCert, o.TLSKey, serial)
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func secure(t *testing.T) webhook.Options {
	o := options()
	folder := t.TempDir()
	o.TLSCert, o.TLSKey = filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	return o
}

// shown returns the serial number of the certificate that a new connection is shown.
func shown(t *testing.T, address string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestTheCertificateIsReadAgain(t *testing.T) {
	var log bytes.Buffer
	o := secure(t)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	pair(t, o, 100)
	s, address := start(t, o)
	if got := shown(t, address); got != 100 {
		t.Fatalf("certificate %d is shown, want 100", got)
	}
	s.Refresh()
	if log.Len() > 0 {
		t.Errorf("files that did not change were told of:\n%s", log.String())
	}

	pair(t, o, 101)
	s.Refresh()
	if got := shown(t, address); got != 101 {
		t.Errorf("certificate %d is shown after a change, want 101", got)
	}
	if left := time.Until(s.CertificateExpiry()).Hours() / 24; left < 100 || left > 101 {
		t.Errorf("the certificate ends in %v days, want 101", left)
	}

	log.Reset()
	write(t, o.TLSCert, "rubbish")
	for range 3 {
		s.Refresh()
	}
	if got := shown(t, address); got != 101 {
		t.Errorf("certificate %d is shown after a broken one, want 101", got)
	}
	if got := strings.Count(log.String(), "\n"); got != 1 {
		t.Errorf("a broken certificate was told %d times, want once:\n%s", got, log.String())
	}

	if err := os.Remove(o.TLSKey); err != nil {
		t.Fatal(err)
	}
	s.Refresh()
	pair(t, o, 102)
	s.Refresh()
	if got := shown(t, address); got != 102 {
		t.Errorf("certificate %d is shown after a good one, want 102", got)
	}
	if got := strings.Count(log.String(), "\n"); got != 2 {
		t.Errorf("%d lines, want one for the bad and one for the good:\n%s", got, log.String())
	}
}

// TestThreat11CertificatesChangedUnderLoad changes the certificate while requests arrive over new connections.
func TestThreat11CertificatesChangedUnderLoad(t *testing.T) {
	o := secure(t)
	pair(t, o, 1)
	s, address := start(t, o)
	var done atomic.Bool
	var answered, failed atomic.Int64
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			client := &http.Client{Timeout: deadline, Transport: &http.Transport{
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
			}}
			for !done.Load() {
				r, err := http.NewRequest(http.MethodPost, "https://"+address+"/webhooks/butlr", strings.NewReader("[]"))
				if err != nil {
					failed.Add(1)
					return
				}
				r.Header.Set("X-Api-Key", secret)
				response, err := client.Do(r)
				if err != nil || response.StatusCode != 204 {
					failed.Add(1)
					return
				}
				response.Body.Close()
				answered.Add(1)
			}
		})
	}
	for serial := range int64(50) {
		pair(t, o, serial+2)
		if serial%5 == 0 {
			write(t, o.TLSKey, "rubbish")
		}
		s.Refresh()
	}
	done.Store(true)
	senders.Wait()
	if failed.Load() > 0 || answered.Load() == 0 {
		t.Errorf("%d requests failed, %d were answered", failed.Load(), answered.Load())
	}
	t.Attr("figure", fmt.Sprintf("50 certificates, some of them broken: %d requests answered, %d failed", answered.Load(), failed.Load()))
}

func TestOldTLSIsRefused(t *testing.T) {
	o := secure(t)
	pair(t, o, 1)
	_, address := start(t, o)
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if err == nil {
			c.Close()
		}
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
	if response, err := http.Get("http://" + address + "/webhooks/butlr"); err == nil {
		response.Body.Close()
		if response.StatusCode != 400 {
			t.Errorf("HTTP on the HTTPS port was answered %d", response.StatusCode)
		}
	}
}

func TestACertificateThatCannotBeReadIsSaid(t *testing.T) {
	o := secure(t)
	if err := newServer(t, o).Listen(); err == nil || !strings.Contains(err.Error(), o.TLSCert) {
		t.Errorf("%v, want an error that names %s", err, o.TLSCert)
	}
	pair(t, o, 1)
	write(t, o.TLSKey, "rubbish")
	o.Metrics = options().Metrics
	if err := newServer(t, o).Listen(); err == nil || !strings.Contains(err.Error(), o.TLSKey) {
		t.Errorf("%v, want an error that names %s", err, o.TLSKey)
	}
}
