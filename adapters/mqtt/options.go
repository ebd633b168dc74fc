package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/gateway"
)

// Options say which broker to publish to, and what.
type Options struct {
	Label    string // what the operator calls the broker, for logs and overrides; "" is mqtt
	Broker   string // URL: tcp or mqtt, ssl, tls or mqtts, ws, wss; the port may be left out
	Username string
	Password string
	ClientID string // "" is bgw- and the gateway id. Two clients of one id end each other's sessions
	CA       []byte // PEM of the authorities that a broker's certificate is checked against; nil is the system's
	Cert     []byte // PEM of the client certificate, nil is none
	Key      []byte // PEM of its key

	// Shows returns the certificate that the broker must show, whoever signed it and whatever name is in it:
	// for [Embedded], whose own it is. nil checks it as usual.
	Shows func() *x509.Certificate

	Topic      string        // root of all topics, such as butlr or butlr/hq
	Scalars    bool          // also one topic for each measure
	Names      bool          // also everything under topics made of names
	Shelf      Memory        // of the topics in use; nil forgets them at the end of the process
	Detections bool          // also where sensors see people: personal data
	Refresh    time.Duration // each asset's state is said again that often, at least 1 s
	Twice      bool          // after connecting everything is said twice: for [Embedded], see there

	Discovery       discovery.Form // how devices are announced to Home Assistant
	DiscoveryPrefix string         // of the topics that it listens to, such as homeassistant
	Page            string         // URL of the gateway's page; "" where only this host reaches it
	Memory          Memory         // of what this broker was told of devices; nil only where nothing is announced

	Gateway   string                    // the gateway id: 8 hexadecimal digits
	Name      string                    // of the gateway, for people
	Version   string                    // of the program
	Place     Place                     // must not be nil
	Commander Commander                 // obeys what is commanded over the broker; nil: nobody commands
	Clock     gateway.Clock             // must not be nil
	Alarms    *gateway.Alarms           // what the gateway's own state lists; must not be nil
	Push      iter.Seq2[string, string] // names and states of the controllers that are written to; nil is none
	Health    func(down error)          // told each change, by one goroutine: nil is delivering; may be nil, must not block
	Log       *slog.Logger              // must not be nil
	Metrics   prometheus.Registerer     // nil is none; with several brokers, one that adds a label for each
}

// Place tells whose times of day the reasons of an asset show: those of its site. It never returns nil.
type Place func(*gateway.Asset) *time.Location

// target is a broker's URL as the library wants it, and how to prove who is who.
type target struct {
	url *url.URL
	tls *tls.Config // nil unless the URL's scheme asks for it
}

func (o *Options) check() (target, error) {
	if o.Place == nil || o.Clock == nil || o.Alarms == nil || o.Log == nil {
		return target{}, errors.New("place, clock, alarms and log must be given")
	}
	if err := checkRoot(o.Topic); err != nil {
		return target{}, err
	}
	if !isLevel(o.Gateway) {
		return target{}, fmt.Errorf("the gateway id %q is not made of letters, digits, _ and -", o.Gateway)
	}
	if o.Refresh < time.Second {
		return target{}, fmt.Errorf("refresh is %s: at least 1s is needed", o.Refresh)
	}
	if err := o.checkDiscovery(); err != nil {
		return target{}, err
	}
	if o.Password != "" && o.Username == "" {
		// MQTT 3.1.1, [MQTT-3.1.2-22]: no password without a user name.
		return target{}, errors.New("there is a password but no username: set username as well")
	}
	return o.target()
}

func (o *Options) checkDiscovery() error {
	if o.Discovery == discovery.Off {
		return nil
	}
	if o.Memory == nil {
		return errors.New("devices are to be announced, and there is no memory of them")
	}
	if err := checkRoot(o.DiscoveryPrefix); err != nil {
		return fmt.Errorf("the discovery prefix cannot be used: %w", err)
	}
	return nil
}

func (o *Options) target() (target, error) {
	u, err := url.Parse(o.Broker)
	if err != nil {
		return target{}, fmt.Errorf("the broker's address is no URL: write it as tcp://HOST:1883 or ssl://HOST:8883")
	}
	port, secure, err := scheme(u)
	if err != nil {
		return target{}, err
	}
	switch {
	case u.User != nil:
		return target{}, errors.New("the broker's address contains a user: set username and password instead")
	case u.Hostname() == "":
		return target{}, fmt.Errorf("the broker's address %q names no host: write it as tcp://HOST:1883", o.Broker)
	case !secure && (o.CA != nil || o.Cert != nil || o.Key != nil):
		return target{}, fmt.Errorf("the broker's address %q is not encrypted but certificates are set: use ssl:// or wss://", o.Broker)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	t := target{url: u}
	if secure {
		t.tls, err = o.tlsConfig(u.Hostname())
	}
	return t, err
}

// scheme returns the default port of the URL's scheme and whether it is encrypted.
func scheme(u *url.URL) (port string, secure bool, err error) {
	switch u.Scheme {
	case "tcp", "mqtt":
		return "1883", false, nil
	case "ssl", "tls", "mqtts":
		return "8883", true, nil
	case "ws":
		return "80", false, nil
	case "wss":
		return "443", true, nil
	}
	return "", false, fmt.Errorf("the broker's address begins with %q: use tcp://, ssl://, ws:// or wss://", u.Scheme+"://")
}

func (o *Options) tlsConfig(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if o.Shows != nil {
		c.InsecureSkipVerify = true // #nosec G402 -- it is compared with the one certificate that it must be
		c.VerifyConnection = func(s tls.ConnectionState) error {
			if !s.PeerCertificates[0].Equal(o.Shows()) {
				return errors.New("the broker shows another certificate than its own")
			}
			return nil
		}
	}
	if o.CA != nil {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("the CA file holds no certificate: it must be PEM, -----BEGIN CERTIFICATE-----")
		}
	}
	if o.Cert == nil && o.Key == nil {
		return c, nil
	}
	pair, err := tls.X509KeyPair(o.Cert, o.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the client certificate and its key: %w", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// label names the broker for people.
func (o *Options) label() string {
	if o.Label == "" {
		return "mqtt"
	}
	return o.Label
}

func (o *Options) clientID() string {
	if o.ClientID != "" {
		return o.ClientID
	}
	return "bgw-" + o.Gateway
}
