package main

import (
	"cmp"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/acme"
	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/pages"
	"butlr-gateway/adapters/webhook"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// This file alone knows both how the operator says something and how a part wants to be told.

// rulesOf returns the rules that the state obeys, and what this program adds to them.
func rulesOf(c *config.Config) gateway.Rules {
	rules := c.Rules()
	rules.Built = programBuilt()
	return rules
}

func storeOptions(c *config.Config, log *slog.Logger, metrics prometheus.Registerer) store.Options {
	return store.Options{Dir: string(c.Gateway.StateDir), Log: log, Metrics: metrics}
}

func samplesOptions(s *service) store.SamplesOptions {
	return store.SamplesOptions{
		Dir: string(s.config.Gateway.StateDir), Maximum: int64(s.config.Web.HistoryMax), Log: s.log, Metrics: s.metrics,
	}
}

func mapOptions(c *config.Config) modbus.MapOptions {
	o := modbus.MapOptions{UnitID: uint8(c.Modbus.UnitID)}
	// The configuration has refused everything that these do not know.
	o.WordOrder, _ = modbus.ParseWordOrder(string(c.Modbus.WordOrder))
	o.Unmapped, _ = modbus.ParseUnmapped(string(c.Modbus.Unmapped))
	return o
}

// registerOf tells where an asset's block begins, and whether the map holds it.
func registerOf(a *gateway.Asset, o modbus.MapOptions) (web.Register, bool) {
	place, ok := o.Locate(a.Number)
	return web.Register{
		Unit: int(place.Unit), Address: int(place.Address),
		Input: modbus.Input.Reference(place.Address), Holding: modbus.Holding.Reference(place.Address),
	}, ok
}

func imageOptions(s *service) modbus.ImageOptions {
	return modbus.ImageOptions{Clock: s.clock, Alarms: s.alarms, Start: s.start, Boot: uint16(s.store.Identity().Boots)}
}

func embeddedOptions(s *service) mqtt.EmbeddedOptions {
	c := &s.config.MQTT.Embedded
	return mqtt.EmbeddedOptions{
		Listen: string(c.Listen), Dir: filepath.Join(string(s.config.Gateway.StateDir), "broker"),
		Username: c.Username, Password: c.Password.Reveal(), TLSCert: string(c.TLSCert), TLSKey: string(c.TLSKey), Log: s.log,
	}
}

// brokersOf yields the brokers that are told, by the section that names them.
func brokersOf(c *config.Config) iter.Seq2[string, *config.Publishing] {
	return func(yield func(string, *config.Publishing) bool) {
		if c.MQTT.Broker != "" && !yield("mqtt", &c.MQTT.Publishing) {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(c.Brokers)) {
			if b := c.Brokers[name]; !yield("brokers."+name, &b) {
				return
			}
		}
	}
}

func publisherOptions(s *service, section string, c *config.Publishing) (mqtt.Options, error) {
	label := strings.TrimPrefix(section, "brokers.")
	o := mqtt.Options{
		Label: label, Broker: string(c.Broker), Username: c.Username, Password: c.Password.Reveal(), ClientID: c.ClientID,
		Topic: c.Topic, Scalars: c.Scalars, Names: c.Names, Detections: c.Detections, Refresh: c.Refresh,
		Gateway: s.store.Identity().GatewayID, Name: s.config.Gateway.Name, Version: programVersion(),
		Place: s.placeOf, Clock: s.clock, Alarms: s.alarms, Health: s.brokers.health(label),
		Log: s.log, Metrics: prometheus.WrapRegistererWith(prometheus.Labels{"broker": label}, s.metrics),
		Discovery: discoveryForms[c.Discovery], DiscoveryPrefix: c.DiscoveryPrefix, Page: publicPage(&s.config.Web),
		Memory: s.store.Table(brokerTable("discovery", c)), Shelf: s.store.Table(brokerTable("topics", c)),
	}
	if s.pusher != nil {
		o.Push = s.pushStates
	}
	if c.Commands {
		o.Commander = commander{s}
	}
	if c.Broker == config.EmbeddedBroker {
		o.Broker, o.Twice = s.broker.URL(), true
		if s.broker.Certificate() != nil {
			o.Shows = s.broker.Certificate
		}
		o.Username, o.Password = s.config.MQTT.Embedded.Username, s.config.MQTT.Embedded.Password.Reveal()
	}
	for _, file := range []struct {
		key  string
		path config.Path
		into *[]byte
	}{{"ca_file", c.CAFile, &o.CA}, {"cert_file", c.CertFile, &o.Cert}, {"key_file", c.KeyFile, &o.Key}} {
		if file.path == "" {
			continue
		}
		text, err := os.ReadFile(string(file.path))
		if err != nil {
			return o, fmt.Errorf("reading [%s] %s: %w", section, file.key, err)
		}
		*file.into = text
	}
	return o, nil
}

var discoveryForms = map[config.Discovery]discovery.Form{
	config.DiscoverDevices: discovery.Devices, config.DiscoverComponents: discovery.Components, config.DiscoverNothing: discovery.Off,
}

// brokerTable names a memory of what one broker was told: the configuration has no two sections of one broker and
// one client.
func brokerTable(of string, c *config.Publishing) string {
	name := of + " " + string(c.Broker)
	if c.ClientID != "" {
		name += " " + c.ClientID
	}
	return name
}

// publicPage is the address of the page for other machines; "" if they cannot reach it, or none of the
// addresses that they could use is known. A name that the operator gave is in the certificate, most likely.
func publicPage(c *config.Web) string {
	host, port, err := net.SplitHostPort(string(c.Listen))
	if err != nil || c.Listen.Loopback() {
		return ""
	}
	if len(c.Hosts) > 0 {
		host = c.Hosts[0]
	} else if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		return ""
	}
	return "https://" + net.JoinHostPort(host, port)
}

