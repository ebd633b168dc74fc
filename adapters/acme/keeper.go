package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// Protocol is what a listener must offer (ALPN), beside its own, so that the authority can look at it.
const Protocol = acme.ALPNProto

// The pace of orders. Let's Encrypt takes five failed proofs of one name in an hour, and an order may fail two.
const (
	firstPause   = 5 * time.Minute // after the first order that failed; autocert itself remembers a failure for one minute
	longestPause = time.Hour
	awayPause    = 2 * time.Minute // where the authority was not even reached
	lookPeriod   = time.Minute     // at a certificate that autocert renews by itself
)

// Options is what a keeper needs.
type Options struct {
	Domain    string       // the one name that the certificate is for, in ASCII and in small letters
	Directory string       // the URL at which the authority says how it is talked to
	Email     string       // whom the authority may write to; "" is nobody
	CA        []byte       // PEM certificates that the authority's own must be signed by; nil is those that this machine trusts
	Dir       string       // the folder for the account's key and the certificate, which is made
	Listen    string       // host:port where HTTP-01 is answered; "" is nowhere
	Log       *slog.Logger // must not be nil

	Transport http.RoundTripper // to the authority; nil is one of its own, which trusts CA
}

// Keeper has a certificate issued, and keeps it. Call Listen, then Run, once.
type Keeper struct {
	options   Options
	manager   *autocert.Manager
	authority *authority
	shelf     *shelf
	current   atomic.Pointer[tls.Certificate]
	listener  net.Listener // nil without Options.Listen
	challenge http.Handler // of that listener
	told      string       // what the log says already
	pause     time.Duration
}

// New checks the options. It opens nothing.
func New(o Options) (*Keeper, error) {
	directory, err := url.Parse(o.Directory)
	switch {
	case err != nil || directory.Scheme != "https" || directory.Host == "":
		return nil, fmt.Errorf("setting up ACME: the directory %q is no address that begins with https://", o.Directory)
	case o.Domain == "" || strings.ToLower(o.Domain) != o.Domain:
		return nil, fmt.Errorf("setting up ACME: the domain %q must be given, in small letters", o.Domain)
	case o.Dir == "" || o.Log == nil:
		return nil, errors.New("setting up ACME: folder and log must be given")
	}
	if o.Transport == nil {
		if o.Transport, err = transport(o.CA); err != nil {
			return nil, err
		}
	}
	k := &Keeper{options: o, authority: newAuthority(directory.Host, o.Transport), pause: firstPause}
	// Another authority, such as one for trying out, is another account with other certificates.
	k.shelf = &shelf{dir: filepath.Join(o.Dir, folderName(directory.Host)), placed: k.placed}
	k.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS, // whoever configures a domain agrees, and is told so
		Cache:  k.shelf, Email: o.Email, HostPolicy: k.onlyOurs,
		Client: &acme.Client{
			DirectoryURL: o.Directory, UserAgent: "butlr-gateway", RetryBackoff: k.authority.backOff,
			HTTPClient: &http.Client{Transport: k.authority, Timeout: requestLimit},
		},
	}
	if o.Listen != "" {
		k.challenge = k.manager.HTTPHandler(http.HandlerFunc(http.NotFound))
	}
	return k, nil
}

