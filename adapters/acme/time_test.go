package acme_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/acme"
)

// wayFunc is a way to an authority.
type wayFunc func(*http.Request) (*http.Response, error)

func (f wayFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is an answer of an authority.
func answer(r *http.Request, status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)), Request: r, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

func problemOf(kind, detail string) string {
	return `{"type":"urn:ietf:params:acme:error:` + kind + `","detail":"` + detail + `"}`
}

var problemJSON = http.Header{"Content-Type": {"application/problem+json"}}

// virtual are the options of a keeper with a way that a test makes.
func virtual(t *testing.T, log *journal, way wayFunc) acme.Options {
	return acme.Options{Domain: domain, Directory: "https://ca.example/dir", Dir: t.TempDir(), Log: log.log(), Transport: way}
}

// untilTheEnd makes a way that leads nowhere when the bubble ends, and has the bubble wait until everybody has turned
// back: autocert renews by a timer of its own, which nobody can stop, and may be at it.
func untilTheEnd(t *testing.T, way wayFunc) wayFunc {
	var over atomic.Bool
	t.Cleanup(func() {
		over.Store(true)
		time.Sleep(renewalLimit)
	})
	return func(r *http.Request) (*http.Response, error) {
		if over.Load() {
			return nil, errors.New("the test is over")
		}
		return way(r)
	}
}

// renewalLimit is how long autocert tries one renewal.
const renewalLimit = 10 * time.Minute

// TestAnAuthorityThatIsAwayForDays has a certificate that ends in ten days, and nobody to renew it for three. It stays in
// use, the authority is asked now and then, and it is said once.
//
// Seen to break it: the certificate dropped with the first failure; each failure told; a request tried again for ever.
func TestAnAuthorityThatIsAwayForDays(t *testing.T) {
	for name, way := range map[string]wayFunc{
		"no network": func(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") },
		"it fails":   func(r *http.Request) (*http.Response, error) { return answer(r, 500, nil, "oops"), nil },
		"it is busy": func(r *http.Request) (*http.Response, error) { return answer(r, 503, nil, "busy"), nil },
		"a half answer": func(r *http.Request) (*http.Response, error) {
			a := answer(r, 200, nil, "")
			a.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), failing{}))
			return a, nil
		},
	} {
		for _, kept := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				log := new(journal)
				o := virtual(t, log, untilTheEnd(t, func(r *http.Request) (*http.Response, error) { asked.Add(1); return way(r) }))
				if kept {
					ends := time.Now().Add(10 * 24 * time.Hour)
					write(t, &o, domain, ends.Add(-90*24*time.Hour), ends)
				}
				k := newKeeper(t, o)
				stop := runs(t, k)
				time.Sleep(72 * time.Hour)
				_, err := k.Certificate(&tls.ClientHelloInfo{ServerName: domain})
				if (err == nil) != kept {
					t.Errorf("%s: there is a certificate %v, and the handshake says %v", name, kept, err)
				}
				if why := k.Status().Why; !strings.Contains(why, "ca.example") || len(why) > 200 {
					t.Errorf("%s: the reason is %q", name, why)
				}
				if n := strings.Count(log.String(), "level=ERROR") + strings.Count(log.String(), "level=WARN"); n != 1 {
					t.Errorf("%s: told %d times:\n%s", name, n, log.String())
				}
				// Each two minutes at most where there was no answer, and four tries of one request where there was.
				if n := asked.Load(); n < 60 || n > 72*30+2 {
					t.Errorf("%s: asked %d times in three days", name, n)
				}
				stop()
			})
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the line is dead") }

