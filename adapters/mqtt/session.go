package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	connectTimeout = 5 * time.Second
	writeTimeout   = 3 * time.Second // paho's own limit for a broker that does not read is 30 s
	keepAlive      = 15 * time.Second
	pingTimeout    = 5 * time.Second
	quiesce        = 250 // milliseconds for the DISCONNECT packet to leave

	subackFailure = 0x80 // instead of the quality of service that is granted, MQTT 3.1.1 section 3.9.3
)

var (
	errEnded = errors.New("the broker ended the connection")
	errCut   = errors.New("the connection was cut")

	// A broker that refuses a certificate in TLS 1.3 says so after the handshake, and may have ended the
	// connection before we read it.
	errMute = errors.New("the broker ended the connection before it answered: it may refuse our certificate")
)

// dialer opens sessions.
type dialer struct {
	target    target
	options   *Options
	listeners []listener
}

// listener hears what others publish on some topics. Its function is called for one message after another,
// in the order in which the broker passes them on, and must not block: the broker's acknowledgements come
// behind them. What the broker kept from before is marked as such.
type listener struct {
	filter string
	hear   func(topic string, payload []byte, kept bool)
}

// pahoSession is one connection of one client. paho would connect again by itself, but then it sends the
// messages again that were not acknowledged, at the same time as new ones of the same topics, and an old
// value may stay on the broker. Therefore a client lives as long as its connection.
type pahoSession struct {
	client paho.Client
	off    chan struct{} // what denied returns
	gone   chan struct{} // what lost returns

	mu     sync.Mutex
	conn   net.Conn // nil before it is there
	reason error    // nil until it is gone
}

func (d *dialer) open(ctx context.Context) (session, error) {
	s := &pahoSession{off: make(chan struct{}, 1), gone: make(chan struct{})}
	s.client = paho.NewClient(d.client(ctx, s))
	stop := context.AfterFunc(ctx, s.cut) // a broker that accepts but does not answer
	token := s.client.Connect()
	token.Wait()
	stop()
	if err := token.Error(); err != nil {
		s.cut()
		if d.target.tls != nil && wordsOf(err) == errEnded.Error() {
			err = errMute
		}
		return nil, err
	}
	d.listen(s, listener{statusTopic(d.options.Topic), s.heard})
	for _, l := range d.listeners {
		d.listen(s, l)
	}
	return s, nil
}

// listen subscribes, and says so when the broker does not let us: some let a client publish alone.
func (d *dialer) listen(s *pahoSession, l listener) {
	token := s.client.Subscribe(l.filter, 1, func(_ paho.Client, m paho.Message) { l.hear(m.Topic(), m.Payload(), m.Retained()) })
	go func() {
		<-token.Done()
		codes := token.(*paho.SubscribeToken).Result()
		if code, ok := codes[l.filter]; ok && code >= subackFailure {
			d.options.Log.Warn("the MQTT broker does not let the gateway subscribe: give its user the right to read this topic",
				"addr", d.target.url.Redacted(), "topic", l.filter)
		}
	}()
}

func (d *dialer) client(ctx context.Context, s *pahoSession) *paho.ClientOptions {
	o := paho.NewClientOptions().
		AddBroker(d.target.url.String()).
		SetClientID(d.options.clientID()).
		SetUsername(d.options.Username).
		SetPassword(d.options.Password).
		SetProtocolVersion(4). // MQTT 3.1.1, without a second attempt as 3.1 after each failure
		SetCleanSession(true).
		SetOrderMatters(true). // else two commands may change places; whoever hears them does not block
		SetAutoReconnect(false).
		SetConnectTimeout(connectTimeout).
		SetWriteTimeout(writeTimeout).
		SetKeepAlive(keepAlive).
		SetPingTimeout(pingTimeout).
		SetWill(statusTopic(d.options.Topic), offline, 1, true).
		SetConnectionLostHandler(func(_ paho.Client, err error) { s.end(err) })
	o.CustomOpenConnectionFn = func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		conn, err := dial(ctx, u, d.target.tls)
		if err != nil {
			return nil, err
		}
		s.hold(conn)
		return newGuard(newOutbox(conn, s.end)), nil
	}
	return o
}

func dial(ctx context.Context, u *url.URL, secure *tls.Config) (net.Conn, error) {
	plain := &net.Dialer{Timeout: connectTimeout}
	switch u.Scheme {
	case "ws", "wss":
		return paho.NewWebsocket(u.String(), secure, connectTimeout, nil, nil)
	case "tcp", "mqtt":
		return plain.DialContext(ctx, "tcp", u.Host)
	}
	return (&tls.Dialer{NetDialer: plain, Config: secure}).DialContext(ctx, "tcp", u.Host)
}

// hold keeps the connection for cut, which waits for nothing.
func (s *pahoSession) hold(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	if s.reason != nil {
		conn.Close()
	}
}

func (s *pahoSession) publish(m message) receipt {
	return s.client.Publish(m.topic, m.qos(), !m.fleeting, m.payload)
}

// heard hears what is said of this gateway's status. What the broker kept from before this session is no
// news: it is said anew at the end of the resync.
func (s *pahoSession) heard(_ string, payload []byte, kept bool) {
	if kept || string(payload) == online {
		return
	}
	select {
	case s.off <- struct{}{}:
	default:
	}
}

func (s *pahoSession) denied() <-chan struct{} { return s.off }

func (s *pahoSession) lost() <-chan struct{} { return s.gone }

func (s *pahoSession) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

func (s *pahoSession) cut() {
	s.end(errCut)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.conn.Close()
	}
}

// end notes why the connection is gone, the first time.
func (s *pahoSession) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == nil {
		s.reason = why
		close(s.gone)
	}
}

func (s *pahoSession) close(politely bool) {
	if !politely {
		s.cut()
	}
	s.client.Disconnect(quiesce)
	s.cut()
}