// transport returns a way to an authority whose own certificate is signed by those in ca; nil is whom this machine trusts.
func transport(ca []byte) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if ca != nil {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(ca) {
			return nil, errors.New("setting up ACME: the certificates to trust the authority by must be in PEM form")
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return t, nil
}

// onlyOurs keeps others from having certificates ordered.
func (k *Keeper) onlyOurs(_ context.Context, host string) error {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !strings.EqualFold(host, k.options.Domain) {
		return errors.New("this is another host")
	}
	return nil
}

// Listen takes up the certificate that was kept, if there is one, and takes the port of HTTP-01. A certificate that has
// ended, or has not begun by a clock that is wrong, is taken up as well: clients decide by theirs.
func (k *Keeper) Listen() error {
	if text, err := k.shelf.Get(context.Background(), k.options.Domain); err == nil {
		k.current.Store(k.usable(text))
	}
	if k.options.Listen == "" {
		return nil
	}
	listener, err := net.Listen("tcp", k.options.Listen)
	if err != nil {
		return fmt.Errorf("opening the port of ACME on %s: %w", k.options.Listen, err)
	}
	k.listener = listener
	return nil
}

// usable returns a certificate and its key, nil if they are none for the domain.
func (k *Keeper) usable(text []byte) *tls.Certificate {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil || pair.Leaf.VerifyHostname(k.options.Domain) != nil {
		return nil
	}
	return &pair
}

// placed takes up what autocert has just put on the shelf, the first certificate or the next one.
func (k *Keeper) placed(name string, text []byte) {
	if name != k.options.Domain {
		return
	}
	if pair := k.usable(text); pair != nil {
		k.authority.forget()
		k.options.Log.Info("TLS certificate issued", "domain", k.options.Domain, "expires", pair.Leaf.NotAfter)
		k.current.Store(pair)
	}
}

// Addr returns the address where HTTP-01 is answered, nil if nowhere.
func (k *Keeper) Addr() net.Addr {
	if k.listener == nil {
		return nil
	}
	return k.listener.Addr()
}

// Close gives the port back, if Run was never called.
func (k *Keeper) Close() error {
	if k.listener == nil {
		return nil
	}
	return k.listener.Close()
}

// Certificate returns what a client is shown; an error while there is none. It is a [tls.Config.GetCertificate].
func (k *Keeper) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == Protocol {
		if !strings.EqualFold(hello.ServerName, k.options.Domain) {
			return nil, errors.New("a proof for another domain was asked for")
		}
		return k.manager.GetCertificate(hello)
	}
	if c := k.current.Load(); c != nil {
		return c, nil
	}
	return nil, errors.New("there is no certificate yet")
}

// Status is how it is with the certificate.
type Status struct {
	Domain string
	Ends   time.Time // the zero time while there is none
	Why    string    // what keeps the gateway from the first one, or from the next; "" if nothing
}

// Status returns how it is at this moment.
func (k *Keeper) Status() Status {
	s := Status{Domain: k.options.Domain, Why: k.why()}
	if c := k.current.Load(); c != nil {
		s.Ends = c.Leaf.NotAfter
	} else if s.Why == "" {
		s.Why = "it is being ordered from " + k.authority.host
	}
	return s
}

// why says what went wrong last, if nothing has gone right since.
func (k *Keeper) why() string {
	if trouble := k.shelf.trouble(); trouble != nil {
		return "it cannot be kept on disk: " + trouble.Error()
	}
	return k.authority.inWords(k.options.Domain, k.options.Listen != "")
}

// Run orders, renews and answers until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, k.authority.stop)()
	defer k.authority.stop()
	ended := k.serveChallenges(ctx)
	if k.current.Load() == nil {
		k.options.Log.Info("ordering the webhook's TLS certificate", "domain", k.options.Domain, "authority", k.authority.host)
	}
	for {
		wait := time.NewTimer(k.look())
		select {
		case <-ctx.Done():
			wait.Stop()
			return <-ended
		case err := <-ended:
			wait.Stop()
			return err
		case <-wait.C:
		}
	}
}

// look has autocert order the first certificate, or see to it that the one that there is gets renewed. It returns when
// to look again.
func (k *Keeper) look() time.Duration {
	k.shelf.retry()
	k.authority.forgetReach()
	_, err := k.manager.GetCertificate(&tls.ClientHelloInfo{
		ServerName: k.options.Domain, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	})
	if err != nil {
		return k.failed(err)
	}
	k.pause = firstPause
	k.tell(k.why())
	return lookPeriod
}

// failed says why there is no certificate to be had, and returns how long an order has to wait.
func (k *Keeper) failed(err error) time.Duration {
	if !k.authority.stopped() {
		k.authority.blame(err)
		k.tell(k.why())
	}
	if !k.authority.reached() {
		return awayPause
	}
	wait := k.pause
	k.pause = min(2*k.pause, longestPause)
	return max(wait, k.authority.quietFor())
}

// tell logs what is wrong once, and again when it is something else.
func (k *Keeper) tell(why string) {
	before := k.told
	k.told = why
	if why == "" || why == before {
		return
	}
	if k.current.Load() == nil {
		k.options.Log.Error("there is no TLS certificate, so that nobody can post; it is ordered again later", "domain", k.options.Domain, "err", why)
	} else {
		k.options.Log.Warn("the TLS certificate is not renewed, the one before stays in use", "domain", k.options.Domain, "err", why)
	}
}