// TestAnAuthorityThatWantsQuietIsLeftAlone has an answer that allows the next request in ten hours.
//
// Seen to break it: Retry-After of 429 passed over; more than a day of it obeyed.
func TestAnAuthorityThatWantsQuietIsLeftAlone(t *testing.T) {
	for _, test := range []struct {
		status int
		after  string
		hours  int
	}{{429, "36000", 10}, {503, "36000", 10}, {429, "Sat, 01 Jan 2000 10:00:00 GMT", 10}, {429, "99999999", 24}, {429, "-5", 0}} {
		synctest.Test(t, func(t *testing.T) {
			var asked []time.Time
			log := new(journal)
			k := newKeeper(t, virtual(t, log, func(r *http.Request) (*http.Response, error) {
				asked = append(asked, time.Now())
				return answer(r, test.status, http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {test.after}}, problemOf("rateLimited", "too many")), nil
			}))
			stop := runs(t, k)
			time.Sleep(30 * time.Hour)
			stop()
			if len(asked) < 2 {
				t.Fatalf("%+v: asked %d times", test, len(asked))
			}
			if got, want := asked[1].Sub(asked[0]), time.Duration(test.hours)*time.Hour; test.hours > 0 && (got < want || got > want+2*time.Hour) {
				t.Errorf("%+v: the next request came after %v", test, got)
			}
			says(t, k.Status().Why, "wants no more orders for now; it is asked again when it allows (it says too many)")
		})
	}
}

// TestOrdersBecomeRare has an authority that refuses each order, and strangers who shake hands all the time: Let's Encrypt
// takes five failed orders in an hour.
//
// Seen to break it: no longer pause after each; a handshake that orders.
func TestOrdersBecomeRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Time
		k := newKeeper(t, virtual(t, new(journal), func(r *http.Request) (*http.Response, error) {
			asked = append(asked, time.Now())
			return answer(r, 400, problemJSON, problemOf("rejectedIdentifier", "no")), nil
		}))
		begin := time.Now()
		stop := runs(t, k)
		for range 24 * 60 {
			time.Sleep(time.Minute)
			hello := &tls.ClientHelloInfo{ServerName: domain, SupportedProtos: []string{"http/1.1"}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
			if _, err := k.Certificate(hello); err == nil {
				t.Fatal("there is a certificate")
			}
		}
		stop()
		first := 0
		for _, at := range asked {
			if at.Sub(begin) < time.Hour {
				first++
			}
		}
		if first < 3 || first > 5 || len(asked) > 28 || len(asked) < 24 {
			t.Errorf("%d orders in the first hour, and %d in a day", first, len(asked))
		}
	})
}

// TestAStopDoesNotWaitForTheAuthority stops while a request hangs.
//
// Seen to break it: a request that outlives the gateway.
func TestAStopDoesNotWaitForTheAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(journal)
		k := newKeeper(t, virtual(t, log, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		}))
		stop := runs(t, k)
		time.Sleep(time.Second)
		begin := time.Now()
		stop()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the stop took %v", took)
		}
		if strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("the stop is told as a failure:\n%s", log.String())
		}
	})
}

// TestProblemsAreExplained has every problem that an authority may have, and texts that are no one's to believe.
//
// Seen to break it: control characters passed on; a text without an end.
func TestProblemsAreExplained(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for body, want := range map[string]string{
		problemOf("dns", "NXDOMAIN"):              "DNS has no address for bms.example.org that ca.example can find: make an A record with the public address of this site (it says NXDOMAIN)",
		problemOf("connection", "timeout"):        "ca.example did not find this gateway on port 443 of bms.example.org: have the router pass that port on to the webhook's (it says timeout)",
		problemOf("caa", "x"):                     "DNS forbids ca.example to issue for bms.example.org: change its CAA record (it says x)",
		problemOf("rejectedIdentifier", "x"):      "ca.example issues nothing for bms.example.org: use a name that the internet knows (it says x)",
		problemOf("externalAccountRequired", "x"): "ca.example wants an account that is made by hand, which the gateway cannot use (it says x)",
		problemOf("invalidContact", "x"):          "ca.example cannot use acme_email: correct it, or remove it (it says x)",
		problemOf("serverInternal", ""):           "ca.example fails by itself, and is asked again (it says urn:ietf:params:acme:error:serverInternal)",
		problemOf("orderNotReady", long):          "ca.example refuses the order (it says " + strings.Repeat("x", 300) + "…)",
		problemOf("other", "a\\u001b[2J\\u202eb"): "ca.example refuses the order (it says a[2Jb)",
		`{"status":"pending","challenges":[{"type":"http-01","error":` + problemOf("unauthorized", "404") + `}]}`: "ca.example did not find this gateway on port 80 of bms.example.org: have the router pass that port on to acme_http (it says 404)",
		`{"status":"invalid","error":` + problemOf("caa", "y") + `}`:                                              "DNS forbids ca.example to issue for bms.example.org: change its CAA record (it says y)",
	} {
		synctest.Test(t, func(t *testing.T) {
			k := newKeeper(t, virtual(t, new(journal), func(r *http.Request) (*http.Response, error) { return answer(r, 400, problemJSON, body), nil }))
			stop := runs(t, k)
			time.Sleep(time.Second)
			stop()
			if got := k.Status().Why; got != want {
				t.Errorf("%q\nwant %q", got, want)
			}
		})
	}
}

