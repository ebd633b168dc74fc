package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"butlr-gateway/adapters/internal/tlsfiles"
)

const (
	startTimeout = 10 * time.Second // for a store that must be mended first; normally some 30 ms

	handshakeWithin = 5 * time.Second
	storeMemory     = 64 << 20 // bytes that the broker may keep of messages in memory
	storeFiles      = 1 << 30  // and on disk
)

// EmbeddedOptions say where the embedded broker listens and what it needs.
type EmbeddedOptions struct {
	Listen   string // host:port. Beyond loopback only with a user name and a password; port 0 is any free one
	Dir      string // where retained messages are kept; no other broker may use it
	Username string // "" lets everybody in
	Password string
	TLSCert  string       // file in PEM form; "" is no TLS. It is read again when it changes
	TLSKey   string       // file in PEM form
	Log      *slog.Logger // must not be nil
}

// Embedded is an MQTT broker inside this process, for sites that have none. It keeps retained messages
// over a restart and delivers with QoS 0 and 1. Topics must not contain white space; a client may have any
// number of subscriptions with QoS 0, and 63 with QoS 1.
//
// It files retained messages a moment after it passed them on. Whoever subscribes in that moment gets
// neither, and under the load of a publisher that says everything the moment is long: one listener in the
// middle of it missed up to 15 % of 4 000 topics. Therefore its publisher says everything twice: the first
// time is filed for those who come during the second, the second reaches those who came during the first.
type Embedded struct {
	options EmbeddedOptions
	host    string
	port    int
	log     *brokerLog
	files   *tlsfiles.Files // nil without TLS

	stop   sync.Once
	server *server.Server // nil before Listen
	addr   *net.TCPAddr
}

// NewEmbedded checks the options and returns a broker that does not listen yet.
func NewEmbedded(o EmbeddedOptions) (*Embedded, error) {
	host, digits, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("setting up the embedded broker: %q is no address: write it as 127.0.0.1:1883", o.Listen)
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	switch {
	case err != nil:
		return nil, fmt.Errorf("setting up the embedded broker: %q is no port: use 1 to 65535", digits)
	case o.Dir == "" || o.Log == nil:
		return nil, errors.New("setting up the embedded broker: dir and log must be given")
	case (o.TLSCert == "") != (o.TLSKey == ""):
		return nil, errors.New("setting up the embedded broker: set both a certificate and its key, or neither")
	case (o.Username == "") != (o.Password == ""):
		return nil, errors.New("setting up the embedded broker: set both username and password, or neither")
	case o.Username == "" && !isLoopback(host):
		return nil, fmt.Errorf("setting up the embedded broker: %s can be reached from other machines: "+
			"set username and password, or listen on 127.0.0.1", o.Listen)
	}
	e := &Embedded{options: o, host: host, port: int(port), log: &brokerLog{log: o.Log}}
	if o.TLSCert != "" {
		e.files = tlsfiles.New(tlsfiles.Options{Cert: o.TLSCert, Key: o.TLSKey, Log: o.Log})
	}
	return e, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Listen starts the broker. From then on it must be closed, by Run or by Close.
func (e *Embedded) Listen() error {
	if err := e.probe(); err != nil {
		return err
	}
	shows, err := e.shows()
	if err != nil {
		return fmt.Errorf("starting the embedded broker: %w", err)
	}
	port := e.port
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		ServerName:         "butlr-gateway",
		DontListen:         true, // only for MQTT
		JetStream:          true, // keeps the retained messages
		StoreDir:           e.options.Dir,
		JetStreamMaxMemory: storeMemory,
		JetStreamMaxStore:  storeFiles,
		NoSigs:             true,
		MQTT: server.MQTTOpts{
			Host: e.host, Port: port, Username: e.options.Username, Password: e.options.Password,
			TLSConfig: shows, TLSTimeout: handshakeWithin.Seconds(),
		},
	})
	if err != nil {
		return fmt.Errorf("starting the embedded broker: %w", err)
	}
	s.SetLoggerV2(e.log, false, false, false)
	e.server = s
	s.Start()
	if e.log.fatal() != "" || !s.ReadyForConnections(startTimeout) {
		e.Close()
		return fmt.Errorf("starting the embedded broker on %s with its files in %s: %s",
			e.options.Listen, e.options.Dir, e.log.fatal())
	}
	return e.learnAddr()
}

// shows returns how the broker proves who it is, with the newest certificate; nil without TLS.
func (e *Embedded) shows() (*tls.Config, error) {
	if e.files == nil {
		return nil, nil
	}
	if err := e.files.Load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return e.files.Content().Certificate, nil
		},
	}, nil
}

// Certificate returns what the broker shows its clients, nil without TLS.
func (e *Embedded) Certificate() *x509.Certificate {
	if e.files == nil {
		return nil
	}
	return e.files.Content().Certificate.Leaf
}

// URL returns where a client on this machine finds the broker. It listens.
func (e *Embedded) URL() string {
	if e.files != nil {
		return "ssl://" + e.addr.String()
	}
	return "tcp://" + e.addr.String()
}

// probe finds out in plain words whether the address is free: the broker itself only logs it.
func (e *Embedded) probe() error {
	l, err := net.Listen("tcp", e.options.Listen)
	if err != nil {
		return fmt.Errorf("binding %s for the embedded broker: %w", e.options.Listen, err)
	}
	return l.Close()
}

func (e *Embedded) learnAddr() error {
	v, err := e.server.Varz(nil)
	if err != nil {
		e.Close()
		return fmt.Errorf("asking the embedded broker for its port: %w", err)
	}
	ip := net.ParseIP(e.host)
	if ip == nil {
		ip = net.IPv4(127, 0, 0, 1)
	}
	e.addr = &net.TCPAddr{IP: ip, Port: v.MQTT.Port}
	return nil
}

// Addr returns the address that the broker listens on; nil before Listen.
func (e *Embedded) Addr() net.Addr {
	if e.addr == nil {
		return nil
	}
	return e.addr
}

// Run serves until ctx ends.
func (e *Embedded) Run(ctx context.Context) error {
	var watching sync.WaitGroup
	if e.files != nil {
		watching.Go(func() { e.files.Watch(ctx) })
	}
	<-ctx.Done()
	e.Close()
	watching.Wait()
	return nil
}

// Close stops the broker and returns when it has ended. It may be called more than once.
func (e *Embedded) Close() {
	e.stop.Do(func() {
		if e.server != nil {
			e.server.Shutdown()
			e.server.WaitForShutdown()
		}
	})
}
