package mqtt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/adapters/store"
)

func TestOptions(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*mqtt.Options)
		want   string // part of the error; "" is none
	}{
		"as they should be":        {func(*mqtt.Options) {}, ""},
		"a port may be left out":   {func(o *mqtt.Options) { o.Broker = "mqtts://broker.example.org" }, ""},
		"a web socket with a path": {func(o *mqtt.Options) { o.Broker = "wss://broker.example.org/mqtt" }, ""},
		"IPv6":                     {func(o *mqtt.Options) { o.Broker = "tcp://[::1]" }, ""},
		"no scheme":                {func(o *mqtt.Options) { o.Broker = "broker.example.org:1883" }, "use tcp://"},
		"another scheme":           {func(o *mqtt.Options) { o.Broker = "http://broker.example.org" }, `begins with "http://"`},
		"no host":                  {func(o *mqtt.Options) { o.Broker = "tcp://" }, "names no host"},
		"no URL":                   {func(o *mqtt.Options) { o.Broker = "tcp://a b" }, "is no URL"},
		"a password in the address": {func(o *mqtt.Options) { o.Broker = "tcp://me:canary@host" },
			"set username and password instead"},
		"a password alone":     {func(o *mqtt.Options) { o.Password = "canary" }, "set username as well"},
		"certificates for tcp": {func(o *mqtt.Options) { o.CA = []byte("x") }, "use ssl:// or wss://"},
		"a broken CA": {func(o *mqtt.Options) { o.Broker, o.CA = "ssl://host", []byte("x") },
			"the CA file holds no certificate"},
		"a certificate without its key": {func(o *mqtt.Options) { o.Broker, o.Cert = "ssl://host", []byte("x") },
			"reading the client certificate and its key"},
		"a wildcard in the root": {func(o *mqtt.Options) { o.Topic = "butlr/+" }, "use letters, digits"},
		"a refresh too quick":    {func(o *mqtt.Options) { o.Refresh = time.Millisecond }, "at least 1s"},
		"no gateway id":          {func(o *mqtt.Options) { o.Gateway = "" }, "the gateway id"},
		"no memory":              {func(o *mqtt.Options) { o.Discovery, o.DiscoveryPrefix = discovery.Devices, "homeassistant" }, "no memory"},
		"a wildcard in the prefix": {func(o *mqtt.Options) {
			o.Discovery, o.DiscoveryPrefix, o.Memory = discovery.Devices, "home/#", (*store.Store)(nil).Table("x")
		}, "the discovery prefix"},
		"no clock": {func(o *mqtt.Options) { o.Clock = nil }, "must be given"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options("tcp://127.0.0.1:1883")
			c.change(&o)
			_, err := mqtt.New(o)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("%v tells the password", err)
			}
		})
	}
}

func TestSeveralPublishers(t *testing.T) {
	r := prometheus.NewRegistry()
	for _, broker := range []string{"main", "second"} {
		o := options("tcp://127.0.0.1:1883")
		o.Metrics = prometheus.WrapRegistererWith(prometheus.Labels{"broker": broker}, r)
		if _, err := mqtt.New(o); err != nil {
			t.Errorf("%s: %v", broker, err)
		}
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		brokers := map[string]bool{}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "broker" {
					brokers[l.GetValue()] = true
				}
			}
		}
		if len(brokers) != 2 {
			t.Errorf("%s tells brokers apart as %v, want both", f.GetName(), brokers)
		}
	}
	if len(families) != 6 {
		t.Errorf("%d metrics are registered, want 6", len(families))
	}
}