// TestWhatIsNoCertificateIsNotTakenUp damages what is kept: it is as if there were none, and the account is made anew.
//
// Seen to break it: a damaged key that ends all orders.
func TestWhatIsNoCertificateIsNotTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		o := virtual(t, new(journal), func(r *http.Request) (*http.Response, error) { asked++; return answer(r, 500, nil, ""), nil })
		now := time.Now()
		write(t, &o, domain, now, now.Add(time.Hour))
		file := filepath.Join(o.Dir, "ca.example", domain)
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{nil, whole[:len(whole)/2], whole[:100], []byte("rubbish"), bytes.Replace(whole, []byte("MH"), []byte("\x00\x00"), 1)} {
			put(t, &o, domain, text)
			put(t, &o, "acme_account+key", text)
			if s := newKeeper(t, o).Status(); !s.Ends.IsZero() {
				t.Errorf("%d bytes of a certificate are shown: %+v", len(text), s)
			}
			asked = 0
			k := newKeeper(t, o)
			stop := runs(t, k)
			time.Sleep(10 * time.Second)
			stop()
			if asked == 0 {
				t.Errorf("with %d bytes of a key nothing is ordered: %s", len(text), k.Status().Why)
			}
			if key, err := os.ReadFile(filepath.Join(o.Dir, "ca.example", "acme_account+key")); err != nil || !bytes.Contains(key, []byte("EC PRIVATE KEY")) {
				t.Errorf("the account's key was not made anew: %v", err)
			}
		}
		o.Domain = "other.example.org"
		put(t, &o, o.Domain, whole)
		if s := newKeeper(t, o).Status(); !s.Ends.IsZero() {
			t.Errorf("another name's certificate is shown: %+v", s)
		}
	})
}

// TestProofsOfOthersAreRefused asks for a proof of another name.
func TestProofsOfOthersAreRefused(t *testing.T) {
	k := newKeeper(t, virtual(t, new(journal), func(r *http.Request) (*http.Response, error) { return answer(r, 500, nil, ""), nil }))
	for _, name := range []string{"", "other.example.org", "../../etc/passwd", domain} {
		if _, err := k.Certificate(&tls.ClientHelloInfo{ServerName: name, SupportedProtos: []string{acme.Protocol}}); err == nil {
			t.Errorf("a proof is shown for %q", name)
		}
	}
}

// TestOptionsThatCannotBe are refused before anything is opened.
func TestOptionsThatCannotBe(t *testing.T) {
	good := virtual(t, new(journal), nil)
	good.Transport = nil
	if _, err := acme.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*acme.Options){
		"no domain": func(o *acme.Options) { o.Domain = "" }, "capitals": func(o *acme.Options) { o.Domain = "BMS.example.org" },
		"HTTP": func(o *acme.Options) { o.Directory = "http://ca.example/dir" }, "no folder": func(o *acme.Options) { o.Dir = "" },
		"no log": func(o *acme.Options) { o.Log = nil }, "no PEM": func(o *acme.Options) { o.CA = []byte("rubbish") },
	} {
		o := good
		change(&o)
		if _, err := acme.New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