func webhookOptions(s *service, c *config.Webhook) webhook.Options {
	o := webhook.Options{
		Listen: string(c.Listen), Path: c.Path, TLSCert: string(c.TLSCert), TLSKey: string(c.TLSKey),
		HeaderName: c.HeaderName, HeaderValue: c.HeaderValue.Reveal(), HeaderValueNext: c.HeaderValueNext.Reveal(),
		Username: c.Username, Password: c.Password.Reveal(), MaxConnections: c.MaxConnections,
		TrustedProxies: c.TrustedProxies, Ingest: s.ingester(), Forward: s.forward, Log: s.log, Metrics: s.metrics,
	}
	if s.keeper != nil {
		o.Certificate = s.keeper.Certificate
	}
	return o
}

func keeperOptions(c *config.Config, log *slog.Logger) (o acme.Options, err error) {
	w := &c.Webhook
	o = acme.Options{
		Domain: strings.ToLower(w.ACMEDomain), Directory: string(w.ACMEDirectory), Email: w.ACMEEmail, Listen: string(w.ACMEHTTP),
		Dir: filepath.Join(string(c.Gateway.StateDir), "acme"), Log: log,
	}
	if w.ACMECAFile != "" {
		if o.CA, err = os.ReadFile(string(w.ACMECAFile)); err != nil {
			return o, fmt.Errorf("reading [webhook] acme_ca_file: %w", err)
		}
	}
	return o, nil
}

func reporter(s *service) *web.Reporter {
	identity := s.store.Identity()
	return &web.Reporter{
		Name: s.config.Gateway.Name, Version: programVersion(), GatewayID: identity.GatewayID, Boots: identity.Boots,
		Start: s.start, Clock: s.clock, Alarms: s.alarms, Board: s.board, Listeners: s.listeners, Push: s.pushStatus, Clients: s.modbusClients, Hub: s.hub,
		Sources: s.sources(),
	}
}

func pageOptions(s *service) web.Options {
	registers, c := mapOptions(s.config), &s.config.Web
	return web.Options{
		Listen: string(c.Listen), Password: c.Password.Reveal(), ViewerPassword: c.ViewerPassword.Reveal(), Open: s.rules().Simulated, // a demo: nothing real depends on it
		Hosts: c.Hosts, TLSCert: string(c.TLSCert), TLSKey: string(c.TLSKey), Registry: s.metrics, Board: s.board, Desk: s.desk(), Reporter: reporter(s), Clock: s.clock,
		Place: s.config.Gateway.Timezone, PlaceOf: s.placeOf, Metrics: s.metrics, Log: s.log, Sources: s.sources(),
		Locate: func(a *gateway.Asset) (web.Register, bool) {
			register, ok := registerOf(a, registers)
			return register, ok && s.modbus != nil
		},
		Topic: func(a *gateway.Asset) string {
			for _, b := range brokersOf(s.config) {
				return mqtt.Topic(b.Topic, a)
			}
			return ""
		},
	}
}

// pagesOptions tells the pages what the server that they are served by knows.
func pagesOptions(s *service, o *web.Options) pages.Options {
	return pages.Options{
		Board: o.Board, Desk: o.Desk, Reporter: o.Reporter, Sources: o.Sources, Clock: o.Clock, Place: o.Place,
		PlaceOf: o.PlaceOf, Locate: o.Locate, Topic: o.Topic, Log: o.Log, Walks: o.Walks,
	}
}

func controlOptions(s *service) web.Options {
	return web.Options{
		Listen: controlSocket(string(s.config.Gateway.StateDir)), Reporter: reporter(s), Desk: s.desk(), Sources: s.sources(), Log: s.log,
		LogLevel: levelOf(s.log), Reload: s.reload, Extra: s.passingRoutes(),
	}
}

// placeOf tells whose times of day people in an asset go by: those of its site, if it has its own.
func (s *service) placeOf(a *gateway.Asset) *time.Location {
	return cmp.Or(s.rules().Sites[a.Site].Location, a.Clock.Location, s.config.Gateway.Timezone)
}
